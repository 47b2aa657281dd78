//! What the server allows its clients, as command-line options. The defaults are the library's own; here
//! they are only shown.

use std::fmt;
use std::time::Duration;

use clap::Args;
use sync_group_sim::clock::{format_duration, parse_duration};
use sync_group_sim::journal::DEFAULT_TOTAL_BYTES;
use sync_group_sim::scenario::MOST_RULES;
use sync_group_sim::world::DEFAULT_MAX_TENANTS;
use sync_group_sim::{Limits, TenantOptions};

#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct LimitArgs {
    /// The longest request body, in bytes; 413 beyond it
    #[arg(long, env = "SYNC_GROUP_SIM_MAX_BODY", default_value_t = Limits::default().max_body_bytes, value_name = "BYTES")]
    max_body: usize,
    /// The longest body of a control call, in bytes; 413 beyond it
    #[arg(long, env = "SYNC_GROUP_SIM_MAX_CONTROL_BODY", default_value_t = Limits::default().max_control_body_bytes, value_name = "BYTES")]
    max_control_body: usize,
    /// Bytes of request bodies that are being read and answered, of all connections; one more gets a 503
    #[arg(long, env = "SYNC_GROUP_SIM_MAX_BODIES_IN_FLIGHT", default_value_t = Limits::default().max_bodies_in_flight, value_name = "BYTES")]
    max_bodies_in_flight: usize,
    /// Bytes of long answers that their clients have not taken yet, of all connections; one more gets a 503
    #[arg(long, env = "SYNC_GROUP_SIM_MAX_ANSWERS_IN_FLIGHT", default_value_t = Limits::default().max_answers_in_flight, value_name = "BYTES")]
    max_answers_in_flight: usize,
    /// The longest request head, in bytes, 8192 or more; 431 beyond it
    #[arg(long, env = "SYNC_GROUP_SIM_MAX_HEADER_BYTES", default_value_t = Limits::default().max_header_bytes, value_parser = clap::value_parser!(u32).range(8_192..=16 << 20), value_name = "BYTES")]
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
    #[arg(long, env = "SYNC_GROUP_SIM_MAX_STREAMS", default_value_t = Limits::default().max_streams, value_parser = clap::value_parser!(u32).range(1..=1_000_000), value_name = "N")]
    max_streams: u32,
    /// HTTP/2 streams that one connection may open and reset before they are answered; beyond that it is closed
    #[arg(long, env = "SYNC_GROUP_SIM_MAX_RESETS", default_value_t = Limits::default().max_resets, value_parser = at_least_one, value_name = "N")]
    max_resets: usize,
    /// Exchanges that each tenant's journal keeps; the oldest are dropped
    #[arg(long, env = "SYNC_GROUP_SIM_JOURNAL_LIMIT", default_value_t = TenantOptions::default().journal_limit, value_name = "N")]
    journal_limit: usize,
    /// Bytes that each tenant's journal keeps; the oldest exchanges are dropped
    #[arg(long, env = "SYNC_GROUP_SIM_JOURNAL_BYTES", default_value_t = TenantOptions::default().journal_bytes, value_name = "BYTES")]
    journal_bytes: usize,
    /// Bytes that all tenants' journals keep together; the fullest give way, those under 1 MiB last
    #[arg(long, env = "SYNC_GROUP_SIM_JOURNAL_TOTAL_BYTES", default_value_t = DEFAULT_TOTAL_BYTES, value_name = "BYTES")]
    journal_total_bytes: usize,
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
    let time = parse_duration(text)?;
    if time.is_zero() { Err("expected more than 0".to_owned()) } else { Ok(Time(time)) }
}

fn rules(text: &str) -> Result<usize, String> {
    up_to(text, MOST_RULES)
}

fn headers(text: &str) -> Result<usize, String> {
    up_to(text, Limits::MOST_HEADERS)
}

fn at_least_one(text: &str) -> Result<usize, String> {
    up_to(text, 1_000_000)
}

fn up_to(text: &str, most: usize) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|number| (1..=most).contains(number))
        .ok_or_else(|| format!("expected a whole number from 1 to {most}"))
}
