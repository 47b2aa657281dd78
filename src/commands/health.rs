//! `sync-group-sim health`: asks a server whether it is up.

use super::remote::{self, Remote, Trouble};
use super::{Outcome, print};
use crate::server_args::ServerAddressArgs;

/// What is known of a server that answers but has no control API: that it is up, and no more.
const UP: &str = "{\"status\":\"ok\",\"control\":\"off\"}";

pub(super) fn health(server: &ServerAddressArgs) -> Outcome {
    match remote::ask(server, &async |remote: &Remote| remote.text("health").await) {
        Ok(report) => print(report.trim_end()),
        Err(Trouble::ControlOff(_)) => print(UP),
        Err(trouble) => Err(trouble.into()),
    }
}
