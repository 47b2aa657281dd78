//! The service saying no as designed: one variant for each documented shape, and the one place where those
//! shapes are written. Where the vendor's text is known it is used; `Invented:` marks the texts that are not
//! known and are ours.

use hyper::StatusCode;
use hyper::body::Bytes;
use hyper::header::{ACCEPT_ENCODING, ALLOW, CONNECTION, HeaderName, HeaderValue, RETRY_AFTER};
use serde::Serialize;
use serde_json::json;

use super::json::{self, Object};
use super::reply::{Reply, TrackingId, reason};

/// Says that an answer is for want of simulation.
const SIM_UNSUPPORTED: HeaderName = HeaderName::from_static("sim-unsupported");

/// A refusal, for the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// 400: the request breaks the contract or the service's rules.
    BadRequest {
        /// Which kind of mistake.
        code: DetailCode,
        /// What is wrong, and where.
        text: String,
        /// Further mistakes in the same request; sent as `causes`.
        further: Vec<String>,
        /// What only the log shows, because the service's own text does not mention it.
        aside: Option<String>,
    },
    /// 400: the operation is experimental in this version, and the client did not acknowledge that.
    NotExperimental,
    /// 401: no token, or one that is not valid. The text is the whole message.
    Unauthorized(String),
    /// 403: a valid token without the scope, the user level or the user that the operation asks for.
    Forbidden,
    /// 404: no such route or resource.
    NotFound,
    /// 404: the path names an API version, and no operation that is simulated.
    NotSimulated,
    /// 405: the path exists, the method does not.
    MethodNotAllowed {
        /// The methods that exist, as the `Allow` header has them.
        allow: String,
    },
    /// 408: the client did not send its body in time.
    RequestTimeout,
    /// 413: the body is longer than the limit.
    PayloadTooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// 415: the body is not what the operation reads.
    UnsupportedMediaType,
    /// 415: the body is compressed.
    UnsupportedCoding {
        /// What `Content-Encoding` says.
        coding: String,
    },
    /// 429: over the rate limit.
    RateLimited {
        /// Whole seconds until a request may succeed.
        retry_after_seconds: u64,
    },
    /// An OAuth error of the token endpoint.
    Oauth {
        /// 400 or 401.
        status: StatusCode,
        /// The error's name in RFC 6749, or Spring's.
        error: &'static str,
        /// What is wrong.
        description: String,
    },
    /// 500: a bug of ours.
    Internal,
    /// Another one, and why: the service does not say that, the log and the journal do.
    Explained {
        /// What the client is told.
        refusal: Box<Self>,
        /// What people are told.
        why: String,
    },
    /// 431 or 503: beyond a limit of the simulator's own.
    OverLimit {
        /// The status.
        status: StatusCode,
        /// Which limit, and how it is raised.
        text: String,
    },
}

/// The service's codes for a 400, with the wording seen on real replies where there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DetailCode {
    /// Not JSON, or a value of the wrong JSON type.
    Syntax,
    /// A required field is absent, null or empty.
    Missing,
    /// A value that is not allowed.
    IllegalValue,
    /// A reference to something that does not exist.
    ReferenceNotFound,
    /// Something that others need as it is.
    InUse,
}

impl DetailCode {
    /// The `detailCode` of the error body.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Syntax => "400.0 Bad request syntax",
            Self::Missing => "400.1.0 Required Data Missing Or Empty",
            Self::IllegalValue => "400.1.3 Illegal value",
            Self::ReferenceNotFound => "400.1.404 Referenced object not found",
            Self::InUse => "400.2.1.0 Object in use by another",
        }
    }
}

impl Refusal {
    /// 401 for a token that has expired, in the documented words.
    pub fn expired_token() -> Self {
        Self::Unauthorized("JWT validation failed: JWT is expired".to_owned())
    }

    /// The same with a reason for people.
    #[must_use]
    pub fn because(self, why: impl Into<String>) -> Self {
        Self::Explained { refusal: Box::new(self), why: why.into() }
    }

