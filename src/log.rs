//! The log on stderr. It never holds a request up: lines are written by a thread of their own, and when nobody
//! reads them (a pipe that a test forgot) they are dropped and counted instead of waited for.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

use crate::cli::Log;

/// Lines that wait to be written at most.
const WAITING: usize = 4_096;
/// The longest line, in bytes; the rest of a longer one is left out.
const LONGEST: usize = 8 << 10;
/// Bytes that are written at once at most, roughly.
const AT_ONCE: usize = 64 << 10;
/// How long the end waits for the last lines.
const LAST_LINES: Duration = Duration::from_millis(500);

/// The log while it is open; dropping it writes the last lines.
pub(crate) struct Open {
    lines: Option<Lines>,
    is_written: Receiver<()>,
}

/// Opens the log.
pub(crate) fn to_stderr(log: Log) -> Open {
    let (sender, receiver) = sync_channel(WAITING);
    let (written, is_written) = sync_channel(1);
    let lines = Lines { sender, dropped: Arc::default() };
    let dropped = Arc::clone(&lines.dropped);
    let builder = tracing_subscriber::fmt()
        .with_writer(lines.clone())
        .with_ansi(io::stderr().is_terminal())
        .with_max_level(tracing::Level::INFO);
    match log {
        Log::Text => builder.with_target(false).init(),
        Log::Json => builder.json().flatten_event(true).init(),
        Log::Off => return Open { lines: None, is_written },
    }
    std::thread::spawn(move || {
        write_lines(&receiver, &dropped, &mut io::stderr());
        let _ = written.send(());
    });
    Open { lines: Some(lines), is_written }
}

/// Writes lines as they come, those that wait together at once. An empty line is the last.
fn write_lines(lines: &Receiver<Vec<u8>>, dropped: &AtomicU64, stderr: &mut impl Write) {
    while let Ok(mut text) = lines.recv() {
        let mut is_last = text.is_empty();
        while text.len() < AT_ONCE
            && !is_last
            && let Ok(line) = lines.try_recv()
        {
            is_last = line.is_empty();
            text.extend_from_slice(&line);
        }
        let missing = dropped.swap(0, Ordering::Relaxed);
        if missing > 0 {
            text.extend_from_slice(
                format!("{missing} lines are missing here: stderr was not read\n").as_bytes(),
            );
        }
        // A reader that went away is no failure of ours.
        let _ = stderr.write_all(&text);
        if is_last {
            return;
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let Some(lines) = &self.lines else { return };
        if lines.sender.try_send(Vec::new()).is_ok() {
            let _ = self.is_written.recv_timeout(LAST_LINES);
        }
    }
}

/// Where the subscriber writes a line to.
#[derive(Clone)]
struct Lines {
    sender: SyncSender<Vec<u8>>,
    dropped: Arc<AtomicU64>,
}

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        // A client that sends a megabyte of name must not fill the memory with lines that wait.
        let kept = if line.len() > LONGEST { [&line[..LONGEST], b"...\n"].concat() } else { line.to_vec() };
        if !line.is_empty() && self.sender.try_send(kept).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_written_in_order_and_those_that_are_missing_are_counted() {
        let (sender, receiver) = sync_channel(2);
        let mut lines = Lines { sender, dropped: Arc::default() };
        let long = "x".repeat(2 * LONGEST);
        for line in ["one\n", &long, "three\n", "four\n"] {
            lines.write_all(line.as_bytes()).unwrap();
        }
        let dropped = Arc::clone(&lines.dropped);
        drop(lines);
        let mut written = Vec::new();
        write_lines(&receiver, &dropped, &mut written);
        let cut = "x".repeat(LONGEST);
        let expected = format!("one\n{cut}...\n2 lines are missing here: stderr was not read\n");
        assert_eq!(String::from_utf8(written).unwrap(), expected);
    }
}
