//! Has a request answered by the part that its target names: the pipeline, the control API or the console. Callable
//! without a socket.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use hyper::StatusCode;
use hyper::body::Bytes;
use hyper::header::{CACHE_CONTROL, HeaderValue};

use super::budget::{Budget, Taken};
use super::follow::Follower;
use super::journal_dir::{JournalDir, keep_journal};
use super::target::{Room, Target};
use crate::clock::Timestamp;
use crate::control::{Followed, Said};
use crate::journal::Filter;
use crate::tenant::{ExchangeId, Tenant};
use crate::wire::secrets::{Censor, Secrets};
use crate::wire::{Delivery, Outcome, Refusal, Reply, Request, Trace, cors};
use crate::world::{Absent, Located, Prefix, World, WorldError, base_url, is_tenant_name};
use crate::{control, pipeline};

/// Answers with longer bodies, in bytes, are accounted for until their clients have taken them; a connection holds more
/// than that in buffers anyway.
const LONG: usize = 64 << 10;

/// What a body goes on with.
#[derive(Debug)]
pub(super) enum Stream {
    /// Exchanges, as they happen.
    Follow(Follower),
    /// The rest of a listing: joining its pages would take all of them twice.
    Pages(Vec<Bytes>),
}

/// An outcome, and the tenant in whose time it is delivered.
#[derive(Debug)]
pub(super) struct Answered {
    /// What is sent, and how.
    pub(super) outcome: Outcome,
    /// The tenant that the request was for, if any.
    pub(super) tenant: Option<Arc<Tenant>>,
    /// What the body goes on with, or is instead.
    pub(super) stream: Option<Stream>,
}

impl Answered {
    /// Whether there is nothing to wait for and no fault in the delivery.
    pub(super) fn is_told_at_once(&self) -> bool {
        self.outcome.delivery == Delivery::default() && self.stream.is_none()
    }

    /// How much is sent, as far as that is known, in bytes.
    fn len(&self) -> usize {
        let pages = match &self.stream {
            Some(Stream::Pages(pages)) => pages.iter().map(Bytes::len).sum(),
            _ => 0,
        };
        self.outcome.reply.body.len() + pages
    }

    /// Its share of what clients may leave untaken; one answer may be longer than all together. `None` when there is no
    /// room.
    pub(super) fn room_in(&self, answers: &Arc<Budget>) -> Option<Taken<Arc<Budget>>> {
        answers.take(self.len().min(answers.limit()))
    }

    /// Whether what is sent is counted among the answers that clients have not taken yet.
    pub(super) fn is_long(&self) -> bool {
        self.len() > LONG
    }
}

impl Answered {
    /// An exchange that belongs to no tenant.
    fn without_tenant(outcome: Outcome) -> Self {
        Self { outcome, tenant: None, stream: None }
    }
}

/// Answers a request without a socket.
pub(crate) fn answer(
    world: &World,
    journals: Option<&JournalDir>,
    request: &Request,
    wall: Timestamp,
) -> Outcome {
    let target = Target::of(world, request);
    let Answered { mut outcome, stream, .. } = answer_at(world, journals, request, &target, wall);
    if let Some(Stream::Pages(pages)) = stream {
        let whole = [&[outcome.reply.body.clone()], &*pages].concat().concat();
        outcome.reply = outcome.reply.with_body(whole);
    }
    outcome.stamped()
}

/// Answers a request whose target was found; `journals` keeps those of tenants that it deletes.
pub(super) fn answer_at(
    world: &World,
    journals: Option<&JournalDir>,
    request: &Request,
    target: &Target,
    wall: Timestamp,
) -> Answered {
    if let Room::Api = target.room
        && let Some(reply) = world.cors.preflight(request)
    {
        return Answered::without_tenant(pipeline::outside(reply, world.next_tracking_id(), wall));
    }
    let mut answered =
        guarded(world, request, wall, || targeted_answer(world, journals, request, target, wall));
    // Within a tenant the pipeline has done that.
    if let (Room::Api, None) = (&target.room, &answered.tenant)
        && let Some(origin) = world.cors.origin(&request.headers)
    {
        cors::show(&mut answered.outcome.reply, origin);
    }
    answered
}

