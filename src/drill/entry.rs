//! What is remembered of a run beside what verdicts look at: what it was for, how long it took, what it wrote.

use std::time::Duration;

use super::observed::{Ending, Observed, Stop, Written};
use super::report::Purpose;

/// A run, without its calls.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// Its number, from 1.
    pub(super) number: usize,
    pub(super) purpose: Purpose,
    /// `clean`, `probe-503`, `probe-429`, or the scenario's name.
    pub(super) scenario: String,
    pub(super) seed: u64,
    pub(super) took: Duration,
    pub(super) deadline: Duration,
    pub(super) ending: Ending,
    pub(super) made_calls: bool,
    pub(super) stdout: Written,
    pub(super) stderr: Written,
    /// Its folder, below that of the report.
    pub(super) folder: String,
}

/// Bytes of each output that are remembered: its end is what people look at.
const TAIL: usize = 4 << 10;

impl Entry {
    pub(super) fn new(order: &Order, observed: &Observed) -> Self {
        Self {
            number: order.number,
            purpose: order.purpose,
            scenario: order.scenario.clone(),
            seed: order.seed,
            took: observed.took,
            deadline: observed.deadline,
            ending: observed.ending,
            made_calls: !observed.exchanges.is_empty(),
            stdout: tail(&observed.stdout),
            stderr: tail(&observed.stderr),
            folder: order.folder.clone(),
        }
    }

    /// What it was started for.
    pub(super) fn order(&self) -> Order {
        let Self { number, purpose, seed, .. } = *self;
        Order { number, purpose, scenario: self.scenario.clone(), seed, folder: self.folder.clone() }
    }

    pub(super) fn is_interrupted(&self) -> bool {
        self.ending == Ending::Stopped(Stop::Interrupted)
    }
}

/// What a run is started for.
#[derive(Clone, Debug)]
pub struct Order {
    /// Its number, from 1.
    pub number: usize,
    /// What it is for.
    pub purpose: Purpose,
    /// `clean`, `probe-503`, `probe-429`, or the scenario's name.
    pub scenario: String,
    /// What its faults are drawn from.
    pub seed: u64,
    /// Its folder, below that of the report.
    pub folder: String,
}

impl Order {
    /// Whether it is for this scenario under this seed.
    pub fn is_of(&self, scenario: &str, seed: u64) -> bool {
        self.scenario == scenario && self.seed == seed
    }
}

fn tail(written: &Written) -> Written {
    let from = written.text.len().saturating_sub(TAIL);
    let text = &written.text[written.text.ceil_char_boundary(from)..];
    // A line that is cut in two says less than none.
    let text = if from == 0 { text } else { text.split_once('\n').map_or(text, |(_, rest)| rest) };
    Written { text: text.to_owned(), ..*written }
}
