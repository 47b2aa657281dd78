//! Jobs of the platform and moves of the clock, with a test job that deletes a group.

use std::sync::Arc;
use std::time::Duration;

use hyper::header::RETRY_AFTER;

use super::{Birth, Template, Tenant, TenantOptions, TenantState};
use crate::clock::{Clock, Span, Timestamp};
use crate::contract::Arguments;
use crate::fixture::{Fixture, Group};
use crate::journal::{Exchange, Filter};
use crate::operation::Operation;
use crate::org::WriteOf;
use crate::scenario::Rule;
use crate::scenario::fault::Connector;
use crate::service::{self, Change, Job, View};
use crate::tenant::operator::{ClockChange, ClockMode};
use crate::wire::{Request, TrackingId};

const BEGAN: Timestamp = Timestamp::from_millis(1_000_000);

const fn seconds(seconds: i64) -> Timestamp {
    Timestamp::from_millis(BEGAN.as_millis() + 1_000 * seconds)
}

fn tenant(clock: Clock) -> Tenant {
    let large = Fixture::built_in("large").unwrap();
    // Groups by themselves: what else `large` has takes long to make without optimisation.
    let fixture = Fixture { groups: large.groups, clients: large.clients, ..Fixture::default() };
    let template = Template::new(&fixture, BEGAN);
    let birth = Birth {
        incarnation: 0,
        journals: Arc::default(),
        states: Arc::default(),
        metrics: Arc::default(),
        wall: BEGAN,
    };
    Tenant::new("t", &template, TenantOptions { clock, ..TenantOptions::default() }, birth)
}

/// Deletes the first group and schedules the next attempt, half a minute later, up to the third.
fn delete_first(
    view: &View<'_>,
    job: &Job,
    now: Timestamp,
    _: Option<Connector>,
) -> (&'static str, Vec<Change>) {
    let groups = view.table::<Group>();
    let former = Arc::clone(groups.iter().next().unwrap());
    let mut changes = vec![Change::record(WriteOf::Delete { former })];
    if job.attempt < 3 {
        let due = now.plus(Duration::from_secs(30));
        changes.push(Change::Job(Box::new(Job { due, attempt: job.attempt + 1, ..job.clone() })));
    }
    ("success", changes)
}

fn job(due: Timestamp, attempt: u32) -> Job {
    Job {
        due,
        what: "the first group is deleted".to_owned(),
        source: ("s-1".to_owned(), "Source 1".to_owned()),
        attempt,
        change: String::new(),
        account: 0,
        client: None,
        group: None,
        is_held: false,
        connector: None,
        perform: delete_first,
    }
}

fn schedule(tenant: &Tenant, due: Timestamp) {
    let job = job(due, 1);
    tenant.enter(BEGAN).apply(vec![Change::Job(Box::new(job))], &Arc::default(), 0, BEGAN);
}

/// An exchange in which a client is told to wait.
fn tell_to_wait(tenant: &Tenant, retry_after: &'static str) {
    let state = &mut *tenant.enter(BEGAN);
    let mut exchange = exchange(state, 1);
    exchange.reply = exchange.reply.with(RETRY_AFTER, retry_after);
    state.note_told_to_wait(&exchange, BEGAN);
    state.journal.append(exchange);
}

fn exchange(state: &mut TenantState, seq: u64) -> Exchange {
    let request = Request::new(hyper::Method::POST, "/").unwrap();
    let request = state.journal.pack(&request, "/");
    Exchange::opened(seq, BEGAN, request, TrackingId([0; 16]), state.scenario.none_matched())
}

fn groups(tenant: &Tenant, wall: Timestamp) -> usize {
    tenant.state(wall).groups.len()
}

#[test]
fn a_move_of_the_clock_does_what_falls_due_on_the_way_at_its_own_time() {
    let tenant = tenant(Clock::manual(BEGAN));
    schedule(&tenant, seconds(10));
    assert_eq!(groups(&tenant, BEGAN), 500);
    let agenda = tenant.agenda(BEGAN);
    assert_eq!((agenda.due[0].at, &*agenda.due[0].what), (seconds(10), "the first group is deleted"));
    tenant.advance(Duration::from_secs(45), BEGAN);
    assert_eq!(groups(&tenant, BEGAN), 498);
    // The second attempt counted from the time of the first, not from where the clock was moved to.
    assert_eq!(tenant.agenda(BEGAN).due[0].at, seconds(70));
    tenant.advance(Duration::from_secs(25), BEGAN);
    assert_eq!((groups(&tenant, BEGAN), tenant.agenda(BEGAN).due.len()), (497, 0));
}

#[test]
fn a_running_clock_does_what_is_due_before_the_tenant_is_looked_at() {
    let tenant = tenant(Clock::auto());
    schedule(&tenant, seconds(10));
    assert_eq!(groups(&tenant, seconds(9)), 500);
    assert_eq!(groups(&tenant, seconds(100)), 497);
}

#[test]
fn a_skipping_clock_jumps_from_job_to_job_when_no_request_is_open() {
    let tenant = tenant(Clock::Skipping { at: BEGAN });
    schedule(&tenant, seconds(10));
    assert_eq!(groups(&tenant, BEGAN), 497);
    assert_eq!(tenant.clock(BEGAN).now, seconds(70));
}

