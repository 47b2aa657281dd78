//! `hang`, `close` and `reset`: the client is told nothing.

use super::{Effect, Kind};
use crate::clock::{Span, format_duration};
use crate::document::record;
use crate::wire::Manner;

record! {
    derive(Copy, Default, Eq)
    /// Headers that never arrive.
    pub struct Hang as "hang" {
        /// After this long the connection is closed; never when absent.
        pub limit: Option<Span> = optional("for"),
    }
}

record! {
    derive(Copy, Default, Eq)
    /// The connection is closed without an answer.
    pub struct Close as "close" {
    }
}

record! {
    derive(Copy, Default, Eq)
    /// The connection is reset without an answer.
    pub struct Reset as "reset" {
    }
}

impl Kind for Hang {
    fn effect(&self) -> Effect<'_> {
        Effect::Silence(Manner::Hang { limit: self.limit.map(|limit| limit.0) })
    }

    fn in_words(&self) -> String {
        match self.limit {
            None => "no headers, ever".to_owned(),
            Some(limit) => format!("no headers for {}, then a closed connection", format_duration(limit.0)),
        }
    }

    fn bare() -> Option<Self> {
        Some(Self::default())
    }
}

impl Kind for Close {
    fn effect(&self) -> Effect<'_> {
        Effect::Silence(Manner::Close)
    }

    fn in_words(&self) -> String {
        "a closed connection and no answer".to_owned()
    }

    fn bare() -> Option<Self> {
        Some(Self {})
    }
}

impl Kind for Reset {
    fn effect(&self) -> Effect<'_> {
        Effect::Silence(Manner::Reset)
    }

    fn in_words(&self) -> String {
        "a connection reset and no answer".to_owned()
    }

    fn bare() -> Option<Self> {
        Some(Self {})
    }
}

#[cfg(test)]
mod tests {
    use crate::scenario::fault::testing::words;

    #[test]
    fn they_are_said_in_words() {
        for (fault, expected) in [
            ("hang", "no headers, ever"),
            ("hang: {for: 1m}", "no headers for 1m, then a closed connection"),
            ("close", "a closed connection and no answer"),
            ("reset", "a connection reset and no answer"),
        ] {
            assert_eq!(words(fault), expected);
        }
    }
}
