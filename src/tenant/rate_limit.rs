//! The gateway's rate limit: a number of requests per client and API version in a window of time. Windows are
//! fixed: one opens with a client's first request and the next with the first after it has passed.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};

use crate::clock::{Timestamp, format_duration, parse_duration};
use crate::document::{Definitions, Mistakes, Node, Written, parsed};
use crate::wire::Refusal;

/// A limit, written `100/10s`; the service's own is that (vendor's rate limit page, 2026-04).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests in a window. 1 or more.
    pub requests: u32,
    /// The window's length. 1 ms or more.
    pub window: Duration,
}

impl FromStr for RateLimit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            let advice = meant(text).map_or_else(String::new, |meant| format!("; write {meant}"));
            format!(
                "`{text}` is not a rate limit; expected requests per time such as `100/10s`, or `off`{advice}"
            )
        };
        let (requests, window) = text.split_once('/').ok_or_else(wrong)?;
        let is_whole = !requests.is_empty() && requests.bytes().all(|byte| byte.is_ascii_digit());
        let window = parse_duration(window).ok().filter(|_| is_whole).ok_or_else(wrong)?;
        let requests = requests.parse().ok().filter(|requests| *requests > 0).ok_or_else(|| {
            format!("`{text}` is a limit of {requests} requests; expected 1 to {}", u32::MAX)
        })?;
        if window.is_zero() {
            return Err(format!("`{text}` is a limit for no time at all; expected 1ms or more"));
        }
        Ok(Self { requests, window })
    }
}

/// The limit that people write as `100/s`, `100 / 10s` or `100/10`.
fn meant(text: &str) -> Option<String> {
    let (requests, window) = text.split_once('/')?;
    let (requests, window) = (requests.trim(), window.trim());
    let window = match window.trim_start_matches(|c: char| c.is_ascii_digit()) {
        "" => format!("{window}s"),
        unit if unit == window => format!("1{unit}"),
        _ => window.to_owned(),
    };
    let meant = format!("{requests}/{window}");
    (meant != text && meant.parse::<RateLimit>().is_ok()).then_some(meant)
}

impl fmt::Display for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.requests, format_duration(self.window))
    }
}

/// A limit, or none: written `off`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limit(pub Option<RateLimit>);

impl FromStr for Limit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "off" { Ok(Self(None)) } else { text.parse().map(|limit| Self(Some(limit))) }
    }
}

impl Written for Limit {
    fn expected() -> Cow<'static, str> {
        "a limit such as `100/10s`, or off".into()
    }

    fn schema(_: &mut Definitions) -> Value {
        json!({ "type": "string", "pattern": "^(off|[0-9]+/[0-9.]+(ms|s|m|h))$" })
    }

    fn read(node: &Node<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        parsed(node, &Self::expected(), mistakes, str::parse)
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl Serialize for Limit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            None => serializer.serialize_str("off"),
            Some(limit) => serializer.collect_str(&limit),
        }
    }
}

/// The windows that are open, by client and API version.
#[derive(Clone, Debug, Default)]
pub struct RateLimiter {
    windows: HashMap<(String, &'static str), Window>,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    opened: Timestamp,
    requests: u32,
}

impl RateLimiter {
    /// Counts a request, or refuses it with the whole seconds until the window ends.
    pub fn admit(
        &mut self,
        limit: RateLimit,
        client: &str,
        version: &'static str,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let window =
            self.windows.entry((client.to_owned(), version)).or_insert(Window { opened: now, requests: 0 });
        // A clock that was set back opens a new window, too.
        if now < window.opened || now.since(window.opened) >= limit.window {
            *window = Window { opened: now, requests: 0 };
        }
        if window.requests < limit.requests {
            window.requests += 1;
            return Ok(());
        }
        let left = window.opened.plus(limit.window).since(now);
        let retry_after_seconds = u64::try_from(left.as_millis().div_ceil(1_000)).unwrap_or(u64::MAX).max(1);
        Err(Refusal::RateLimited { retry_after_seconds })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_written_as_they_are_read() {
        for text in ["100/10s", "1/500ms", "5/1m"] {
            assert_eq!(text.parse::<RateLimit>().unwrap().to_string(), text);
        }
        for text in ["100", "0/10s", "100/0s", "-1/10s", "a/10s", "100/10", ""] {
            assert!(text.parse::<RateLimit>().is_err(), "{text}");
        }
        for (text, why) in [
            ("0/10s", "a limit of 0 requests; expected 1 to 4294967295"),
            ("4294967296/10s", "a limit of 4294967296 requests; expected 1 to 4294967295"),
            ("100/0s", "a limit for no time at all; expected 1ms or more"),
        ] {
            assert_eq!(text.parse::<RateLimit>(), Err(format!("`{text}` is {why}")));
        }
    }

    #[test]
    fn each_client_and_version_has_a_window_of_its_own() {
        let limit: RateLimit = "2/10s".parse().unwrap();
        let mut limiter = RateLimiter::default();
        let mut admit = |client, version, millis| match limiter.admit(
            limit,
            client,
            version,
            Timestamp::from_millis(millis),
        ) {
            Ok(()) => 0,
            Err(Refusal::RateLimited { retry_after_seconds }) => retry_after_seconds,
            Err(other) => panic!("{other:?}"),
        };
        assert_eq!([admit("a", "v3", 0), admit("a", "v3", 1), admit("a", "v3", 2)], [0, 0, 10]);
        assert_eq!(admit("a", "v3", 9_001), 1);
        assert_eq!(admit("a", "v3", 9_999), 1);
        assert_eq!((admit("b", "v3", 5), admit("a", "v1", 5)), (0, 0));
        assert_eq!(admit("a", "v3", 10_000), 0);
    }
}
