//! The faults. A new kind is a variant of [`Fault`] with its doc comment, an arm in [`Fault::effect`] and one
//! in [`Fault::in_words`], its shape in `scenarios/scenario.schema.json`, a file in `scenarios/` that shows it,
//! and a test. What its effect does is carried out in two places only: the pipeline (what is said) and the
//! server (how it is said).

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use hyper::StatusCode;
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, DeserializeSeed, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::format::{Hold, given};
use crate::clock::{Span, Timestamp, format_duration};
use crate::wire::reply::JSON;
use crate::wire::{Manner, Reply, TrackingId, refusal};

/// What goes wrong.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// A reply of the scenario's choosing.
    Respond(Respond),
    /// 429 as the gateway sends it.
    RateLimited(RateLimited),
    /// The token that the call carries expires, for good; on a token call, the token it buys is expired.
    ExpireToken,
    /// The token that the call carries loses a scope, for good; on a token call, the token it buys lacks it.
    LoseScope(LoseScope),
    /// The right answer, late.
    Hold(Hold),
    /// Headers that never come; after `for`, the connection is closed.
    Hang(Option<Duration>),
    /// The right body, slowly.
    Trickle(Trickle),
    /// The promised length, fewer bytes, and the connection is closed.
    Cut(Cut),
    /// The connection is closed without an answer.
    Close,
    /// The connection is reset without an answer.
    Reset,
    /// A body that is not what the reply says it is.
    Corrupt(Corruption),
    /// Reads show the tenant as it was some time ago.
    Stale(Stale),
    /// Nothing, in a sequence.
    Pass,
}

/// A reply of the scenario's choosing. What is left out is the service's own for that status.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Respond {
    /// 200 to 599.
    pub status: u16,
    /// The message in the service's own body.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub text: Option<String>,
    /// The `detailCode` in the service's own body.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub detail_code: Option<String>,
    /// Header fields that are added, or set where the service sets them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// Instead of the service's own body: a text as it is, anything else as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub body: Option<Value>,
}

/// 429 as the gateway sends it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct RateLimited {
    /// What `Retry-After` says, in whole seconds, rounded up.
    #[serde(default = "one_second")]
    pub retry_after: Span,
    /// Leave `Retry-After` out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub omit_header: bool,
    /// Say the time as an HTTP date instead of seconds.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub as_date: bool,
    /// Once fired, go on with every match until so long after; a window that ends earlier or later than
    /// `Retry-After` says.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub window: Option<Span>,
}

fn one_second() -> Span {
    Span(Duration::from_secs(1))
}

/// A scope that a token loses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoseScope {
    /// The scope, such as `idn:password-sync-group:manage`.
    pub scope: String,
}

/// The right body, slowly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trickle {
    /// Bytes at a time; 1 or more.
    pub chunk: usize,
    /// The wait before each further chunk.
    pub pause: Span,
}

/// A body that ends early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cut {
    /// Bytes that are sent; of a shorter body, all but the last.
    pub after: usize,
}

/// Ways in which a body is not what the reply says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Corruption {
    /// JSON that ends in the middle, with a length that fits.
    TruncatedJson,
    /// A gateway's HTML page.
    Html,
    /// The right body as `text/plain`.
    WrongContentType,
    /// The right body with `Content-Encoding: UTF-8`, as an edge of the real service has been seen to send.
    BogusEncoding,
    /// No body at all.
    Empty,
}

/// Reads that lag behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Stale {
    /// How far.
    pub by: Span,
    /// Whether a client sees its own writes at once.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub read_your_writes: bool,
}

