//! What the server allows its clients, as command-line options. The defaults are the library's own; here
//! they are only shown.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use sync_group_sim::clock::{format_duration, parse_duration};
use sync_group_sim::journal::DEFAULT_TOTAL_BYTES;
use sync_group_sim::scenario::MOST_RULES;
use sync_group_sim::tenant;
use sync_group_sim::world::DEFAULT_MAX_TENANTS;
use sync_group_sim::{Limits, TenantOptions};

#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct LimitArgs {
    /// The longest request body, in bytes; 413 beyond it
    #[arg(long, env = "SYNC_GROUP_SIM_MAX_BODY", default_value_t = Limits::default().max_body_bytes, value_parser = any_number, value_name = "BYTES")]
    max_body: usize,
    /// The longest body of a control call, in bytes; 413 beyond it
    #[arg(long, env = "SYNC_GROUP_SIM_MAX_CONTROL_BODY", default_value_t = Limits::default().max_control_body_bytes, value_parser = any_number, value_name = "BYTES")]
    max_control_body: usize,
    /// Bytes of request bodies that are being read and answered, of all connections; one more gets a 503
    #[arg(long, env = "SYNC_GROUP_SIM_MAX_BODIES_IN_FLIGHT", default_value_t = Limits::default().max_bodies_in_flight, value_parser = any_number, value_name = "BYTES")]
    max_bodies_in_flight: usize,
    /// Bytes of long answers that their clients have not taken yet, of all connections; one more gets a 503
    #[arg(long, env = "SYNC_GROUP_SIM_MAX_ANSWERS_IN_FLIGHT", default_value_t = Limits::default().max_answers_in_flight, value_parser = any_number, value_name = "BYTES")]
    max_answers_in_flight: usize,
    /// The longest request head, in bytes, 8192 or more; 431 beyond it
    #[arg(long, env = "SYNC_GROUP_SIM_MAX_HEADER_BYTES", default_value_t = Limits::default().max_header_bytes, value_parser = head_bytes, value_name = "BYTES")]
    max_header_bytes: u32,
    /// Header fields of a request, 10000 at most; 431 beyond them
    #[arg(long, env = "SYNC_GROUP_SIM_MAX_HEADERS", default_value_t = Limits::default().max_headers, value_parser = headers, value_name = "N")]
    max_headers: usize,
    /// How long a client may take to send a request's complete head, or for the TLS handshake; then its connection is closed
    #[arg(long, env = "SYNC_GROUP_SIM_HEADER_TIMEOUT", default_value_t = Time(Limits::default().header_timeout), value_parser = some_time, value_name = "TIME")]
    header_timeout: Time,
    /// How long a client may take to send a request's complete body; then a 408
    #[arg(long, env = "SYNC_GROUP_SIM_BODY_TIMEOUT", default_value_t = Time(Limits::default().body_timeout), value_parser = some_time, value_name = "TIME")]
    body_timeout: Time,
    /// How long a client may go without reading any of its answer; then its connection is closed, or over HTTP/2 the stream reset
    #[arg(long, env = "SYNC_GROUP_SIM_WRITE_TIMEOUT", default_value_t = Time(Limits::default().write_timeout), value_parser = some_time, value_name = "TIME")]
    write_timeout: Time,
    /// How long a connection may be idle between requests; then it is closed
    #[arg(long, env = "SYNC_GROUP_SIM_IDLE_TIMEOUT", default_value_t = Time(Limits::default().idle_timeout), value_parser = some_time, value_name = "TIME")]
    idle_timeout: Time,
    /// How long open requests may take when the server stops; then they are cut off
    #[arg(long, env = "SYNC_GROUP_SIM_DRAIN_TIMEOUT", default_value_t = Time(Limits::default().drain_timeout), value_parser = some_time, value_name = "TIME")]
    drain_timeout: Time,
    /// Open connections; one more gets a 503, or over TLS a close
    #[arg(long, env = "SYNC_GROUP_SIM_MAX_CONNECTIONS", default_value_t = Limits::default().max_connections, value_parser = at_least_one, value_name = "N")]
    max_connections: usize,
    /// Answers that wait at the same time (held, hung, trickled, following a journal), half of them in one tenant, 128 on one connection; one more gets a 503 at once
    #[arg(long, env = "SYNC_GROUP_SIM_MAX_HOLDS", default_value_t = Limits::default().max_holds, value_parser = at_least_one, value_name = "N")]
    max_holds: usize,
    /// HTTP/2 streams that are open on one connection; one more is refused
    #[arg(long, env = "SYNC_GROUP_SIM_MAX_STREAMS", default_value_t = Limits::default().max_streams, value_parser = streams, value_name = "N")]
    max_streams: u32,
    /// HTTP/2 streams that one connection may open and reset before they are answered; beyond that it is closed
    #[arg(long, env = "SYNC_GROUP_SIM_MAX_RESETS", default_value_t = Limits::default().max_resets, value_parser = at_least_one, value_name = "N")]
    max_resets: usize,
    /// Exchanges that each tenant's journal keeps; the oldest are dropped
    #[arg(long, env = "SYNC_GROUP_SIM_JOURNAL_LIMIT", default_value_t = TenantOptions::default().journal_limit, value_parser = any_number, value_name = "N")]
    journal_limit: usize,
    /// Bytes that each tenant's journal keeps; the oldest exchanges are dropped
    #[arg(long, env = "SYNC_GROUP_SIM_JOURNAL_BYTES", default_value_t = TenantOptions::default().journal_bytes, value_parser = any_number, value_name = "BYTES")]
    journal_bytes: usize,
    /// Bytes that all tenants' journals keep together; the fullest give way, those under 1 MiB last
    #[arg(long, env = "SYNC_GROUP_SIM_JOURNAL_TOTAL_BYTES", default_value_t = DEFAULT_TOTAL_BYTES, value_parser = any_number, value_name = "BYTES")]
    journal_total_bytes: usize,
    /// Bytes of memory that all tenants' states take together beside what every tenant starts with, seven eighths of them at most in one tenant; what goes beyond gets a 503, a state that never fits a 413
    #[arg(long, env = "SYNC_GROUP_SIM_STATE_TOTAL_BYTES", default_value_t = tenant::DEFAULT_TOTAL_BYTES, value_parser = any_number, value_name = "BYTES")]
    state_total_bytes: usize,
    /// Rules that run in one tenant; scenarios with more are refused
    #[arg(long, env = "SYNC_GROUP_SIM_MAX_RULES", default_value_t = TenantOptions::default().max_rules, value_parser = rules, value_name = "N")]
    max_rules: usize,
    /// Tenants, `default` included; one more gets a 503
    #[arg(long, env = "SYNC_GROUP_SIM_MAX_TENANTS", default_value_t = DEFAULT_MAX_TENANTS, value_parser = at_least_one, value_name = "N")]
    max_tenants: usize,
}

