//! How often good policies are taken for bad ones, and bad ones found, in simulated runs with a machine's noise. The
//! variable `SIMULATED_RUNS` says how many runs there are of each; the usual number keeps this short.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};

use super::*;

/// How a client waits before its nth further attempt, from 0, and what it waited before, in seconds.
type Policy = fn(&mut Dice, usize, f64) -> f64;

struct Dice(Xoshiro256PlusPlus);

impl Dice {
    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.0.random::<f64>()
    }

    fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.0.random::<f64>()).ln()
    }

    /// What the scheduler, the interpreter and the network add to a wait: a little always, now and then much.
    fn noise(&mut self) -> f64 {
        let stall = if self.0.random::<f64>() < 0.03 { self.exponential(0.060) } else { 0.0 };
        self.exponential(0.004) + stall
    }

    fn waits(&mut self, policy: Policy, retries: usize) -> Waits {
        let mut before = 0.0;
        let waits = (0..retries).map(|nth| {
            before = policy(self, nth, before);
            before + self.noise()
        });
        waits.collect()
    }

    fn runs(&mut self, policy: Policy, retries: usize) -> Vec<Waits> {
        (0..RUNS).map(|_| self.waits(policy, retries)).collect()
    }
}

fn doubled(base: f64, cap: f64, nth: usize) -> f64 {
    (base * f64::from(1_u32 << nth.min(20))).min(cap)
}

fn aws(dice: &mut Dice, nth: usize, _: f64) -> f64 {
    dice.between(0.0, doubled(0.050, 20.0, nth))
}

fn full_jitter(dice: &mut Dice, nth: usize, _: f64) -> f64 {
    dice.between(0.0, doubled(1.0, 20.0, nth))
}

fn equal_jitter(dice: &mut Dice, nth: usize, _: f64) -> f64 {
    let wait = doubled(1.0, 20.0, nth);
    dice.between(wait / 2.0, wait)
}

fn decorrelated(dice: &mut Dice, nth: usize, before: f64) -> f64 {
    let before = if nth == 0 { 1.0 } else { before };
    dice.between(1.0, 3.0 * before).min(20.0)
}

fn twenty_percent(dice: &mut Dice, nth: usize, _: f64) -> f64 {
    doubled(1.0, 30.0, nth) * dice.between(0.8, 1.2)
}

fn gax(dice: &mut Dice, nth: usize, _: f64) -> f64 {
    dice.between(0.0, 1.3_f64.powi(i32::try_from(nth).unwrap()))
}

fn retryablehttp(_: &mut Dice, nth: usize, _: f64) -> f64 {
    doubled(1.0, 30.0, nth)
}

fn urllib3(_: &mut Dice, nth: usize, _: f64) -> f64 {
    if nth == 0 { 0.0 } else { doubled(0.5, 120.0, nth) }
}

fn linear(_: &mut Dice, nth: usize, _: f64) -> f64 {
    0.5 * f64::from(u32::try_from(nth).unwrap() + 1)
}

fn fixed(_: &mut Dice, _: usize, _: f64) -> f64 {
    1.0
}

fn fixed_five(_: &mut Dice, _: usize, _: f64) -> f64 {
    5.0
}

fn about_fixed(dice: &mut Dice, _: usize, _: f64) -> f64 {
    dice.between(0.8, 1.2)
}

fn hammer(dice: &mut Dice, _: usize, _: f64) -> f64 {
    dice.between(0.0, 0.001)
}

fn layered(_: &mut Dice, nth: usize, _: f64) -> f64 {
    [1.0, 2.0, 9.0][nth % 3]
}

const JITTERED: [(&str, Policy); 6] = [
    ("AWS", aws),
    ("full jitter", full_jitter),
    ("equal jitter", equal_jitter),
    ("decorrelated jitter", decorrelated),
    ("20 %", twenty_percent),
    ("GAX", gax),
];
const IN_STEP: [(&str, Policy); 3] =
    [("retryablehttp", retryablehttp), ("urllib3", urllib3), ("linear", linear)];
const FIXED: [(&str, Policy); 2] = [("fixed", fixed), ("fixed at 5 s", fixed_five)];