/// What a fault does, and to what.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect<'a> {
    /// The client is told this instead of the answer.
    Instead(Instead<'a>),
    /// The client is told nothing.
    Silence(Manner),
    /// The answer itself reaches the client in another manner.
    Manner(Manner),
    /// The answer itself is changed.
    Corrupt(Corruption),
    /// The call's token is changed, and the service goes by that.
    Token(TokenChange<'a>),
    /// The read goes to the past.
    Past(Stale),
    /// Nothing.
    None,
}

/// What the client is told instead of the answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Instead<'a> {
    /// A reply of the scenario's choosing.
    Respond(&'a Respond),
    /// A 429.
    RateLimited(&'a RateLimited),
}

/// What becomes of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenChange<'a> {
    /// It expires.
    Expire,
    /// It loses this scope.
    LoseScope(&'a str),
}

impl Fault {
    /// What it does.
    pub fn effect(&self) -> Effect<'_> {
        match self {
            Self::Respond(respond) => Effect::Instead(Instead::Respond(respond)),
            Self::RateLimited(limited) => Effect::Instead(Instead::RateLimited(limited)),
            Self::ExpireToken => Effect::Token(TokenChange::Expire),
            Self::LoseScope(lost) => Effect::Token(TokenChange::LoseScope(&lost.scope)),
            Self::Hang(limit) => Effect::Silence(Manner::Hang { limit: *limit }),
            Self::Close => Effect::Silence(Manner::Close),
            Self::Reset => Effect::Silence(Manner::Reset),
            Self::Trickle(trickle) => {
                Effect::Manner(Manner::Trickle { chunk_bytes: trickle.chunk, pause: trickle.pause.0 })
            }
            Self::Cut(cut) => Effect::Manner(Manner::Cut { after_bytes: cut.after }),
            Self::Corrupt(corruption) => Effect::Corrupt(*corruption),
            Self::Stale(stale) => Effect::Past(*stale),
            // A hold is the rule's own: the engine has drawn it by now.
            Self::Hold(_) | Self::Pass => Effect::None,
        }
    }

    /// Whether the answer of the service, if it gives one at all, never reaches the client.
    pub(super) fn hides_the_answer(&self) -> bool {
        matches!(self.effect(), Effect::Instead(_) | Effect::Silence(_))
    }

    /// What the client sees, to follow "the client gets".
    pub(super) fn in_words(&self) -> String {
        match self {
            Self::Respond(respond) => format!("a {}", respond.status),
            Self::RateLimited(limited) => limited.in_words(),
            Self::ExpireToken => "a 401, because its token has expired for good".to_owned(),
            Self::LoseScope(lost) => format!("the answer of a token without the scope {}", lost.scope),
            Self::Hold(hold) => format!("the right answer {}", hold.in_words()),
            Self::Hang(None) => "no headers, ever".to_owned(),
            Self::Hang(Some(limit)) => {
                format!("no headers for {}, then a closed connection", format_duration(*limit))
            }
            Self::Trickle(trickle) => {
                let pause = format_duration(trickle.pause.0);
                format!("the right body, {} bytes every {pause}", trickle.chunk)
            }
            Self::Cut(cut) => format!("{} bytes of the body and a closed connection", cut.after),
            Self::Close => "a closed connection and no answer".to_owned(),
            Self::Reset => "a connection reset and no answer".to_owned(),
            Self::Corrupt(corruption) => corruption.in_words().to_owned(),
            Self::Stale(stale) => format!(
                "what was there {} ago{}",
                format_duration(stale.by.0),
                if stale.read_your_writes { ", and its own writes since" } else { "" }
            ),
            Self::Pass => "the right answer".to_owned(),
        }
    }
}

impl Instead<'_> {
    /// The reply. `now` is the tenant's time.
    pub fn reply(&self, tracking_id: TrackingId, now: Timestamp) -> Reply {
        match self {
            Self::Respond(respond) => respond.reply(tracking_id),
            Self::RateLimited(limited) => limited.reply(now),
        }
    }
}

impl Respond {
    fn reply(&self, tracking_id: TrackingId) -> Reply {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let (text, code) = (self.text.as_deref(), self.detail_code.as_deref());
        let mut reply = match &self.body {
            None => refusal::own_body(status, text, code, tracking_id),
            Some(Value::String(text)) => Reply::empty(status)
                .with(CONTENT_TYPE, HeaderValue::from_static("text/plain;charset=UTF-8"))
                .with_body(text.clone()),
            Some(value) => Reply::json(status, value.to_string()),
        };
        for (name, value) in &self.headers {
            if let Ok(name) = HeaderName::from_bytes(name.as_bytes()) {
                reply.headers.retain(|(known, _)| *known != name);
                reply = reply.with(name, value.as_str());
            }
        }
        reply
    }
}

impl RateLimited {
    fn reply(&self, now: Timestamp) -> Reply {
        let reply = refusal::rate_limited();
        if self.omit_header {
            reply
        } else if self.as_date {
            reply.with(RETRY_AFTER, now.plus(self.retry_after.0).http_date())
        } else {
            reply.with(RETRY_AFTER, self.whole_seconds())
        }
    }

    fn whole_seconds(&self) -> u64 {
        u64::try_from(self.retry_after.0.as_millis().div_ceil(1_000)).unwrap_or(u64::MAX)
    }

    fn in_words(&self) -> String {
        let header = match (self.omit_header, self.as_date) {
            (true, _) => "without Retry-After".to_owned(),
            (false, true) => {
                format!("with Retry-After {} from now, as a date", format_duration(self.retry_after.0))
            }
            (false, false) => format!("with Retry-After {}", self.whole_seconds()),
        };
        match self.window {
            None => format!("a 429 {header}"),
            Some(window) => format!("a 429 {header}, again and again for {}", format_duration(window.0)),
        }
    }
}

/// A page as a gateway in front of a service shows it.
const HTML: &str = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad \
    Gateway</h1></center>\r\n<hr><center>gateway</center>\r\n</body>\r\n</html>\r\n";

impl Corruption {
    /// Spoils a reply. A success becomes a 200, because a reply without content could not carry the spoils.
    pub fn spoil(self, mut reply: Reply) -> Reply {
        if reply.status.is_success() {
            reply.status = StatusCode::OK;
        }
        if self == Self::BogusEncoding {
            return reply.with(CONTENT_ENCODING, HeaderValue::from_static("UTF-8"));
        }
        let plain = HeaderValue::from_static("text/plain;charset=UTF-8");
        match self {
            Self::TruncatedJson if reply.body.len() > 1 => reply.body.truncate(reply.body.len() / 2),
            Self::TruncatedJson => reply = reply.with_content_type(JSON).with_body("{"),
            Self::Html => {
                reply = reply.with_content_type(HeaderValue::from_static("text/html")).with_body(HTML);
            }
            Self::WrongContentType => reply = reply.with_content_type(plain),
            Self::Empty => reply.body.clear(),
            Self::BogusEncoding => {}
        }
        reply
    }

