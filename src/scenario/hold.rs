//! How long a wait is: drawn, explained in words and checked.

use std::time::Duration;

use rand::RngExt;

use super::mistake::Mistake;
use super::written::Hold;
use crate::chance::Chance;
use crate::clock::{Span, format_duration};

/// The longest possible drawn wait; the log-normal's tail has no end of its own.
const LONGEST_HOLD: Duration = Duration::from_mins(10);

/// A normal deviate exceeds this once in a hundred times.
const NORMAL_P99: f64 = 2.326_347_874;

impl Hold {
    /// How long it is. A draw is the `nth` under the label that `label` makes.
    pub(super) fn draw(self, chance: Chance, label: impl FnOnce() -> String, nth: u64) -> Duration {
        match self {
            Self::Fixed(Span(duration)) => duration,
            Self::Uniform(Span(least), Span(most)) => {
                least + most.saturating_sub(least).mul_f64(chance.unit(&label(), nth))
            }
            Self::Lognormal { median, p99 } => {
                let sigma = (p99.0.as_secs_f64() / median.0.as_secs_f64()).ln() / NORMAL_P99;
                let factor = (sigma * normal(chance, &label(), nth)).exp();
                Duration::try_from_secs_f64(median.0.as_secs_f64() * factor)
                    .unwrap_or(LONGEST_HOLD)
                    .min(LONGEST_HOLD)
            }
        }
    }

    /// What it is, to follow what comes late.
    pub(super) fn in_words(&self) -> String {
        match self {
            Self::Fixed(span) => format!("{} late", format_duration(span.0)),
            Self::Uniform(least, most) => {
                format!("{} to {} late", format_duration(least.0), format_duration(most.0))
            }
            Self::Lognormal { median, p99 } => format!(
                "late, by {} half of the time and by more than {} once in a hundred",
                format_duration(median.0),
                format_duration(p99.0)
            ),
        }
    }

    /// What is wrong with it.
    pub(super) fn check(&self) -> Result<(), Mistake> {
        let message = match self {
            Self::Uniform(least, most) if least > most => {
                "the minimum is longer than the maximum; expected [min, max]"
            }
            Self::Lognormal { median, .. } if median.0.is_zero() => "a median of 0; expected more than 0",
            Self::Lognormal { median, p99 } if median > p99 => {
                "the median is longer than the p99; expected the p99 longer"
            }
            _ => return Ok(()),
        };
        Err(Mistake::new("", message))
    }
}

/// A standard normal deviate by the method of Box and Muller.
fn normal(chance: Chance, label: &str, nth: u64) -> f64 {
    let mut stream = chance.stream(label, nth);
    let (first, second): (f64, f64) = (stream.random(), stream.random());
    (-2.0 * (1.0 - first).ln()).sqrt() * (std::f64::consts::TAU * second).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draws(hold: Hold) -> Vec<Duration> {
        let chance = Chance::new(1, "default");
        (1..=1_000).map(|nth| hold.draw(chance, || "rule".to_owned(), nth)).collect()
    }

    fn span(millis: u64) -> Span {
        Span(Duration::from_millis(millis))
    }

    #[test]
    fn a_uniform_wait_stays_between_its_ends_and_uses_all_of_it() {
        let draws = draws(Hold::Uniform(span(100), span(200)));
        let (least, most) = (draws.iter().min().unwrap(), draws.iter().max().unwrap());
        assert!((span(100).0..span(105).0).contains(least) && (span(195).0..span(200).0).contains(most));
    }

    #[test]
    fn a_lognormal_wait_has_its_median_and_p99_and_an_end() {
        let count = |hold, beyond: Duration| draws(hold).iter().filter(|wait| **wait > beyond).count();
        let hold = Hold::Lognormal { median: span(100), p99: span(1_000) };
        // Five standard deviations of a binomial count, either way.
        assert!((421..=579).contains(&count(hold, span(100).0)), "{}", count(hold, span(100).0));
        assert!((1..=26).contains(&count(hold, span(1_000).0)), "{}", count(hold, span(1_000).0));
        let huge = Hold::Lognormal { median: span(1), p99: Span(Duration::from_hours(1_000_000)) };
        assert!(draws(huge).iter().all(|wait| *wait <= LONGEST_HOLD));
    }
}
