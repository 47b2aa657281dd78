//! How the delivery of an exchange ended.

use std::time::Duration;

use serde_json::{Value, json};

use crate::clock::format_duration;
use crate::wire::{Delivery, Manner};

/// How a delivery ended, where it was not as planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The tenant was reset, got another state or was deleted: what was held back was sent, or closed, at once.
    Released,
    /// The client left before everything was sent.
    ClientLeft,
    /// Another answer was sent at once; why.
    Refused(String),
}

impl Fate {
    /// What the journal shows: how it ended or, while it has not, how it is meant to end.
    pub(super) fn show(fate: Option<&Self>, planned: Delivery) -> Value {
        let mut shown = match fate {
            Some(Self::Released) => json!({ "kind": "released" }),
            Some(Self::ClientLeft) => json!({ "kind": "clientLeft" }),
            Some(Self::Refused(why)) => return json!({ "kind": "refused", "why": why }),
            None => planned_ending(planned.manner),
        };
        if let Some(hold) = planned.hold {
            shown["held"] = in_words(hold).into();
        }
        shown
    }
}

fn planned_ending(manner: Manner) -> Value {
    match manner {
        Manner::Whole => json!({ "kind": "whole" }),
        Manner::Trickle { chunk_bytes, pause } => {
            json!({ "kind": "whole", "chunkBytes": chunk_bytes, "pause": in_words(pause) })
        }
        Manner::Cut { after_bytes } => json!({ "kind": "cut", "afterBytes": after_bytes }),
        Manner::Hang { limit: None } => json!({ "kind": "hung" }),
        Manner::Hang { limit: Some(limit) } => json!({ "kind": "hung", "for": in_words(limit) }),
        Manner::Close => json!({ "kind": "closed" }),
        Manner::Reset => json!({ "kind": "reset" }),
    }
}

/// A wait as files write it; one that was drawn has fractions of a millisecond.
fn in_words(wait: Duration) -> String {
    if wait.subsec_nanos().is_multiple_of(1_000_000) { format_duration(wait) } else { format!("{wait:?}") }
}