/// In which share of the runs something is seen, in percent.
fn share(seed: u64, mut is_seen: impl FnMut(&mut Dice) -> bool) -> f64 {
    let runs = std::env::var("SIMULATED_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(1_000_u32);
    let dice = &mut Dice(Xoshiro256PlusPlus::seed_from_u64(seed));
    let times = (0..runs).filter(|_| is_seen(dice)).count();
    100.0 * f64::from(u32::try_from(times).unwrap()) / f64::from(runs)
}

/// Fewer than this share is seen; a short simulation cannot tell small shares from twice as much. The lines that are
/// printed are what `tests/drill/run --rates` reads.
#[track_caller]
fn at_most(check: &str, name: &str, percent: f64, share: f64) {
    println!("rate\tfalse\t{check}\t{name}\t{share:.3}\t{percent}");
    assert!(share <= percent, "{check}, {name}: {share} %, expected at most {percent} %");
}

#[track_caller]
fn at_least(check: &str, name: &str, percent: f64, share: f64) {
    println!("rate\tfound\t{check}\t{name}\t{share:.3}\t{percent}");
    assert!(share >= percent, "{check}, {name}: {share} %, expected at least {percent} %");
}

#[test]
fn policies_that_wait_are_not_taken_for_ones_that_do_not() {
    for pace in [0.0, 0.001, 0.012, 0.050] {
        let bound = no_wait_below(pace);
        for (name, policy) in JITTERED.into_iter().chain(IN_STEP).chain(FIXED) {
            let long = share(1, |dice| {
                let waits = dice.waits(policy, 5).iter().map(|wait| wait + pace).collect();
                !without_backoff(&[waits], bound).is_empty()
            });
            at_most("no-backoff, a chain of 5 retries", name, 0.2, long);
            let short = share(2, |dice| {
                let chains = [3; 3]
                    .map(|retries| dice.waits(policy, retries).iter().map(|wait| wait + pace).collect());
                !without_backoff(&chains, bound).is_empty()
            });
            at_most("no-backoff, 3 chains of 3", name, 0.2, short);
            let probe = share(13, |dice| {
                let waits = |dice: &mut Dice| dice.waits(policy, 3).iter().map(|wait| wait + pace).collect();
                let chains: Vec<Waits> = (0..RUNS).map(|_| waits(dice)).collect();
                !without_backoff(&chains, bound).is_empty()
            });
            at_most("no-backoff, a probe of 6 with 3", name, 0.5, probe);
            let twice = share(14, |dice| {
                let waits = |dice: &mut Dice| dice.waits(policy, 2).iter().map(|wait| wait + pace).collect();
                let chains: Vec<Waits> = (0..RUNS).map(|_| waits(dice)).collect();
                all_without_backoff(&chains, pace)
            });
            at_most("no-backoff, a probe of 6 with 2", name, 0.1, twice);
        }
    }
}

#[test]
fn clients_that_do_not_wait_are_found() {
    let bound = no_wait_below(0.0);
    let long = share(3, |dice| !without_backoff(&[dice.waits(hammer, 5)], bound).is_empty());
    let short = share(4, |dice| {
        let chains = [3; 3].map(|retries| dice.waits(hammer, retries));
        !without_backoff(&chains, bound).is_empty()
    });
    let twice = share(15, |dice| all_without_backoff(&dice.runs(hammer, 2), 0.0));
    at_least("no-backoff, a probe of 6 with 2", "no wait", 70.0, twice);
    at_least("no-backoff, a chain of 5 retries", "no wait", 85.0, long);
    at_least("no-backoff, 3 chains of 3", "no wait", 60.0, short);
}

#[test]
fn growth_is_missed_in_no_policy_that_grows() {
    for retries in [3, 4, 6] {
        for (name, policy) in JITTERED.into_iter().chain(IN_STEP) {
            at_most(
                "backoff-does-not-grow, a probe of 6",
                name,
                0.2,
                share(5, |dice| flat(&dice.runs(policy, retries)).is_some()),
            );
        }
    }
    for (name, policy) in FIXED.into_iter().chain([("fixed, 20 %", about_fixed as Policy)]) {
        at_least(
            "backoff-does-not-grow, a probe of 6",
            name,
            98.0,
            share(6, |dice| flat(&dice.runs(policy, 4)).is_some()),
        );
    }
}

#[test]
fn one_chain_shows_a_fixed_wait_and_takes_no_other_for_it() {
    for (name, policy) in JITTERED.into_iter().chain(IN_STEP) {
        at_most(
            "backoff-does-not-grow, one long chain",
            name,
            0.1,
            share(7, |dice| is_flat(&dice.waits(policy, 10))),
        );
        at_most(
            "backoff-does-not-grow, one long chain",
            name,
            0.1,
            share(7, |dice| is_flat(&dice.waits(policy, 6))),
        );
    }
    for (name, policy) in FIXED {
        at_least(
            "backoff-does-not-grow, one long chain",
            name,
            95.0,
            share(8, |dice| is_flat(&dice.waits(policy, 10))),
        );
    }
}

#[test]
fn jitter_is_seen_where_there_is_some_and_missed_where_there_is_none() {
    for (name, policy) in JITTERED {
        at_most(
            "no-jitter, a probe of 6",
            name,
            0.1,
            share(9, |dice| in_step(&dice.runs(policy, 4)).is_some()),
        );
    }
    for (name, policy) in IN_STEP.into_iter().chain(FIXED) {
        at_least(
            "no-jitter, a probe of 6",
            name,
            97.0,
            share(10, |dice| in_step(&dice.runs(policy, 4)).is_some()),
        );
    }
}

#[test]
fn two_loops_inside_each_other_are_seen_and_one_loop_is_one() {
    for retries in [7, 8, 9, 11] {
        for (name, policy) in JITTERED.into_iter().chain(IN_STEP).chain(FIXED) {
            at_most(
                "layered-retries, a probe of 6",
                name,
                0.1,
                share(11, |dice| layers(&dice.runs(policy, retries)).is_some()),
            );
        }
    }
    at_least(
        "layered-retries, a probe of 6",
        "3 times 3",
        98.0,
        share(12, |dice| layers(&dice.runs(layered, 8)) == Some(3)),
    );
}
