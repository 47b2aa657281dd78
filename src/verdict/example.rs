//! Runs made by hand, for the tests of verdicts: a line says what a call asked, and what it was told. Each call comes 1 ms
//! after the one before it has ended, over the same connection, and is answered 200 within 0.1 ms, unless the line
//! says otherwise.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use hyper::Method;

use super::call::Change;
use super::calls::mark_outrun;
use super::key::hash;
use super::{
    Answer, Bearer, Call, Case, End, Ended, Exit, Finding, Limits, Moment, Outcome, RetryAfter, Run, RunKind,
    Verdict,
};
use crate::clock::Timestamp;
use crate::contract::Contract;
use crate::wire::changed::ChangeKind;

/// When the runs begin: 2026-01-01T00:00:00Z.
const BEGIN_MS: i64 = 1_767_225_600_000;
pub(crate) const LIST: &str = "/v2024/password-sync-groups";

static CONTRACT: LazyLock<Contract> = LazyLock::new(Contract::built_in);

/// A run in the making.
#[derive(Clone, Debug)]
pub(crate) struct Script(Run);

/// A run of a scenario.
pub(crate) fn run() -> Script {
    let kind = RunKind::Scenario("a-scenario".into());
    Script(Run { kind, ..Run::of_tenant([], 0) })
}

/// A tenant that is looked at without a drill.
pub(crate) fn tenant() -> Script {
    Script(Run::of_tenant([], 0))
}

/// A moment this many seconds after the beginning.
pub(crate) fn moment(seconds: f64) -> Moment {
    let since = Duration::from_secs_f64(seconds);
    let ns = u64::try_from(since.as_nanos()).expect("a run is short") + 1;
    Moment { at: Timestamp::from_millis(BEGIN_MS).plus(since), ns }
}

/// The same where the tenant's clock is ahead.
fn ahead(call: &Call, seconds: f64) -> Moment {
    let moment = moment(seconds);
    Moment { at: Timestamp::from_millis(moment.at.as_millis() + call.ahead_ms), ..moment }
}

impl Script {
    pub(crate) fn of_kind(mut self, kind: RunKind) -> Self {
        self.0.kind = kind;
        self
    }

    /// A rule whose faults strike twice in a row at most.
    pub(crate) fn under_a_rule_that_passes(mut self) -> Self {
        let rule = "a-scenario/a-rule".into();
        self.0.rules = vec![super::RuleSeen { rule, matched: 1, fired: 1, passes: true }];
        self
    }

    pub(crate) fn get(self, target: &str) -> Self {
        self.call(Method::GET, target)
    }

    pub(crate) fn post(self, target: &str) -> Self {
        self.call(Method::POST, target)
    }

    pub(crate) fn put(self, target: &str) -> Self {
        self.call(Method::PUT, target)
    }

    pub(crate) fn delete(self, target: &str) -> Self {
        self.call(Method::DELETE, target)
    }

    /// A token call that is given this token.
    pub(crate) fn token(self, token: &str) -> Self {
        let mut script = self.post("/oauth/token");
        let call = script.last();
        call.bearer = Bearer::None;
        call.token_given = Some(hash(&token.as_bytes()));
        script
    }

    /// A call of this method.
    pub(crate) fn call(mut self, method: Method, target: &str) -> Self {
        let former = self.0.calls.last();
        let begins =
            former.and_then(Call::ended).map_or(0.0, seconds) + if former.is_some() { 0.001 } else { 0.0 };
        let bearer =
            former.map_or_else(|| Bearer::Token(hash(&b"T1".as_slice())), |call| call.bearer.clone());
        let bearer = match former.and_then(|call| call.token_given) {
            Some(token) => Bearer::Token(token),
            None => bearer,
        };
        let number = self.0.calls.len() + 1;
        let path = target.split('?').next().unwrap_or_default();
        let routed = CONTRACT.route(&method, path);
        let call = Call {
            seq: u64::try_from(number).expect("a run is short"),
            number,
            operation: routed.operation(),
            version: routed.version(),
            client: former.map_or_else(|| Some(Arc::from("client")), |call| call.client.clone()),
            key: hash(&(method.as_str(), target)),
            manner: 0,
            method,
            target: target.to_owned(),
            bearer,
            secret_in_url: None,
            offset: None,
            connection: former.map_or(1, |call| call.connection),
            is_on_reused_connection: former.is_some(),
            is_multiplexed: former.is_some_and(|call| call.is_multiplexed),
            is_replay: false,
            is_outrun: false,
            arrived: moment(0.0),
            told: Some(moment(0.0)),
            left: None,
            ahead_ms: former.map_or(0, |call| call.ahead_ms),
            end: End::Whole,
            hold: None,
            status: Some(200),
            answered: None,
            answer: Answer::Readable,
            bytes: (2, 2),
            retry_after: None,
            token_given: None,
            change: None,
            performed: true,
            changes: Vec::new(),
            faults: Vec::new(),
            is_empty_list: false,
        };
        self.0.calls.push(call);
        self.at(begins)
    }

