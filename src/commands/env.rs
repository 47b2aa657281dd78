//! `sync-group-sim env`: prints what points the vendor's SDKs at a server, for a shell to carry out, or what undoes it.
//! The credentials are those of the server's first client; while no server answers, those that its fixture will give it.

use sync_group_sim::{Prerequisites, TenantOptions};

use super::remote::{self, BaseUrl, Remote, Trouble};
use super::{Failure, Outcome, print};
use crate::cli::Shell;
use crate::files::Files;
use crate::server_args::ServerAddressArgs;
use crate::tenant_args::DEFAULT_FIXTURE;

/// What the vendor's SDKs read.
const NAMES: [&str; 3] = ["SAIL_BASE_URL", "SAIL_CLIENT_ID", "SAIL_CLIENT_SECRET"];
/// By which Python, Go, Ruby and curl, and by which Node.js, trust an authority.
const TRUST: [&str; 2] = ["SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"];

/// Where clients go, and as whom.
struct Target {
    url: BaseUrl,
    id: String,
    secret: String,
}

pub(super) fn unset(server: &ServerAddressArgs, shell: Shell) -> Outcome {
    let trust = if server.ca.is_some() { &TRUST[..] } else { &[] };
    print(&shell.unset(&[&NAMES, trust].concat()))
}

pub(super) fn env(server: &ServerAddressArgs, fixture: Option<&str>, shell: Shell) -> Outcome {
    let target = target(server, fixture)?;
    if target.url.has_credentials() {
        eprintln!("the credentials in the URL are left out; SDKs do not send them");
    }
    let mut values: Vec<(&str, String)> =
        NAMES.into_iter().zip([target.url.to_string(), target.id, target.secret]).collect();
    if let Some(authority) = server.ca.as_ref().filter(|_| target.url.is_https()) {
        let path = std::path::absolute(authority).unwrap_or_else(|_| authority.clone());
        values.extend(TRUST.map(|name| (name, path.display().to_string())));
    }
    let lines = values.iter().map(|(name, value)| shell.set(name, value)).collect::<Result<Vec<_>, _>>();
    print(&lines.map_err(Failure::Failed)?.join("\n"))
}

/// Where clients go: as the server says or, when a fixture is named or nobody answers, as the fixture has it.
fn target(server: &ServerAddressArgs, fixture: Option<&str>) -> Result<Target, Failure> {
    if let Some(fixture) = fixture {
        return of_fixture(remote::base_url(server)?, fixture);
    }
    let why = match remote::ask(server, &first_client) {
        Ok(target) => return Ok(target),
        // Who asks to wait wants a server; the others may write the variables down before it starts.
        Err(trouble @ Trouble::NoAnswer(_)) if server.wait.is_some() => return Err(trouble.into()),
        Err(Trouble::NoAnswer(why) | Trouble::ControlOff(why) | Trouble::NoTenant(why)) => why,
        Err(trouble) => return Err(trouble.into()),
    };
    let target = of_fixture(remote::base_url(server)?, DEFAULT_FIXTURE)?;
    eprintln!("{why}; so the credentials are those of the fixture `{DEFAULT_FIXTURE}`");
    Ok(target)
}

async fn first_client(remote: &Remote) -> Result<Target, Trouble> {
    let state = remote.json("state").await?;
    let text = |field: &str| state["clients"][0][field].as_str().map(str::to_owned);
    let (Some(id), Some(secret)) = (text("clientId"), text("clientSecret")) else {
        return Err(Trouble::Refused(format!(
            "{}: its tenant has no client; expected one in its fixture",
            remote.url
        )));
    };
    Ok(Target { url: remote.url.clone(), id, secret })
}

fn of_fixture(url: BaseUrl, fixture: &str) -> Result<Target, Failure> {
    let options = TenantOptions { prerequisites: Prerequisites::Ignore, ..TenantOptions::default() };
    let fixture = Files::new(fixture, &[], &options).fixture().map_err(Failure::Failed)?;
    let client = fixture.clients.into_iter().next().expect("a fixture has clients");
    Ok(Target { url, id: client.client_id, secret: client.client_secret })
}
