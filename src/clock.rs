//! The one source of time. A `Timestamp` is a point in a tenant's time, a `Clock` says what time it is for the
//! tenant, and durations are read from text here. Nothing below the server reads the machine's clock: wall time
//! comes in as an argument.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use jiff::fmt::temporal::Pieces;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};

use crate::document::{Definitions, Mistakes, Node, Written, parsed};

/// A point in time, in whole milliseconds since 1970-01-01T00:00:00Z; shown as RFC 3339 in UTC.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// The last instant that can be written in any offset.
const LAST_MILLIS: i64 = 253_402_207_199_999;
/// The same as people write it.
const LAST: &str = "9999-12-30T21:59:59.999Z";
/// The first instant that an HTTP date can write without a sign.
const FIRST_MILLIS: i64 = -62_167_219_200_000;
/// The same as people write it.
const FIRST: &str = "0000-01-01T00:00:00Z";

impl Timestamp {
    /// The instant this many milliseconds after the epoch, kept within the years 0000 to 9999.
    pub const fn from_millis(millis: i64) -> Self {
        if millis > LAST_MILLIS {
            Self(LAST_MILLIS)
        } else if millis < FIRST_MILLIS {
            Self(FIRST_MILLIS)
        } else {
            Self(millis)
        }
    }

    /// Milliseconds since the epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down, as tokens count.
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// The instant `by` later; the end of the year 9999 at most.
    #[must_use]
    pub fn plus(self, by: Duration) -> Self {
        Self::from_millis(self.0.saturating_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
    }

    /// The instant `by` earlier.
    #[must_use]
    pub fn minus(self, by: Duration) -> Self {
        Self::from_millis(self.0.saturating_sub(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
    }

    /// How long after `earlier` this is; zero when it is not after it.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Reads RFC 3339, with any offset and any precision.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.parse::<jiff::Timestamp>().map(jiff::Timestamp::as_millisecond) {
            Ok(millis) if millis < FIRST_MILLIS => {
                Err(format!("`{text}` is too early; expected {FIRST} or later"))
            }
            Ok(millis) if millis <= LAST_MILLIS => Ok(Self(millis)),
            Ok(_) => Err(too_late(text)),
            Err(_) => Err(not_a_time(text)),
        }
    }

    /// Reads the form of the HTTP `Date` header.
    pub fn parse_http_date(text: &str) -> Option<Self> {
        let at = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
        Some(Self::from_millis(at.as_millisecond()))
    }

    /// The form of the HTTP `Date` header.
    pub fn http_date(self) -> String {
        jiff::fmt::rfc2822::DateTimePrinter::new()
            .timestamp_to_rfc9110_string(&self.jiff())
            .expect("years 0000 to 9999 can be written")
    }

    fn jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.0).expect("years 0000 to 9999 are in range")
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.jiff())
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl Written for Timestamp {
    fn expected() -> Cow<'static, str> {
        "a time such as `2026-11-24T09:30:00Z`".into()
    }

    fn schema(_: &mut Definitions) -> Value {
        json!({ "type": "string", "format": "date-time" })
    }

    fn read(node: &Node<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        parsed(node, &Self::expected(), mistakes, Self::parse)
    }
}

/// A tenant's clock: its mode and its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// Runs with the wall clock, this many milliseconds ahead of it.
    Auto {
        /// Tenant time minus wall time.
        ahead_millis: i64,
    },
    /// Stands still until it is moved.
    Manual {
        /// Tenant time.
        at: Timestamp,
    },
    /// Stands still until it is moved, and jumps to the next event when nothing else can happen.
    Skipping {
        /// Tenant time.
        at: Timestamp,
    },
}

impl Clock {
    /// A clock that shows the wall time.
    pub const fn auto() -> Self {
        Self::Auto { ahead_millis: 0 }
    }

    /// A clock that stands still at `at`.
    pub const fn manual(at: Timestamp) -> Self {
        Self::Manual { at }
    }

    /// The tenant's time when the wall clock shows `wall`.
    pub fn now(self, wall: Timestamp) -> Timestamp {
        match self {
            Self::Auto { ahead_millis } => {
                Timestamp::from_millis(wall.as_millis().saturating_add(ahead_millis))
            }
            Self::Manual { at } | Self::Skipping { at } => at,
        }
    }
}

fn too_late(text: &str) -> String {
    format!("`{text}` is too late; expected {LAST} or earlier")
}

