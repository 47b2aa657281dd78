//! `sync-group-sim openapi`: prints the contract that is served.

use sync_group_sim::Prerequisites;
use sync_group_sim::contract::Contract;
use sync_group_sim::version::ApiVersion;

use super::remote::BaseUrl;
use super::{Failure, Outcome, print};

pub(super) fn openapi(version: &str, url: &str, prerequisites: Prerequisites) -> Outcome {
    let contract = Contract::built_in();
    let version = ApiVersion::named(version).expect("clap knows the versions");
    let url = BaseUrl::read(url).map_err(Failure::Usage)?.to_string();
    let document = contract.document(version, prerequisites, &url);
    print(&serde_json::to_string_pretty(&document).expect("JSON can be written"))
}
