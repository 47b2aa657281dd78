//! `rateLimited`: 429 as the gateway sends it, once or for a while.

use std::time::Duration;

use hyper::header::RETRY_AFTER;

use super::{Answer, Call, Effect, Fault, Kind};
use crate::clock::{Span, Timestamp, format_duration};
use crate::document::{Limit, record};
use crate::scenario::mistake::Mistake;
use crate::scenario::written::Rule;
use crate::wire::{Reply, TrackingId, refusal};

record! {
    /// 429 as the gateway sends it.
    pub struct RateLimited as "rateLimit" {
        /// What `Retry-After` says, in whole seconds, rounded up; 1s when absent.
        pub retry_after: Span = or("retryAfter", one_second()),
        /// Leave `Retry-After` out.
        pub omit_header: bool = optional("omitHeader"),
        /// Say the time as an HTTP date instead of seconds.
        pub as_date: bool = optional("asDate"),
        /// Once fired, keep firing on every match for this long: a window that may end earlier or later than
        /// `Retry-After` says.
        pub window: Option<Span> = optional("window"),
        /// Longer waits for a client that comes back early. The limit then lasts as long as it says, or for the window
        /// if that is longer.
        pub escalates: Option<Escalates> = optional("escalates"),
    }
}

record! {
    derive(Eq)
    /// Longer waits for a client that comes back before the wait it was told is over. What is left out is as the
    /// vendor's gateway has it by default (rate limit page, 2026-04).
    pub struct Escalates as "escalation" {
        /// How many early calls lead to the next of the longer waits.
        pub after: u64 = or("after", 3) within Limit::Between(1, 1_000),
        /// In which time they are counted.
        pub within: Span = or("within", Span(Duration::from_mins(2))),
        /// The longer waits, one after the other; the last stays.
        pub to: Vec<Span> = or("to", waits()) within Limit::Entries(1, MOST_WAITS),
        /// For how long after its end a longer wait is remembered: the next one then follows it.
        pub forget: Span = or("forget", Span(Duration::from_hours(1))),
    }
}

/// How many longer waits there may be.
const MOST_WAITS: usize = 100;

fn one_second() -> Span {
    Span(Duration::from_secs(1))
}

fn waits() -> Vec<Span> {
    [60, 300, 600, 1_200].map(|seconds| Span(Duration::from_secs(seconds))).into()
}

impl Default for RateLimited {
    fn default() -> Self {
        Self { retry_after: one_second(), omit_header: false, as_date: false, window: None, escalates: None }
    }
}

impl Kind for RateLimited {
    fn effect(&self) -> Effect<'_> {
        Effect::Instead(self)
    }

    fn in_words(&self) -> String {
        let header = match (self.omit_header, self.as_date) {
            (true, _) => "without Retry-After".to_owned(),
            (false, true) => {
                format!("with Retry-After {} from now, as a date", format_duration(self.retry_after.0))
            }
            (false, false) => format!("with Retry-After {}", self.whole_seconds()),
        };
        let window = self.window.map(|window| format!(", repeatedly for {}", format_duration(window.0)));
        let escalates = self.escalates.as_ref().map(|escalates| format!(", and {}", escalates.in_words()));
        format!("a 429 {header}{}{}", window.unwrap_or_default(), escalates.unwrap_or_default())
    }

    fn check(&self, _rule: &Rule) -> Result<(), Mistake> {
        if self.window.is_some_and(|window| window.0.is_zero()) {
            return Err(Mistake::new("/window", "a window of 0; expected more than 0"));
        }
        if self.omit_header && self.as_date {
            return Err(Mistake::new("/asDate", "`asDate` beside `omitHeader`; expected one of the two"));
        }
        self.escalates.as_ref().map_or(Ok(()), |escalates| {
            self.check_wait()?;
            escalates.check().map_err(|mistake| mistake.below("/escalates"))
        })
    }

    fn window(&self) -> Option<Duration> {
        self.window.map(|window| window.0)
    }

    fn escalates(&self) -> Option<(&Escalates, Duration)> {
        self.escalates.as_ref().map(|escalates| (escalates, self.retry_after.0))
    }

    fn telling(&self, wait: Duration) -> Option<Fault> {
        (wait != self.retry_after.0).then(|| Self { retry_after: Span(wait), ..self.clone() }.into())
    }
}

impl Escalates {
    fn in_words(&self) -> String {
        let waits: Vec<_> = self.to.iter().map(|wait| format_duration(wait.0)).collect();
        format!(
            "with {} to a client that comes early {} within {}",
            waits.join(", then "),
            if self.after == 1 { "once".to_owned() } else { format!("{} times", self.after) },
            format_duration(self.within.0)
        )
    }

