//! A call: an exchange as verdicts look at it. It keeps what they ask for and nothing else, so that a thousand runs
//! fit into memory: digests instead of bodies and tokens, and no secrets. How it is made of an exchange is in `calls.rs`.

use std::sync::Arc;
use std::time::Duration;

use hyper::Method;

use crate::clock::Timestamp;
use crate::fixture::ChangeState;
use crate::operation::Operation;
use crate::wire::changed::ChangeKind;

/// An exchange as verdicts look at it.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each says one thing that was seen")]
pub(crate) struct Call {
    /// Its number in the journal.
    pub(crate) seq: u64,
    /// Its number among the run's calls, from 1: what people are told.
    pub(crate) number: usize,
    /// The operation; `None` where the route leads to none.
    pub(crate) operation: Option<Operation>,
    /// The API version's name.
    pub(crate) version: Option<&'static str>,
    /// The OAuth client's id, where it is known.
    pub(crate) client: Option<Arc<str>>,
    pub(crate) method: Method,
    /// The path below the base URL, with the query but for its secrets.
    pub(crate) target: String,
    /// Equal for calls that ask for the same, of a tenant that was not reset or given another state in between.
    pub(crate) key: u64,
    /// Equal for calls that ask for it in the same way: a digest of the header fields that can make a refused call good.
    pub(crate) manner: u64,
    /// The token it came with.
    pub(crate) bearer: Bearer,
    /// Which of the parameters in its URL is a secret, as it was spelt.
    pub(crate) secret_in_url: Option<String>,
    /// The offset that it asked for, in a list.
    pub(crate) offset: Option<u64>,
    pub(crate) connection: u64,
    /// Whether an earlier request came over the same connection.
    pub(crate) is_on_reused_connection: bool,
    /// Whether its connection may carry calls of several threads at the same time.
    pub(crate) is_multiplexed: bool,
    /// Whether it repeats the call before it at once and on a new connection, because a kept connection was closed
    /// without an answer: some HTTP libraries do that by themselves.
    pub(crate) is_replay: bool,
    /// Whether the client left it because an equal call, sent while this one was open, was answered first: of hedged reads
    /// the slower one.
    pub(crate) is_outrun: bool,
    /// When it had arrived.
    pub(crate) arrived: Moment,
    /// When its answer, or the last piece of it that was sent, was told.
    pub(crate) told: Option<Moment>,
    /// When the client was seen to leave.
    pub(crate) left: Option<Moment>,
    /// How far the tenant's clock was ahead of the wall's, in milliseconds.
    pub(crate) ahead_ms: i64,
    /// How it was told, as planned or as it came.
    pub(crate) end: End,
    /// Before the answer began, the service let it wait so long on purpose.
    pub(crate) hold: Option<Duration>,
    /// The status, where the client was told one.
    pub(crate) status: Option<u16>,
    /// The service's own status, where a fault replaced it or hid it.
    pub(crate) answered: Option<u16>,
    /// What the client was given.
    pub(crate) answer: Answer,
    /// Bytes of the body that were told, and that were promised.
    pub(crate) bytes: (usize, usize),
    /// What the answer's `Retry-After` said.
    pub(crate) retry_after: Option<RetryAfter>,
    /// The token that it was given, whole and readable: a digest.
    pub(crate) token_given: Option<u64>,
    /// How a password change stands, as its status was told.
    pub(crate) change: Option<ChangeState>,
    /// Whether the service performed the operation.
    pub(crate) performed: bool,
    /// What it did.
    pub(crate) changes: Vec<Change>,
    /// The rules that fired, as `scenario/rule`.
    pub(crate) faults: Vec<Arc<str>>,
    /// Whether a list in the answer was empty.
    pub(crate) is_empty_list: bool,
}

/// The token of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Bearer {
    /// It had none.
    None,
    /// A digest of it.
    Token(u64),
    /// What stands there is no token: the text of nothing in some language, or nothing at all.
    Nothing(String),
}

/// How an answer was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Whole,
    Trickled,
    Cut,
    Closed,
    Reset,
    /// Silence, for so long or without end.
    Hung(Option<Duration>),
    /// The client left first.
    ClientLeft,
    /// It was refused below the application.
    Refused,
    /// Its tenant was reset or deleted.
    Released,
}

/// What the client was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Nothing, or nothing yet.
    Nothing,
    /// An answer that can be read.
    Readable,
    /// A part of the body that was promised.
    Partial,
    /// JSON that ends early, or something else that cannot be read.
    Garbled,
    /// A page for people instead of JSON.
    Html,
    /// No body where there should be one.
    Empty,
}

/// What `Retry-After` said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RetryAfter {
    Seconds(u64),
    /// Until when, and how long that was when the answer was decided.
    Date(Timestamp, Duration),
    Unreadable(String),
}

