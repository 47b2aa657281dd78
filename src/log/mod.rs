//! The log on stderr. It never delays a request: lines are written by a thread of their own, and when no one
//! reads them (a pipe that a test forgot) they are dropped and counted instead of waited for. What a line looks like is in
//! `line.rs`.

mod line;
mod paint;
mod request;

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::cli::Log;
use paint::Paint;

/// The most lines that wait to be written.
const WAITING: usize = 4_096;
/// The longest line, in bytes; the rest of a longer one is left out.
const LONGEST: usize = 8 << 10;
/// The most bytes that are written at once, roughly.
const AT_ONCE: usize = 64 << 10;
/// How long closing waits for the last lines.
const LAST_LINES: Duration = Duration::from_secs(2);

/// The log while it is open; dropping it writes the last lines.
pub(crate) struct OpenLog {
    lines: Option<Lines>,
    is_written: Receiver<()>,
}

/// Opens the log; control calls and health checks are in it only `with_control`.
pub(crate) fn to_stderr(log: Log, with_control: bool) -> OpenLog {
    let (sender, receiver) = sync_channel(WAITING);
    let (written, is_written) = sync_channel(1);
    let lines = Lines { sender, shared: Arc::default() };
    let shared = Arc::clone(&lines.shared);
    let is_wanted = filter_fn(move |metadata| {
        *metadata.level() <= LevelFilter::INFO && (with_control || metadata.target() != "control")
    });
    let log_to = tracing_subscriber::registry().with(is_wanted.with_max_level_hint(LevelFilter::INFO));
    let layer = tracing_subscriber::fmt::layer().with_writer(lines.clone());
    match log {
        Log::Text => {
            let paint = Paint::of(&io::stderr());
            log_to.with(layer.event_format(line::Lines { paint })).init();
        }
        Log::Json => log_to.with(layer.json().flatten_event(true)).init(),
        Log::Off => return OpenLog { lines: None, is_written },
    }
    std::thread::spawn(move || {
        write_lines(&receiver, &shared, &mut io::stderr());
        let _ = written.send(());
    });
    OpenLog { lines: Some(lines), is_written }
}

/// Says something that a person should know at the start, even where no requests are logged.
pub(crate) fn warn(log: Log, message: &str) {
    match log {
        Log::Text | Log::Json => tracing::warn!("{message}"),
        Log::Off => eprintln!("warning: {message}"),
    }
}

/// Writes lines as they come, waiting ones in one go, until the log is closed and none is left. An empty
/// line only wakes the writer.
fn write_lines(lines: &Receiver<Vec<u8>>, shared: &Queue, stderr: &mut impl Write) {
    while let Some(mut text) = next(lines, shared) {
        while text.len() < AT_ONCE
            && let Ok(line) = lines.try_recv()
        {
            text.extend_from_slice(&line);
        }
        let missing = shared.dropped.swap(0, Ordering::Relaxed);
        if missing > 0 {
            text.extend_from_slice(
                format!("{missing} lines are missing here: stderr was not read\n").as_bytes(),
            );
        }
        // It is not our failure if the reader has gone away.
        let _ = stderr.write_all(&text);
    }
}

/// The next line; `None` when there is none and the log is closed.
fn next(lines: &Receiver<Vec<u8>>, shared: &Queue) -> Option<Vec<u8>> {
    match lines.try_recv() {
        Ok(line) => Some(line),
        Err(_) if shared.is_closed.load(Ordering::Acquire) => None,
        Err(_) => lines.recv().ok(),
    }
}

impl Drop for OpenLog {
    fn drop(&mut self) {
        let Some(lines) = &self.lines else { return };
        lines.shared.is_closed.store(true, Ordering::Release);
        // If there is no room, there are lines to be written, and the end is seen after them.
        let _ = lines.sender.try_send(Vec::new());
        let _ = self.is_written.recv_timeout(LAST_LINES);
    }
}

/// The subscriber's writer for one line.
#[derive(Clone)]
struct Lines {
    sender: SyncSender<Vec<u8>>,
    shared: Arc<Queue>,
}

/// What the threads that log and the one that writes share.
#[derive(Default)]
struct Queue {
    dropped: AtomicU64,
    is_closed: AtomicBool,
}

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        // A client that sends a name of a megabyte must not fill the memory with waiting lines.
        let kept = if line.len() > LONGEST { [&line[..LONGEST], b"...\n"].concat() } else { line.to_vec() };
        if !line.is_empty() && self.sender.try_send(kept).is_err() {
            self.shared.dropped.fetch_add(1, Ordering::Relaxed);
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
        let mut lines = Lines { sender, shared: Arc::default() };
        let long = "x".repeat(2 * LONGEST);
        for line in ["one\n", &long, "three\n", "four\n"] {
            lines.write_all(line.as_bytes()).unwrap();
        }
        let shared = Arc::clone(&lines.shared);
        drop(lines);
        let mut written = Vec::new();
        write_lines(&receiver, &shared, &mut written);
        let cut = "x".repeat(LONGEST);
        let expected = format!("one\n{cut}...\n2 lines are missing here: stderr was not read\n");
        assert_eq!(String::from_utf8(written).unwrap(), expected);
    }
}
