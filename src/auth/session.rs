//! What a valid token means: its session, and whether that allows an operation. Which sessions are remembered
//! is decided in `mod.rs`.

use std::hash::Hasher;
use std::sync::Arc;

use super::claims::Claims;
use crate::clock::Timestamp;
use crate::contract::Access;
use crate::operation::FORMER_SCOPES;
use crate::wire::{Caller, Refusal};

/// The scope that allows everything.
pub(super) const ALL_SCOPES: &str = "sp:scopes:all";
/// The scope that every token with a user has, whatever it says.
pub(super) const DEFAULT_SCOPE: &str = "sp:scopes:default";
/// The user level that every user has.
const USER: &str = "USER";

/// A valid token's meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Session {
    /// The token's id.
    pub(crate) jti: String,
    /// The OAuth client.
    pub(crate) caller: Arc<Caller>,
    /// What it may do.
    pub(crate) scopes: Vec<String>,
    /// The user levels; `None` for a token without a user.
    pub(crate) authorities: Option<Vec<String>>,
    /// The id of the user's identity; `None` for a token without a user.
    pub(crate) identity_id: Option<String>,
    /// To the millisecond while it is remembered; to the second, rounded down, when it is read from the token.
    pub(super) expires: Timestamp,
}

impl Session {
    pub(super) fn of(claims: &Claims<'_>, client_name: &str, expires: Timestamp) -> Self {
        Self {
            jti: claims.jti.to_string(),
            caller: Arc::new(Caller { id: (&*claims.client_id).into(), name: client_name.to_owned() }),
            scopes: claims.scope.to_vec(),
            authorities: claims.user_id.is_some().then(|| claims.authorities.to_vec()),
            identity_id: claims.identity_id.as_deref().map(str::to_owned),
            expires,
        }
    }

    pub(super) fn may(&self, access: &Access, lost: &[String]) -> Result<(), Refusal> {
        match self.lacks(access, lost) {
            None => Ok(()),
            Some(what) => Err(Refusal::Forbidden.because(what)),
        }
    }

    /// What an operation asks for and the token does not have.
    fn lacks(&self, access: &Access, lost: &[String]) -> Option<String> {
        let one_of = |names: &[&str]| names.join(" or ");
        let scopes = match (&self.authorities, &access.application_scopes) {
            (Some(_), _) => &access.user_scopes,
            (None, Some(scopes)) => scopes,
            (None, None) => return Some("the token has no user, and the operation requires one".to_owned()),
        };
        let has_default = self.authorities.is_some() && has_default(scopes, lost);
        if !has_default && !self.has_scope(scopes, lost) {
            return Some(format!("the token lacks the scope {}", one_of(scopes)));
        }
        let levels = &access.user_levels;
        let is_high_enough = |level: &String| levels.contains(&level.as_str());
        let is_allowed = |authorities: &Vec<String>| authorities.iter().any(is_high_enough);
        let is_for_everybody = levels.is_empty() || levels.contains(&USER);
        (!is_for_everybody && !self.authorities.as_ref().is_none_or(is_allowed))
            .then(|| format!("the token's user lacks the level {}", one_of(levels)))
    }

    /// Whether one of the wanted scopes is there and not lost, if any is wanted.
    fn has_scope(&self, wanted: &[&str], lost: &[String]) -> bool {
        if wanted.is_empty() {
            return true;
        }
        let is_lost = |scope: &str| lost.iter().any(|lost| lost == scope);
        self.scopes.iter().map(|scope| current_name(scope)).filter(|scope| !is_lost(scope)).any(|scope| {
            wanted.iter().any(|wanted| (scope == ALL_SCOPES || *wanted == scope) && !is_lost(wanted))
        })
    }
}

/// Whether the scope that every user has is wanted and not lost.
fn has_default(wanted: &[&str], lost: &[String]) -> bool {
    wanted.contains(&DEFAULT_SCOPE) && !lost.iter().any(|lost| lost == DEFAULT_SCOPE)
}

/// A scope's name today.
pub(super) fn current_name(scope: &str) -> &str {
    FORMER_SCOPES.iter().find(|(former, _)| *former == scope).map_or(scope, |(_, current)| current)
}
/// Hashes a token by its end: a signature is as random as a hash, and only tokens that were verified are kept.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct TailHasher(u64);

impl Hasher for TailHasher {
    fn write(&mut self, bytes: &[u8]) {
        // What is written beside the token itself (its length) is shorter, and carries no information.
        if let Some(tail) = bytes.last_chunk::<16>() {
            let [low, high] = [&tail[..8], &tail[8..]].map(|half| half.try_into().expect("eight bytes"));
            self.0 = u64::from_le_bytes(low) ^ u64::from_le_bytes(high).rotate_left(31);
            // Base64 characters leave bits unused: spread the ones that there are.
            self.0 = self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            self.0 ^= self.0 >> 32;
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
