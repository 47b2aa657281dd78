//! Reads the text files that people name. Only regular files of a sane size are read: a pipe or a device may never end,
//! or never begin.

use std::borrow::Cow;
use std::fs::{self, File, FileType};
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use sync_group_sim::document::decode;

use crate::commands::system;

/// The longest fixture, in bytes.
pub(crate) const LONGEST_FIXTURE: u64 = 64 << 20;
/// The longest scenario, in bytes.
pub(crate) const LONGEST_SCENARIO: u64 = 16 << 20;

/// The text of a file of at most this many bytes, in UTF-8 or UTF-16.
pub(crate) fn read(path: &Path, most: u64) -> Result<String, String> {
    let name = path.display();
    let cannot = |error: io::Error| match error.kind() {
        ErrorKind::NotFound => format!("{name}: no such file; expected one that exists"),
        _ => format!("{name}: cannot be read: {}; expected a file that can be", system::in_words(&error)),
    };
    let found = fs::metadata(path).map_err(cannot)?;
    if !found.is_file() {
        return Err(format!("{name}: {}; expected a file", in_words(found.file_type())));
    }
    let mut bytes = Vec::new();
    if found.len() <= most {
        let file = File::open(path).map_err(cannot)?;
        file.take(most + 1).read_to_end(&mut bytes).map_err(cannot)?;
    }
    check_length(path, found.len().max(bytes.len() as u64), most)?;
    decode(&name.to_string(), &bytes).map(Cow::into_owned).map_err(|error| error.to_string())
}

/// Whether a file of `bytes` bytes is short enough.
pub(crate) fn check_length(path: &Path, bytes: u64, most: u64) -> Result<(), String> {
    if bytes <= most {
        return Ok(());
    }
    let what = if most == LONGEST_SCENARIO { "a scenario" } else { "a fixture" };
    let name = path.display();
    Err(format!("{name}: {bytes} bytes; expected {what} of at most {most} ({} MiB)", most >> 20))
}

/// What a file that is not a regular one is.
fn in_words(kind: FileType) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if kind.is_fifo() {
            return "a pipe";
        }
        if kind.is_char_device() || kind.is_block_device() {
            return "a device";
        }
        if kind.is_socket() {
            return "a socket";
        }
    }
    if kind.is_dir() { "a directory" } else { "not a regular file" }
}