    fn last(&mut self) -> &mut Call {
        self.0.calls.last_mut().expect("a call comes first")
    }

    /// The last call, changed.
    pub(crate) fn but(mut self, change: impl FnOnce(&mut Call)) -> Self {
        change(self.last());
        self
    }

    /// It arrived this many seconds after the beginning.
    pub(crate) fn at(self, seconds: f64) -> Self {
        self.but(|call| {
            call.arrived = ahead(call, seconds);
            call.told = call.told.map(|_| ahead(call, seconds + 0.0001));
        })
    }

    /// It arrived this many seconds after the call before had ended.
    pub(crate) fn after(self, wait: f64) -> Self {
        let former =
            self.0.calls.iter().rev().nth(1).and_then(Call::ended).expect("a call that ended comes first");
        self.at(seconds(former) + wait)
    }

    /// Its answer was told this many seconds after it arrived.
    pub(crate) fn took(self, time: f64) -> Self {
        self.but(|call| call.told = Some(ahead(call, seconds(call.arrived) + time)))
    }

    /// A fault made its answer this one, and the service did nothing.
    pub(crate) fn told(self, status: u16) -> Self {
        self.but(|call| {
            (call.status, call.performed, call.token_given) = (Some(status), false, None);
            call.faults = vec!["a-scenario/a-rule".into()];
        })
    }

    /// The service itself answered this.
    pub(crate) fn refused(self, status: u16) -> Self {
        self.told(status).but(|call| call.faults.clear())
    }

    /// The service did what was asked, and the client was told this.
    pub(crate) fn but_done(self) -> Self {
        self.but(|call| (call.performed, call.answered) = (true, Some(200)))
    }

    pub(crate) fn retry_after(self, text: &str) -> Self {
        self.but(|call| call.retry_after = Some(RetryAfter::read(text, call.arrived.at)))
    }

    /// Its `Retry-After` was a date this many seconds after it arrived.
    pub(crate) fn retry_at(self, seconds: u64) -> Self {
        self.but(|call| {
            let until = call.arrived.at.plus(Duration::from_secs(seconds));
            call.retry_after = Some(RetryAfter::read(&until.http_date(), call.arrived.at));
        })
    }

    /// Its connection was closed without an answer.
    pub(crate) fn closed(self) -> Self {
        self.unanswered(End::Closed)
    }

    /// It was never answered.
    pub(crate) fn hung(self) -> Self {
        self.unanswered(End::Hung(None))
    }

    fn unanswered(self, end: End) -> Self {
        self.told(0).but(|call| {
            (call.status, call.told, call.answer, call.bytes) = (None, None, Answer::Nothing, (0, 0));
            call.end = end;
        })
    }

    /// Its answer was this, so that nobody could read it.
    pub(crate) fn broken(self, answer: Answer) -> Self {
        self.told(200).but(|call| call.answer = answer)
    }

    /// The client was seen to leave this many seconds after it had asked.
    pub(crate) fn left(self, time: f64) -> Self {
        self.but(|call| call.left = Some(ahead(call, seconds(call.arrived) + time)))
    }

    /// It came over this connection.
    pub(crate) fn on(mut self, connection: u64) -> Self {
        let before = self.0.calls.iter().rev().skip(1);
        let is_reused = before.into_iter().any(|call| call.connection == connection);
        let call = self.last();
        (call.connection, call.is_on_reused_connection) = (connection, is_reused);
        self
    }

    /// Its reads are of lists, from their beginnings.
    pub(crate) fn lists(mut self) -> Self {
        self.0.calls.iter_mut().filter(|call| call.is_read()).for_each(|call| call.offset = Some(0));
        self
    }

    /// It came from this client.
    pub(crate) fn by(self, client: &str) -> Self {
        self.but(|call| call.client = Some(client.into()))
    }