    /// The same with what it says of mistakes, to clients and to people, as `change` makes it.
    #[must_use]
    pub fn with_texts(self, change: fn(String) -> String) -> Self {
        match self {
            Self::BadRequest { code, text, further, aside } => Self::BadRequest {
                code,
                text: change(text),
                further: further.into_iter().map(change).collect(),
                aside: aside.map(change),
            },
            Self::Explained { refusal, why } => {
                Self::Explained { refusal: Box::new(refusal.with_texts(change)), why: change(why) }
            }
            other => other,
        }
    }

    /// 400: a required field is absent, null or empty.
    pub fn missing(field: &str) -> Self {
        Self::bad_request(DetailCode::Missing, required(field))
    }

    /// 400: a field refers to something that does not exist.
    pub fn unknown_reference(what: &str, id: &str, field: &str) -> Self {
        let (code, text) = unknown_reference(what, id, field);
        Self::bad_request(code, text)
    }

    /// A 400 with one mistake.
    pub fn bad_request(code: DetailCode, text: impl Into<String>) -> Self {
        Self::BadRequest { code, text: text.into(), further: Vec::new(), aside: None }
    }

    /// The reply. `tracking_id` is 32 hexadecimal digits.
    pub fn reply(&self, tracking_id: TrackingId) -> Reply {
        match self {
            Self::BadRequest { code, text, further, .. } => {
                bad_request(code.text(), text, further, tracking_id)
            }
            // Observed on a real tenant.
            Self::NotExperimental => Reply::json(
                StatusCode::BAD_REQUEST,
                Bytes::from_static(br#"{"error":"Experimental Header is missing or invalid."}"#),
            ),
            Self::Unauthorized(text) => {
                json_reply(StatusCode::UNAUTHORIZED, &OauthError { error: text, error_description: None })
            }
            Self::Explained { refusal, .. } => refusal.reply(tracking_id),
            Self::Forbidden => standard(StatusCode::FORBIDDEN, tracking_id),
            Self::NotFound => standard(StatusCode::NOT_FOUND, tracking_id),
            Self::NotSimulated => standard(StatusCode::NOT_FOUND, tracking_id)
                .with(SIM_UNSUPPORTED, HeaderValue::from_static("true")),
            Self::Internal => standard(StatusCode::INTERNAL_SERVER_ERROR, tracking_id),
            Self::MethodNotAllowed { allow } => {
                // Invented: the text. The vendor documents this shape, with the text of a 415, for 405.
                let text = format!("This method is not supported here; supported: {allow}");
                exception(StatusCode::METHOD_NOT_ALLOWED, "NotAllowedException", &text, tracking_id)
                    .with(ALLOW, allow.as_str())
            }
            Self::UnsupportedMediaType => exception(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "NotSupportedException",
                "Cannot consume content type",
                tracking_id,
            ),
            // Invented: the text. The header field is what RFC 9110 (12.5.3) asks for.
            Self::UnsupportedCoding { coding } => exception(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "NotSupportedException",
                &format!("Cannot consume content encoding {coding}"),
                tracking_id,
            )
            .with(ACCEPT_ENCODING, HeaderValue::from_static("identity")),
            // Invented: these limits are ours.
            Self::OverLimit { status, text } => own_body(*status, Some(text), None, tracking_id),
            // Invented: the vendor documents no body for it.
            Self::RequestTimeout => standard(StatusCode::REQUEST_TIMEOUT, tracking_id),
            Self::PayloadTooLarge { limit } => too_large(*limit, tracking_id),
            Self::RateLimited { retry_after_seconds } => {
                rate_limited().with(RETRY_AFTER, *retry_after_seconds)
            }
            Self::Oauth { status, error, description } => {
                json_reply(*status, &OauthError { error, error_description: Some(description) })
            }
        }
    }

    /// The same in a few words, for the log.
    pub fn summary(self) -> Vec<String> {
        match self {
            Self::BadRequest { text, further, aside, .. } => {
                std::iter::once(text).chain(further).chain(aside).collect()
            }
            Self::Unauthorized(text) | Self::OverLimit { text, .. } => vec![text],
            Self::Explained { refusal, why } => std::iter::once(why).chain(refusal.summary()).collect(),
            Self::NotExperimental => {
                vec!["the header X-SailPoint-Experimental is missing or not true".to_owned()]
            }
            Self::UnsupportedCoding { coding } => {
                vec![format!("Content-Encoding is {coding}; expected a body that is not compressed")]
            }
            Self::Oauth { error, description, .. } => vec![format!("{error}: {description}")],
            _ => Vec::new(),
        }
    }
}

/// What the service says of a required field that is absent, null or empty.
pub fn required(field: &str) -> String {
    ["Required field \"", field, "\" was missing or empty."].concat()
}

/// What the service says of a reference to something that does not exist. One that is empty refers to nothing: it is
/// missing.
// Invented: the text; the code is the one that other parts of the service use.
pub fn unknown_reference(what: &str, id: &str, field: &str) -> (DetailCode, String) {
    if id.trim().is_empty() {
        return (DetailCode::Missing, required(field));
    }
    (DetailCode::ReferenceNotFound, format!("Referenced {what} \"{id}\" ({field}) was not found."))
}

/// Invented: the vendor documents no body for a 413. The rest of the request's body is not read.
fn too_large(limit: usize, tracking_id: TrackingId) -> Reply {
    let text = format!("The request body is longer than the limit of {limit} bytes.");
    let status = StatusCode::PAYLOAD_TOO_LARGE;
    dto(status, "413 Payload too large", tracking_id, &DEFAULT, &text, None)
        .with(CONNECTION, HeaderValue::from_static("close"))
}

/// 429 as documented, spaces included, without `Retry-After`.
pub fn rate_limited() -> Reply {
    Reply::json(StatusCode::TOO_MANY_REQUESTS, Bytes::from_static(br#"{"message":" Rate Limit Exceeded "}"#))
}

/// The service's own body for an error of a token call, with another text where one is given; `None` for a status that
/// has the body of all other calls there, too.
pub fn own_oauth_body(status: StatusCode, text: Option<&str>) -> Option<Reply> {
    let (error, known) = match status {
        // Invented, in RFC 6749's words; the one for 401 was observed.
        StatusCode::BAD_REQUEST => ("invalid_request", "The token call is not valid"),
        StatusCode::UNAUTHORIZED => ("invalid_client", "Bad client credentials"),
        _ => return None,
    };
    Some(json_reply(status, &OauthError { error, error_description: Some(text.unwrap_or(known)) }))
}

/// The service's own body for any status, with another text or code where they are given: what a scenario's
/// `respond` sends.
pub fn own_body(
    status: StatusCode,
    text: Option<&str>,
    code: Option<&str>,
    tracking_id: TrackingId,
) -> Reply {
    let say = |default: &'static str| text.unwrap_or(default).to_owned();
    match status.as_u16() {
        204 | 205 | 304 => Reply::empty(status),
        200..=299 => json_reply(status, &json!({})),
        400 => {
            // The code is documented without a text; this text is ours.
            let text = say("The request was understood, but its content is not valid.");
            bad_request(code.unwrap_or("400.1 Bad request content"), &text, &[], tracking_id)
        }
        401 => json_reply(status, &json!({ "error": say("JWT validation failed: JWT is expired") })),
        405 | 415 => {
            exception(status, "NotSupportedException", &say("Cannot consume content type"), tracking_id)
        }
        409 => exception(status, "ConflictException", &say("Failed to store object"), tracking_id),
        412 => {
            json_reply(status, &json!({ "message": say(" API/Feature not enabled for your organization.") }))
        }
        429 => json_reply(status, &json!({ "message": say(" Rate Limit Exceeded ") })),
        _ => {
            let (known_code, known_text) = standard_text(status);
            let text = text.map_or(known_text, str::to_owned);
            let code = code.map_or(known_code, str::to_owned);
            dto(status, &code, tracking_id, &DEFAULT, &text, None)
        }
    }
}

/// The code and text that the service's own body has for a status; for one that is not documented, its number
/// and its name in HTTP.
fn standard_text(status: StatusCode) -> (String, String) {
    let (code, text) = match status.as_u16() {
        403 => ("403 Forbidden", "The server understood the request but refuses to authorize it."),
        404 => ("404 Not found", "The server did not find a current representation for the target resource."),
        500 => ("500.0 Internal Fault", "An internal fault occurred."),
        number => {
            let name = reason(status);
            return (format!("{number} {name}"), format!("{name}."));
        }
    };
    (code.to_owned(), text.to_owned())
}

/// How messages for the default locale begin, up to their text.
const BY_DEFAULT: &str = r#"{"locale":"en-US","localeOrigin":"DEFAULT","text":"#;
/// How messages for a request's own locale begin.
const FOR_REQUEST: &str = r#"{"locale":"und","localeOrigin":"REQUEST","text":"#;
/// The messages of most errors.
const DEFAULT: [&str; 1] = [BY_DEFAULT];
/// The messages of a real 400: the same text for the default locale and for the request's.
const BOTH: [&str; 2] = [BY_DEFAULT, FOR_REQUEST];

/// The service's own error body for a status, with its documented text.
fn standard(status: StatusCode, tracking_id: TrackingId) -> Reply {
    let (code, text) = standard_text(status);
    dto(status, &code, tracking_id, &DEFAULT, &text, None)
}

/// A 400.
fn bad_request(code: &str, text: &str, further: &[String], tracking_id: TrackingId) -> Reply {
    dto(StatusCode::BAD_REQUEST, code, tracking_id, &BOTH, text, Some(further))
}

/// The shape of errors about tokens.
#[derive(Serialize)]
struct OauthError<'a> {
    error: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_description: Option<&'a str>,
}

/// The vendor's `ErrorResponseDto`, with an `ErrorMessageDto` for each locale and each cause.
fn dto(
    status: StatusCode,
    detail_code: &str,
    tracking_id: TrackingId,
    locales: &[&str],
    text: &str,
    causes: Option<&[String]>,
) -> Reply {
    let mut body = Vec::with_capacity(USUAL_BYTES);
    let mut dto = Object::begin(&mut body);
    dto.text("detailCode", detail_code).text("trackingId", tracking_id.text(&mut [0; 32]));
    let quoted = quoted(text);
    write_messages(dto.member("messages"), locales.iter().map(|begin| (*begin, &quoted)));
    if let Some(causes) = causes {
        write_messages(dto.member("causes"), causes.iter().map(|text| (BY_DEFAULT, self::quoted(text))));
    }
    dto.end();
    body.shrink_to_fit();
    Reply::json(status, body)
}

/// A text as it stands in a body.
fn quoted(text: &str) -> Vec<u8> {
    // Nearly every text names a field in quotes, which are escaped.
    const ESCAPES: usize = 16;
    let mut quoted = Vec::with_capacity(text.len() + ESCAPES);
    json::text(&mut quoted, text);
    quoted
}

/// Writes messages, each by how it begins and its quoted text.
fn write_messages<'a>(into: &mut Vec<u8>, messages: impl Iterator<Item = (&'a str, impl AsRef<[u8]>)>) {
    into.push(b'[');
    for (place, (begin, quoted)) in messages.enumerate() {
        if place > 0 {
            into.push(b',');
        }
        into.extend_from_slice(begin.as_bytes());
        into.extend_from_slice(quoted.as_ref());
        into.push(b'}');
    }
    into.push(b']');
}

/// Large enough for nearly every error, so that it need not grow.
const USUAL_BYTES: usize = 640;

/// The shape of errors from the layer below the service's own handlers.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Exception<'a> {
    error_name: &'a str,
    error_message: &'a str,
    tracking_id: TrackingId,
}

fn exception(status: StatusCode, error_name: &str, error_message: &str, tracking_id: TrackingId) -> Reply {
    json_reply(status, &Exception { error_name, error_message, tracking_id })
}

fn json_reply(status: StatusCode, body: &impl Serialize) -> Reply {
    let mut text = Vec::with_capacity(USUAL_BYTES);
    serde_json::to_writer(&mut text, body).expect("texts can be written as JSON");
    text.shrink_to_fit();
    Reply::json(status, text)
}