    const fn in_words(self) -> &'static str {
        match self {
            Self::TruncatedJson => "JSON that ends in the middle",
            Self::Html => "an HTML page instead of JSON",
            Self::WrongContentType => "the right body as text/plain",
            Self::BogusEncoding => "the right body with Content-Encoding: UTF-8",
            Self::Empty => "an empty body",
        }
    }
}

impl Hold {
    pub(super) fn in_words(&self) -> String {
        match self {
            Self::Fixed(span) => format!("{} late", format_duration(span.0)),
            Self::Uniform(least, most) => {
                format!("{} to {} late", format_duration(least.0), format_duration(most.0))
            }
            Self::Lognormal { median, p99 } => format!(
                "late by {} half of the time and more than {} once in a hundred",
                format_duration(median.0),
                format_duration(p99.0)
            ),
        }
    }
}

/// The faults as files write them.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Written {
    Respond(Respond),
    RateLimited(RateLimited),
    ExpireToken(Nothing),
    LoseScope(LoseScope),
    Hold(Hold),
    Hang(Hang),
    Trickle(Trickle),
    Cut(Cut),
    Close(Nothing),
    Reset(Nothing),
    Corrupt(Corruption),
    Stale(Stale),
    Pass(Nothing),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Hang {
    #[serde(rename = "for", default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    limit: Option<Span>,
}

impl From<Written> for Fault {
    fn from(written: Written) -> Self {
        match written {
            Written::Respond(respond) => Self::Respond(respond),
            Written::RateLimited(limited) => Self::RateLimited(limited),
            Written::ExpireToken(Nothing {}) => Self::ExpireToken,
            Written::LoseScope(lost) => Self::LoseScope(lost),
            Written::Hold(hold) => Self::Hold(hold),
            Written::Hang(hang) => Self::Hang(hang.limit.map(|span| span.0)),
            Written::Trickle(trickle) => Self::Trickle(trickle),
            Written::Cut(cut) => Self::Cut(cut),
            Written::Close(Nothing {}) => Self::Close,
            Written::Reset(Nothing {}) => Self::Reset,
            Written::Corrupt(corruption) => Self::Corrupt(corruption),
            Written::Stale(stale) => Self::Stale(stale),
            Written::Pass(Nothing {}) => Self::Pass,
        }
    }
}

impl From<Fault> for Written {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Respond(respond) => Self::Respond(respond),
            Fault::RateLimited(limited) => Self::RateLimited(limited),
            Fault::ExpireToken => Self::ExpireToken(Nothing {}),
            Fault::LoseScope(lost) => Self::LoseScope(lost),
            Fault::Hold(hold) => Self::Hold(hold),
            Fault::Hang(limit) => Self::Hang(Hang { limit: limit.map(Span) }),
            Fault::Trickle(trickle) => Self::Trickle(trickle),
            Fault::Cut(cut) => Self::Cut(cut),
            Fault::Close => Self::Close(Nothing {}),
            Fault::Reset => Self::Reset(Nothing {}),
            Fault::Corrupt(corruption) => Self::Corrupt(corruption),
            Fault::Stale(stale) => Self::Stale(stale),
            Fault::Pass => Self::Pass(Nothing {}),
        }
    }
}

impl Serialize for Fault {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Written::from(self.clone()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Fault {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameOrMap;
        impl<'de> Visitor<'de> for NameOrMap {
            type Value = Fault;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a fault such as {respond: {status: 500}}, {close: {}} or pass")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Fault, E> {
                match name {
                    "pass" => Ok(Fault::Pass),
                    "expireToken" => Ok(Fault::ExpireToken),
                    "hang" => Ok(Fault::Hang(None)),
                    "close" => Ok(Fault::Close),
                    "reset" => Ok(Fault::Reset),
                    _ => Err(E::custom(format!(
                        "fault `{name}`; expected pass, expireToken, hang, close or reset, or a fault with its \
                         settings such as {{respond: {{status: 500}}}}"
                    ))),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Fault, A::Error> {
                Written::deserialize(MapAccessDeserializer::new(OneEntry(map))).map(Fault::from)
            }
        }
        deserializer.deserialize_any(NameOrMap)
    }
}

/// A map that may have one entry only.
struct OneEntry<A>(A);

impl<'de, A: MapAccess<'de>> MapAccess<'de> for OneEntry<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        let nothing = || de::Error::custom("no fault; expected one such as {respond: {status: 500}}");
        self.0.next_key_seed(seed)?.map(Some).ok_or_else(nothing)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        let value = self.0.next_value_seed(seed)?;
        match self.0.next_key::<String>()? {
            None => Ok(value),
            Some(other) => {
                Err(de::Error::custom(format!("`{other}` beside another fault; expected exactly one")))
            }
        }
    }
}
