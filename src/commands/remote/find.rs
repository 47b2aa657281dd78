//! Finds the server that a command is about: by the command's own options or, where they say nothing, by the variables
//! from which the server takes its options. So a health check beside the server, in the same container, needs none.

use std::path::Path;

use super::base_url::BaseUrl;
use super::trust::Trust;
use super::{Remote, Trouble};
use crate::server_args::ServerAddressArgs;

/// The port of a server that was told none.
const USUAL_PORT: u16 = 4580;
/// This machine.
const LOOPBACK: &str = "127.0.0.1";

/// A variable of the environment; one that is empty counts as unset.
pub(super) type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The process's own variables.
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Finds the server. That it is not found yet may change: it may be about to write its files.
pub(super) fn find(args: &ServerAddressArgs, variables: Variables<'_>) -> Result<Remote, Trouble> {
    let url = base_url(args, variables)?;
    let trust = if url.is_https { Some(trust(args, variables)?) } else { None };
    Ok(Remote { url, trust, token: args.control_token.clone() })
}

pub(super) fn base_url(args: &ServerAddressArgs, variables: Variables<'_>) -> Result<BaseUrl, Trouble> {
    let is_https = is_https(args, variables);
    if let Some(path) = &args.port_file {
        return Ok(BaseUrl::local(is_https, LOOPBACK, port_in(path)?));
    }
    if let Some(url) = &args.url {
        return BaseUrl::read(url).map_err(Trouble::Usage);
    }
    if let Some(path) = variables("SYNC_GROUP_SIM_PORT_FILE") {
        return Ok(BaseUrl::local(is_https, &host(variables), port_in(Path::new(&path))?));
    }
    let port = match variables("SYNC_GROUP_SIM_LISTEN") {
        None => USUAL_PORT,
        Some(listen) => port_of(&listen).ok_or_else(|| {
            let message = format!(
                "SYNC_GROUP_SIM_LISTEN is `{listen}`, which names no port to ask on; expected `--url` or `--port-file`"
            );
            Trouble::Usage(message)
        })?,
    };
    Ok(BaseUrl::local(is_https, &host(variables), port))
}

/// Whether the server speaks TLS, where no URL says so.
fn is_https(args: &ServerAddressArgs, variables: Variables<'_>) -> bool {
    let is_yes = |value: String| !["0", "n", "no", "f", "false", "off"].contains(&&*value.to_lowercase());
    args.insecure
        || args.ca.is_some()
        || variables("SYNC_GROUP_SIM_TLS_SELF_SIGNED").is_some_and(is_yes)
        || variables("SYNC_GROUP_SIM_TLS_CERT").is_some()
}

/// Where a client on this machine reaches a server that listens as its variable says.
fn host(variables: Variables<'_>) -> String {
    let listen = variables("SYNC_GROUP_SIM_LISTEN").unwrap_or_default();
    let host = listen.rsplit_once(':').map_or("", |(host, _)| host).trim_matches(['[', ']']);
    match host {
        "" | "0.0.0.0" => LOOPBACK.to_owned(),
        "::" => "::1".to_owned(),
        host => host.to_owned(),
    }
}

/// The port of an address to listen on; `None` for one that is chosen by the system.
fn port_of(listen: &str) -> Option<u16> {
    listen.rsplit(':').next()?.parse().ok().filter(|port| *port > 0)
}

fn port_in(path: &Path) -> Result<u16, Trouble> {
    let name = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| {
        let why = match error.kind() {
            std::io::ErrorKind::NotFound => "no such file",
            std::io::ErrorKind::IsADirectory => "a directory",
            _ => "cannot be read",
        };
        let advice = "expected the port of a server that runs (`serve --port-file`)";
        Trouble::NoAnswer(format!("{name}: {why}; {advice}"))
    })?;
    text.trim().parse().ok().filter(|port| *port > 0).ok_or_else(|| {
        Trouble::NoAnswer(format!(
            "{name}: no port in it; expected a number from 1 to 65535 and nothing else"
        ))
    })
}

/// Whom to trust: what the options say, or the server's own certificate.
fn trust(args: &ServerAddressArgs, variables: Variables<'_>) -> Result<Trust, Trouble> {
    if args.insecure {
        return Ok(Trust::anybody());
    }
    let own = || variables("SYNC_GROUP_SIM_TLS_CERT").map(std::path::PathBuf::from);
    match args.ca.clone().or_else(own) {
        Some(path) => Trust::those_in(&path).map_err(Trouble::NoAnswer),
        None => Ok(Trust::nobody()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(args: &ServerAddressArgs, variables: &[(&str, &str)]) -> String {
        let variable = |wanted: &str| {
            let found = variables
                .iter()
                .find(|(name, _)| name.strip_prefix('+') == wanted.strip_prefix("SYNC_GROUP_SIM_"));
            found.map(|(_, value)| (*value).to_owned())
        };
        match base_url(args, &variable) {
            Ok(url) => url.to_string(),
            Err(trouble) => format!("{trouble:?}"),
        }
    }

    #[test]
    fn the_servers_own_variables_say_where_it_is() {
        for (variables, expected) in [
            (&[][..], "http://127.0.0.1:4580"),
            (&[("+LISTEN", "0.0.0.0:8080")], "http://127.0.0.1:8080"),
            (&[("+LISTEN", "[::]:8080")], "http://[::1]:8080"),
            (&[("+LISTEN", "192.0.2.7:1")], "http://192.0.2.7:1"),
            (&[("+LISTEN", "localhost:7")], "http://localhost:7"),
            (&[("+LISTEN", "9090")], "http://127.0.0.1:9090"),
            (&[("+LISTEN", ":9090")], "http://127.0.0.1:9090"),
            (&[("+TLS_CERT", "c.pem")], "https://127.0.0.1:4580"),
            (&[("+TLS_SELF_SIGNED", "yes"), ("+LISTEN", ":1")], "https://127.0.0.1:1"),
            (&[("+TLS_SELF_SIGNED", "false")], "http://127.0.0.1:4580"),
        ] {
            assert_eq!(found(&ServerAddressArgs::default(), variables), expected, "{variables:?}");
        }
        let unknown = found(&ServerAddressArgs::default(), &[("+LISTEN", "127.0.0.1:0")]);
        assert!(
            unknown.contains("Usage") && unknown.contains("expected `--url` or `--port-file`"),
            "{unknown}"
        );
    }

    #[test]
    fn options_go_before_the_servers_variables() {
        let url = || Some("http://host:1".to_owned());
        let args = ServerAddressArgs { url: url(), ..ServerAddressArgs::default() };
        assert_eq!(found(&args, &[("+PORT_FILE", "nowhere"), ("+LISTEN", ":9")]), "http://host:1");
        let args = ServerAddressArgs {
            port_file: Some("nowhere".into()),
            url: url(),
            ..ServerAddressArgs::default()
        };
        let missing = found(&args, &[]);
        assert!(missing.contains("nowhere: no such file; expected the port of a server"), "{missing}");
        let args = ServerAddressArgs { insecure: true, ..ServerAddressArgs::default() };
        assert_eq!(found(&args, &[]), "https://127.0.0.1:4580");
    }
}