impl LimitArgs {
    /// The limits of the server.
    pub(crate) fn limits(&self) -> Limits {
        Limits {
            max_body_bytes: self.max_body,
            max_control_body_bytes: self.max_control_body,
            max_bodies_in_flight: self.max_bodies_in_flight,
            max_answers_in_flight: self.max_answers_in_flight,
            max_header_bytes: self.max_header_bytes,
            max_headers: self.max_headers,
            max_connections: self.max_connections,
            max_holds: self.max_holds,
            max_streams: self.max_streams,
            max_resets: self.max_resets,
            header_timeout: self.header_timeout.0,
            body_timeout: self.body_timeout.0,
            write_timeout: self.write_timeout.0,
            idle_timeout: self.idle_timeout.0,
            drain_timeout: self.drain_timeout.0,
        }
    }

    /// The limits of each tenant.
    pub(crate) fn tenant_options(&self) -> TenantOptions {
        TenantOptions {
            journal_limit: self.journal_limit,
            journal_bytes: self.journal_bytes,
            max_rules: self.max_rules,
            ..TenantOptions::default()
        }
    }

    /// What all journals keep together, in bytes.
    pub(crate) fn journal_total_bytes(&self) -> usize {
        self.journal_total_bytes
    }

    /// What all states take together, in bytes.
    pub(crate) fn state_total_bytes(&self) -> usize {
        self.state_total_bytes
    }

    /// How many tenants there may be.
    pub(crate) fn max_tenants(&self) -> usize {
        self.max_tenants
    }
}

