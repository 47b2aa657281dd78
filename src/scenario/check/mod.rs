//! Whether a scenario is valid: values are possible, and rules can fire. What was written by hand
//! comes through here before anything runs.

mod calls;
mod cover;
mod numbers;
mod overlap;
mod paths;
mod route;
mod rule;
mod size;
#[cfg(test)]
mod tests;
mod ways;
mod when;

use std::collections::HashSet;

pub(super) use cover::Covers;
pub use size::MOST_REGEXES;
pub(super) use size::{CONDITIONS, MOST_NUMBERS, SEQUENCE, expressions};
pub(crate) use size::{regexes, too_large_together};
pub(super) use when::check_when;

use super::mistake::Mistake;
use super::ruleset::MOST_RULES;
use super::written::{Rule, Scenario};

/// What is wrong with a scenario as a whole: its name, and how many rules it has.
pub(super) fn check_frame(scenario: &Scenario) -> Vec<Mistake> {
    let mut found: Vec<_> = check_name("scenario", &scenario.name).err().into_iter().collect();
    let rules = scenario.rules.len();
    if rules > MOST_RULES {
        found.push(Mistake::new("/rules", format!("{rules} rules; expected {MOST_RULES} or fewer")));
    }
    let too_large = too_large_together(scenario.rules.iter());
    found.extend(too_large.map(|message| Mistake::new("/rules", message)));
    found
}

/// What is wrong with one rule on its own.
pub(super) fn check_rule(rule: &Rule) -> Vec<Mistake> {
    rule::check_rule(rule)
}

/// What is wrong with the rule at `index` given the others, all of which have names.
pub(super) fn check_reachable(covers: &Covers<'_>, index: usize) -> Vec<Mistake> {
    overlap::check_reachable(covers, index).err().into_iter().collect()
}

/// Finds names that occur more than once.
#[derive(Default)]
pub(super) struct Names<'a>(HashSet<&'a str>);

impl<'a> Names<'a> {
    pub(super) fn check(&mut self, name: &'a str) -> Option<Mistake> {
        let message = || format!("two rules are named `{name}`; expected each name once");
        (!self.0.insert(name)).then(|| Mistake::new("/name", message()))
    }
}

/// Whether a scenario or a rule can be called this. Names go into the `Sim-Fault` header, with a slash between
/// them.
pub(super) fn is_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_graphic() && byte != b'/' || byte == b' ';
    (1..=100).contains(&name.len()) && name.bytes().all(fits) && name.trim() == name
}

fn check_name(what: &str, name: &str) -> Result<(), Mistake> {
    if is_name(name) {
        return Ok(());
    }
    let message = format!("{what} name `{name}`; expected 1 to 100 printable ASCII characters without `/`");
    Err(Mistake::new("/name", message))
}
