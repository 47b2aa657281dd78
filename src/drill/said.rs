//! What a command wrote, beside what it writes when nothing goes wrong: whether there is more, and whether anything is
//! missing. What differs anyway is left out of the comparison.

use std::collections::{HashMap, HashSet};

use super::observed::Observed;

/// What the clean runs wrote.
#[derive(Clone, Debug, Default)]
pub(super) struct Usual {
    /// The lines of both outputs, without numbers, ids and times.
    lines: HashSet<String>,
    /// The lines of what is meant for others to read, and how often all clean runs wrote them. `None` before the first.
    results: Option<Results>,
}

type Results = HashMap<String, usize>;

impl Usual {
    /// Notes what a clean run wrote.
    pub(super) fn note(&mut self, run: &Observed) {
        self.lines.extend(lines(run));
        self.note_results(results(&run.stdout.text, &run.tenant));
    }

    fn note_results(&mut self, mut results: Results) {
        if let Some(known) = &self.results {
            results.retain(|line, times| {
                *times = known.get(line).copied().unwrap_or_default().min(*times);
                *times > 0
            });
        }
        self.results = Some(results);
    }

    /// Whether a run wrote something else.
    pub(super) fn lacks_any_of(&self, run: &Observed) -> bool {
        lines(run).any(|line| !self.lines.contains(&line))
    }

    /// Whether a run's standard output lacks a line that all clean runs wrote. Of long outputs the middle is not known.
    pub(super) fn is_more_than(&self, run: &Observed) -> bool {
        let is_whole = run.stdout.total_bytes == run.stdout.text.len() as u64;
        is_whole && self.has_results_beyond(&results(&run.stdout.text, &run.tenant))
    }

    /// Whether it lacks all of them.
    pub(super) fn is_all_more_than(&self, run: &Observed) -> bool {
        let found = results(&run.stdout.text, &run.tenant);
        self.is_more_than(run) && !self.results.iter().flatten().any(|(line, _)| found.contains_key(line))
    }

    fn has_results_beyond(&self, found: &Results) -> bool {
        let is_missing = |(line, times): (&String, &usize)| found.get(line).is_none_or(|found| found < times);
        self.results.iter().flatten().any(is_missing)
    }
}

fn lines(run: &Observed) -> impl Iterator<Item = String> {
    let outputs = [&run.stdout.text, &run.stderr.text];
    let lines = outputs.into_iter().flat_map(|text| text.lines());
    lines.map(|line| shape(line, &run.tenant)).filter(|line| !line.is_empty())
}

/// The lines of the standard output, and how often each stands there.
fn results(stdout: &str, tenant: &str) -> Results {
    let mut results = Results::new();
    let lines = stdout.lines().map(|line| result(line, tenant));
    for line in lines.filter(|line| !line.is_empty()) {
        *results.entry(line).or_default() += 1;
    }
    results
}

/// A line without what differs from run to run.
fn shape(line: &str, tenant: &str) -> String {
    let line = if tenant.is_empty() { line.to_owned() } else { line.replace(tenant, "") };
    line.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.bytes().any(|byte| byte.is_ascii_digit()))
        .collect::<Vec<_>>()
        .join(" ")
        .trim()
        .to_owned()
}

/// A line without ids, times and durations; how many there are of something stays.
fn result(line: &str, tenant: &str) -> String {
    let line = if tenant.is_empty() { line.to_owned() } else { line.replace(tenant, "") };
    let mut kept: Vec<&str> = Vec::new();
    let mut is_after_number = false;
    for word in line.split_whitespace() {
        let is_unit = is_after_number && UNITS.contains(&word.trim_matches(is_mark));
        // A duration is a number, and then its unit.
        if is_unit && kept.last().is_some_and(|last| is_number(last)) {
            kept.pop();
        }
        if !is_unit && !is_volatile(word) {
            kept.push(word);
        }
        is_after_number = is_number(word);
    }
    kept.join(" ")
}

const UNITS: [&str; 5] = ["s", "ms", "sec", "seconds", "milliseconds"];

fn is_number(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

fn is_mark(c: char) -> bool {
    c.is_ascii_punctuation()
}

/// Whether a word is an id, a date, a time of day, an address or a duration.
fn is_volatile(word: &str) -> bool {
    const SHORTEST_ID: usize = 12;
    let word = word.trim_matches(is_mark);
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let has_more = word.bytes().any(|byte| matches!(byte, b':' | b'.' | b'-' | b'/' | b','));
    let is_duration = word.strip_suffix('s').is_some_and(|rest| {
        let number = rest.strip_suffix('m').unwrap_or(rest);
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
    });
    digits > 0 && (is_duration || has_more || word.len() >= SHORTEST_ID)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usual(outputs: [&str; 2]) -> Usual {
        let mut usual = Usual::default();
        for output in outputs {
            usual.note_results(results(output, "t-1"));
        }
        usual
    }

    fn lacks(usual: &Usual, output: &str) -> bool {
        usual.has_results_beyond(&results(output, "t-1"))
    }

    #[test]
    fn times_ids_and_the_tenant_make_no_difference() {
        let usual = shape("09:30:01 GET http://127.0.0.1:1/tenants/t-1/v2024/x 200", "t-1");
        assert_eq!(usual, shape("09:31:59 GET http://127.0.0.1:2/tenants/t-2/v2024/x 200", "t-2"));
        assert_ne!(usual, shape("09:31:59 GET http://127.0.0.1:2/tenants/t-2/v2024/x failed", "t-2"));
    }

    #[test]
    fn a_result_that_is_missing_is_seen_and_a_number_in_it_counts() {
        let usual = usual(["500 groups in 0.1 s\nSales\nSales\n", "500 groups in 1 s\nSales\nSales\n"]);
        assert!(!lacks(&usual, "500 groups in 2 ms\nSales\nWarning\nSales\n"));
        assert!(lacks(&usual, "400 groups in 0.1 s\nSales\nSales\n"));
        assert!(lacks(&usual, "500 groups in 0.1 s\nSales\n"));
    }

    #[test]
    fn what_the_clean_runs_do_not_share_is_no_result() {
        let usual = usual([
            "2026-11-26 09:30:01,7 made 6881f631-3bd5-4213-9c75-8e05cc3e35dd in 3ms\nlucky\n",
            "2026-11-26 09:30:02,1 made 2c91808d744ba0ce01746f93b6204501 in 4ms\nhappy\n",
        ]);
        assert!(!lacks(&usual, "2026-11-26 09:31:00,3 made 2c91808d744ba0ce in 2s\n"));
    }
}
