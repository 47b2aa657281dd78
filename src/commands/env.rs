//! `sync-group-sim env`: prints shell commands that point the vendor's SDKs at a server, or undo that.

use sync_group_sim::{Prerequisites, TenantOptions};

use super::{Failure, Outcome, print, quoted};
use crate::files::Files;

pub(super) fn unset() -> Outcome {
    print("unset SAIL_BASE_URL SAIL_CLIENT_ID SAIL_CLIENT_SECRET")
}

pub(super) fn env(url: &str, fixture: &str) -> Outcome {
    let options = TenantOptions { prerequisites: Prerequisites::Ignore, ..TenantOptions::default() };
    let fixture = Files::new(fixture, &[], &options).fixture().map_err(Failure::Failed)?;
    let client = fixture.clients.first().expect("a fixture has clients");
    print(&format!(
        "export SAIL_BASE_URL={}\nexport SAIL_CLIENT_ID={}\nexport SAIL_CLIENT_SECRET={}",
        quoted(url.trim_end_matches('/')),
        quoted(&client.client_id),
        quoted(&client.client_secret)
    ))
}