    fn check(&self) -> Result<(), Mistake> {
        if self.within.0.is_zero() {
            return Err(Mistake::new("/within", "within 0; expected more than 0"));
        }
        if !(1..=1_000).contains(&self.after) {
            let message = format!("after {}; expected 1 to 1000", self.after);
            return Err(Mistake::new("/after", message));
        }
        if self.to.is_empty() || self.to.len() > MOST_WAITS {
            let message = format!("{} waits; expected 1 to {MOST_WAITS}", self.to.len());
            return Err(Mistake::new("/to", message));
        }
        match self.to.iter().position(|wait| wait.0.is_zero()) {
            Some(place) => Err(Mistake::new(format!("/to/{place}"), "a wait of 0; expected more than 0")),
            None => Ok(()),
        }
    }
}

impl RateLimited {
    /// Whether a client can come before the wait that it was told is over.
    fn check_wait(&self) -> Result<(), Mistake> {
        if self.omit_header {
            let message = "`escalates` beside `omitHeader`: a client that was told no wait cannot come early; expected one of the two";
            return Err(Mistake::new("/escalates", message));
        }
        if self.retry_after.0.is_zero() {
            let message =
                "`escalates` beside a `retryAfter` of 0: nobody can come early; expected more than 0";
            return Err(Mistake::new("/retryAfter", message));
        }
        Ok(())
    }

    fn whole_seconds(&self) -> u64 {
        u64::try_from(self.retry_after.0.as_millis().div_ceil(1_000)).unwrap_or(u64::MAX)
    }
}

impl Answer for RateLimited {
    fn reply(&self, _tracking_id: TrackingId, now: Timestamp, _to: Call) -> Reply {
        let reply = refusal::rate_limited();
        if self.omit_header {
            reply
        } else if self.as_date {
            reply.with(RETRY_AFTER, now.plus(self.retry_after.0).http_date())
        } else {
            reply.with(RETRY_AFTER, self.whole_seconds())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::fault::testing::{mistake, words};

    fn retry_after(limited: &RateLimited) -> Option<String> {
        let reply = limited.reply(TrackingId([0; 16]), Timestamp::from_millis(0), Call::Token);
        reply.header("retry-after").map(ToOwned::to_owned)
    }

    #[test]
    fn retry_after_is_in_whole_seconds_or_a_date_or_absent() {
        let limited =
            RateLimited { retry_after: Span(Duration::from_millis(1_001)), ..RateLimited::default() };
        assert_eq!(retry_after(&limited).as_deref(), Some("2"));
        let as_date = RateLimited { as_date: true, ..limited.clone() };
        assert_eq!(retry_after(&as_date).as_deref(), Some("Thu, 01 Jan 1970 00:00:01 GMT"));
        assert_eq!(retry_after(&RateLimited { omit_header: true, ..limited }), None);
    }

    #[test]
    fn a_header_that_is_two_things_and_a_window_of_no_time_are_mistakes() {
        for (settings, expected) in [
            ("omitHeader: true, asDate: true", "`asDate` beside `omitHeader`; expected one of the two"),
            ("window: 0s", "a window of 0; expected more than 0"),
            (
                "omitHeader: true, escalates: {}",
                "a client that was told no wait cannot come early; expected one of the two",
            ),
            ("retryAfter: 0s, escalates: {}", "nobody can come early; expected more than 0"),
            ("escalates: {after: 0}", "after 0; expected 1 to 1000"),
            ("escalates: {within: 0s}", "within 0; expected more than 0"),
            ("escalates: {to: [60s, 0s]}", "a wait of 0; expected more than 0"),
        ] {
            let found = mistake(&format!("{{fault: {{rateLimited: {{{settings}}}}}}}"));
            assert!(found.ends_with(expected), "{found}");
        }
    }

    #[test]
    fn it_is_said_in_words() {
        for (settings, expected) in [
            ("", "a 429 with Retry-After 1"),
            ("omitHeader: true", "a 429 without Retry-After"),
            ("retryAfter: 5s, asDate: true", "a 429 with Retry-After 5s from now, as a date"),
            ("window: 3s", "a 429 with Retry-After 1, repeatedly for 3s"),
            (
                "escalates: {to: [60s, 5m]}",
                "a 429 with Retry-After 1, and with 1m, then 5m to a client that comes early 3 times within 2m",
            ),
        ] {
            assert_eq!(words(&format!("{{rateLimited: {{{settings}}}}}")), expected);
        }
    }
}
