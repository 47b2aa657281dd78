//! `rotateKey`, `tightenPolicy` and `forgetStatus`: what changes in the organisation by itself, between two calls of a
//! client.

use super::{Effect, Kind, PlatformChange};
use crate::document::{Limit, record};
use crate::operation::Operation;
use crate::scenario::mistake::Mistake;
use crate::scenario::written::{Operations, Rule, Stage};

record! {
    derive(Copy, Default, Eq)
    /// The key is rotated.
    pub struct RotateKey as "rotatedKey" {
    }
}

record! {
    derive(Copy, Default, Eq)
    /// The status is forgotten.
    pub struct ForgetStatus as "forgottenStatus" {
    }
}

record! {
    derive(Copy, Default, Eq)
    /// What the policy asks for from now on; what is left out stays.
    pub struct TightenPolicy as "tightenedPolicy" {
        /// Days before a password expires on which the first reminder is sent.
        pub first_expiration_reminder: Option<i64> = optional("firstExpirationReminder") within OFF,
        /// Shortest part of the account's id that counts.
        pub account_id_min_word_length: Option<i64> = optional("accountIdMinWordLength") within OFF,
        /// Shortest part of the account's name that counts.
        pub account_name_min_word_length: Option<i64> = optional("accountNameMinWordLength") within OFF,
        /// Least number of letters.
        pub min_alpha: Option<i64> = optional("minAlpha") within OFF,
        /// Least number of kinds of characters.
        pub min_character_types: Option<i64> = optional("minCharacterTypes") within Limit::Between(-1, 4),
        /// Greatest number of characters.
        pub max_length: Option<i64> = optional("maxLength") within OFF,
        /// Least number of characters.
        pub min_length: Option<i64> = optional("minLength") within OFF,
        /// Greatest run of one character.
        pub max_repeated_chars: Option<i64> = optional("maxRepeatedChars") within OFF,
        /// Least number of lower-case letters.
        pub min_lower: Option<i64> = optional("minLower") within OFF,
        /// Least number of digits.
        pub min_numeric: Option<i64> = optional("minNumeric") within OFF,
        /// Least number of special characters.
        pub min_special: Option<i64> = optional("minSpecial") within OFF,
        /// Least number of upper-case letters.
        pub min_upper: Option<i64> = optional("minUpper") within OFF,
        /// Days until a password expires.
        pub password_expiration: Option<i64> = optional("passwordExpiration") within OFF,
        /// Whether passwords expire.
        pub enable_passwd_expiration: Option<bool> = optional("enablePasswdExpiration"),
        /// Whether a change asks for a second factor.
        pub require_strong_authn: Option<bool> = optional("requireStrongAuthn"),
        /// The same outside the organisation's network.
        pub require_strong_auth_off_network: Option<bool> = optional("requireStrongAuthOffNetwork"),
        /// The same from untrusted places.
        pub require_strong_auth_untrusted_geographies: Option<bool> = optional("requireStrongAuthUntrustedGeographies"),
        /// Whether a password must not contain an attribute of the account.
        pub use_account_attributes: Option<bool> = optional("useAccountAttributes"),
        /// Whether it must not contain a word of the dictionary.
        pub use_dictionary: Option<bool> = optional("useDictionary"),
        /// Whether it must not contain an attribute of the identity.
        pub use_identity_attributes: Option<bool> = optional("useIdentityAttributes"),
        /// Whether it must not contain a part of the account's id.
        pub validate_against_account_id: Option<bool> = optional("validateAgainstAccountId"),
        /// Whether it must not contain a part of the account's name.
        pub validate_against_account_name: Option<bool> = optional("validateAgainstAccountName"),
    }
}

/// -1 stands for a rule that does not hold; anything less has no meaning.
const OFF: Limit = Limit::AtLeast(-1);

impl Kind for RotateKey {
    fn effect(&self) -> Effect<'_> {
        Effect::Platform(PlatformChange::RotateKey)
    }

    fn in_words(&self) -> String {
        "an answer, and the public key is another from now on".to_owned()
    }

    fn bare() -> Option<Self> {
        Some(Self {})
    }
}

