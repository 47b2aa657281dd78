//! A scenario is rehearsed: its rules look at the exchanges of the clean run, in pure code, as they will at those of a
//! real one. Up to the first fault a run is the clean run, so that what strikes nothing here strikes nothing there. A
//! call that is struck is made again after a wait, as a patient client does; the waits add up to the time that a run needs
//! beyond what the clean run took.

use std::collections::BTreeMap;
use std::time::Duration;

use hyper::StatusCode;
use hyper::header::RETRY_AFTER;
use serde_json::Value;

use crate::chance::Chance;
use crate::clock::Timestamp;
use crate::journal::Exchange;
use crate::scenario::fault::{Call, Connector, Effect};
use crate::scenario::{Engine, ExchangeView, Fired, JobView, Rulesets, Stage, Subject};
use crate::wire::{Manner, TrackingId};

/// The clean run as rehearsals need it.
#[derive(Debug)]
pub(super) struct Stagehand<'a> {
    pub(super) exchanges: &'a [Exchange],
    /// When its rules were loaded, in the tenant's time.
    pub(super) loaded: Timestamp,
    /// The names of the sources, by id.
    pub(super) sources: BTreeMap<String, String>,
    /// An answer that is silent for longer is left open until the drill has seen enough.
    pub(super) silence: Duration,
}

/// What a rehearsal came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Rehearsal {
    /// Firings of each rule, by its name.
    pub(super) fired: BTreeMap<String, u64>,
    /// The same of matches.
    pub(super) matched: BTreeMap<String, u64>,
    /// How long a patient client has to wait on top of the clean run.
    pub(super) waits: Duration,
    /// Whether it has to wait longer than anybody can.
    pub(super) is_endless: bool,
}

impl Rehearsal {
    /// Whether anything is struck at all.
    pub(super) fn strikes(&self) -> bool {
        self.fired.values().any(|fired| *fired > 0)
    }
}

/// How often a call that is struck is made again at most.
const ATTEMPTS: u32 = 12;
/// Of a wait that the client is told, as much as it is given time for.
const TOLD: Duration = Duration::from_mins(1);
/// The same of waits between attempts on a source.
const CONNECTOR: Duration = Duration::from_mins(2);
/// A window or a hold of more than this is not sat out.
const PATIENCE: Duration = Duration::from_mins(5);