/// A panic is our bug: it becomes a 500, is logged, and harms no other request. The tenant's lock is released while
/// the panic unwinds and is not poisoned, so the tenant is still served. Its state is consistent unless the panic came
/// between two of the few writes that make up an operation (`TenantState::apply` makes them); the
/// exchange itself is missing from the journal.
fn guarded(world: &World, request: &Request, wall: Timestamp, decide: impl FnOnce() -> Answered) -> Answered {
    catch_unwind(AssertUnwindSafe(decide)).unwrap_or_else(|panic| {
        let why = panic.downcast_ref::<&str>().copied();
        let why = why.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        tracing::error!(
            method = %request.method,
            path = Censor::of(request, &Secrets::default()).text(request.uri.path()),
            why,
            "a request hit a bug in the simulator"
        );
        refuse(world, &Refusal::Internal, wall)
    })
}

/// A refusal outside every tenant.
pub(super) fn refuse(world: &World, refusal: &Refusal, wall: Timestamp) -> Answered {
    let outcome = pipeline::refuse(refusal, world.next_tracking_id(), wall);
    Answered::without_tenant(outcome)
}

/// Refuses a request below the application, within the tenant it was for if there is one; why is for people.
pub(super) fn refuse_below(
    world: &World,
    request: &Request,
    refusal: &Refusal,
    why: &str,
    wall: Timestamp,
) -> Answered {
    let prefix = Prefix::of(request.uri.path());
    let is_api = !control::is_control(prefix.rest(request.uri.path()));
    if is_api && let Ok(located) = world.locate(request, prefix, Absent::Refused, wall) {
        let outcome = pipeline::refuse_in(world, &located, request, refusal, why, wall);
        world.fit_journals();
        return Answered { outcome, tenant: Some(located.tenant), stream: None };
    }
    let mut answered = refuse(world, refusal, wall);
    answered.outcome.trace.violations = [why.to_owned()].into();
    if is_api && let Some(origin) = world.cors.origin(&request.headers) {
        cors::show(&mut answered.outcome.reply, origin);
    }
    answered
}

fn targeted_answer(
    world: &World,
    journals: Option<&JournalDir>,
    request: &Request,
    target: &Target,
    wall: Timestamp,
) -> Answered {
    match &target.room {
        Room::Api => match world.locate(request, target.prefix, Absent::Made, wall) {
            Ok(located) => {
                let outcome = pipeline::answer(world, &located, request, wall);
                Answered { outcome, tenant: Some(located.tenant), stream: None }
            }
            Err(error) => refuse_tenant(world, request, target.prefix, &error, wall),
        },
        // A path that names a tenant means it; a host may be there by accident.
        Room::Control(call) if call.is_of_server() && !target.prefix.is_tenant() => {
            let located = world.about_server(request, target.prefix);
            let said = control::answer(call, world, &located, request, wall);
            control_answer(said, journals, located.tenant, wall)
        }
        Room::Control(call) => match world.locate(request, target.prefix, Absent::Refused, wall) {
            Ok(located) => {
                let said = control::answer(call, world, &located, request, wall);
                control_answer(said, journals, located.tenant, wall)
            }
            Err(error) => Answered::without_tenant(control::no_tenant(world, &error)),
        },
        Room::Console => Answered::without_tenant(control::console(world, request, target.prefix, wall)),
        Room::Refused(error) => Answered::without_tenant(error.outcome()),
    }
}

/// The result of a control call, as an answer.
fn control_answer(
    said: Said,
    journals: Option<&JournalDir>,
    tenant: Arc<Tenant>,
    wall: Timestamp,
) -> Answered {
    // Looked at first: when the tenant is reset now, whoever follows it finds that it was.
    let epoch = tenant.epoch();
    let (reply, stream) = match said {
        Said::Reply(reply) => (reply, None),
        Said::Pieces(pieces) => in_pieces(pieces),
        Said::Ended(ended) => {
            // Written before it is told: who reads the answer may look for the files.
            keep_journal(journals, &ended);
            (Reply::empty(StatusCode::NO_CONTENT), None)
        }
        Said::Follow(Followed { filter, last }) => {
            let last = last.map(|last| tenant.followed_until(last));
            let last = last.unwrap_or(ExchangeId { epoch, seq: filter.after });
            let follower = Follower { filter: Filter { after: 0, ..filter }, last };
            (event_stream(), Some(Stream::Follow(follower)))
        }
        Said::List(form, filter) => {
            let (mut listing, mut first) = tenant.begin_listing(form, &filter, wall);
            let mut is_over = tenant.next_page(&mut listing, &mut first, wall);
            let mut pages = Vec::new();
            while !is_over {
                let mut page = String::new();
                is_over = tenant.next_page(&mut listing, &mut page, wall);
                pages.push(page.into_boxed_str().into_boxed_bytes().into());
            }
            in_pieces(std::iter::once(first.into()).chain(pages))
        }
    };
    let trace = Trace { epoch, tenant: Arc::clone(tenant.name()), ..Trace::default() };
    let outcome = Outcome { reply, stamp: None, delivery: Delivery::default(), trace };
    Answered { outcome, tenant: Some(tenant), stream }
}

