//! Files that this process makes for others to read: its port, the certificate of a generated authority. A file is written
//! under a name of its own and moved to its place in one step, so a reader never sees half of it, and a link that stands
//! there is replaced, not followed. A device or a pipe is written to and never replaced. What was made is removed at the
//! end, while it is still this process's: a successor's file under the same name stays.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::commands::system::in_words;

/// How many names are tried. Only those of processes that crashed are taken.
const NAMES: usize = 1_000;
/// How long a reader who is in the way is given each time.
const IN_THE_WAY: Duration = Duration::from_millis(20);
/// How long the start waits for a pipe to be read; who reads it later gets the same.
const PIPE: Duration = Duration::from_millis(250);

/// The files that this process made, removed together.
#[derive(Clone, Debug, Default)]
pub(crate) struct OwnFiles(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    files: Vec<OwnFile>,
    is_over: bool,
}

impl OwnFiles {
    /// Keeps a file until all are removed; one that comes later goes at once.
    pub(crate) fn keep(&self, file: Option<OwnFile>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !kept.is_over {
            kept.files.extend(file);
        }
    }

    /// Removes them.
    pub(crate) fn remove(&self) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.is_over = true;
        let files = std::mem::take(&mut kept.files);
        drop(kept);
        drop(files);
    }
}

/// A file that this process made. It is removed when this is dropped.
#[derive(Debug)]
pub(crate) struct OwnFile {
    path: PathBuf,
    content: Vec<u8>,
    /// Whether it outlives the process.
    stays: bool,
    /// Kept open, so that no later file gets its number.
    #[cfg(unix)]
    file: File,
}

