//! `rateLimited`: 429 as the gateway sends it, once or for a while.

use std::time::Duration;

use hyper::header::RETRY_AFTER;

use super::{Answer, Effect, Kind};
use crate::clock::{Span, Timestamp, format_duration};
use crate::document::record;
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
    }
}

fn one_second() -> Span {
    Span(Duration::from_secs(1))
}

impl Default for RateLimited {
    fn default() -> Self {
        Self { retry_after: one_second(), omit_header: false, as_date: false, window: None }
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
        match self.window {
            None => format!("a 429 {header}"),
            Some(window) => format!("a 429 {header}, repeatedly for {}", format_duration(window.0)),
        }
    }

    fn check(&self, _rule: &Rule) -> Result<(), Mistake> {
        if self.window.is_some_and(|window| window.0.is_zero()) {
            return Err(Mistake::new("/window", "a window of 0; expected more than 0"));
        }
        if self.omit_header && self.as_date {
            return Err(Mistake::new("/asDate", "`asDate` beside `omitHeader`; expected one of the two"));
        }
        Ok(())
    }

    fn window(&self) -> Option<Duration> {
        self.window.map(|window| window.0)
    }
}

impl RateLimited {
    fn whole_seconds(&self) -> u64 {
        u64::try_from(self.retry_after.0.as_millis().div_ceil(1_000)).unwrap_or(u64::MAX)
    }
}

impl Answer for RateLimited {
    fn reply(&self, _tracking_id: TrackingId, now: Timestamp) -> Reply {
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
        let reply = limited.reply(TrackingId([0; 16]), Timestamp::from_millis(0));
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
        ] {
            assert_eq!(words(&format!("{{rateLimited: {{{settings}}}}}")), expected);
        }
    }
}