/// Why a text is no time. A date, or a time without an offset, is answered with what to write: it is taken to be in UTC.
fn not_a_time(text: &str) -> String {
    let pieces = Pieces::parse(text).ok();
    // What has all its parts and still is no time lies behind the last one that can be told.
    if pieces.as_ref().is_some_and(|pieces| pieces.offset().is_some()) {
        return too_late(text);
    }
    let local = pieces.filter(|pieces| pieces.time_zone_annotation().is_none());
    let meant = local.map(|pieces| pieces.date().to_datetime(pieces.time().unwrap_or_default()));
    let advice = meant.map_or_else(String::new, |meant| format!("; write {meant}Z"));
    format!("`{text}` is not a time; expected RFC 3339 such as `2026-11-24T09:30:00Z`{advice}")
}

/// Reads a duration such as `200ms`, `5s`, `13m` or `1h`: a whole or decimal number and one unit.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let wrong = || {
        let advice = meant_duration(text).map_or_else(String::new, |meant| format!("; write {meant}"));
        format!(
            "`{text}` is not a duration; expected a number and a unit: `200ms`, `5s`, `13m`, `1h`{advice}"
        )
    };
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(wrong)?;
    let millis_per_unit = match &text[digits..] {
        "ms" => 1.0,
        "s" => 1_000.0,
        "m" => 60_000.0,
        "h" => 3_600_000.0,
        _ => return Err(wrong()),
    };
    // `1.` and `.5` are numbers to Rust, not to the files' schema.
    if text[..digits].split('.').any(str::is_empty) {
        return Err(wrong());
    }
    let number: f64 = text[..digits].parse().map_err(|_| wrong())?;
    Duration::try_from_secs_f64(number * millis_per_unit / 1_000.0)
        .ok()
        .filter(|duration| *duration <= LONGEST)
        .map(|duration| {
            Duration::from_millis(u64::try_from(duration.as_micros().div_ceil(1_000)).unwrap_or(0))
        })
        .ok_or_else(|| format!("`{text}` is too long; expected at most 87600h (ten years)"))
}

/// The duration that people write as `5 s`, `2 minutes`, `1h30m`, `2d` or just `5`.
fn meant_duration(text: &str) -> Option<String> {
    let is_digit = |c: char| c.is_ascii_digit() || c == '.';
    let mut parts = Vec::new();
    let mut rest = text.strip_prefix("PT").unwrap_or(text).trim();
    while !rest.is_empty() {
        let (number, unit_and_rest) = rest.split_at(rest.find(|c| !is_digit(c)).unwrap_or(rest.len()));
        let (unit, after) =
            unit_and_rest.split_at(unit_and_rest.find(is_digit).unwrap_or(unit_and_rest.len()));
        let hours: f64 = if matches!(unit.trim(), "d" | "D" | "day" | "days") { 24.0 } else { 1.0 };
        let unit = match unit.trim().to_ascii_lowercase().as_str() {
            "ms" | "msec" | "millis" | "millisecond" | "milliseconds" => "ms",
            // Beside others it may mean anything.
            "" if !parts.is_empty() => return None,
            "" | "s" | "sec" | "secs" | "second" | "seconds" => "s",
            "m" | "min" | "mins" | "minute" | "minutes" => "m",
            "h" | "hr" | "hrs" | "hour" | "hours" | "d" | "day" | "days" => "h",
            _ => return None,
        };
        parts.push(match hours {
            1.0 => format!("{number}{unit}"),
            hours => format!("{}{unit}", number.parse::<f64>().ok()? * hours),
        });
        rest = after;
    }
    let meant = match parts.as_slice() {
        [] => return None,
        [one] => one.clone(),
        parts => {
            let mut sum = Duration::ZERO;
            for part in parts {
                sum += parse_duration(part).ok()?;
            }
            format_duration(sum)
        }
    };
    (meant != text && parse_duration(&meant).is_ok()).then_some(meant)
}

/// Ten years: longer waits are mistakes, and sums of them stay far below any overflow.
const LONGEST: Duration = Duration::from_hours(87_600);

/// Whether a token can have this lifetime: whole seconds, one or more.
pub fn is_whole_seconds(duration: Duration) -> bool {
    duration.as_secs() > 0 && duration.subsec_nanos() == 0
}

/// Writes a duration in the largest unit that divides it: the inverse of [`parse_duration`].
pub fn format_duration(duration: Duration) -> String {
    let millis = duration.as_millis();
    match millis {
        0 => "0s".to_owned(),
        _ if millis.is_multiple_of(3_600_000) => format!("{}h", millis / 3_600_000),
        _ if millis.is_multiple_of(60_000) => format!("{}m", millis / 60_000),
        _ if millis.is_multiple_of(1_000) => format!("{}s", millis / 1_000),
        _ => format!("{millis}ms"),
    }
}

/// A duration as files write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub Duration);

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format_duration(self.0))
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parse_duration(&String::deserialize(deserializer)?).map(Self).map_err(D::Error::custom)
    }
}

