//! `trickle`: the right body, slowly.

use super::{Effect, Kind};
use crate::clock::{Span, format_duration};
use crate::document::{Limit, record};
use crate::scenario::mistake::Mistake;
use crate::scenario::written::Rule;
use crate::wire::Manner;

record! {
    derive(Copy, Eq)
    /// The right body, slowly.
    pub struct Trickle as "trickle" {
        /// Bytes at a time; 1 or more.
        pub chunk: usize = required("chunk") within Limit::AtLeast(1),
        /// The wait before each further chunk.
        pub pause: Span = required("pause"),
    }
}

impl Kind for Trickle {
    fn effect(&self) -> Effect<'_> {
        Effect::Manner(Manner::Trickle { chunk_bytes: self.chunk, pause: self.pause.0 })
    }

    fn in_words(&self) -> String {
        format!("the right body, {} bytes every {}", self.chunk, format_duration(self.pause.0))
    }

    fn check(&self, _rule: &Rule) -> Result<(), Mistake> {
        if self.chunk == 0 {
            return Err(Mistake::new("/chunk", "chunk 0; expected 1 or more bytes"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::scenario::fault::testing::{mistake, words};

    #[test]
    fn a_chunk_has_at_least_one_byte() {
        let found = mistake("{sequence: [pass, {trickle: {chunk: 0, pause: 1s}}]}");
        assert_eq!(found, "rule:1:37: chunk 0; expected 1 or more");
    }

    #[test]
    fn it_is_said_in_words() {
        assert_eq!(words("trickle: {chunk: 16, pause: 250ms}"), "the right body, 16 bytes every 250ms");
    }
}
