//! The names of what the API can do. The build makes them from the service's documents under
//! `fixtures/openapi/service`: an operation is named by its operationId in the newest API version. The contract
//! knows which route leads to it in which version, and its handler what it does.

use std::fmt;
use std::str::FromStr;

include!(concat!(env!("OUT_DIR"), "/operation.rs"));

/// The scopes' names until 2025-11-18, each with today's; whether the service still accepts them is not known; we do.
pub(crate) const FORMER_SCOPES: [(&str, &str); 4] = [
    ("idn:password-sync-group-management:read", "idn:password-sync-group:read"),
    ("idn:password-sync-group-management:write", "idn:password-sync-group:manage"),
    ("idn:password-org-config:write", "idn:password-org-config:manage"),
    ("idn:password-dictionary-management:read", "idn:password-dictionary:read"),
];

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl FromStr for Operation {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|operation| operation.id() == text).ok_or_else(|| {
            let known: Vec<_> = Self::ALL.iter().map(|operation| operation.id()).collect();
            format!("operation `{text}` does not exist; expected one of {}", known.join(", "))
        })
    }
}
