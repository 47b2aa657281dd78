//! Which runs may be made at the same time. Clients that do not wait between their attempts slow each other down until it
//! looks as if they waited; so the runs of a probe follow each other until one is seen to take its time. What a command
//! needs until its first call shows no wait: some take seconds to start.

use std::collections::HashSet;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use sync_group_sim::drill::Order;
use sync_group_sim::drill::report::Purpose;

/// A probe's run that goes on for longer than this after its first call, and than twice the clean run, waits between its
/// attempts.
const WAITS: Duration = Duration::from_millis(1_500);
/// Later than this a slow command is not held back any more.
const SLOW: Duration = Duration::from_secs(5);

/// When a run's first call came, once it has come.
pub(super) type FirstCall = Arc<OnceLock<Instant>>;

/// The runs that are being made, and what their probes have shown.
#[derive(Debug, Default)]
pub(super) struct Turns {
    running: Vec<Running>,
    /// The probes whose client was seen to wait.
    waiting: HashSet<String>,
}

#[derive(Debug)]
struct Running {
    number: usize,
    scenario: String,
    since: Instant,
    first_call: FirstCall,
}

impl Turns {
    /// Notes that a run begins.
    pub(super) fn begin(&mut self, order: &Order, since: Instant) -> FirstCall {
        let first_call = FirstCall::default();
        self.running.push(Running {
            number: order.number,
            scenario: order.scenario.clone(),
            since,
            first_call: Arc::clone(&first_call),
        });
        first_call
    }

    /// Notes that a run has ended.
    pub(super) fn end(&mut self, order: &Order) {
        self.running.retain(|running| running.number != order.number);
    }

    /// Whether it would disturb no other run.
    pub(super) fn may_begin(&self, order: &Order) -> bool {
        order.purpose != Purpose::Probe
            || self.waiting.contains(&order.scenario)
            || !self.running.iter().any(|running| running.scenario == order.scenario)
    }

    /// Notes which probes take their time. `clean` is how long the clean run went on after its first call.
    pub(super) fn note_waiting(&mut self, now: Instant, clean: Duration) {
        let long = WAITS.max(2 * clean).min(SLOW);
        let goes_on = |running: &&Running| {
            running.first_call.get().is_some_and(|first| now.saturating_duration_since(*first) > long)
        };
        self.waiting.extend(self.running.iter().filter(goes_on).map(|running| running.scenario.clone()));
    }

    /// What is running, and since when.
    pub(super) fn shown(&self) -> Vec<(String, Instant)> {
        self.running.iter().map(|running| (running.scenario.clone(), running.since)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::watch::now;
    use super::*;

    fn order(number: usize, scenario: &str, purpose: Purpose) -> Order {
        Order { number, purpose, scenario: scenario.to_owned(), seed: 1, folder: String::new() }
    }

    fn probe(number: usize) -> Order {
        order(number, "probe-503", Purpose::Probe)
    }

    /// Whether another run of the probe may begin when its first has gone on so long, in seconds since its start and since
    /// its first call.
    fn may_begin(since_start: f64, since_call: Option<f64>, clean: f64) -> bool {
        let (mut turns, now) = (Turns::default(), now() + Duration::from_mins(1));
        let ago = |seconds| now.checked_sub(Duration::from_secs_f64(seconds)).unwrap();
        let first_call = turns.begin(&probe(1), ago(since_start));
        if let Some(seconds) = since_call {
            first_call.set(ago(seconds)).unwrap();
        }
        turns.note_waiting(now, Duration::from_secs_f64(clean));
        turns.may_begin(&probe(2))
    }

    #[test]
    fn a_probes_runs_follow_each_other_and_nothing_else_has_to_wait() {
        let mut turns = Turns::default();
        assert!(turns.may_begin(&probe(1)));
        turns.begin(&probe(1), now());
        assert!(!turns.may_begin(&probe(2)));
        assert!(turns.may_begin(&order(3, "probe-429", Purpose::Probe)));
        turns.begin(&order(4, "rate-limited", Purpose::Scenario), now());
        assert!(turns.may_begin(&order(5, "rate-limited", Purpose::Confirmation)));
        turns.end(&probe(1));
        assert!(turns.may_begin(&probe(2)));
    }

    #[test]
    fn a_client_that_goes_on_for_a_while_waits_and_need_not_be_alone() {
        assert!(!may_begin(1.4, Some(1.4), 0.1));
        assert!(may_begin(1.6, Some(1.6), 0.1));
    }

    #[test]
    fn a_command_that_takes_long_to_start_has_not_waited_yet() {
        assert!(!may_begin(30.0, None, 0.1));
        assert!(!may_begin(30.0, Some(0.2), 0.1));
    }

    #[test]
    fn a_slow_command_is_held_back_for_twice_its_clean_run_and_no_longer_than_five_seconds() {
        assert!(!may_begin(3.9, Some(3.9), 2.0));
        assert!(may_begin(4.1, Some(4.1), 2.0));
        assert!(may_begin(5.1, Some(5.1), 60.0));
    }

    #[test]
    fn what_one_probe_shows_says_nothing_of_the_other() {
        let (mut turns, began) = (Turns::default(), now());
        turns.begin(&probe(1), began).set(began).unwrap();
        turns.note_waiting(began + Duration::from_secs(2), Duration::ZERO);
        turns.begin(&order(2, "probe-429", Purpose::Probe), began);
        assert!(!turns.may_begin(&order(3, "probe-429", Purpose::Probe)));
    }
}
