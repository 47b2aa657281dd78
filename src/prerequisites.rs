//! Whether a tenant enforces the service's documented prerequisites. Everything
//! that depends on it (the contract, fixtures, groups) is given the choice.

use std::str::FromStr;

use crate::document::words;

words! {
    derive(Default)
    /// Whether the prerequisites of the service's documentation are enforced.
    pub enum Prerequisites {
        /// Names, policies and sources must exist and be suitable.
        Enforce = "enforce",
        /// Anything the vendor's schema accepts is accepted, unknown ids included.
        Ignore = "ignore",
    }
}

impl FromStr for Prerequisites {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "enforce" => Ok(Self::Enforce),
            "ignore" => Ok(Self::Ignore),
            _ => Err(format!("`{text}` is not a choice; expected `enforce` or `ignore`")),
        }
    }
}
