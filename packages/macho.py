"""Reads a program for macOS, where none can be run: `macho.py FILE x86_64|aarch64`. Prints what it needs of a system, and
fails when it is no program for that processor, needs a newer macOS than packages say, or a library that not every macOS
has, or lacks the signature without which Apple's processors run nothing."""

import struct
import sys
from pathlib import Path

# As packages/build says it (MACOSX_DEPLOYMENT_TARGET).
OLDEST = (11, 0)
MAGIC_64, EXECUTABLE = 0xFEEDFACF, 2
PROCESSORS = {"x86_64": 0x01000007, "aarch64": 0x0100000C}
LOAD_DYLIB, LOAD_WEAK_DYLIB, CODE_SIGNATURE, BUILD_VERSION, VERSION_MIN = 0xC, 0x80000018, 0x1D, 0x32, 0x24
EVERYWHERE = (
    "/usr/lib/libSystem.B.dylib", "/usr/lib/libobjc.A.dylib", "/usr/lib/libiconv.2.dylib", "/usr/lib/libcharset.1.dylib",
    "/System/Library/Frameworks/",
)


def commands(data: bytes, count: int):
    at = 32
    for _ in range(count):
        command, size = struct.unpack_from("<II", data, at)
        yield command, data[at : at + size]
        at += size


def main() -> None:
    path, processor = sys.argv[1:]
    data = Path(path).read_bytes()
    magic, cpu, _, kind, count = struct.unpack_from("<5I", data)
    assert magic == MAGIC_64, f"{path} begins with {magic:#x}; expected a Mach-O file of 64 bits"
    assert cpu == PROCESSORS[processor], f"it is for processor {cpu:#x}; expected {processor}"
    assert kind == EXECUTABLE, f"it is of kind {kind}; expected a program"
    libraries, oldest, is_signed = [], (0, 0), False
    for command, text in commands(data, count):
        if command in (LOAD_DYLIB, LOAD_WEAK_DYLIB):
            (name_at,) = struct.unpack_from("<I", text, 8)
            libraries.append(text[name_at:].split(b"\0")[0].decode())
        elif command in (BUILD_VERSION, VERSION_MIN):
            (version,) = struct.unpack_from("<I", text, 12 if command == BUILD_VERSION else 8)
            oldest = version >> 16, version >> 8 & 255
        is_signed |= command == CODE_SIGNATURE
    assert (0, 0) < oldest <= OLDEST, f"it needs macOS {oldest}; expected {OLDEST} at most"
    foreign = [name for name in libraries if not name.startswith(EVERYWHERE)]
    assert not foreign, f"it needs {foreign}, which not every macOS has"
    assert is_signed or processor == "x86_64", "it is not signed (ad hoc at least), which Apple's processors ask for"
    print(f"macOS {oldest[0]}.{oldest[1]} or later; {', '.join(libraries)}; {'signed' if is_signed else 'not signed'}")


main()