#[test]
fn a_skipping_clock_waits_for_a_moment_of_quiet() {
    let tenant = tenant(Clock::Skipping { at: BEGAN });
    schedule(&tenant, seconds(10));
    tenant.state.lock().agenda.note_busy(BEGAN);
    assert_eq!(groups(&tenant, BEGAN.plus(Duration::from_millis(4))), 500);
    assert_eq!(groups(&tenant, BEGAN.plus(Duration::from_millis(5))), 497);
}

#[test]
fn a_skipping_clock_stops_at_a_wait_that_a_client_was_told_to_keep() {
    let tenant = tenant(Clock::Skipping { at: BEGAN });
    tell_to_wait(&tenant, "5");
    schedule(&tenant, seconds(10));
    assert_eq!(tenant.clock(BEGAN).now, BEGAN);
    let blocked = tenant.agenda(BEGAN).blocked_by.unwrap();
    assert_eq!((blocked.at, &*blocked.what), (seconds(5), "`Retry-After` of exchange 1"));
    // The wait has passed in the machine's time.
    assert_eq!(tenant.clock(seconds(5)).now, seconds(70));
}

#[test]
fn a_manual_clock_stands_until_it_is_moved() {
    let tenant = tenant(Clock::manual(BEGAN));
    schedule(&tenant, seconds(10));
    assert_eq!(groups(&tenant, seconds(3_600)), 500);
    tenant.change_clock(ClockChange { mode: Some(ClockMode::Skipping), now: None }, BEGAN);
    assert_eq!(groups(&tenant, seconds(3_600)), 497);
}

#[test]
fn a_job_is_shown_in_the_exchange_that_started_it() {
    let tenant = tenant(Clock::manual(BEGAN));
    let job = job(seconds(1), 3);
    {
        let state = &mut *tenant.enter(BEGAN);
        let mut exchange = exchange(state, 7);
        exchange.changes = state.apply(vec![Change::Job(Box::new(job))], &Arc::default(), 7, BEGAN);
        state.journal.append(exchange);
    }
    tenant.advance(Duration::from_secs(1), BEGAN);
    let journal = tenant.journal(&Filter::default(), BEGAN);
    let run = &journal.exchanges[0]["jobs"][0];
    assert_eq!((&run["outcome"], &run["attempt"]), (&"success".into(), &3.into()));
    assert_eq!(run["changes"][0]["kind"], "deleted");
    assert_eq!(run["at"], seconds(1).to_string());
}

#[test]
fn a_job_runs_at_its_own_time_after_the_clock_was_moved_back() {
    let tenant = tenant(Clock::manual(BEGAN));
    schedule(&tenant, seconds(10));
    tenant.change_clock(ClockChange { mode: None, now: Some(seconds(-5)) }, BEGAN);
    assert_eq!(tenant.agenda(BEGAN).due[0].at, seconds(5));
    tenant.advance(Duration::from_secs(10), BEGAN);
    assert_eq!(groups(&tenant, BEGAN), 499);
    // The next attempt is half a minute after the first one was.
    assert_eq!(tenant.agenda(BEGAN).due[0].at, seconds(35));
}

#[test]
fn a_clock_that_begins_to_skip_knows_what_clients_were_told_before() {
    let tenant = tenant(Clock::manual(BEGAN));
    tell_to_wait(&tenant, "5");
    schedule(&tenant, seconds(10));
    tenant.change_clock(ClockChange { mode: Some(ClockMode::Skipping), now: None }, BEGAN);
    assert_eq!(tenant.clock(seconds(4)).now, BEGAN);
    assert_eq!(tenant.agenda(seconds(4)).blocked_by.unwrap().what, "`Retry-After` of exchange 1");
    assert_eq!(tenant.clock(seconds(5)).now, seconds(70));
}

#[test]
fn a_rule_that_was_added_late_is_sat_out_as_long_as_one_that_was_there() {
    let tenant = tenant(Clock::Skipping { at: BEGAN });
    let hour = seconds(3_600);
    let mut rule = Rule::new("outage").respond(503);
    rule.fires.until = Some(Span(Duration::from_secs(5)));
    tenant.add_rule(rule.check().unwrap(), hour).unwrap();
    schedule(&tenant, seconds(10));
    assert_eq!(tenant.clock(hour.plus(Duration::from_millis(4_999))).now, BEGAN);
    assert_eq!(tenant.clock(hour.plus(Duration::from_secs(5))).now, seconds(70));
}

#[test]
fn a_reset_tenant_has_nothing_on_its_agenda() {
    let tenant = tenant(Clock::manual(BEGAN));
    schedule(&tenant, seconds(10));
    tenant.reset(BEGAN);
    assert!(tenant.agenda(BEGAN).due.is_empty());
}

#[test]
fn whatever_is_listed_page_by_page_has_a_total() {
    let tenant = tenant(Clock::manual(BEGAN));
    let state = tenant.enter(BEGAN);
    for operation in Operation::ALL {
        assert_eq!(
            service::total(&state.view(None), operation, "", &Arguments::default(), None).is_some(),
            operation.is_paged(),
            "{operation}"
        );
    }
}
