//! What tenants start with and keep to: the options that `serve` and `drill` share, and those of them that other
//! commands have, too.

use clap::Args;
use sync_group_sim::Prerequisites;
use sync_group_sim::tenant::rate_limit::Limit;

use crate::limit_args::whole_number;

/// What a tenant starts with for which nothing else is said.
pub(crate) const DEFAULT_FIXTURE: &str = "demo";
/// What names a fixture.
pub(crate) const FIXTURE: &str = "demo|large|empty|PATH";

#[derive(Debug, Args)]
pub(crate) struct TenantArgs {
    /// What each tenant starts with
    #[arg(long, env = "SYNC_GROUP_SIM_FIXTURE", default_value = DEFAULT_FIXTURE, value_name = FIXTURE)]
    pub(crate) fixture: String,
    /// What ids and faults are drawn from; chosen at random and printed when absent
    #[arg(long, env = "SYNC_GROUP_SIM_SEED", value_parser = seed)]
    pub(crate) seed: Option<u64>,
    #[command(flatten)]
    pub(crate) prerequisites: PrerequisitesArgs,
    /// Requests per client, API version and time, such as 100/10s
    #[arg(long, env = "SYNC_GROUP_SIM_RATE_LIMIT", default_value = "off", value_name = "off|N/TIME")]
    pub(crate) rate_limit: Limit,
}

#[derive(Debug, Args)]
pub(crate) struct PrerequisitesArgs {
    /// Whether the prerequisites that the service's documentation names must be met
    #[arg(
        id = "prerequisites",
        long = "prerequisites",
        env = "SYNC_GROUP_SIM_PREREQUISITES",
        default_value = "enforce",
        value_name = "enforce|ignore"
    )]
    pub(crate) chosen: Prerequisites,
}

fn seed(text: &str) -> Result<u64, String> {
    whole_number(text, 0, u64::MAX)
}
