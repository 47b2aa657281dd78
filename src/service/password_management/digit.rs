//! `createDigitToken`: digits that a help desk hands to a person. Nothing redeems them: there is no public operation
//! that does.

use hyper::StatusCode;
use serde_json::{Value, json};

use crate::fixture::Identity;
use crate::service::{Call, Done, View};
use crate::wire::{Refusal, Reply};

/// The label under which digits are drawn, and the ids of their requests.
const LABEL: &str = "digit-token";

/// How many digits there are unless the request says so.
const DIGITS: u64 = 6;

/// Makes digits.
pub(in crate::service) fn create(view: &View<'_>, call: &Call<'_>) -> Result<Done, Refusal> {
    let body = &call.arguments.body;
    let user = body["userId"].as_str().unwrap_or_default();
    let is_known = view.table::<Identity>().contains(user) || !view.identities_named(user).is_empty();
    if !is_known {
        // Invented: that it is a 400. No 404 is declared.
        return Err(Refusal::unknown_reference("identity", user, "userId"));
    }
    let length = whole(&body["length"]).unwrap_or(DIGITS);
    // Each exchange has its own number, and so its own digits; they need not be kept.
    let nth = call.nth;
    let digits: String = (0..length).map(|place| digit(view.chance.unit(LABEL, nth * 32 + place))).collect();
    let request_id = view.chance.uuid(LABEL, nth).to_string();
    let body = json!({ "digitToken": digits, "requestId": request_id });
    Ok(Reply::json(StatusCode::OK, body.to_string()).into())
}

/// A whole number as JSON may spell it: `8`, `8.0`, `8e0`. The contract has seen that it is one.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 6 to 18")]
fn whole(number: &Value) -> Option<u64> {
    number.as_u64().or_else(|| number.as_f64().map(|number| number as u64))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 9")]
fn digit(unit: f64) -> char {
    char::from(b'0' + (unit * 10.0) as u8)
}
