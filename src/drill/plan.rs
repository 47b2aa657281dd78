//! The plan: which scenarios apply to what the command does in its clean run, which do not and why, and how those that
//! apply are aimed. Each is rehearsed against the clean run's exchanges; what strikes nothing there would strike nothing
//! in a run of its own.

use std::time::Duration;

use super::aim::candidates;
use super::reason::why_not;
use super::rehearsal::{Rehearsal, Stagehand};
use crate::chance::Chance;
use crate::scenario::{MOST_RULES, Ruleset, Rulesets, Scenario};

/// How many seeds are tried for a scenario that strikes by chance.
const SEEDS: u64 = 20;

/// A scenario that is run.
#[derive(Clone, Debug)]
pub struct Planned {
    /// Its name.
    pub name: String,
    /// What it teaches.
    pub lesson: Option<String>,
    /// Its rules, aimed.
    pub rulesets: Rulesets,
    /// How they were changed, in a few words each.
    pub aimed: Vec<String>,
    /// What its faults are drawn from.
    pub seed: u64,
    /// How long a patient client waits beyond what the clean run takes.
    pub waits: Duration,
    /// How many calls it strikes in a rehearsal.
    pub strikes: u64,
    /// Where it was read from, for the command that repeats it: its name, or a path.
    pub source: String,
}

/// A scenario that is not run.
#[derive(Clone, Debug)]
pub struct Skipped {
    /// Its name.
    pub name: String,
    /// What it teaches.
    pub lesson: Option<String>,
    /// Why.
    pub reason: String,
}

/// Which scenarios are run, in the order in which they were given.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Those that apply, or why not.
    pub scenarios: Vec<Result<Planned, Skipped>>,
}

/// A scenario that was asked for.
#[derive(Clone, Debug)]
pub struct SelectedScenario {
    /// The scenario.
    pub ruleset: Ruleset,
    /// Its name, or the path that it was read from.
    pub source: String,
}

/// Plans a scenario under a seed. `draw_key` is that of all runs.
pub(super) fn plan(
    asked: &SelectedScenario,
    stage: &Stagehand<'_>,
    seed: u64,
    draw_key: &str,
) -> Result<Planned, Skipped> {
    let written = asked.ruleset.written();
    let skipped =
        |reason: String| Skipped { name: written.name.clone(), lesson: written.lesson.clone(), reason };
    let Some(rulesets) = together(written.clone()) else {
        return Err(skipped("its rules cannot run together".to_owned()));
    };
    let first = stage.rehearse(&rulesets, Chance::new(seed, draw_key));
    let (scenario, aimed, mut rehearsal) = aim(&written, stage, first, seed, draw_key);
    let mut seed_used = seed;
    let has_chance = scenario.rules.iter().any(|rule| rule.fires.chance.is_some());
    let rulesets = together(scenario).unwrap_or(rulesets);
    if !rehearsal.strikes() && has_chance {
        for next in (1..SEEDS).map(|step| seed.wrapping_add(step)) {
            rehearsal = stage.rehearse(&rulesets, Chance::new(next, draw_key));
            if rehearsal.strikes() {
                seed_used = next;
                break;
            }
        }
    }
    if !rehearsal.strikes() {
        return Err(skipped(why_not(&written, &rehearsal, stage.exchanges)));
    }
    if rehearsal.is_endless {
        return Err(skipped("it lasts longer than a run can; move a tenant's clock to see it".to_owned()));
    }
    let mut words = aimed;
    if seed_used != seed {
        words.push(format!("seed {seed} → {seed_used}"));
    }
    Ok(Planned {
        name: written.name,
        lesson: written.lesson,
        rulesets,
        aimed: words,
        seed: seed_used,
        waits: rehearsal.waits,
        strikes: rehearsal.fired.values().sum(),
        source: asked.source.clone(),
    })
}

/// The scenario with each rule that is about some call and strikes none aimed at one, if that can be done.
fn aim(
    written: &Scenario,
    stage: &Stagehand<'_>,
    mut rehearsal: Rehearsal,
    seed: u64,
    draw_key: &str,
) -> (Scenario, Vec<String>, Rehearsal) {
    let (mut scenario, mut words) = (written.clone(), Vec::new());
    for place in 0..scenario.rules.len() {
        let name = scenario.rules[place].name.clone();
        let count =
            |counts: &std::collections::BTreeMap<String, u64>| counts.get(&name).copied().unwrap_or(0);
        let matched = count(&rehearsal.matched);
        if matched == 0 || count(&rehearsal.fired) > 0 {
            continue;
        }
        for aimed in candidates(&scenario.rules[place], matched) {
            let mut tried = scenario.clone();
            tried.rules[place] = aimed.rule;
            let Some(rulesets) = together(tried.clone()) else { continue };
            let found = stage.rehearse(&rulesets, Chance::new(seed, draw_key));
            if count(&found.fired) > 0 {
                words.push(aimed.words);
                (scenario, rehearsal) = (tried, found);
                break;
            }
        }
    }
    (scenario, words, rehearsal)
}

/// The scenario's rules, checked and compiled; `None` where they contradict one another.
fn together(scenario: Scenario) -> Option<Rulesets> {
    Rulesets::new([scenario.check().ok()?], MOST_RULES).ok()
}
