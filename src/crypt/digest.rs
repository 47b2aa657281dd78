//! What is kept of a password: enough to tell whether another one is the same, for one identity.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// Begins what is hashed, so that the digest is that of no other program.
const PURPOSE: &str = "sync-group-sim password";

/// The digest of a password. It depends on the identity and the password alone, and not on a tenant or a seed: equal
/// passwords of an identity have equal digests everywhere, those of two identities have not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PasswordDigest(String);

impl PasswordDigest {
    /// The digest of an identity's password, as 64 hexadecimal digits.
    pub(crate) fn of(identity_id: &str, password: &str) -> Self {
        let mut hasher = Sha256::new();
        // The lengths keep apart what would read the same when joined.
        for part in [PURPOSE, identity_id, password] {
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        let digest = hasher.finalize();
        let mut digits = String::with_capacity(2 * digest.len());
        for byte in digest {
            let _ = write!(digits, "{byte:02x}");
        }
        Self(digits)
    }

    /// Its digits.
    pub(crate) fn into_text(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_passwords_of_an_identity_have_equal_digests_and_no_others_have() {
        let of = |identity, password| PasswordDigest::of(identity, password).into_text();
        assert_eq!(of("amelia", "Correct-Horse-1"), of("amelia", "Correct-Horse-1"));
        assert_ne!(of("amelia", "Correct-Horse-1"), of("rita", "Correct-Horse-1"));
        assert_ne!(of("amelia", "Correct-Horse-1"), of("amelia", "Correct-Horse-2"));
        assert_ne!(of("ab", "c"), of("a", "bc"));
        // A change here makes the digests in people's fixtures worthless.
        assert_eq!(
            of("amelia", "Correct-Horse-1"),
            "73aba9502cbe5c732c3608d29c8082c6612235b36392767d325875ebffd5e755"
        );
    }
}
