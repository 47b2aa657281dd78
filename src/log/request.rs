//! A request on one line of the log: time, method and path, status, fault, client, duration, and why it was refused as
//! far as there is room. The line fits a terminal; what does not fit is cut, and the journal has all of it.

use std::fmt::Debug;
use std::fmt::Write as _;

use tracing::field::{Field, Visit};

use super::paint::Paint;

/// The longest line, in columns.
const COLUMNS: usize = 100;
/// Where a status stands when method and path are short, so that statuses stand below each other.
const USUAL: usize = 44;
/// The least that method and path get.
const LEAST: usize = 20;
/// What else gets at most, in columns.
const FAULT: usize = 36;
const CLIENT: usize = 16;
/// The least room that is worth a reason, and how much one gets at the cost of a long path.
const SHORT_REASON: usize = 8;
const REASON: usize = 36;

/// What an event about a request says.
#[derive(Default)]
pub(super) struct RequestLine {
    /// Method and target.
    message: String,
    status: Option<u64>,
    tenant: String,
    client: String,
    client_name: String,
    fault: String,
    delivery: String,
    took_us: u64,
    detail: String,
}

impl Visit for RequestLine {
    fn record_u64(&mut self, field: &Field, value: u64) {
        match field.name() {
            "status" => self.status = Some(value),
            "took_us" => self.took_us = value,
            _ => {}
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let kept = match field.name() {
            "tenant" => &mut self.tenant,
            "client" => &mut self.client,
            "client_name" => &mut self.client_name,
            "fault" => &mut self.fault,
            "delivery" => &mut self.delivery,
            "detail" => &mut self.detail,
            _ => return,
        };
        value.clone_into(kept);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        }
    }
}

impl RequestLine {
    /// The line.
    pub(super) fn text(&self, time: &str, paint: Paint) -> String {
        let status = self.status.map_or_else(|| "---".to_owned(), |status| status.to_string());
        let fault = cut(&self.fault(), FAULT);
        let (client, took) = (cut(&self.client(), CLIENT), took(self.took_us));
        let behind = [&status, &fault, &client, &took].map(String::as_str);
        let behind: usize = behind.iter().filter(|part| !part.is_empty()).map(|part| 1 + columns(part)).sum();
        let room = COLUMNS - columns(time) - 1 - behind;
        let reason = columns(&self.detail).min(REASON);
        let asked_room =
            if reason == 0 { room } else { room.saturating_sub(reason + 2).max(LEAST.min(room)) };
        let mut asked = cut_target(&self.message, asked_room);
        let padding = USUAL.min(asked_room).saturating_sub(columns(&asked));
        // Columns that stand below each other are worth less than a reason that can be read to its end.
        let spare = room.saturating_sub(columns(&asked) + 2 + columns(&self.detail));
        let padding = if reason == 0 { padding } else { padding.min(spare) };
        asked.extend(std::iter::repeat_n(' ', padding));
        let left = room.saturating_sub(columns(&asked) + 2);
        let mut line =
            format!("{} {asked} {}", paint.dim(time), paint.in_colour(colour(self.status), &status));
        if !fault.is_empty() {
            line.push(' ');
            line.push_str(&paint.in_colour("1;35", &fault));
        }
        let _ = write!(line, " {client} {}", paint.dim(&took));
        if reason > 0 && left >= SHORT_REASON {
            let _ = write!(line, "  {}", cut(self.reason(left), left));
        }
        line
    }

    /// Why it was refused; where that is too long, what was probably meant says more than that it is not there.
    fn reason(&self, most: usize) -> &str {
        match self.detail.find("did you mean ") {
            Some(at) if columns(&self.detail) > most => &self.detail[at..],
            _ => &self.detail,
        }
    }

    /// The faults that fired, marked, and what they did to the delivery.
    fn fault(&self) -> String {
        if self.fault.is_empty() {
            return String::new();
        }
        match self.delivery.trim_end_matches("whole").trim_end_matches(", ") {
            "" => format!("!{}", self.fault),
            delivery => format!("!{} ({delivery})", self.fault),
        }
    }

