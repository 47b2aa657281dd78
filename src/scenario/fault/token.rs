//! `expireToken` and `loseScope`: what happens to the token that a call carries or returns.

use std::collections::BTreeSet;

use super::{Effect, Kind, TokenChange};
use crate::document::{Limit, record, unknown};
use crate::operation::{FORMER_SCOPES, Operation};
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
        format!("the answer to a token without the scope {}", self.scope)
    }

    fn check(&self, _rule: &Rule) -> Result<(), Mistake> {
        if self.scope.is_empty() {
            return Err(Mistake::new("/scope", "an empty scope; expected its name"));
        }
        let former = FORMER_SCOPES.iter().map(|(former, _)| *former);
        let asked_for = scopes();
        if asked_for.iter().copied().chain(former).chain(WIDE).any(|scope| scope == self.scope) {
            return Ok(());
        }
        let message = unknown("no operation asks for scope", &self.scope, &asked_for);
        Err(Mistake::new("/scope", message))
    }
}

/// Scopes that stand for several.
const WIDE: [&str; 2] = ["sp:scopes:all", "sp:scopes:default"];

/// The scopes for which some operation asks.
fn scopes() -> Vec<&'static str> {
    let all: BTreeSet<_> = Operation::ALL.iter().flat_map(|operation| operation.scopes()).copied().collect();
    all.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::LoseScope;
    use crate::scenario::Rule;
    use crate::scenario::fault::testing::{mistake, words};

    #[test]
    fn a_scope_needs_a_name() {
        assert_eq!(
            mistake("{fault: {loseScope: {scope: ''}}}"),
            "rule:1:29: an empty `scope`; expected text"
        );
    }

    #[test]
    fn a_scope_that_no_operation_asks_for_cannot_be_missed() {
        let found = mistake("{fault: {loseScope: {scope: 'idn:password-sync-group:mange'}}}");
        let begins = "rule:1:29: no operation asks for scope `idn:password-sync-group:mange`; ";
        assert!(found.starts_with(begins), "{found}");
        assert!(found.ends_with("did you mean `idn:password-sync-group:manage`?"), "{found}");
        for scope in
            ["idn:password-sync-group:read", "idn:password-sync-group-management:write", "sp:scopes:all"]
        {
            let rule = Rule::new("a").fault(LoseScope { scope: scope.to_owned() });
            assert!(rule.check().is_ok(), "{scope}");
        }
    }

    #[test]
    fn they_are_said_in_words() {
        assert_eq!(words("expireToken"), "a 401, because its token has expired for good");
        assert_eq!(words("loseScope: {scope: a}"), "the answer to a token without the scope a");
    }
}