impl Written for Span {
    fn expected() -> Cow<'static, str> {
        "a duration such as `5s`".into()
    }

    fn schema(definitions: &mut Definitions) -> Value {
        definitions.refer("duration", |_| {
            json!({
                "description": "A number and a unit: 200ms, 5s, 13m, 1.5h.",
                "type": "string",
                "pattern": "^[0-9]+(\\.[0-9]+)?(ms|s|m|h)$",
            })
        })
    }

    fn read(node: &Node<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        parsed(node, &Self::expected(), mistakes, parse_duration).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_utc_with_milliseconds() {
        let at = Timestamp::parse("2026-11-23T22:27:31.965000+01:00").unwrap();
        assert_eq!(at.to_string(), "2026-11-23T21:27:31.965Z");
        assert_eq!(at.http_date(), "Mon, 23 Nov 2026 21:27:31 GMT");
        assert_eq!(Timestamp::from_millis(0).to_string(), "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn the_last_instant_can_be_written() {
        let end = Timestamp::from_millis(i64::MAX).plus(Duration::MAX);
        assert_eq!(end.to_string(), "9999-12-30T21:59:59.999Z");
        assert_eq!(Timestamp::from_millis(i64::MIN).to_string(), "0000-01-01T00:00:00.000Z");
    }

    #[test]
    fn a_time_out_of_reach_is_told_the_limit() {
        for (text, told) in [
            ("9999-12-31T23:59:59Z", "is too late; expected 9999-12-30T21:59:59.999Z or earlier"),
            ("9999-12-30T22:00:00Z", "is too late; expected 9999-12-30T21:59:59.999Z or earlier"),
            ("-000001-12-31T23:59:59Z", "is too early; expected 0000-01-01T00:00:00Z or later"),
            ("yesterday", "is not a time; expected RFC 3339 such as `2026-11-24T09:30:00Z`"),
            ("10000-01-01T00:00:00Z", "is not a time; expected RFC 3339 such as `2026-11-24T09:30:00Z`"),
            ("2026-02-30T12:00:00Z", "is not a time; expected RFC 3339 such as `2026-11-24T09:30:00Z`"),
        ] {
            assert_eq!(Timestamp::parse(text), Err(format!("`{text}` {told}")));
        }
        for (millis, text) in [(FIRST_MILLIS, FIRST), (LAST_MILLIS, LAST)] {
            assert_eq!(Timestamp::parse(text), Ok(Timestamp(millis)));
        }
    }

    #[test]
    fn a_time_with_a_part_missing_is_answered_with_what_to_write() {
        for (text, meant) in [
            ("2026-11-25", "2026-11-25T00:00:00Z"),
            ("2026-11-25T12:00:00", "2026-11-25T12:00:00Z"),
            ("2026-11-25 12:00", "2026-11-25T12:00:00Z"),
        ] {
            let told = Timestamp::parse(text).unwrap_err();
            assert!(told.ends_with(&format!("; write {meant}")), "{told}");
        }
    }

    #[test]
    fn durations_have_a_number_and_a_unit() {
        for (text, millis) in
            [("200ms", 200), ("5s", 5_000), ("13m", 780_000), ("1h", 3_600_000), ("1.5s", 1_500), ("0s", 0)]
        {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "5", "s", "5 s", "-5s", "5d", "1.2.3s", "1.s", ".5s", "999999h"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_duration_in_other_words_is_answered_with_what_to_write() {
        for (text, meant) in [
            ("5", "5s"),
            ("5 s", "5s"),
            ("1.5 Seconds", "1.5s"),
            ("1h30m", "90m"),
            ("1m30s", "90s"),
            ("1 hour 30 minutes", "90m"),
            ("PT5S", "5s"),
            ("2d", "48h"),
            ("1 day 6h", "30h"),
        ] {
            let told = parse_duration(text).unwrap_err();
            assert!(told.ends_with(&format!("; write {meant}")), "{told}");
        }
        for text in ["", "PT", "soon", "-5s", "5y", "1.2.3s", "4000d", "1h30"] {
            assert!(!parse_duration(text).unwrap_err().contains("; write"), "{text}");
        }
    }

    #[test]
    fn durations_are_written_as_they_are_read() {
        for text in ["200ms", "5s", "13m", "1h", "90s", "0s"] {
            let duration = parse_duration(text).unwrap();
            assert_eq!(parse_duration(&format_duration(duration)), Ok(duration), "{text}");
        }
    }

    #[test]
    fn an_automatic_clock_runs_and_a_manual_one_stands() {
        let (then, later) = (Timestamp::from_millis(1_000), Timestamp::from_millis(5_000));
        assert_eq!(Clock::Auto { ahead_millis: 500 }.now(later), Timestamp::from_millis(5_500));
        assert_eq!(Clock::manual(then).now(later), then);
    }
}