/// A time as options write it: `10s`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Time(pub(crate) Duration);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format_duration(self.0))
    }
}

pub(crate) fn some_time(text: &str) -> Result<Time, String> {
    time_that(text, |time| !time.is_zero(), "; expected more than 0")
}

/// Reads a time that has to be of some kind; `wrong` is said behind one that is not. A number without a unit is only told
/// to be written with one if it is of that kind then.
pub(crate) fn time_that(text: &str, fits: impl Fn(Duration) -> bool, wrong: &str) -> Result<Time, String> {
    let with_unit = || parse_duration(&format!("{text}s")).ok().filter(|time| !fits(*time));
    let time = parse_duration(text).or_else(|why| with_unit().ok_or(why))?;
    if fits(time) { Ok(Time(time)) } else { Err(format!("`{text}`{wrong}")) }
}

fn rules(text: &str) -> Result<usize, String> {
    whole_number(text, 1, MOST_RULES)
}

fn headers(text: &str) -> Result<usize, String> {
    whole_number(text, 1, Limits::MOST_HEADERS)
}

fn at_least_one(text: &str) -> Result<usize, String> {
    whole_number(text, 1, 1_000_000)
}

fn streams(text: &str) -> Result<u32, String> {
    whole_number(text, 1, 1_000_000)
}

fn head_bytes(text: &str) -> Result<u32, String> {
    whole_number(text, 8_192, 16 << 20)
}

fn any_number(text: &str) -> Result<usize, String> {
    whole_number(text, 0, usize::MAX)
}

/// Reads a number within bounds.
pub(crate) fn whole_number<N>(text: &str, least: N, most: N) -> Result<N, String>
where
    N: Copy + fmt::Display + FromStr + PartialOrd + TryFrom<u64>,
{
    let fitting = |number: &N| (least..=most).contains(number);
    if let Some(number) = text.parse().ok().filter(fitting) {
        return Ok(number);
    }
    let meant = spelled_out(text).and_then(|number| N::try_from(number).ok()).filter(fitting);
    let advice = meant.map_or_else(String::new, |meant| format!("; write {meant}"));
    Err(format!("`{text}`; expected a whole number from {least} to {most}{advice}"))
}

/// The number that people write as `64MiB`, `1_000` or `10,000`.
fn spelled_out(text: &str) -> Option<u64> {
    let text: String = text.chars().filter(|c| !matches!(c, '_' | ',' | ' ')).collect();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..end].parse().ok()?;
    let times = match text[end..].to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" | "kib" => 1 << 10,
        "m" | "mb" | "mib" => 1 << 20,
        "g" | "gb" | "gib" => 1 << 30,
        _ => return None,
    };
    number.checked_mul(times)
}

/// Reads an entry of a list, in which people write blanks behind the commas.
#[expect(clippy::unnecessary_wraps, reason = "the parser of the command line wants a result")]
pub(crate) fn entry(text: &str) -> Result<String, Infallible> {
    Ok(text.trim().to_owned())
}

/// Reads a yes or no, as variables say it that stand in for an option without a value.
pub(crate) fn yes_or_no(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "y" | "on" | "t" | "1" => Ok(true),
        "false" | "no" | "n" | "off" | "f" | "0" => Ok(false),
        _ => Err(format!("`{text}`; expected true or false")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_out_of_bounds_is_answered_with_them_and_one_with_a_unit_with_what_to_write() {
        for (text, expected) in [
            ("7", Ok(7)),
            ("many", Err("`many`; expected a whole number from 1 to 10000000")),
            ("-1", Err("`-1`; expected a whole number from 1 to 10000000")),
            ("0", Err("`0`; expected a whole number from 1 to 10000000")),
            ("1.5", Err("`1.5`; expected a whole number from 1 to 10000000")),
            ("1_000", Err("`1_000`; expected a whole number from 1 to 10000000; write 1000")),
            ("2 MiB", Err("`2 MiB`; expected a whole number from 1 to 10000000; write 2097152")),
            ("1GB", Err("`1GB`; expected a whole number from 1 to 10000000")),
        ] {
            assert_eq!(whole_number(text, 1_usize, 10_000_000), expected.map_err(str::to_owned), "{text}");
        }
    }
}