impl OwnFile {
    /// Puts a file with this content at `path`, whatever regular file or link is there; `None` when a device or a pipe
    /// is there, which is written to instead.
    pub(crate) fn put(path: &Path, content: &[u8]) -> Result<Option<Self>, String> {
        // Windows' own names cannot be looked at.
        if cfg!(windows) && is_of_system(path) {
            return write_into(path, content).map(|()| None).map_err(|error| cannot(path, &error));
        }
        match fs::metadata(path) {
            Ok(found) if found.is_dir() => {
                return Err(format!("{}: a directory; expected the name of a file", path.display()));
            }
            Ok(found) if !found.is_file() || is_of_system(path) => {
                return write_into(path, content).map(|()| None).map_err(|error| cannot(path, &error));
            }
            _ => {}
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let unfinished = |nth| path.with_file_name(format!(".{name}.{}-{nth}", std::process::id()));
        let mut made = Self::make(unfinished, content).map_err(|error| cannot(path, &error))?;
        take_place(&made.path, path).map_err(|error| cannot(path, &error))?;
        path.clone_into(&mut made.path);
        Ok(Some(made))
    }

    /// Puts a file with this content at `path` in the same way, and leaves it there.
    pub(crate) fn leave(path: &Path, content: &[u8]) -> Result<(), String> {
        if let Some(mut made) = Self::put(path, content)? {
            made.stays = true;
        }
        Ok(())
    }

    /// Makes a file in a folder, under the first free of the names `STEM-PROCESS-NUMBER.EXTENSION`.
    pub(crate) fn make_in(
        folder: &Path,
        stem: &str,
        extension: &str,
        content: &[u8],
    ) -> Result<Self, String> {
        let name = |nth| folder.join(format!("{stem}-{}-{nth}.{extension}", std::process::id()));
        Self::make(name, content).map_err(|error| cannot(&name(0), &error))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes a file under the first free name. What has a name already is left alone, links included.
    fn make(name: impl Fn(usize) -> PathBuf, content: &[u8]) -> io::Result<Self> {
        let (path, mut file) = first_free(name)?;
        if let Err(error) = file.write_all(content) {
            let _ = fs::remove_file(&path);
            return Err(error);
        }
        Ok(Self {
            path,
            content: content.into(),
            stays: false,
            #[cfg(unix)]
            file,
        })
    }

    /// Whether what is found under its name is this file, as it was made.
    fn is_here(&self) -> bool {
        fs::symlink_metadata(&self.path).is_ok_and(|found| found.is_file() && self.is_same(&found))
            && fs::read(&self.path).is_ok_and(|content| content == self.content)
    }

    #[cfg(unix)]
    fn is_same(&self, found: &Metadata) -> bool {
        use std::os::unix::fs::MetadataExt;
        self.file.metadata().is_ok_and(|own| (own.dev(), own.ino()) == (found.dev(), found.ino()))
    }

    /// Elsewhere files have no number, and one that is held open could not be replaced: their content tells.
    #[cfg(not(unix))]
    fn is_same(&self, found: &Metadata) -> bool {
        found.len() == self.content.len() as u64
    }
}

impl Drop for OwnFile {
    fn drop(&mut self) {
        if !self.stays && self.is_here() {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn first_free(name: impl Fn(usize) -> PathBuf) -> io::Result<(PathBuf, File)> {
    for nth in 0..NAMES {
        match new_file(&name(nth)) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            made => return Ok((name(nth), made?)),
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

/// Moves a finished file to its place, whatever file is there. On Windows a reader that has just opened that one may be in
/// the way for a moment.
fn take_place(made: &Path, path: &Path) -> io::Result<()> {
    let mut tries = if cfg!(windows) { 50 } else { 1 };
    loop {
        tries -= 1;
        match fs::rename(made, path) {
            Err(error) if tries > 0 && error.kind() == ErrorKind::PermissionDenied => {
                std::thread::park_timeout(IN_THE_WAY);
            }
            moved => return moved,
        }
    }
}

/// A file that was not there; everybody may read it, and its owner write it.
fn new_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o644);
    options.open(path)
}

/// Whether a name is the system's, such as `/dev/stdout`: it may lead to a regular file, but must not be replaced by one.
#[cfg(not(windows))]
fn is_of_system(path: &Path) -> bool {
    // A name alone is in the folder where the process is.
    let folder = Path::new(".").join(path.parent().unwrap_or(path));
    let folder = fs::canonicalize(folder).unwrap_or_default();
    folder == Path::new("/dev") || folder.starts_with("/proc")
}

/// Whether a name is the system's, such as `NUL`, in whatever folder and with whatever ending, or a pipe's.
#[cfg(windows)]
fn is_of_system(path: &Path) -> bool {
    let name = path.file_stem().unwrap_or_default().to_string_lossy().to_ascii_uppercase();
    let numbered =
        |kind: &str| name.strip_prefix(kind).is_some_and(|number| number.len() == 1 && number != "0");
    let is_device = ["NUL", "CON", "AUX", "PRN", "CONIN$", "CONOUT$"].contains(&&*name);
    is_device || numbered("COM") || numbered("LPT") || path.as_os_str().to_string_lossy().starts_with(r"\\.\")
}

/// Writes to what is there. A pipe that nobody reads yet is left to a thread of its own.
fn write_into(path: &Path, content: &[u8]) -> io::Result<()> {
    let (path, content) = (path.to_owned(), content.to_owned());
    let (told, is_written) = sync_channel(1);
    std::thread::spawn(move || {
        let written = OpenOptions::new()
            .append(true)
            .open(&path)
            .and_then(|mut target| target.write_all(&content).and_then(|()| target.flush()));
        let _ = told.send(written);
    });
    is_written.recv_timeout(PIPE).unwrap_or(Ok(()))
}

fn cannot(path: &Path, error: &io::Error) -> String {
    let advice = match error.kind() {
        ErrorKind::NotFound => "; expected a name in a folder that exists",
        ErrorKind::PermissionDenied => "; expected a name in a folder where files may be made",
        _ => "",
    };
    format!("{}: cannot be written: {}{advice}", path.display(), in_words(error))
}
