//! Tokens: issued, refreshed, used in time and out of it, expired by a fault, and taken to another tenant, against a
//! list of who got which and until when.

use hyper::Method;
use proptest::prelude::*;
use serde_json::{Value, json};
use sync_group_sim::NamedOr;
use sync_group_sim::fixture::{Fixture, Grant};
use sync_group_sim::journal::Filter;
use sync_group_sim::scenario::Rule;
use sync_group_sim::scenario::fault::ExpireToken;
use sync_group_sim::world::TenantRequest;

use super::{BEGAN, ROOT, Service, check, said};

/// How long an access token lives, in milliseconds; refresh tokens live a day.
const LIFETIME: i64 = 60_000;
const REFRESH_LIFETIME: i64 = 86_400_000;
const LIST: &str = "/beta/password-sync-groups";

/// What a step does; clients and tokens are counted around.
#[derive(Clone, Debug)]
enum Step {
    Issue(usize),
    IssueWithWrongSecret(usize),
    Refresh(usize, usize),
    Read(usize),
    Write(usize),
    /// Uses a refresh token where an access token belongs, and the other way round.
    Swap(usize),
    /// A fault that expires the token for good.
    Expire(usize),
    /// The token, used at another tenant.
    Stray(usize),
    Move(i64),
}

fn step() -> impl Strategy<Value = Step> {
    let token = 0..8_usize;
    let client = 0..4_usize;
    prop_oneof![
        4 => client.clone().prop_map(Step::Issue),
        1 => client.clone().prop_map(Step::IssueWithWrongSecret),
        3 => (client, token.clone()).prop_map(|(client, token)| Step::Refresh(client, token)),
        4 => token.clone().prop_map(Step::Read),
        3 => token.clone().prop_map(Step::Write),
        1 => token.clone().prop_map(Step::Swap),
        1 => token.clone().prop_map(Step::Expire),
        1 => token.prop_map(Step::Stray),
        5 => prop_oneof![
            Just(1), Just(-1), Just(LIFETIME - 1), Just(LIFETIME), Just(LIFETIME + 1), Just(-LIFETIME),
            Just(REFRESH_LIFETIME - LIFETIME), 0..2_000_i64,
        ].prop_map(Step::Move),
    ]
}

/// A pair of tokens.
struct Pair {
    access: String,
    refresh: String,
    client: usize,
    issued: i64,
    is_spoilt: bool,
}

impl Pair {
    fn is_alive(&self, now: i64) -> bool {
        now < self.issued + LIFETIME && !self.is_spoilt
    }

    /// Refresh tokens promise whole seconds of the clock, rounded down.
    fn can_be_refreshed(&self, now: i64) -> bool {
        now.div_euclid(1_000) < (self.issued + REFRESH_LIFETIME).div_euclid(1_000)
    }
}

/// What the fixture's clients may: read, write. `admin`, `reader`, `service`, `helpdesk`.
const MAY: [(bool, bool); 4] = [(true, true), (true, false), (true, false), (false, false)];

#[derive(Default)]
struct Model {
    pairs: Vec<Pair>,
    groups: usize,
    now: i64,
}

impl Model {
    /// The pair that a step means, if there is any yet.
    fn pair(&self, index: usize) -> Option<&Pair> {
        self.pairs.get(index % self.pairs.len().max(1))
    }

    /// Keeps the tokens of a token call that has succeeded.
    fn keep(&mut self, client: usize, (status, body): (u16, Value)) {
        assert_eq!((status, &body["expires_in"]), (200, &json!(LIFETIME / 1_000)), "{body}");
        let text = |key: &str| body[key].as_str().unwrap().to_owned();
        let (access, refresh) = (text("access_token"), text("refresh_token"));
        assert!(self.pairs.iter().all(|pair| pair.access != access && pair.refresh != refresh));
        self.pairs.push(Pair { access, refresh, client, issued: self.now, is_spoilt: false });
    }
}

fn unauthorized(why: &str) -> (u16, Value) {
    (401, json!({ "error": format!("JWT validation failed: JWT {why}") }))
}