    /// The client's name, or what it called itself; and the tenant, where the path does not show it.
    fn client(&self) -> String {
        let client = [&self.client_name, &self.client].into_iter().find(|text| !text.is_empty());
        let client = client.map_or("-", String::as_str);
        let is_shown = self.message.contains("/tenants/");
        if is_shown || self.tenant.is_empty() || self.tenant == "default" {
            client.to_owned()
        } else {
            format!("{client}@{}", self.tenant)
        }
    }
}

/// By the class of a status; one that was never sent has a colour of its own.
fn colour(status: Option<u64>) -> &'static str {
    match status {
        None => Paint::MAGENTA,
        Some(..300) => Paint::GREEN,
        Some(300..400) => Paint::CYAN,
        Some(400..500) => Paint::YELLOW,
        Some(_) => Paint::RED,
    }
}

/// A duration in three digits or so.
fn took(micros: u64) -> String {
    match micros {
        ..1_000 => format!("{micros}us"),
        1_000..10_000 => format!("{}.{}ms", micros / 1_000, micros % 1_000 / 100),
        10_000..1_000_000 => format!("{}ms", micros / 1_000),
        _ => format!("{}.{}s", micros / 1_000_000, micros % 1_000_000 / 100_000),
    }
}

/// How many columns a terminal needs at most.
fn columns(text: &str) -> usize {
    text.chars().map(width).sum()
}

/// Letters of the East, and signs beyond them, take two columns.
fn width(c: char) -> usize {
    if c < '\u{1100}' || ('\u{2000}'..'\u{2e80}').contains(&c) { 1 } else { 2 }
}

/// The beginning of a text on one line, in this many columns.
fn cut(text: &str, most: usize) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
    if columns(&text) <= most {
        return text;
    }
    let mut kept = beginning(text.chars(), most.saturating_sub(1));
    kept.push('…');
    kept
}

/// A method and target; a query is given up before the path is.
fn cut_target(text: &str, most: usize) -> String {
    match text.split_once('?') {
        Some((path, _)) if columns(path) + 1 >= most => cut_middle(path, most),
        Some(_) => cut(text, most),
        None => cut_middle(text, most),
    }
}

/// Both ends of a text: of a path the beginning says what it is about, and the end which one.
fn cut_middle(text: &str, most: usize) -> String {
    let text = cut(text, usize::MAX);
    if columns(&text) <= most {
        return text;
    }
    let behind = most.saturating_sub(1) / 3;
    let end: String = beginning(text.chars().rev(), behind).chars().rev().collect();
    let begin = beginning(text.chars(), most.saturating_sub(1 + behind));
    format!("{begin}…{end}")
}

