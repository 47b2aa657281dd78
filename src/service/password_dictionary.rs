//! The two operations on the dictionary of words that passwords must not contain: a text, taken and given as it is.

use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HeaderValue};

use super::{Call, Change, Done, View};
use crate::contract::Multipart;
use crate::fixture::PasswordDictionary;
use crate::org::{Record, Table, WriteOf};
use crate::wire::{DetailCode, Refusal, Reply, multipart};

const TEXT: HeaderValue = HeaderValue::from_static("text/plain;charset=UTF-8");

/// The part of the request that has the dictionary.
const FILE: &str = "file";

/// The dictionary's text.
pub(super) fn get(view: &View<'_>) -> Result<Done, Refusal> {
    let dictionary = view.table::<PasswordDictionary>().get(PasswordDictionary::RESOURCE);
    let text =
        dictionary.ok_or_else(|| Refusal::NotFound.because("no dictionary was uploaded"))?.text().to_owned();
    let reply = Reply::empty(StatusCode::OK).with(CONTENT_TYPE, TEXT).with_body(text);
    Ok(reply.into())
}

/// Another dictionary: 201 for the first one, 200 for another.
pub(super) fn put(view: &View<'_>, call: &Call<'_>) -> Result<Done, Refusal> {
    let record = asked_for(call.arguments.multipart.as_deref())?;
    let rendered = Table::render(&record);
    let former = view.table::<PasswordDictionary>().get(PasswordDictionary::RESOURCE);
    let status = if former.is_some() { StatusCode::OK } else { StatusCode::CREATED };
    let write = match former {
        Some(former) => WriteOf::Replace { former, record, rendered },
        None => WriteOf::Create { record, rendered, made: None },
    };
    Ok(Done::new(Reply::empty(status), vec![Change::record(write)]))
}

// Invented: the texts.

fn asked_for(body: Option<&Multipart>) -> Result<PasswordDictionary, Refusal> {
    let missing = || Refusal::missing(FILE);
    let body = body.ok_or_else(missing)?;
    let content_type = body.content_type.to_str().unwrap_or_default();
    let parts = multipart::read(content_type, &body.bytes).ok_or_else(|| {
        let text = "The request could not be parsed. The body must be multipart/form-data with its boundary.";
        Refusal::bad_request(DetailCode::Syntax, text)
    })?;
    let (_, file) = parts.into_iter().find(|(name, _)| name == FILE).ok_or_else(missing)?;
    let illegal =
        |why: String| Refusal::bad_request(DetailCode::IllegalValue, format!("Field \"{FILE}\": {why}."));
    let text =
        String::from_utf8(file.to_vec()).map_err(|_| illegal("the text is not in UTF-8".to_owned()))?;
    PasswordDictionary::parse(text).map_err(illegal)
}
