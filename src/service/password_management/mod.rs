//! The password change: what it needs (`query.rs`), the change itself (`set.rs`, and `attempt.rs` for each account), how
//! it goes (`status.rs`), and digits for a reset (`digit.rs`). Which policy is in force stands in `policy.rs`, what a
//! policy asks of a password in `rules.rs`.

mod attempt;
mod begin;
mod digit;
mod policy;
mod query;
mod rules;
mod set;
mod status;

pub(crate) use attempt::pending_jobs;
pub(crate) use begin::{Begun, ChangeRequest, begin};
pub(super) use digit::create as create_digits;
pub(crate) use policy::tighten;
pub(super) use query::{keeps_out, query};
pub(super) use set::{decrypt, set};
pub(crate) use status::forget;
pub(super) use status::get as status;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::View;
use crate::fixture::Source;

/// The feature without which a source's passwords are not managed.
const PASSWORD: &str = "PASSWORD";

/// The feature of a source with whose accounts people sign in.
const AUTHENTICATE: &str = "AUTHENTICATE";

/// The version whose own text says who may call.
const BETA: &str = "beta";

/// The label under which ids of keys are drawn.
const KEY_LABEL: &str = "public-key";

fn has(source: &Source, feature: &str) -> bool {
    source.features.iter().any(|known| known == feature)
}

/// The id of the key in use: a UUID in Base64, as in the vendor's examples. It stays until the key is rotated.
fn public_key_id(view: &View<'_>) -> String {
    BASE64_STANDARD.encode(view.chance.uuid(KEY_LABEL, view.key_rotations + 1).to_string())
}