fn perform(service: &Service<'_>, stranger: &str, model: &mut Model, step: &Step) {
    let list = |token: &str| service.ask(Method::GET, LIST, Some(token), None);
    match *step {
        Step::Move(by) => {
            model.now += by;
            service.set_time(model.now);
        }
        Step::Issue(client) => {
            let reply = said(&service.token_call(client, "grant_type=client_credentials"));
            model.keep(client, reply);
        }
        Step::IssueWithWrongSecret(client) => {
            let id = &service.tenant.clients()[client].client_id;
            let call = format!("/oauth/token?grant_type=client_credentials&client_id={id}&client_secret=x");
            let body = json!({ "error": "invalid_client", "error_description": "Bad client credentials" });
            assert_eq!(said(&service.ask(Method::POST, &call, None, None)), (401, body));
        }
        Step::Refresh(client, index) => {
            let Some(pair) = model.pair(index) else { return };
            let call = format!("grant_type=refresh_token&refresh_token={}", pair.refresh);
            let reply = said(&service.token_call(client, &call));
            if pair.client == client && pair.can_be_refreshed(model.now) {
                return model.keep(client, reply);
            }
            let why = if pair.client == client { " (expired)" } else { "" };
            let description = format!("Invalid refresh token{why}");
            assert_eq!(reply, (400, json!({ "error": "invalid_grant", "error_description": description })));
        }
        Step::Read(index) => {
            let Some(pair) = model.pair(index) else { return };
            let reply = list(&pair.access);
            let expected = if MAY[pair.client].0 { 200 } else { 403 };
            if pair.is_alive(model.now) {
                assert_eq!(reply.status.as_u16(), expected);
            } else {
                assert_eq!(said(&reply), unauthorized("is expired"));
            }
        }
        Step::Write(index) => {
            let Some(pair) = model.pair(index) else { return };
            let (is_alive, may) = (pair.is_alive(model.now), MAY[pair.client].1);
            let reply = service.ask(Method::POST, LIST, Some(&pair.access), Some(&json!({})));
            let expected = if !is_alive {
                401
            } else if may {
                200
            } else {
                403
            };
            assert_eq!(reply.status.as_u16(), expected);
            model.groups += usize::from(expected == 200);
        }
        Step::Swap(index) => {
            let Some(pair) = model.pair(index) else { return };
            assert_eq!(said(&list(&pair.refresh)), unauthorized("is malformed"));
            let call = format!("grant_type=refresh_token&refresh_token={}", pair.access);
            assert_eq!(service.token_call(pair.client, &call).value()["error"], "invalid_grant");
        }
        Step::Expire(index) => {
            let Some(pair) = model.pair(index) else { return };
            service.tenant.add_rule(Rule::new("expire").fault(ExpireToken {})).unwrap();
            assert_eq!(said(&list(&pair.access)), unauthorized("is expired"));
            assert!(service.tenant.remove_rule("expire"));
            let index = index % model.pairs.len();
            model.pairs[index].is_spoilt = true;
        }
        Step::Stray(index) => {
            let Some(pair) = model.pair(index) else { return };
            let other = Service {
                simulator: service.simulator,
                tenant: &service.simulator.tenant(stranger, ROOT).unwrap(),
            };
            let reply = other.ask(Method::GET, LIST, Some(&pair.access), None);
            assert_eq!(said(&reply), unauthorized("was not issued by this tenant"));
        }
    }
}

#[test]
fn a_token_is_valid_for_its_client_its_tenant_and_its_time() {
    let mut fixture = Fixture::built_in("demo").unwrap();
    for client in &mut fixture.clients {
        client.grants = vec![Grant::ClientCredentials, Grant::RefreshToken];
    }
    let tenant = TenantRequest {
        fixture: Some(NamedOr::Inline(Box::new(fixture))),
        prerequisites: Some(sync_group_sim::prerequisites::Prerequisites::Ignore),
        token_lifetime: Some(serde_json::from_value(json!("1m")).unwrap()),
        ..TenantRequest::default()
    };
    check(&tenant, 200, 40, step(), |service, steps| {
        let stranger = service.simulator.create_tenant(&tenant, ROOT).unwrap();
        let mut model = Model { now: BEGAN, ..Model::default() };
        let before = service.tenant.state().groups.len();
        for step in &steps {
            perform(service, stranger.name(), &mut model, step);
        }
        assert_eq!(service.tenant.state().groups.len(), before + model.groups);
        // Whatever became of them, the journal shows none of the tokens.
        let journal = serde_json::to_string(&service.tenant.journal(&Filter::default())).unwrap();
        assert!(model.pairs.iter().all(|pair| !journal.contains(&pair.access)));
        service.simulator.delete_tenant(stranger.name()).unwrap();
    });
}
