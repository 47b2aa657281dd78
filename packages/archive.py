"""Writes an archive whose bytes depend on its files alone: `archive.py OUT.tar.gz|OUT.zip FOLDER FILE...`.

Every entry lies under FOLDER, in the order of its name, owned by nobody in particular, with the time SOURCE_DATE_EPOCH.
"""

import gzip
import io
import os
import sys
import tarfile
import time
import zipfile
from pathlib import Path


def tar(out: Path, folder: str, files: list[Path], when: int) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for file in files:
            entry = tarfile.TarInfo(f"{folder}/{file.name}")
            entry.size, entry.mtime, entry.mode = file.stat().st_size, when, mode(file)
            with file.open("rb") as content:
                archive.addfile(entry, content)
    with out.open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as compressed:
        compressed.write(packed.getvalue())


def zipped(out: Path, folder: str, files: list[Path], when: int) -> None:
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for file in files:
            entry = zipfile.ZipInfo(f"{folder}/{file.name}", time.gmtime(when)[:6])
            entry.compress_type, entry.external_attr, entry.create_system = zipfile.ZIP_DEFLATED, mode(file) << 16, 3
            archive.writestr(entry, file.read_bytes())


def mode(file: Path) -> int:
    return 0o755 if os.access(file, os.X_OK) else 0o644


def main() -> None:
    out, folder, *names = sys.argv[1:]
    files = sorted((Path(name) for name in names), key=lambda file: file.name)
    write = zipped if out.endswith(".zip") else tar
    write(Path(out), folder, files, int(os.environ["SOURCE_DATE_EPOCH"]))


main()
