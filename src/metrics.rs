//! What the server counts while it runs, without a lock in the way of the usual request: requests by operation and
//! status, and how long they took to be decided. The text that Prometheus reads is written by the world, which knows
//! the rest.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use crate::operation::Operation;

/// Upper bounds of the latency histogram's buckets, in seconds.
const BOUNDS: [f64; 8] = [0.000_01, 0.000_05, 0.000_1, 0.000_5, 0.001, 0.01, 0.1, 1.0];
/// Statuses are counted up to 599; 0 stands for an exchange in which the client was sent none.
const STATUSES: usize = 600;
/// The operations, and one place for requests that lead to none.
const PLACES: usize = Operation::ALL.len() + 1;

/// Counters.
#[derive(Debug)]
pub struct Metrics {
    requests: Vec<AtomicU64>,
    buckets: [AtomicU64; BOUNDS.len() + 1],
    nanoseconds: AtomicU64,
    faults: Mutex<BTreeMap<Arc<str>, u64>>,
}

/// Rules whose faults are counted apart; those of further ones are counted together.
const MOST_RULES: usize = 10_000;

impl Default for Metrics {
    fn default() -> Self {
        Self {
            requests: (0..PLACES * STATUSES).map(|_| AtomicU64::new(0)).collect(),
            buckets: std::array::from_fn(|_| AtomicU64::new(0)),
            nanoseconds: AtomicU64::new(0),
            faults: Mutex::default(),
        }
    }
}

impl Metrics {
    /// Counts a request and how long it took to be decided.
    pub fn count(&self, operation: Option<Operation>, status: Option<u16>, took: Duration) {
        let place = operation
            .and_then(|operation| Operation::ALL.iter().position(|known| *known == operation))
            .unwrap_or(PLACES - 1);
        let status = usize::from(status.unwrap_or(0)).min(STATUSES - 1);
        self.requests[place * STATUSES + status].fetch_add(1, Ordering::Relaxed);
        let bucket = BOUNDS.iter().position(|bound| took.as_secs_f64() <= *bound).unwrap_or(BOUNDS.len());
        self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        let nanoseconds = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
    }

    /// Counts the faults of a request, each by its rule.
    pub fn count_faults(&self, faults: &[Arc<str>]) {
        let mut counted = self.faults.lock();
        for rule in faults {
            let has_room = counted.len() < MOST_RULES || counted.contains_key(rule);
            let rule = if has_room { Arc::clone(rule) } else { "others".into() };
            *counted.entry(rule).or_default() += 1;
        }
    }

    /// Writes the counters in Prometheus' text format.
    pub fn write(&self, text: &mut String) {
        text.push_str(
            "# HELP sync_group_sim_requests_total Requests, by operation and status (0: none was sent).\n",
        );
        text.push_str("# TYPE sync_group_sim_requests_total counter\n");
        for (index, count) in self.requests.iter().enumerate() {
            let count = count.load(Ordering::Relaxed);
            if count > 0 {
                let operation =
                    Operation::ALL.get(index / STATUSES).map_or("none", |operation| operation.id());
                let status = index % STATUSES;
                let labels = format!("{{operation=\"{operation}\",status=\"{status}\"}}");
                let _ = writeln!(text, "sync_group_sim_requests_total{labels} {count}");
            }
        }
        self.write_histogram(text);
        text.push_str("# HELP sync_group_sim_faults_total Faults, by rule.\n# TYPE sync_group_sim_faults_total counter\n");
        for (rule, fired) in &*self.faults.lock() {
            let rule = rule.replace('\\', "\\\\").replace('"', "\\\"");
            let _ = writeln!(text, "sync_group_sim_faults_total{{rule=\"{rule}\"}} {fired}");
        }
    }

    fn write_histogram(&self, text: &mut String) {
        let name = "sync_group_sim_decide_seconds";
        let _ = writeln!(
            text,
            "# HELP {name} Time to decide a request, without delivery.\n# TYPE {name} histogram"
        );
        let mut sum = 0;
        for (index, bucket) in self.buckets.iter().enumerate() {
            sum += bucket.load(Ordering::Relaxed);
            let bound = BOUNDS.get(index).map_or("+Inf".to_owned(), ToString::to_string);
            let _ = writeln!(text, "{name}_bucket{{le=\"{bound}\"}} {sum}");
        }
        let seconds = Duration::from_nanos(self.nanoseconds.load(Ordering::Relaxed)).as_secs_f64();
        let _ = writeln!(text, "{name}_sum {seconds}\n{name}_count {sum}");
    }
}
