//! What waits say about the policy behind them: pure arithmetic over seconds. The thresholds are those for which
//! `simulation.rs` shows how often a good policy is taken for a bad one.

#[cfg(test)]
mod simulation;

/// Waits of the attempts in one chain, in seconds, in their order.
pub(super) type Waits = Vec<f64>;

/// This many equal runs, or chains, show how waits are drawn.
pub(super) const RUNS: usize = 6;
/// Fewer waits than this show no policy.
pub(super) const RETRIES: usize = 3;
/// With this many attempts without a wait, one chain is enough.
const MANY_RETRIES: usize = 5;
/// A wait that is longer than the bound by this is a wait; so much comes from the machine's noise.
const NOISE_S: f64 = 0.060;
/// So much more than the client's usual pace is no wait.
const NO_WAIT_S: f64 = 0.010;
/// Shorter waits say nothing about growth or jitter: noise changes them too much.
const READABLE_S: f64 = 0.2;

/// Waits below this are none. `pace_s` is the client's own time between two calls; what a busy interpreter needs for
/// one is not a wait, and policies that begin with some tens of milliseconds are still waits.
pub(super) fn no_wait_below(pace_s: f64) -> f64 {
    pace_s + (2.0 * pace_s).clamp(NO_WAIT_S, 0.030)
}

/// The chains that go on without any wait to speak of: one that is long, or three that are not and are more than half of
/// all. Some chains of a policy that begins with short waits look as if it had none.
pub(super) fn without_backoff(chains: &[Waits], bound_s: f64) -> Vec<usize> {
    let is_quick = |waits: &Waits| {
        waits.len() >= RETRIES
            && median(waits) < bound_s
            && waits.iter().all(|wait| *wait <= bound_s + NOISE_S)
    };
    let quick: Vec<_> = (0..chains.len()).filter(|place| is_quick(&chains[*place])).collect();
    let long: Vec<_> = quick.iter().copied().filter(|place| chains[*place].len() >= MANY_RETRIES).collect();
    if !long.is_empty() {
        return long;
    }
    let all = chains.iter().filter(|waits| waits.len() >= RETRIES).count();
    if quick.len() >= 3 && 2 * quick.len() > all { quick } else { Vec::new() }
}

/// Whether equal runs with two further attempts each all go on without any wait to speak of. So few waits of one run show
/// nothing; those of all runs together do, since no policy draws nearly all of them close to nothing.
pub(super) fn all_without_backoff(runs: &[Waits], pace_s: f64) -> bool {
    let none_below = pace_s + NO_WAIT_S;
    let waits: Waits = runs.iter().flatten().copied().collect();
    let none = waits.iter().filter(|wait| **wait < none_below).count();
    let longest = waits.iter().copied().fold(0.0, f64::max);
    runs.len() >= RUNS
        && runs.iter().all(|waits| waits.len() + 1 >= RETRIES)
        && 4 * none >= 3 * waits.len()
        && longest <= none_below + NOISE_S
}

/// The medians of the waits if they do not grow, over several runs.
pub(super) fn flat(runs: &[Waits]) -> Option<Waits> {
    let medians = medians(runs)?;
    let (least, most) = bounds(&medians);
    let is_level = mean(&medians) >= READABLE_S && most < 1.3 * least;
    (is_level && is_narrow(runs, medians.len())).then_some(medians)
}

/// Whether all waits together differ little. Medians of few runs may happen to be level although the waits are drawn from
/// ranges that grow.
fn is_narrow(runs: &[Waits], places: usize) -> bool {
    let mut waits: Waits = runs.iter().flat_map(|waits| waits[..places].iter().copied()).collect();
    waits.sort_by(f64::total_cmp);
    let tenth = waits.len() / 10;
    waits[waits.len() - 1 - tenth] < 1.6 * waits[tenth]
}

/// Whether one long chain shows that waits do not grow: each is about the same from the first on.
pub(super) fn is_flat(waits: &Waits) -> bool {
    let (least, most) = bounds(waits);
    waits.len() >= 6 && least >= READABLE_S && most < 1.3 * least
}

/// The medians of the waits if all runs wait the same.
pub(super) fn in_step(runs: &[Waits]) -> Option<Waits> {
    let medians = medians(runs)?;
    let readable: Vec<_> = (0..medians.len()).filter(|place| medians[*place] >= READABLE_S).collect();
    let is_same = |place: &usize| {
        let mut waits: Vec<_> = runs.iter().map(|waits| waits[*place]).collect();
        waits.sort_by(f64::total_cmp);
        let (low, high) = (waits[waits.len() / 4], waits[(3 * waits.len()) / 4]);
        high - low < 0.03 * medians[*place] + 0.020
    };
    (readable.len() >= 2 && readable.iter().all(is_same)).then_some(medians)
}

/// The size of the inner groups if attempts come in equal groups: one retry loop inside another. Within a group the waits
/// are those of every other group, and between groups they are longer than those at the beginning of one.
pub(super) fn layers(runs: &[Waits]) -> Option<usize> {
    let attempts = runs.first()?.len() + 1;
    let medians = medians(runs).filter(|_| runs.iter().all(|waits| waits.len() + 1 == attempts))?;
    (2..=attempts / 2).find(|size| {
        let groups = attempts / size;
        let is_enough = if *size == 2 { groups >= 4 } else { groups * size >= 8 };
        attempts.is_multiple_of(*size) && is_enough && is_periodic(&medians, *size)
    })
}

fn is_periodic(waits: &[f64], size: usize) -> bool {
    let group = |start: usize| &waits[start..start + size - 1];
    let starts = (0..waits.len()).step_by(size);
    let is_like_first = |start: usize| {
        group(0)
            .iter()
            .zip(group(start))
            .all(|(one, other)| (one - other).abs() <= 0.020 + 0.3 * one.min(*other))
    };
    let is_pause = |start: usize| start == 0 || waits[start - 1] >= 2.0 * waits[start] + 0.050;
    starts.into_iter().all(|start| is_like_first(start) && is_pause(start))
}

/// The medians by place, of as many waits as all runs have; `None` when there are too few runs or waits.
fn medians(runs: &[Waits]) -> Option<Waits> {
    let places = runs.iter().map(Vec::len).min().filter(|places| *places >= RETRIES)?;
    let at = |place: usize| runs.iter().map(|waits| waits[place]).collect::<Waits>();
    (runs.len() >= RUNS).then(|| (0..places).map(|place| median(&at(place))).collect())
}

fn median(waits: &Waits) -> f64 {
    let mut sorted = waits.clone();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len().is_multiple_of(2) {
        f64::midpoint(sorted[middle - 1], sorted[middle])
    } else {
        sorted[middle]
    }
}

fn mean(waits: &Waits) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "there are few waits")]
    let count = waits.len() as f64;
    waits.iter().sum::<f64>() / count
}

fn bounds(waits: &Waits) -> (f64, f64) {
    waits.iter().fold((f64::INFINITY, 0.0), |(least, most), wait| (least.min(*wait), most.max(*wait)))
}
