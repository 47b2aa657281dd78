//! `sync-group-sim openapi`: prints the contract that is served.

use sync_group_sim::Prerequisites;
use sync_group_sim::contract::Contract;
use sync_group_sim::version::ApiVersion;

use super::{Failure, Outcome, print};

pub(super) fn openapi(version: &str, url: &str, prerequisites: Prerequisites) -> Outcome {
    let contract = Contract::built_in().map_err(|error| Failure::Failed(error.to_string()))?;
    let version = ApiVersion::named(version).expect("clap knows the versions");
    let document = contract.document(version, prerequisites, url.trim_end_matches('/'));
    print(&serde_json::to_string_pretty(&document).expect("JSON can be written"))
}
