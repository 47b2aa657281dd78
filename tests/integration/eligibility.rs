//! Which sources may be in a group, as the service's documentation asks.

use hyper::Method;
use serde_json::json;
use sync_group_sim::{Config, Prerequisites};

use crate::harness::client::Client;

const GROUPS: &str = "/v2024/password-sync-groups";
const GITHUB: &str = "2c918084660f45d6016617daa9210601";
const MAINFRAME: &str = "2c918084660f45d6016617daa9210609";

/// The answer to a group of GitHub and Mainframe, which has no application, when Mainframe has these features.
fn grouped_with(features: &[&str]) -> (u16, String) {
    grouped_when(|config| {
        let mainframe = config.fixture.sources.iter_mut().find(|source| source.id == MAINFRAME).unwrap();
        mainframe.features = features.iter().map(|feature| (*feature).to_owned()).collect();
    })
}

/// The same when the built-in fixture is changed in this way.
fn grouped_when(change: impl FnOnce(&mut Config)) -> (u16, String) {
    let mut client = Client::new(Vec::new(), |config| {
        config.options.prerequisites = Prerequisites::Enforce;
        change(config);
    });
    client.buy_token();
    let body = json!({
        "name": "Staff",
        "passwordPolicyId": "2c91808d744ba0ce01746f93b6204501",
        "sourceIds": [GITHUB, MAINFRAME],
    });
    let reply = client.ask(Method::POST, GROUPS, Some(body)).reply;
    (reply.status.as_u16(), String::from_utf8_lossy(&reply.body).into_owned())
}

#[test]
fn an_application_is_asked_of_authentication_sources_only() {
    assert_eq!(grouped_with(&["PASSWORD", "PROVISIONING"]).0, 200);
    let (status, text) = grouped_with(&["PASSWORD", "AUTHENTICATE"]);
    assert!(
        status == 400 && text.contains("is an authentication source, but no application uses it"),
        "{text}"
    );
    let (status, text) = grouped_with(&["AUTHENTICATE"]);
    assert!(status == 400 && text.contains("does not have the feature PASSWORD"), "{text}");
}

#[test]
fn the_mainframe_of_the_built_in_fixture_is_eligible_as_it_is() {
    assert_eq!(grouped_when(|_| ()).0, 200);
}
