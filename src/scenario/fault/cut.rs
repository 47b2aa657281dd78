//! `cut`: the headers promise the whole body, and only a part of it comes.

use serde::{Deserialize, Serialize};

use super::{Effect, Kind};
use crate::wire::Manner;

/// A body that ends early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cut {
    /// Bytes that are sent; of a shorter body, all but the last.
    pub after: usize,
}

impl Kind for Cut {
    fn effect(&self) -> Effect<'_> {
        Effect::Manner(Manner::Cut { after_bytes: self.after })
    }

    fn in_words(&self) -> String {
        format!("{} bytes of the body and a closed connection", self.after)
    }
}

#[cfg(test)]
mod tests {
    use crate::scenario::fault::testing::words;

    #[test]
    fn it_is_said_in_words() {
        assert_eq!(words("cut: {after: 7}"), "7 bytes of the body and a closed connection");
    }
}