impl Stagehand<'_> {
    /// The names of the sources in a state.
    pub(super) fn sources_in(state: &Value) -> BTreeMap<String, String> {
        let sources = state["sources"].as_array().into_iter().flatten();
        let text = |source: &Value, name: &str| source[name].as_str().unwrap_or_default().to_owned();
        sources.map(|source| (text(source, "id"), text(source, "name"))).collect()
    }

    /// Rehearses rules with these draws.
    pub(super) fn rehearse(&self, rulesets: &Rulesets, chance: Chance) -> Rehearsal {
        let mut rehearsal = Rehearsal::default();
        let mut engine = Engine::load(rulesets, self.loaded);
        let mut has_given_up = false;
        for exchange in self.exchanges {
            let mut waits = Duration::ZERO;
            let mut passes = false;
            for attempt in 0..ATTEMPTS {
                let now = exchange.at.plus(rehearsal.waits + waits);
                let fired = exchange.with_view(|view| {
                    let view = with_id(view);
                    let mut looks = engine.look(Subject::Exchange(&view), now);
                    let before = engine.fire(&mut looks, Stage::Before, chance);
                    let happens = before.is_none() && exchange.performed;
                    let after = if happens { engine.fire(&mut looks, Stage::After, chance) } else { None };
                    before.or(after)
                });
                let cost = fired.map(|fired| self.costs(&fired, now, attempt));
                waits += cost.map_or(Duration::ZERO, |(wait, _)| wait);
                passes = !cost.is_some_and(|(_, has_failed)| has_failed);
                if passes {
                    break;
                }
            }
            // Whoever tried one call so often in vain ends with it, or has learnt to try the others less often.
            if passes || !has_given_up {
                rehearsal.waits += waits;
            }
            has_given_up |= !passes;
            self.rehearse_jobs(exchange, &mut engine, chance, &mut rehearsal);
        }
        for report in engine.report() {
            rehearsal.matched.insert(report.rule.name.clone(), report.matched);
            rehearsal.fired.insert(report.rule.name, report.fired);
        }
        rehearsal.is_endless |= rehearsal.waits > 2 * PATIENCE;
        rehearsal
    }

    /// How long a firing makes the client wait, and whether it has to ask again.
    fn costs(&self, fired: &Fired, now: Timestamp, attempt: u32) -> (Duration, bool) {
        let hold = fired.hold.unwrap_or_default();
        let own = Duration::from_secs(1 << attempt.min(5));
        let (wait, has_failed) = match fired.fault.effect() {
            Effect::Instead(instead) => {
                // Only status and header fields count here, and these are the same for all calls.
                let reply = instead.reply(TrackingId([0; 16]), now, Call::Api);
                let told = reply.header(RETRY_AFTER);
                let seconds = told.and_then(|told| told.parse().ok()).map(Duration::from_secs);
                let until = || told.and_then(Timestamp::parse_http_date).map(|until| until.since(now));
                let told = seconds.or_else(until).map(|told| told.min(TOLD));
                if told.is_none() && is_refusal(reply.status) {
                    return (hold, false);
                }
                (told.unwrap_or(own), reply.status.is_client_error() || reply.status.is_server_error())
            }
            // A silence that the drill itself ends has a time of its own.
            Effect::Silence(Manner::Hang { limit }) => {
                (limit.filter(|limit| *limit <= self.silence).unwrap_or(own), true)
            }
            Effect::Silence(_) | Effect::Manner(Manner::Cut { .. }) | Effect::Corrupt(_) => (own, true),
            Effect::Manner(Manner::Trickle { chunk_bytes, pause }) => (trickled(chunk_bytes, pause), false),
            Effect::Past(lag) => (lag.by.0.min(TOLD), false),
            _ => (Duration::ZERO, false),
        };
        (hold + wait, has_failed)
    }

    /// Attempts to change passwords that the call led to.
    fn rehearse_jobs(
        &self,
        exchange: &Exchange,
        engine: &mut Engine,
        chance: Chance,
        rehearsal: &mut Rehearsal,
    ) {
        for job in exchange.jobs.iter().filter(|job| job.attempt == 1) {
            let mut waited = Duration::ZERO;
            for attempt in 1_u32..=6 {
                let view = JobView {
                    source: &job.source,
                    source_name: self.sources.get(&job.source).map_or("", String::as_str),
                    attempt: attempt.into(),
                    client: exchange.client_id(),
                    client_name: exchange.client.as_ref().map(|client| &*client.name),
                    group: "",
                };
                let mut looks = engine.look(Subject::Job(&view), job.at.plus(waited));
                let Some(fired) = engine.fire(&mut looks, Stage::Before, chance) else { break };
                waited += fired.hold.unwrap_or_default();
                if !matches!(fired.fault.effect(), Effect::Connector(Connector::Unreachable)) {
                    break;
                }
                waited += Duration::from_secs([5, 60, 180, 600, 1_800, 5_400][attempt as usize - 1]);
            }
            rehearsal.is_endless |= waited > CONNECTOR;
            rehearsal.waits += waited.min(CONNECTOR);
        }
    }
}

/// Whether nobody who is told this has reason to ask again.
fn is_refusal(status: StatusCode) -> bool {
    status.is_client_error() && !matches!(status.as_u16(), 401 | 408 | 409 | 425 | 429)
}

/// How long a body of a usual length takes in pieces.
fn trickled(chunk_bytes: usize, pause: Duration) -> Duration {
    const USUAL: usize = 4 << 10;
    let pieces = u32::try_from(USUAL / chunk_bytes.max(1)).unwrap_or(u32::MAX);
    pause.saturating_mul(pieces).min(PATIENCE)
}

/// The view with the id in its path, by which rules count groups: the last step of a path that is not a collection's.
fn with_id<'a>(view: &'a ExchangeView<'a>) -> ExchangeView<'a> {
    let mut with_id = ExchangeView::new(view.method, view.path, view.headers, view.body);
    (with_id.operation, with_id.version, with_id.query) = (view.operation, view.version, view.query);
    (with_id.client, with_id.client_name) = (view.client, view.client_name);
    (with_id.is_past_end, with_id.is_reused_connection) = (view.is_past_end, view.is_reused_connection);
    let last = view.path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    if last.bytes().any(|byte| byte.is_ascii_digit()) && last.len() > 4 {
        with_id.id = last;
    }
    with_id
}