impl Kind for TightenPolicy {
    fn effect(&self) -> Effect<'_> {
        Effect::Platform(PlatformChange::TightenPolicy(self))
    }

    fn in_words(&self) -> String {
        let fields = serde_json::to_string(self).unwrap_or_default();
        format!("an answer, and the policy of the source asks for {fields} from now on")
    }

    fn check(&self, rule: &Rule) -> Result<(), Mistake> {
        if *self == Self::default() {
            return Err(Mistake::new(
                "",
                "a policy that stays as it is; expected a field such as `minLength: 64`",
            ));
        }
        if let (Some(least @ 1..), Some(most @ 1..)) = (self.min_length, self.max_length)
            && least > most
        {
            let message = format!(
                "minLength {least} is above maxLength {most}; expected rules that a password can keep"
            );
            return Err(Mistake::new("/minLength", message));
        }
        only_of(rule, &[Operation::QueryPasswordInfo, Operation::SetPassword])
    }
}

impl Kind for ForgetStatus {
    fn effect(&self) -> Effect<'_> {
        Effect::Platform(PlatformChange::ForgetStatus)
    }

    fn in_words(&self) -> String {
        "an answer, and the status of its password change is a 404 from now on".to_owned()
    }

    fn check(&self, rule: &Rule) -> Result<(), Mistake> {
        if rule.stage == Stage::Before && is_about(rule, Operation::SetPassword) {
            let message = "a change that has not begun has no status; expected `stage: after`, or the operation getPasswordChangeStatus";
            return Err(Mistake::new("", message));
        }
        only_of(rule, &[Operation::SetPassword, Operation::GetPasswordChangeStatus])
    }

    fn bare() -> Option<Self> {
        Some(Self {})
    }
}

fn is_about(rule: &Rule, operation: Operation) -> bool {
    matches!(&rule.when.operation, Some(Operations::These(operations)) if operations.contains(&operation))
}

/// Whether a rule is about these operations alone.
fn only_of(rule: &Rule, allowed: &[Operation]) -> Result<(), Mistake> {
    let fits = match &rule.when.operation {
        Some(Operations::These(operations)) => operations.iter().all(|operation| allowed.contains(operation)),
        _ => false,
    };
    if fits {
        return Ok(());
    }
    let names: Vec<_> = allowed.iter().map(|operation| operation.id()).collect();
    Err(Mistake::new(
        "",
        format!("a fault of {} only; expected `operation` in `when` to say so", names.join(" and ")),
    ))
}

#[cfg(test)]
mod tests {
    use crate::scenario::fault::testing::{mistake, words};

    #[test]
    fn they_are_said_in_words() {
        assert_eq!(words("rotateKey"), "an answer, and the public key is another from now on");
        assert_eq!(
            words("tightenPolicy: {minLength: 64}"),
            "an answer, and the policy of the source asks for {\"minLength\":64} from now on"
        );
        assert_eq!(
            words("forgetStatus"),
            "an answer, and the status of its password change is a 404 from now on"
        );
    }

    #[test]
    fn each_belongs_to_the_calls_that_it_can_be_about() {
        assert_eq!(
            mistake("{when: {operation: token}, fault: {tightenPolicy: {minLength: 64}}}"),
            "rule:1:36: a fault of queryPasswordInfo and setPassword only; expected `operation` in `when` to say so"
        );
        assert_eq!(
            mistake("{when: {operation: setPassword}, fault: {tightenPolicy: {}}}"),
            "rule:1:42: a policy that stays as it is; expected a field such as `minLength: 64`"
        );
        assert_eq!(
            mistake(
                "{when: {operation: setPassword}, fault: {tightenPolicy: {maxLength: 8, minLength: 64}}}"
            ),
            "rule:1:83: minLength 64 is above maxLength 8; expected rules that a password can keep"
        );
        assert_eq!(
            mistake("{when: {operation: setPassword}, fault: {tightenPolicy: {minCharacterTypes: 5}}}"),
            "rule:1:77: minCharacterTypes 5; expected -1 to 4"
        );
        assert_eq!(
            mistake("{when: {operation: setPassword}, fault: forgetStatus}"),
            "rule:1:41: a change that has not begun has no status; expected `stage: after`, or the operation getPasswordChangeStatus"
        );
    }
}
