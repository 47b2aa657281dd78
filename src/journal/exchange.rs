//! An exchange: a request and everything that came of it. The truth is kept beside what the client was told: the
//! service's own answer, what it changed, how much was delivered, and when, by the tenant's clock and the machine's.

use std::sync::Arc;
use std::time::Duration;

use hyper::StatusCode;
use hyper::header::{HeaderName, HeaderValue, RETRY_AFTER};
use smallvec::SmallVec;

use super::{Fate, RequestContext};
use crate::clock::Timestamp;
use crate::operation::Operation;
use crate::scenario::{ExchangeView, Look, Looks, Why};
use crate::wire::changed::Changed;
use crate::wire::packed::Packed;
use crate::wire::{Caller, Delivery, Manner, Reply, Stamp, TrackingId};

/// What the allocator adds to an exchange's pieces, roughly.
const ALLOCATIONS: usize = 128;
/// What a header field of a reply costs beside its value.
const FIELD: usize = size_of::<(HeaderName, HeaderValue)>();

/// A request and everything that came of it.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// Its number, from 1.
    pub seq: u64,
    /// The tenant's epoch in which it was decided.
    pub epoch: u64,
    /// When it was decided, in the tenant's time.
    pub at: Timestamp,
    /// The wall clock's time then.
    pub wall_time: Timestamp,
    /// When the request had arrived, in the machine's monotonic time (nanoseconds since the server began).
    pub arrived_ns: u64,
    /// The operation, where the route led to one.
    pub operation: Option<Operation>,
    /// The API version's name.
    pub version: Option<&'static str>,
    /// The OAuth client.
    pub client: Option<Arc<Caller>>,
    /// Whether it asked for a page of a list that began behind the list's end.
    pub is_past_end: bool,
    /// The request.
    pub request: Packed,
    /// What the service calls it.
    pub tracking_id: TrackingId,
    /// What was to be told, without the header fields that every reply is stamped with.
    pub reply: Reply,
    /// How it was to be told.
    pub delivery: Delivery,
    /// The service's own status, where a fault replaced it.
    pub answered: Option<StatusCode>,
    /// Whether the service performed the operation.
    pub performed: bool,
    /// What it did to the organisation.
    pub changes: SmallVec<[Changed; 1]>,
    /// Jobs that it started, as far as they have run.
    pub jobs: Vec<JobRun>,
    /// How the delivery ended, where it was not as planned.
    pub(crate) fate: Option<Fate>,
    /// What was sent so far, and when; `None` while nothing was.
    pub(crate) told: Option<Told>,
    /// When the client was seen to leave, or to close its half of the connection, if it did so before the end.
    pub(crate) left: Option<(Timestamp, u64)>,
    /// How the scenario's rules judged it.
    pub rules: Looks,
    /// How the request broke the contract, or why it was refused.
    pub violations: Arc<[String]>,
}

/// What was told, and when its last piece was given to the HTTP library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    /// In the tenant's time.
    pub(crate) at: Timestamp,
    /// In the machine's monotonic time.
    pub(crate) ns: u64,
    /// Bytes of the body.
    pub(crate) bytes: usize,
}

/// One run of a job that an exchange started.
#[derive(Clone, Debug)]
pub struct JobRun {
    /// When it ran, in the tenant's time.
    pub at: Timestamp,
    /// The id of the source concerned.
    pub source: String,
    /// Which attempt it was, from 1.
    pub attempt: u32,
    /// The outcome, in one word.
    pub outcome: &'static str,
    /// What it did to the organisation.
    pub changes: Vec<Changed>,
    /// How the scenario's rules judged it.
    pub rules: Looks,
}

impl JobRun {
    fn size(&self) -> usize {
        let changes: usize = self.changes.iter().map(Changed::size).sum();
        size_of::<Self>() + self.source.len() + changes
    }
}

