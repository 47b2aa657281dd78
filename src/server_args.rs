//! Which server a command asks, and how: the options that `health`, `env` and `journal` share. Where they are left out,
//! the variables of the server itself say it (`commands/remote/find.rs`).

use std::path::PathBuf;

use clap::Args;

use crate::limit_args::{Time, some_time};

#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Which server")]
pub(crate) struct ServerAddressArgs {
    /// The base URL of the server, or of a tenant; when absent, as the server's own variables have it, else http://127.0.0.1:4580
    #[arg(long, env = "SYNC_GROUP_SIM_URL", value_name = "URL", hide_env_values = true)]
    pub(crate) url: Option<String>,
    /// Ask on this machine, on the port that the server wrote to this file (its --port-file); takes precedence over a URL
    #[arg(long, value_name = "PATH")]
    pub(crate) port_file: Option<PathBuf>,
    /// Trust the certificates in this file (PEM), such as the server's --tls-ca-file
    #[arg(long, env = "SYNC_GROUP_SIM_TLS_CA_FILE", value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// Trust any certificate
    #[arg(long)]
    pub(crate) insecure: bool,
    /// The token that the control API asks for
    #[arg(long, env = "SYNC_GROUP_SIM_CONTROL_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    pub(crate) control_token: Option<String>,
    /// Ask again and again until the server answers, for at most this long
    #[arg(long, value_name = "TIME", value_parser = some_time)]
    pub(crate) wait: Option<Time>,
}