    /// It came with this token.
    pub(crate) fn with(self, token: &str) -> Self {
        self.but(|call| call.bearer = Bearer::Token(hash(&token.as_bytes())))
    }

    /// It came with a body, which is part of what it asks.
    pub(crate) fn body(self, body: &str) -> Self {
        self.but(|call| call.key = hash(&(call.method.as_str(), &call.target, body)))
    }

    /// It created the record with this name.
    pub(crate) fn creating(self, id: &str, name: &str) -> Self {
        self.changing(ChangeKind::Created, id, name)
    }

    /// It did this to a group.
    pub(crate) fn changing(self, kind: ChangeKind, id: &str, name: &str) -> Self {
        self.writing("password-sync-groups", kind, id, name)
    }

    /// It did this to a record of this resource.
    pub(crate) fn writing(self, resource: &'static str, kind: ChangeKind, id: &str, name: &str) -> Self {
        self.but(|call| {
            let (id, name) = (id.to_owned(), name.to_owned());
            let likeness = hash(&(resource, &name));
            call.changes.push(Change { kind, resource, id, name, likeness });
            call.performed = true;
        })
    }

    /// The tenant's clock was moved so far ahead before it.
    pub(crate) fn moved(self, by_seconds: i64) -> Self {
        let script = self.but(|call| call.ahead_ms += by_seconds * 1_000);
        let arrived = script.0.calls.last().map_or(0.0, |call| seconds(call.arrived));
        script.at(arrived)
    }

    /// The command ended by itself with this code, 1 s after the last call.
    pub(crate) fn exits(self, code: i32) -> Run {
        let last = self.0.calls.last().map_or(0.0, |call| seconds(call.ended().unwrap_or(call.arrived)));
        self.ends(Exit::Code(code), last + 1.0)
    }

    /// The command was ended at its deadline, this many seconds after the beginning.
    pub(crate) fn ends_at_deadline(self, seconds: f64) -> Run {
        self.ends(Exit::Deadline, seconds)
    }

    /// The command ended so.
    pub(crate) fn ends(self, exit: Exit, seconds: f64) -> Run {
        let ended = Ended {
            exit,
            is_success: exit == Exit::Code(0),
            at_ns: moment(seconds).ns,
            deadline: Duration::from_secs_f64(seconds.max(20.0)),
            said_something: true,
            said_less: false,
            said_none: false,
            left_processes: false,
        };
        Run { ended: Some(ended), ..self.done() }
    }

    /// The run as it is, with nobody's end.
    pub(crate) fn done(mut self) -> Run {
        mark_outrun(&mut self.0.calls);
        self.0
    }
}

fn seconds(moment: Moment) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a run is short")]
    let ns = (moment.ns - 1) as f64;
    ns / 1e9
}

/// What a verdict says of a run without a clean one.
pub(crate) fn alone(verdict: &'static Verdict, run: &Run) -> Outcome {
    super::outcome(
        verdict,
        &Case { run, clean: None, all: std::slice::from_ref(run), limits: Limits::default() },
    )
}

/// What a verdict says of a run beside a clean one.
pub(crate) fn beside(verdict: &'static Verdict, clean: &Run, run: &Run) -> Outcome {
    among(verdict, clean, std::slice::from_ref(run))
}

/// What a verdict says of the first of several runs.
pub(crate) fn among(verdict: &'static Verdict, clean: &Run, all: &[Run]) -> Outcome {
    let clean = &Run { kind: RunKind::Clean, ..clean.clone() };
    super::outcome(verdict, &Case { run: &all[0], clean: Some(clean), all, limits: Limits::default() })
}

/// The one finding.
#[track_caller]
pub(crate) fn found(outcome: &Outcome) -> &Finding {
    match outcome {
        Outcome::Found(findings) if findings.len() == 1 => &findings[0],
        other => panic!("expected one finding: {other:?}"),
    }
}

#[track_caller]
pub(crate) fn is_ok(outcome: &Outcome) {
    assert_eq!(*outcome, Outcome::Ok);
}

#[track_caller]
pub(crate) fn is_not_applicable(outcome: &Outcome) {
    assert!(matches!(outcome, Outcome::NotApplicable(_)), "{outcome:?}");
}

#[track_caller]
pub(crate) fn is_inconclusive(outcome: &Outcome) {
    assert!(matches!(outcome, Outcome::Inconclusive(_)), "{outcome:?}");
}
