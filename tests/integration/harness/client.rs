//! A client of a simulator in this process, without a socket, that can push the clock.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::time::Duration;

use hyper::Method;
use serde_json::Value;
use sync_group_sim::clock::{Clock, Timestamp};
use sync_group_sim::document::{Document, Format};
use sync_group_sim::prerequisites::Prerequisites;
use sync_group_sim::scenario::{RuleReport, Ruleset, Rulesets};
use sync_group_sim::simulator::{Config, Simulator};
use sync_group_sim::wire::Outcome;

use super::ask::{request, token_call};

/// A valid scenario.
pub(crate) fn scenario(text: &str) -> Ruleset {
    let document = Document { name: "test.yaml", text, format: Format::Yaml };
    Ruleset::read(&document).unwrap_or_else(|error| panic!("{error}"))
}

/// Scenarios that run together.
pub(crate) fn together(scenarios: impl IntoIterator<Item = Ruleset>) -> Rulesets {
    Rulesets::new(scenarios, 1_000).unwrap_or_else(|error| panic!("{error}"))
}

/// A client with a clock of its own to push.
pub(crate) struct Client {
    pub(crate) simulator: Simulator,
    pub(crate) wall: Timestamp,
    pub(crate) token: String,
    /// The administrator's id and secret.
    pub(crate) admin: (String, String),
    has_asked: Cell<bool>,
}

impl Client {
    pub(crate) fn new(scenarios: Vec<Ruleset>, adjust: impl FnOnce(&mut Config)) -> Self {
        let wall = Timestamp::parse("2026-11-24T09:30:00Z").unwrap();
        let mut config = Config { scenarios: together(scenarios), ..Config::default() };
        config.options.seed = 1;
        config.options.prerequisites = Prerequisites::Ignore;
        config.options.clock = Clock::manual(wall);
        adjust(&mut config);
        let admin = &config.fixture.clients[0];
        let admin = (admin.client_id.clone(), admin.client_secret.clone());
        Self {
            simulator: Simulator::new(config).unwrap(),
            wall,
            token: String::new(),
            admin,
            has_asked: Cell::new(false),
        }
    }

    /// A client of a simulator that runs this scenario, with a token.
    pub(crate) fn with(text: &str) -> Self {
        let mut client = Self::new(vec![scenario(text)], |_| {});
        client.buy_token();
        client
    }

    pub(crate) fn buy_token(&mut self) -> Outcome {
        let (id, secret) = &self.admin;
        let outcome = self.ask(Method::POST, &token_call("", id, secret), None);
        if let Some(token) = outcome.reply.value()["access_token"].as_str() {
            token.clone_into(&mut self.token);
        }
        outcome
    }

    #[expect(clippy::needless_pass_by_value, reason = "calls read better that end with `Some(json!(…))`")]
    pub(crate) fn ask(&self, method: Method, target: &str, body: Option<Value>) -> Outcome {
        let token = Some(&*self.token).filter(|token| !token.is_empty());
        let mut request = request(method, target, token, body.as_ref());
        // As a client does that keeps its connection.
        request.is_reused_connection = self.has_asked.replace(true);
        self.simulator.answer_at(&request, self.wall)
    }

    pub(crate) fn advance(&mut self, by: Duration) {
        self.wall = self.wall.plus(by);
        self.simulator.default_tenant().set_time(self.wall);
    }

    pub(crate) fn get(&self, path: &str) -> Outcome {
        self.ask(Method::GET, &format!("/v3/password-sync-groups{path}"), None)
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let state = self.ask(Method::GET, "/_sim/state", None).reply.value();
        let groups = state["groups"].as_array().unwrap().clone();
        groups.into_iter().map(|group| group["name"].as_str().unwrap_or_default().to_owned()).collect()
    }

    pub(crate) fn rules(&self) -> Vec<RuleReport> {
        self.simulator.default_tenant().scenario()
    }

    pub(crate) fn journal(&self) -> Value {
        self.ask(Method::GET, "/_sim/journal", None).reply.value()
    }
}

/// Firings by rule, for tests of counts.
pub(crate) fn fired(journal: &Value) -> BTreeMap<String, Vec<u64>> {
    let mut fired: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for exchange in journal["exchanges"].as_array().unwrap() {
        for look in exchange["rules"].as_array().unwrap() {
            if look["fired"] == true {
                let why = look["why"].as_str().unwrap();
                let nth = why.trim_start_matches("nth ").split(',').next().unwrap().parse().unwrap();
                fired.entry(look["rule"].as_str().unwrap().to_owned()).or_default().push(nth);
            }
        }
    }
    for numbers in fired.values_mut() {
        numbers.sort_unstable();
    }
    fired
}