/// A JSON text as the reply that its first piece is, and what that goes on with. Most texts are one piece.
fn in_pieces(pieces: impl IntoIterator<Item = Bytes>) -> (Reply, Option<Stream>) {
    let mut pieces = pieces.into_iter();
    let first = pieces.next().unwrap_or_default();
    let rest: Vec<_> = pieces.collect();
    (control::json_reply(StatusCode::OK, first), (!rest.is_empty()).then_some(Stream::Pages(rest)))
}

/// Refuses a request to a tenant that does not exist and is not made. A name with capitals is a slip that others would
/// have to guess: the journal of the tenant that was probably meant has it, or that of `default`.
fn refuse_tenant(
    world: &World,
    request: &Request,
    prefix: Prefix,
    error: &WorldError,
    wall: Timestamp,
) -> Answered {
    let path = request.uri.path();
    let refusal = no_tenant(error);
    let meant = match error {
        WorldError::Unknown(name) if name.bytes().any(|byte| byte.is_ascii_uppercase()) => {
            Some(name.to_ascii_lowercase()).filter(|meant| is_tenant_name(meant))
        }
        _ => None,
    };
    let Some(meant) = meant else {
        let mut answered = refuse(world, &refusal, wall);
        answered.outcome.trace.violations = [error.to_string()].into();
        return answered;
    };
    let why = format!("did you mean `{meant}`? {error}, and no name has capitals");
    let tenant = world.find(&meant).unwrap_or_else(|| Arc::clone(world.default_tenant()));
    let located = Located { tenant, base_url: base_url(request, prefix), path: prefix.rest(path) };
    let outcome = pipeline::refuse_in(world, &located, request, &refusal, &why, wall);
    world.fit_journals();
    Answered { outcome, tenant: Some(located.tenant), stream: None }
}

/// What the service answers where there is no tenant.
fn no_tenant(error: &WorldError) -> Refusal {
    match error {
        WorldError::Full(_) => {
            Refusal::OverLimit { status: StatusCode::SERVICE_UNAVAILABLE, text: error.to_string() }
        }
        _ => Refusal::NotFound,
    }
}

fn event_stream() -> Reply {
    Reply::empty(StatusCode::OK)
        .with_content_type(HeaderValue::from_static("text/event-stream"))
        .with(CACHE_CONTROL, HeaderValue::from_static("no-store"))
}

#[cfg(test)]
mod tests {
    use hyper::Method;

    use super::super::captured::captured;
    use super::*;
    use crate::contract::Contract;
    use crate::fixture::Fixture;
    use crate::tenant::{Template, TenantOptions};
    use crate::wire::Cors;
    use crate::world::{ControlPolicy, UnknownTenants, WorldConfig};

    const WALL: Timestamp = Timestamp::from_millis(0);

    fn world() -> World {
        World::new(WorldConfig {
            contract: Contract::built_in(),
            template: Template::new(&Fixture::built_in("demo").unwrap(), WALL),
            options: TenantOptions::default(),
            max_tenants: 10,
            unknown_tenants: UnknownTenants::Made,
            tenant_domains: Vec::new(),
            control: ControlPolicy::default(),
            cors: Cors::default(),
            journal_total_bytes: crate::journal::DEFAULT_TOTAL_BYTES,
            state_total_bytes: crate::tenant::DEFAULT_TOTAL_BYTES,
            started: WALL,
        })
    }

    #[test]
    fn a_panic_under_the_tenants_lock_is_a_logged_500_and_the_tenant_is_still_served() {
        let world = world();
        let request = Request::new(Method::GET, "/oauth/info").unwrap();
        let state = || world.default_tenant().state(WALL);
        let before = state();
        let (answered, log) = captured(|| {
            guarded(&world, &request, WALL, || {
                let mut state = world.default_tenant().enter(WALL);
                state.next_request();
                panic!("it slipped");
            })
        });
        assert_eq!(answered.outcome.reply.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(answered.outcome.reply.value()["detailCode"], "500.0 Internal Fault");
        assert!(log.contains("ERROR") && log.contains("a request hit a bug in the simulator"), "{log}");
        assert!(log.contains("/oauth/info") && log.contains("it slipped"), "{log}");
        // The same tenant, locked by another thread, unchanged.
        assert_eq!(state(), before);
        let next = answer(&world, None, &request, WALL);
        assert_eq!((next.reply.status, next.trace.seq), (StatusCode::OK, 2));
    }
}
