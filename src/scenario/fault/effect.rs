//! What faults do. The pipeline and the server carry these out, and need to know no fault.

use std::fmt;

use super::{Connector, Corrupt, Stale, TightenPolicy};
use crate::clock::Timestamp;
use crate::wire::{Manner, Reply, TrackingId};

/// What a fault does, and to what.
#[derive(Clone, Copy, Debug)]
pub enum Effect<'a> {
    /// The client is told this instead of the answer.
    Instead(&'a dyn Answer),
    /// The client is told nothing.
    Silence(Manner),
    /// The answer itself is delivered in another manner.
    Manner(Manner),
    /// The answer itself is changed.
    Corrupt(Corrupt),
    /// The call's token is changed, and the service answers accordingly.
    Token(TokenChange<'a>),
    /// The read sees the past.
    Past(Stale),
    /// Something else is true of the organisation from now on.
    Platform(PlatformChange<'a>),
    /// A source's connector has something wrong with it, in an attempt to change a password.
    Connector(Connector),
    /// Nothing.
    None,
}

/// What changes in the organisation by itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PlatformChange<'a> {
    /// The public key that encrypts passwords.
    RotateKey,
    /// These fields of the policy in force for the source of the call.
    TightenPolicy(&'a TightenPolicy),
    /// The status of the password change that the call is about.
    ForgetStatus,
}

/// A fault that answers in the service's place.
pub trait Answer: fmt::Debug {
    /// The reply. `now` is the tenant's time, `to` the kind of call that it answers.
    fn reply(&self, tracking_id: TrackingId, now: Timestamp, to: Call) -> Reply;
}

/// Kinds of calls, by the bodies that the service's errors have there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// A token call, whose errors are OAuth's.
    Token,
    /// Any other.
    Api,
}

/// What happens to a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenChange<'a> {
    /// It expires.
    Expire,
    /// It loses this scope.
    LoseScope(&'a str),
}

impl Effect<'_> {
    /// Whether nothing changes for the client.
    pub fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }
}
