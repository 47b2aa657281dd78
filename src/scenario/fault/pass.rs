//! `pass`: nothing goes wrong. It is meant for sequences, and to keep later rules away from an exchange.

use super::{Effect, Kind};
use crate::document::record;

record! {
    derive(Copy, Default, Eq)
    /// Nothing.
    pub struct Pass as "pass" {
    }
}

impl Kind for Pass {
    fn effect(&self) -> Effect<'_> {
        Effect::None
    }

    fn in_words(&self) -> String {
        "the right answer".to_owned()
    }

    fn bare() -> Option<Self> {
        Some(Self {})
    }
}

#[cfg(test)]
mod tests {
    use crate::scenario::fault::testing::words;

    #[test]
    fn it_is_said_in_words() {
        assert_eq!(words("pass"), "the right answer");
    }
}
