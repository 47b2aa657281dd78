//! Server-sent events as the journal's stream has them, from pieces that end anywhere.

use serde_json::Value;

/// Something that happened in a tenant.
#[derive(Debug, PartialEq)]
pub(super) enum Event {
    Exchange(Value),
    /// Its numbers, or its epoch, begin anew.
    Reset,
}

/// What was read of a stream so far.
#[derive(Debug, Default)]
pub(super) struct Events {
    /// The beginning of a line.
    rest: Vec<u8>,
    kind: String,
    data: String,
}

impl Events {
    /// The events that are complete with this piece.
    pub(super) fn read(&mut self, piece: &[u8]) -> Vec<Event> {
        self.rest.extend_from_slice(piece);
        let mut events = Vec::new();
        let text = std::mem::take(&mut self.rest);
        let mut lines = text.split(|byte| *byte == b'\n').peekable();
        while let Some(line) = lines.next() {
            if lines.peek().is_none() {
                self.rest = line.to_vec();
            } else {
                events.extend(self.line(&String::from_utf8_lossy(line)));
            }
        }
        events
    }

    /// An event ends with an empty line.
    fn line(&mut self, line: &str) -> Option<Event> {
        let line = line.trim_end_matches('\r');
        if line.is_empty() {
            let (kind, data) = (std::mem::take(&mut self.kind), std::mem::take(&mut self.data));
            return match &*kind {
                "exchange" => serde_json::from_str(&data).ok().map(Event::Exchange),
                "reset" => Some(Event::Reset),
                _ => None,
            };
        }
        match line.split_once(':') {
            Some(("event", kind)) => kind.trim().clone_into(&mut self.kind),
            Some(("data", data)) => self.data.push_str(data.trim_start()),
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn events_are_read_from_pieces_that_end_anywhere() {
        let text = "id: 1-1\nevent: exchange\ndata: {\"seq\":1,\"path\":\"/ü\"}\n\nid: 2-0\nevent: reset\ndata: {}\n\n\
                    : a comment\n\nevent: exchange\ndata: {\"seq\":2}\n\nevent: exch";
        let expected = [
            Event::Exchange(json!({"seq": 1, "path": "/ü"})),
            Event::Reset,
            Event::Exchange(json!({"seq": 2})),
        ];
        for size in [1, 2, 7, text.len()] {
            let mut events = Events::default();
            let read: Vec<_> = text.as_bytes().chunks(size).flat_map(|piece| events.read(piece)).collect();
            assert_eq!(read, expected, "{size}");
        }
    }
}
