//! `setPassword`: a change is accepted, and begins or fails. Only what the contract sees is refused; whatever else is
//! wrong ends as a change that has failed.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use hyper::StatusCode;
use serde_json::{Value, json};

use super::begin::{self, ChangeRequest, Refused};
use super::{PASSWORD, has, public_key_id};
use crate::crypt::{Decrypted, KeyRing};
use crate::fixture::Account;
use crate::service::{Call, Done, View};
use crate::wire::{Refusal, Reply};

/// Base64 with or without padding.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The fields of a request: none is marked as required, and a change without one of them cannot be carried out.
const FIELDS: [&str; 5] = ["identityId", "encryptedPassword", "publicKeyId", "accountId", "sourceId"];

/// What the vendor's example says of a change that cannot be carried out.
const INVALID: &str = "The password change payload is invalid";

/// Has the password in a request decrypted. This takes a moment, so it is done before the tenant is looked at.
pub(in crate::service) fn decrypt(body: &Value, keys: &KeyRing) -> Decrypted {
    let text = without_breaks(body["encryptedPassword"].as_str().unwrap_or_default());
    LENIENT.decode(text).map_or_else(|_| Decrypted::default(), |encrypted| keys.decrypt(&encrypted))
}

fn without_breaks(text: &str) -> String {
    text.chars().filter(|c| !c.is_ascii_whitespace()).collect()
}

/// Accepts a change: 202, whatever becomes of it.
pub(in crate::service) fn set(view: &View<'_>, call: &Call<'_>) -> Result<Done, Refusal> {
    let text = |field: &str| call.arguments.body[field].as_str().unwrap_or_default();
    // A user's token changes the passwords of its own identity only, whatever the user's level.
    let own = call.session.and_then(|session| session.identity_id.as_deref());
    if own.is_some_and(|own| own != text("identityId")) {
        return Err(
            Refusal::Forbidden.because("a user's token changes the passwords of its own identity only")
        );
    }
    let group = view.group_of(text("sourceId"));
    let asked = ChangeRequest {
        identity_id: text("identityId"),
        source_id: text("sourceId"),
        group: group.as_deref(),
        client: call.session.map(|session| &*session.caller),
        now: call.now,
        duration: call.password_change_time,
    };
    let begun = match accepted(view, call) {
        Ok((account, password)) => begin::begin(view, &asked, &[&account], &password),
        Err(why) => begin::refused(view, &asked, Refused { text: INVALID.to_owned(), aside: why }),
    };
    let body = json!({ "requestId": begun.id, "state": "IN_PROGRESS" });
    let breaks = text("encryptedPassword").contains(|c: char| c.is_ascii_whitespace());
    let remark = breaks.then(|| {
        "encryptedPassword has line breaks or spaces; they were left out (write it in one line: `base64 -w 0`)".to_owned()
    });
    Ok(Done {
        reply: Reply::json(StatusCode::ACCEPTED, body.to_string()),
        changes: begun.changes,
        remarks: remark.into_iter().chain(begun.remarks).collect(),
    })
}

/// The account and the password that a request means; else what is wrong with it, for the journal.
fn accepted(view: &View<'_>, call: &Call<'_>) -> Result<(Account, String), String> {
    let text = |field: &str| call.arguments.body[field].as_str().unwrap_or_default();
    let decrypted = &call.decrypted;
    let empty: Vec<_> = FIELDS.into_iter().filter(|field| text(field).is_empty()).collect();
    if !empty.is_empty() {
        return Err(format!("absent, null or empty: {}; expected a value", empty.join(", ")));
    }
    if text("publicKeyId") != public_key_id(view) {
        return Err(format!("publicKeyId `{}` is not that of the key in use", text("publicKeyId")));
    }
    let password = decrypted.under(view.key_rotations).ok_or(
        "encryptedPassword is not Base64 of a text encrypted with the public key in use (RSAES-PKCS1-v1_5)",
    )?;
    let password = str::from_utf8(password).map_err(|_| "the decrypted password is not UTF-8".to_owned())?;
    let identity_id = text("identityId");
    if !view.table::<crate::fixture::Identity>().contains(identity_id) {
        return Err(format!("there is no identity `{identity_id}` (identityId)"));
    }
    let source_id = text("sourceId");
    let source = view.any_source(source_id);
    let source = source.ok_or_else(|| format!("there is no source `{source_id}` (sourceId)"))?;
    if !has(&source, PASSWORD) {
        return Err(format!("source \"{}\" does not have the feature PASSWORD", source.name));
    }
    let account_id = text("accountId");
    let accounts = view.accounts_of(identity_id, source_id);
    let account = accounts.iter().find(|account| account.native_identity == account_id);
    let account = account.ok_or_else(|| {
        format!("the identity has no account `{account_id}` (accountId) on source \"{}\"", source.name)
    })?;
    Ok(((**account).clone(), password.to_owned()))
}
