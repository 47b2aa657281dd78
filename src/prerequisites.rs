//! The word for how strictly a tenant holds its clients to the service's documented prerequisites. Everything
//! that depends on it (the contract, fixtures, groups) is told which of the two it is.

use std::str::FromStr;

use crate::document::words;

words! {
    derive(Default)
    /// Whether creators are held to the prerequisites that the service's documentation names.
    pub enum Prerequisites {
        /// Names, policies and sources must be there and fit.
        Enforce = "enforce",
        /// Whatever the vendor's schema accepts is accepted, unknown ids included.
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