/// What was done to a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) kind: ChangeKind,
    pub(crate) resource: &'static str,
    pub(crate) id: String,
    pub(crate) name: String,
    /// Equal for records that are equal but for id and times.
    pub(crate) likeness: u64,
}

/// An instant in the tenant's time and in the machine's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) at: Timestamp,
    pub(crate) ns: u64,
}

impl Moment {
    /// How long it is until `later`: as the longer of the two clocks says.
    pub(crate) fn until(self, later: Self) -> Duration {
        later.at.since(self.at).max(Duration::from_nanos(later.ns.saturating_sub(self.ns)))
    }

    /// Whether it is not later than another.
    pub(crate) fn is_before(self, other: Self) -> bool {
        if self.ns == 0 && other.ns == 0 { self.at <= other.at } else { self.ns <= other.ns }
    }

    pub(super) fn plus(self, by: Duration) -> Self {
        Self {
            at: self.at.plus(by),
            ns: self.ns.saturating_add(u64::try_from(by.as_nanos()).unwrap_or(u64::MAX)),
        }
    }
}

impl Call {
    /// When it was over for the client: told as far as it ever was, or left. `None` while it is open.
    pub(crate) fn ended(&self) -> Option<Moment> {
        match self.end {
            End::ClientLeft | End::Hung(None) => self.left,
            End::Closed | End::Reset => Some(self.arrived.plus(self.hold.unwrap_or_default())),
            End::Hung(Some(limit)) => {
                self.left.or_else(|| Some(self.arrived.plus(self.hold.unwrap_or_default()).plus(limit)))
            }
            End::Trickled if self.bytes.0 < self.bytes.1 => self.left,
            _ => self.told.or(self.left),
        }
    }

    /// Whether the client was given nothing it could take for a success.
    pub(crate) fn has_failed(&self) -> bool {
        self.answer != Answer::Readable || self.status.is_none_or(|status| status >= 400)
    }

    /// Whether it failed in a way that may pass, so that another attempt makes sense where it does no harm: the client
    /// was told that the service has trouble, nothing at all, or what nobody can read.
    pub(crate) fn may_pass(&self) -> bool {
        let is_unanswered = self.answer != Answer::Readable || self.status.is_none();
        is_unanswered
            || self.status.is_some_and(|status| {
                matches!(status, 408 | 425 | 429) || (status >= 500 && !matches!(status, 501 | 505))
            })
    }

    /// Whether the service refused what was asked, so that the same request will be refused again. A `Retry-After`
    /// says that it may not be; a 401 is about the token, but in a token call about the credentials.
    pub(crate) fn is_refusal(&self) -> bool {
        let status = self.status.unwrap_or_default();
        let refuses = matches!(status, 400 | 402..=407 | 410 | 411 | 413..=417 | 422 | 431 | 501)
            || (self.is_token() && status == 401);
        refuses && self.retry_after.is_none()
    }

    /// How long it asks the client to wait, where that can be read.
    pub(crate) fn asked_to_wait(&self) -> Option<Duration> {
        self.retry_after.as_ref().filter(|_| self.has_failed())?.asked()
    }

    /// Whether it asks only for something to be shown.
    pub(crate) fn is_read(&self) -> bool {
        self.operation.map_or(self.method == Method::GET || self.method == Method::HEAD, Operation::is_read)
    }

    /// Whether it came over a connection as the other did, and no sooner than that one was over: what carries one call at a
    /// time is used by one thread at a time.
    pub(crate) fn came_the_way_of(&self, other: &Self) -> bool {
        self.connection == other.connection && !self.is_multiplexed
    }

    /// Whether another call was sent while this one was open, or the other way round.
    pub(crate) fn is_open_beside(&self, other: &Self) -> bool {
        let is_open_at =
            |call: &Self, moment: Moment| call.ended().is_none_or(|ended| !ended.is_before(moment));
        is_open_at(self, other.arrived) && is_open_at(other, self.arrived)
    }

    /// Whether it is a token call.
    pub(crate) fn is_token(&self) -> bool {
        self.operation == Some(Operation::Token)
    }

    /// Whether the operation happened, and the client was told an error, nothing, or rubbish.
    pub(crate) fn is_ambiguous(&self) -> bool {
        self.performed && !self.is_read() && self.has_failed()
    }

    /// Whether a fault that was meant struck it.
    pub(crate) fn is_struck(&self) -> bool {
        !self.faults.is_empty()
    }

    /// `GET /v2024/…` without the query.
    pub(crate) fn title(&self) -> String {
        format!("{} {}", self.method, self.target.split('?').next().unwrap_or_default())
    }
}

impl RetryAfter {
    /// For how long the client was asked to stay away, where that can be read.
    pub(crate) fn asked(&self) -> Option<Duration> {
        match self {
            Self::Seconds(seconds) => Some(Duration::from_secs(*seconds)),
            Self::Date(_, left) => Some(*left),
            Self::Unreadable(_) => None,
        }
    }
}
