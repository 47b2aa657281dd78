//! `cut`: the headers promise the whole body, and only a part of it is sent.

use super::{Effect, Kind};
use crate::document::record;
use crate::wire::Manner;

record! {
    derive(Copy, Eq)
    /// A body that ends early.
    pub struct Cut as "cut" {
        /// Bytes that are sent; of a shorter body, all but the last.
        pub after: usize = required("after"),
    }
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
