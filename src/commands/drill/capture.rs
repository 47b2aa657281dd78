//! What a command writes, read as it comes, so that no pipe fills up. The beginning and the end of it are kept; what lies
//! between is counted only.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::task::JoinHandle;

/// Bytes that are kept of the beginning.
const HEAD: usize = 64 << 10;
/// Bytes that are kept of the end.
const TAIL: usize = 192 << 10;

/// What was written so far.
#[derive(Debug, Default)]
struct Kept {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    total: u64,
}

impl Kept {
    fn add(&mut self, mut bytes: &[u8]) {
        self.total += bytes.len() as u64;
        let room = HEAD - self.head.len();
        let (begin, rest) = bytes.split_at(room.min(bytes.len()));
        self.head.extend_from_slice(begin);
        bytes = rest;
        if bytes.len() > TAIL {
            bytes = &bytes[bytes.len() - TAIL..];
        }
        let excess = (self.tail.len() + bytes.len()).saturating_sub(TAIL);
        self.tail.drain(..excess);
        self.tail.extend(bytes);
    }

    fn output(&self) -> Output {
        let mut bytes = self.head.clone();
        let tail: Vec<u8> = self.tail.iter().copied().collect();
        let left_out = self.total - (bytes.len() + tail.len()) as u64;
        if left_out > 0 {
            bytes.extend_from_slice(format!("\n[… {left_out} bytes are left out …]\n").as_bytes());
        }
        bytes.extend_from_slice(&tail);
        let text = String::from_utf8_lossy(&bytes);
        // A character may have been cut in two where something is left out.
        let is_text = left_out > 0 || std::str::from_utf8(&bytes).is_ok();
        Output { text: text.into_owned(), total_bytes: self.total, is_text }
    }
}

/// What a command wrote to one of its outputs.
#[derive(Clone, Debug, Default)]
pub(super) struct Output {
    /// As text; bytes that are none are replaced, and the middle of a long one is left out.
    pub(super) text: String,
    pub(super) total_bytes: u64,
    /// Whether all of it was UTF-8.
    pub(super) is_text: bool,
}

/// The reader of one output.
#[derive(Debug)]
pub(super) struct Capture {
    kept: Arc<Mutex<Kept>>,
    reading: JoinHandle<()>,
}

impl Capture {
    pub(super) fn of(pipe: Option<impl AsyncRead + Unpin + Send + 'static>) -> Self {
        let kept = Arc::new(Mutex::new(Kept::default()));
        let keeping = Arc::clone(&kept);
        let reading = tokio::spawn(async move {
            let Some(mut pipe) = pipe else { return };
            let mut bytes = vec![0; 64 << 10];
            while let Ok(len @ 1..) = pipe.read(&mut bytes).await {
                keeping.lock().unwrap_or_else(PoisonError::into_inner).add(&bytes[..len]);
            }
        });
        Self { kept, reading }
    }

    /// How much was written so far.
    pub(super) fn total_bytes(&self) -> u64 {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).total
    }

    /// Waits until nobody can write any more.
    pub(super) async fn closed(&mut self) {
        if !self.reading.is_finished() {
            let _ = (&mut self.reading).await;
        }
    }

    /// What was written.
    pub(super) fn output(self) -> Output {
        self.reading.abort();
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).output()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(pieces: &[&[u8]]) -> Output {
        let mut kept = Kept::default();
        for piece in pieces {
            kept.add(piece);
        }
        kept.output()
    }

    #[test]
    fn the_beginning_and_the_end_are_kept() {
        let megabyte = [vec![b'a'; 1 << 20], b"z".repeat(3)].concat();
        let output = output(&[b"begin", &megabyte, b"end"]);
        assert_eq!(output.total_bytes, (1 << 20) + 11);
        assert!(output.text.len() < HEAD + TAIL + 100);
        assert!(output.text.starts_with("begina") && output.text.ends_with("zzzend"));
        let left_out = usize::try_from(output.total_bytes).unwrap() - HEAD - TAIL;
        assert!(output.text.contains(&format!("\n[… {left_out} bytes are left out …]\n")));
        assert!(output.is_text);
    }

    #[test]
    fn bytes_that_are_no_text_are_shown_as_such() {
        let output = output(&[b"a\xff\xfeb"]);
        assert_eq!((output.text.as_str(), output.is_text), ("a\u{fffd}\u{fffd}b", false));
    }
}
