//! Control calls to a simulator in this process, without a socket, and the tenants they create.

use hyper::Method;
use hyper::header::HOST;
use serde_json::Value;
use sync_group_sim::clock::Timestamp;
use sync_group_sim::simulator::{Config, Simulator};
use sync_group_sim::wire::Outcome;

use super::ask::{request, token_call};

/// A simulator whose wall clock stands still.
pub(crate) struct Sim {
    pub(crate) simulator: Simulator,
    pub(crate) wall: Timestamp,
}

impl Sim {
    pub(crate) fn new() -> Self {
        let mut config = Config::default();
        config.options.seed = 1;
        let wall = Timestamp::parse("2026-11-24T09:30:00Z").unwrap();
        Self { simulator: Simulator::new(config).unwrap(), wall }
    }

    #[expect(clippy::needless_pass_by_value, reason = "calls read better that end with `Some(json!(…))`")]
    pub(crate) fn ask(&self, call: &str, token: Option<&str>, body: Option<Value>) -> Outcome {
        let (method, target) = call.split_once(' ').unwrap();
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let request = request(method, target, token, body.as_ref()).header(HOST, "localhost:4580");
        self.simulator.answer_at(&request, self.wall)
    }

    /// A control call that must have this status; its body.
    pub(crate) fn control(&self, call: &str, body: Option<Value>, status: u16) -> Value {
        let outcome = self.ask(call, None, body);
        let text = String::from_utf8_lossy(&outcome.reply.body).into_owned();
        assert_eq!(outcome.reply.status.as_u16(), status, "{call}: {text}");
        outcome.reply.value()
    }

    /// The token of a tenant's administrator.
    pub(crate) fn token(&self, prefix: &str, client: &Value) -> String {
        let (id, secret) = (client["clientId"].as_str().unwrap(), client["clientSecret"].as_str().unwrap());
        let call = format!("POST {}", token_call(prefix, id, secret));
        let body = self.ask(&call, None, None).reply.value();
        body["access_token"].as_str().unwrap_or_else(|| panic!("{body}")).to_owned()
    }

    /// A tenant by POST, with its prefix and its administrator's token.
    pub(crate) fn tenant(&self, asked: Value) -> (String, String, Value) {
        let made = self.control("POST /_sim/tenants", Some(asked), 201);
        let prefix = format!("/tenants/{}", made["name"].as_str().unwrap());
        let token = self.token(&prefix, &made["clients"][0]);
        (prefix, token, made)
    }

    pub(crate) fn status(&self, call: &str, token: &str) -> u16 {
        self.ask(call, Some(token), None).reply.status.as_u16()
    }
}
