//! Values as they are compared: texts without regard to case, times as points in time. What a filter says and what a
//! record holds go through here alike.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::fmt::temporal::Pieces;

/// A text as it is compared: each letter in lower case by itself, whatever letters are beside it.
pub(super) fn folded(text: &str) -> Box<str> {
    if text.is_ascii() {
        return text.to_ascii_lowercase().into();
    }
    text.chars().flat_map(char::to_lowercase).collect::<String>().into()
}

/// A point in time: RFC 3339, or a date or a year for its beginning in UTC.
pub(super) fn time(text: &str) -> Option<Timestamp> {
    let is_made_of = |shape: &str| {
        text.len() == shape.len()
            && text.bytes().zip(shape.bytes()).all(|(byte, part)| match part {
                b'0' => byte.is_ascii_digit(),
                _ => byte == part,
            })
    };
    let whole: Cow<'_, str> = if is_made_of("0000") {
        format!("{text}-01-01T00:00:00Z").into()
    } else if is_made_of("0000-00-00") {
        format!("{text}T00:00:00Z").into()
    } else {
        text.into()
    };
    // What jiff reads beyond RFC 3339 has brackets, or no date of ten characters.
    let is_rfc_3339 = matches!(whole.as_bytes().get(10), Some(b'T' | b't' | b' ')) && !whole.contains('[');
    is_rfc_3339.then(|| whole.parse().ok().or_else(|| beyond(&whole))).flatten()
}

/// The last instant for one in the last hours of the year 9999, which RFC 3339 can write and our type cannot hold. No
/// record has either.
fn beyond(text: &str) -> Option<Timestamp> {
    let pieces = Pieces::parse(text).ok()?;
    (pieces.date().year() == 9999 && pieces.offset().is_some()).then_some(Timestamp::MAX)
}

/// A number as JSON writes it.
pub(super) fn number(text: &str) -> Option<f64> {
    let is_json = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'));
    text.parse().ok().filter(|number: &f64| is_json && number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_is_lost_letter_by_letter() {
        for (one, other) in [("Straße", "STRAßE"), ("ÄPFEL", "äpfel"), ("ΟΔΟΣ", "οδοσ"), ("abC", "ABc")]
        {
            assert_eq!(folded(one), folded(other), "{one}");
        }
        assert_ne!(folded("a"), folded("b"));
    }

    #[test]
    fn a_date_and_a_year_are_their_beginning() {
        for (text, whole) in [
            ("2018", "2018-01-01T00:00:00Z"),
            ("2018-12-18", "2018-12-18T00:00:00Z"),
            ("2018-12-18T23:05:55.25+01:00", "2018-12-18T22:05:55.250Z"),
            ("2018-12-18t23:05:55z", "2018-12-18T23:05:55Z"),
        ] {
            assert_eq!(time(text), Some(whole.parse().unwrap()), "{text}");
        }
        for text in ["", "18", "20181", "2018-13-01", "2018-12-18T23:05:55", "2018-12", "yesterday"] {
            assert_eq!(time(text), None, "{text}");
        }
    }

    #[test]
    fn the_end_of_the_last_year_is_later_than_everything() {
        for text in ["9999-12-31", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999-12:00"] {
            assert_eq!(time(text), Some(Timestamp::MAX), "{text}");
        }
        assert!(time("9999") < Some(Timestamp::MAX));
        for text in ["9999-12-32", "9999-12-31T23:59:59", "9999-13-31T23:59:59Z", "9999-12-31T24:59:59Z"] {
            assert_eq!(time(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_are_those_of_json() {
        assert_eq!(["7", "-1.5", "2e3"].map(number), [Some(7.0), Some(-1.5), Some(2_000.0)]);
        assert_eq!(["", "nan", "inf", "1e999", "0x10", "1_000", "seven"].map(number), [None; 7]);
    }
}
