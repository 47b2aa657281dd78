//! `expireToken` and `loseScope`: what happens to the token that a call carries or returns.

use super::{Effect, Kind, TokenChange};
use crate::document::{Limit, record};
use crate::scenario::mistake::Mistake;
use crate::scenario::written::Rule;

record! {
    derive(Copy, Default, Eq)
    /// The token expires, for good.
    pub struct ExpireToken as "expiredToken" {
    }
}

record! {
    derive(Eq)
    /// The token loses a scope, for good.
    pub struct LoseScope as "lostScope" {
        /// The scope, such as `idn:password-sync-group:manage`.
        pub scope: String = required("scope") within Limit::NotEmpty,
    }
}

impl Kind for ExpireToken {
    fn effect(&self) -> Effect<'_> {
        Effect::Token(TokenChange::Expire)
    }

    fn in_words(&self) -> String {
        "a 401, because its token has expired for good".to_owned()
    }

    fn bare() -> Option<Self> {
        Some(Self {})
    }
}

impl Kind for LoseScope {
    fn effect(&self) -> Effect<'_> {
        Effect::Token(TokenChange::LoseScope(&self.scope))
    }

    fn in_words(&self) -> String {
        format!("the answer of a token without the scope {}", self.scope)
    }

    fn check(&self, _rule: &Rule) -> Result<(), Mistake> {
        if self.scope.is_empty() {
            return Err(Mistake::new("/scope", "an empty scope; expected its name"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::scenario::fault::testing::{mistake, words};

    #[test]
    fn a_scope_needs_a_name() {
        assert_eq!(
            mistake("{fault: {loseScope: {scope: ''}}}"),
            "rule:1:29: an empty `scope`; expected text"
        );
    }

    #[test]
    fn they_are_said_in_words() {
        assert_eq!(words("expireToken"), "a 401, because its token has expired for good");
        assert_eq!(words("loseScope: {scope: a}"), "the answer of a token without the scope a");
    }
}