impl Exchange {
    /// An exchange of which nothing is known yet but its request, and that no rule has matched it.
    pub(crate) fn opened(
        seq: u64,
        at: Timestamp,
        request: Packed,
        tracking_id: TrackingId,
        rules: Looks,
    ) -> Self {
        Self {
            seq,
            epoch: 1,
            at,
            wall_time: at,
            arrived_ns: 0,
            operation: None,
            version: None,
            client: None,
            is_past_end: false,
            request,
            tracking_id,
            reply: Reply::empty(StatusCode::NO_CONTENT),
            delivery: Delivery::default(),
            answered: None,
            performed: false,
            changes: SmallVec::new(),
            jobs: Vec::new(),
            fate: None,
            told: None,
            left: None,
            rules,
            violations: Arc::default(),
        }
    }

    /// The client's id.
    pub fn client_id(&self) -> Option<&str> {
        self.client.as_ref().map(|client| &*client.id)
    }

    /// Whether it was made by the client with this id or name.
    pub(super) fn is_by(&self, wanted: &str) -> bool {
        let is_it =
            |client: &Arc<Caller>| *client.id == *wanted || client.name == wanted && !client.name.is_empty();
        self.client.as_ref().is_some_and(is_it)
    }

    /// The status, where the client was told one.
    pub fn told_status(&self) -> Option<u16> {
        (!self.delivery.is_silent()).then(|| self.reply.status.as_u16())
    }

    /// Whether its client waits for an answer that does not come for longer than this, if ever.
    pub fn is_silent_for(&self, longest: Duration) -> bool {
        let hold = self.delivery.hold.unwrap_or_default();
        let is_silent = match self.delivery.manner {
            Manner::Hang { limit } => limit.is_none_or(|limit| hold.saturating_add(limit) > longest),
            _ => hold > longest,
        };
        is_silent && self.left.is_none() && self.fate.is_none() && self.told.is_none()
    }

    /// How long the client was told to wait before it asks again, from when this was decided.
    pub(crate) fn told_to_wait(&self) -> Option<Duration> {
        let told = self.reply.header(RETRY_AFTER).filter(|_| !self.delivery.is_silent())?;
        let seconds = told.parse().ok().map(Duration::from_secs);
        seconds.or_else(|| Timestamp::parse_http_date(told).map(|until| until.since(self.at)))
    }

    /// What the client was told, with the header fields that every reply carries.
    pub(super) fn told_reply(&self) -> Option<Reply> {
        let date = || HeaderValue::try_from(self.at.http_date()).expect("a date is ASCII");
        let stamp = || Stamp { tracking_id: self.tracking_id, date: date() };
        (!self.delivery.is_silent()).then(|| self.reply.clone().stamped(&stamp()))
    }

    /// The exchange as a scenario's `when` sees it.
    pub fn with_view<R>(&self, ask: impl FnOnce(&ExchangeView<'_>) -> R) -> R {
        let request = &self.request.unpack();
        let mut context = RequestContext::new(request, self.request.path_in(request));
        context.operation = self.operation;
        context.version = self.version;
        context.client = self.client.as_deref();
        context.is_past_end = self.is_past_end;
        ask(&context.view(""))
    }

    /// What it costs to keep, in bytes, as though nothing were shared.
    pub(super) fn size(&self) -> usize {
        let words = |look: &Look| if let Why::Said(words) = &look.why { words.len() } else { 0 };
        let rules: usize = self.rules.matched().map(|look| size_of::<Look>() + words(look)).sum();
        let violations: usize = self.violations.iter().map(|text| size_of::<String>() + text.len()).sum();
        let headers: usize = self.reply.headers.iter().map(|(_, value)| FIELD + value.len()).sum();
        let changes: usize = self.changes.iter().map(Changed::size).sum();
        size_of::<Self>()
            + ALLOCATIONS
            + self.request.size()
            + headers
            + self.reply.body.len()
            + rules
            + violations
            + changes
            + self.jobs.iter().map(JobRun::size).sum::<usize>()
    }
}
