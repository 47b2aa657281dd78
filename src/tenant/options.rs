//! How a tenant behaves; fixed for its life.

use std::time::Duration;

use super::rate_limit::RateLimit;
use crate::chance::SecretSource;
use crate::clock::Clock;
use crate::document::words;
use crate::journal;
use crate::prerequisites::Prerequisites;

/// How a tenant behaves; fixed for its life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantOptions {
    /// What all draws follow from.
    pub seed: u64,
    /// What secrets follow from; the seed, too, by default.
    pub secrets: SecretSource,
    /// The key that, with the seed, ids and faults are drawn from; the tenant's name when absent.
    pub draw_key: Option<String>,
    /// Whether the service's prerequisites are enforced.
    pub prerequisites: Prerequisites,
    /// The gateway's limit; none by default.
    pub rate_limit: Option<RateLimit>,
    /// Its clock at the start; with the wall clock by default.
    pub clock: Clock,
    /// How many exchanges the journal keeps; 10,000 by default.
    pub journal_limit: usize,
    /// How many bytes the journal keeps at most; 64 MiB by default.
    pub journal_bytes: usize,
    /// How many rules run at most; 1,000 by default.
    pub max_rules: usize,
    /// How long a token lives when its client has no lifetime of its own; 749 s by default (vendor's example, 2026-08).
    pub token_lifetime: Duration,
    /// How long the platform takes to change a password; 2 s by default (invented: a published client waits for 4).
    pub password_change_time: Duration,
    /// Whether a reply changed by a fault says so in `Sim-Fault`; it does by default.
    pub sim_fault: SimFault,
}

words! {
    derive(Default)
    /// Whether a reply changed by a fault says so.
    pub enum SimFault {
        /// In the header field `Sim-Fault`.
        Shown = "shown",
        /// Only in the journal.
        Hidden = "hidden",
    }
}

impl Default for TenantOptions {
    fn default() -> Self {
        Self {
            seed: 0,
            secrets: SecretSource::default(),
            draw_key: None,
            prerequisites: Prerequisites::default(),
            rate_limit: None,
            clock: Clock::auto(),
            journal_limit: journal::DEFAULT_LIMIT,
            journal_bytes: journal::DEFAULT_BYTES,
            max_rules: 1_000,
            token_lifetime: Duration::from_secs(749),
            password_change_time: Duration::from_secs(2),
            sim_fault: SimFault::default(),
        }
    }
}
