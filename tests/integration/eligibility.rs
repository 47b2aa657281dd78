//! Which sources may be in a group, as the service's documentation asks.

use hyper::Method;
use serde_json::json;
use sync_group_sim::Prerequisites;

use crate::harness::client::Client;

const GROUPS: &str = "/v2024/password-sync-groups";
const GITHUB: &str = "2c918084660f45d6016617daa9210601";
const MAINFRAME: &str = "2c918084660f45d6016617daa9210609";

/// The answer to a group of GitHub and Mainframe, which has no application, when Mainframe has these features.
fn grouped_with(features: &[&str]) -> (u16, String) {
    let mut client = Client::new(Vec::new(), |config| {
        let mainframe = config.fixture.sources.iter_mut().find(|source| source.id == MAINFRAME).unwrap();
        config.options.prerequisites = Prerequisites::Enforce;
        mainframe.features = features.iter().map(|feature| (*feature).to_owned()).collect();
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
