//! The word for how strictly a tenant holds its clients to the service's documented prerequisites. Everything
//! that depends on it (the contract, fixtures, groups) is told which of the two it is.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Whether creators are held to the prerequisites that the service's documentation names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Prerequisites {
    /// Names, policies and sources must be there and fit.
    #[default]
    Enforce,
    /// Whatever the vendor's schema accepts is accepted, unknown ids included.
    Ignore,
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
