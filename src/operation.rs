//! The words for what the API can do. An operation is named by the vendor's operationId; which route leads
//! to it in which API version is the contract's business, and what it does is a handler's.

use std::fmt;
use std::str::FromStr;

/// One thing the API can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operation {
    /// List the groups, a page at a time.
    GetPasswordSyncGroups,
    /// Create a group.
    CreatePasswordSyncGroup,
    /// Get one group.
    GetPasswordSyncGroup,
    /// Replace one group.
    UpdatePasswordSyncGroup,
    /// Delete one group.
    DeletePasswordSyncGroup,
    /// Exchange credentials for an access token (`POST /oauth/token`).
    Token,
    /// Describe the organisation (`GET /oauth/info`).
    OauthInfo,
}

impl Operation {
    /// Every operation, in the order in which documents list them.
    pub const ALL: [Self; 7] = [
        Self::GetPasswordSyncGroups,
        Self::CreatePasswordSyncGroup,
        Self::GetPasswordSyncGroup,
        Self::UpdatePasswordSyncGroup,
        Self::DeletePasswordSyncGroup,
        Self::Token,
        Self::OauthInfo,
    ];

    /// The name in scenario files, the journal and logs: the vendor's operationId where it has one.
    pub const fn id(self) -> &'static str {
        match self {
            Self::GetPasswordSyncGroups => "getPasswordSyncGroups",
            Self::CreatePasswordSyncGroup => "createPasswordSyncGroup",
            Self::GetPasswordSyncGroup => "getPasswordSyncGroup",
            Self::UpdatePasswordSyncGroup => "updatePasswordSyncGroup",
            Self::DeletePasswordSyncGroup => "deletePasswordSyncGroup",
            Self::Token => "token",
            Self::OauthInfo => "oauthInfo",
        }
    }
}

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