fn beginning(chars: impl Iterator<Item = char>, most: usize) -> String {
    let mut left = most;
    let fits = |c: &char| {
        let fits = width(*c) <= left;
        left = left.saturating_sub(width(*c));
        fits
    };
    chars.take_while(fits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: &str = "09:30:01.123Z";
    const GROUP: &str = "GET /v2024/password-sync-groups/6881f631-3bd5-4213-9c75-8e05cc3e35dd";

    fn line(message: &str) -> RequestLine {
        RequestLine {
            message: message.to_owned(),
            status: Some(200),
            client: "0a1b2c3d4e5f60718293a4b5c6d7e8f9".to_owned(),
            client_name: "admin".to_owned(),
            tenant: "default".to_owned(),
            took_us: 84,
            ..RequestLine::default()
        }
    }

    #[test]
    fn a_request_is_one_line_with_everything_that_matters() {
        let text = |line: RequestLine| line.text(TIME, Paint::Plain);
        assert_eq!(
            text(line("GET /v2024/password-sync-groups?limit=250")),
            "09:30:01.123Z GET /v2024/password-sync-groups?limit=250    200 admin 84us"
        );
        assert_eq!(
            text(line(GROUP)),
            "09:30:01.123Z GET /v2024/password-sync-groups/6881f631-3bd5-4213-9c75-8e05cc3e35dd 200 admin 84us"
        );
        let faulted = RequestLine {
            fault: "rate-limited/limit".to_owned(),
            delivery: "whole".to_owned(),
            status: Some(429),
            took_us: 1_250,
            ..line(GROUP)
        };
        assert_eq!(
            text(faulted),
            "09:30:01.123Z GET /v2024/password-sync-groups/6…c75-8e05cc3e35dd 429 !rate-limited/limit admin 1.2ms"
        );
        let silent = RequestLine {
            fault: "hangs-forever/hang".to_owned(),
            delivery: "held 5s, hung".to_owned(),
            status: None,
            ..line("GET /v3/password-sync-groups")
        };
        assert!(text(silent).contains(" --- !hangs-forever/hang (held 5s, hung) admin 84us"));
        let refused = RequestLine {
            status: Some(401),
            client: "nobody".to_owned(),
            client_name: String::new(),
            detail: "invalid_client: Bad client credentials\nand more".to_owned(),
            ..line("POST /oauth/token?grant_type=client_credentials&client_id=nobody&client_secret=…")
        };
        assert_eq!(
            text(refused),
            "09:30:01.123Z POST /oauth/token?grant_type=cl… 401 nobody 84us  invalid_client: Bad client credenti…"
        );
        let nowhere = RequestLine {
            status: Some(404),
            detail: "no such path; did you mean `/oauth/token`?".to_owned(),
            ..line("POST /oauth/tokens")
        };
        assert_eq!(
            text(nowhere),
            "09:30:01.123Z POST /oauth/tokens          404 admin 84us  no such path; did you mean `/oauth/token`?"
        );
        let nearly = RequestLine {
            status: Some(404),
            detail: "no such path in v2024; did you mean `/v2024/password-sync-groups`?".to_owned(),
            ..line("GET /v2024/password-sync-group")
        };
        assert_eq!(
            text(nearly),
            "09:30:01.123Z GET /v2024/password-sync-group 404 admin 84us  did you mean `/v2024/password-sync-gro…"
        );
        let elsewhere = RequestLine { tenant: "acme".to_owned(), ..line("GET /oauth/info") };
        assert!(text(elsewhere).contains(" admin@acme "));
    }

    #[test]
    fn no_line_is_longer_than_a_hundred_columns_whatever_is_in_it() {
        let long = |letter: &str| letter.repeat(300);
        for letter in ["x", "ä", "漢", "\u{1b}", "\n", "🙂"] {
            for part in 0..64_u32 {
                let chosen = |bit: u32| if part & 1 << bit == 0 { String::new() } else { long(letter) };
                let line = RequestLine {
                    message: format!("GET /{}", chosen(0)),
                    status: (part & 1 == 0).then_some(503),
                    tenant: chosen(1),
                    client: chosen(2),
                    client_name: chosen(3),
                    fault: chosen(4),
                    delivery: "trickled 64 bytes every 500ms".to_owned(),
                    took_us: u64::from(part) * 100_000,
                    detail: chosen(5),
                };
                let text = line.text(TIME, Paint::Plain);
                assert!(columns(&text) <= COLUMNS && !text.contains(char::is_control), "{text}");
                let coloured = line.text(TIME, Paint::Coloured);
                assert!(coloured.contains("\u{1b}[0m"), "{coloured}");
            }
        }
    }

    #[test]
    fn a_status_is_coloured_by_its_class() {
        let coloured = |status: Option<u64>| {
            let line = RequestLine { status, ..line("GET /") };
            line.text(TIME, Paint::Coloured)
        };
        for (status, expected) in [
            (Some(200), "\u{1b}[32m200\u{1b}[0m"),
            (Some(302), "\u{1b}[36m302\u{1b}[0m"),
            (Some(404), "\u{1b}[33m404\u{1b}[0m"),
            (Some(503), "\u{1b}[31m503\u{1b}[0m"),
            (None, "\u{1b}[35m---\u{1b}[0m"),
        ] {
            assert!(coloured(status).contains(expected), "{status:?}");
        }
        assert!(!line("GET /").text(TIME, Paint::Plain).contains('\u{1b}'));
    }
}
