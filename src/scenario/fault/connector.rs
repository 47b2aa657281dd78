//! `connector`: a source that cannot be reached, or that refuses a password, in one attempt to change it.

use super::{Effect, Kind};
use crate::document::words;

words! {
    /// What is wrong with a source's connector in one attempt to change a password.
    pub enum Connector {
        /// It cannot be reached; the platform tries again later.
        Unreachable = "unreachable",
        /// It refuses the password by rules of its own.
        Refuses = "refuses",
    }
}

impl Kind for Connector {
    fn effect(&self) -> Effect<'_> {
        Effect::Connector(*self)
    }

    fn in_words(&self) -> String {
        match self {
            Self::Unreachable => "no connection to the source, and tries again later",
            Self::Refuses => "a refusal from the source",
        }
        .to_owned()
    }
}

#[cfg(test)]
mod tests {
    use crate::scenario::fault::testing::{mistake, words};

    #[test]
    fn it_belongs_to_attempts_and_nothing_else_does() {
        assert_eq!(
            mistake("{fault: {connector: refuses}}"),
            "rule:1:2: `connector` of a request; expected `operation: changePassword` in `when`"
        );
        assert_eq!(
            mistake("{when: {operation: changePassword}, fault: close}"),
            "rule:1:44: `close` of an attempt to change a password; expected connector, hold or pass"
        );
        assert_eq!(
            mistake("{when: {operation: [changePassword, token]}, fault: close}"),
            "rule:1:21: `changePassword` among operations; expected it alone, because it is not a request; make a rule of its own for it"
        );
        assert_eq!(
            mistake("{when: {source: GitHub}, fault: close}"),
            "rule:1:17: `source` without the operation `changePassword`; expected the two together"
        );
    }

    #[test]
    fn it_is_said_in_words() {
        assert_eq!(words("connector: unreachable"), "no connection to the source, and tries again later");
    }
}
