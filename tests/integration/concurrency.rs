//! Many clients at once: what they did is what the journal says, every request is answered, and a stop under
//! load loses no write that was answered.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hyper::Method;
use serde_json::Value;
use sync_group_sim::chance::Chance;
use sync_group_sim::fixture::{Fixture, Group};
use sync_group_sim::journal::{Exchange, Filter};
use sync_group_sim::operation::Operation;
use sync_group_sim::prerequisites::Prerequisites;
use sync_group_sim::scenario::{Rulesets, Stage};
use sync_group_sim::simulator::Config;
use sync_group_sim::wire::{Body, Manner};
use tokio::task::JoinSet;

use crate::harness::client::{scenario, together};
use crate::harness::http::{send, token};
use crate::harness::served::Served;
use crate::load::creator::{Told, create};
use crate::load::http::Seen;
use crate::load::mixed::{Client, Step};

const CONNECTIONS: usize = 256;
const REQUESTS: usize = 40;
const SEED: u64 = 256;
/// Statuses that the scenario gives.
const FAULTS: [u16; 3] = [429, 500, 503];

fn busy() -> Config {
    let mut config = Config {
        fixture: Fixture::built_in("large").unwrap(),
        scenarios: together([scenario(include_str!("../../benches/soak/faults.yaml"))]),
        ..Config::default()
    };
    (config.options.seed, config.options.journal_limit) = (SEED, 2 * CONNECTIONS * REQUESTS);
    config
}

/// Everything that a number of clients saw, including the administrator and one that may only read.
fn storm(address: SocketAddr) -> HashMap<String, Step> {
    let clients = Fixture::built_in("large").unwrap().clients;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut storm = JoinSet::new();
        for number in 0..CONNECTIONS {
            let who = &clients[usize::from(number % 8 == 0)];
            let credentials = (who.client_id.clone(), who.client_secret.clone());
            storm.spawn(async move {
                let mut client = Client::new(address, number, credentials);
                let mut steps = Vec::new();
                for _ in 0..REQUESTS {
                    steps.push(client.step(&FAULTS).await.unwrap());
                }
                steps
            });
        }
        storm.join_all().await.into_iter().flatten().map(|step| (step.label.clone(), step)).collect()
    })
}

/// Whether the service performed the operation, no matter what the client was told.
fn performed(entry: &Exchange) -> bool {
    let undone = ["soak/too-many", "soak/refused", "soak/closed", "soak/reset", "soak/cut", "soak/hung"];
    let mut fired = entry.rules.matched().filter(|look| look.fired);
    if entry.rules.matched().any(|look| look.fired && look.stage == Stage::After) {
        return true;
    }
    entry.reply.status.is_success() && !fired.any(|look| undone.contains(&&*look.rule))
}

/// Groups as they come to be by performing what the journal says, one exchange after the other.
struct Model {
    groups: Vec<Group>,
    created: u64,
}

impl Model {
    fn perform(&mut self, entry: &Exchange) {
        let request = entry.request.unpack();
        let id = request.uri.path().rsplit('/').next().unwrap_or_default().to_owned();
        let place = self.groups.iter().position(|group| group.id == id);
        let group = |id: String| -> Group {
            let Body::Whole(body) = &request.body else { panic!("it is short") };
            let mut group: Value = serde_json::from_slice(body).unwrap();
            group["id"] = id.into();
            serde_json::from_value(group).unwrap()
        };
        match entry.operation {
            Some(Operation::CreatePasswordSyncGroup) => {
                self.created += 1;
                let id = Chance::new(SEED, "default").uuid("group", self.created).to_string();
                self.groups.push(group(id));
            }
            Some(Operation::UpdatePasswordSyncGroup) => {
                let place = place.expect("what was updated was there");
                self.groups[place] = group(id);
            }
            Some(Operation::DeletePasswordSyncGroup) => {
                self.groups.remove(place.expect("what was deleted was there"));
            }
            _ => return,
        }
        let mut sources = HashSet::new();
        let mut all = self.groups.iter().flat_map(|group| group.source_ids.iter().flatten());
        assert!(all.all(|id| sources.insert(id)), "a source is in two groups");
    }
}

/// What a client can tell groups apart by.
fn told<'a>(
    groups: impl IntoIterator<Item = &'a Group>,
) -> Vec<(String, Option<String>, Option<Vec<String>>)> {
    groups.into_iter().map(|group| (group.id.clone(), group.name.clone(), group.source_ids.clone())).collect()
}

#[test]
fn what_256_clients_did_at_once_is_what_the_journal_says() {
    let served = Served::start(busy());
    let steps = storm(served.address());
    assert_eq!(steps.len(), CONNECTIONS * REQUESTS, "a request was not answered");
    let tenant = served.running().simulator().default_tenant();
    let entries = tenant.exchanges(&Filter::default());
    assert_eq!(entries.len(), steps.len(), "not every request is one exchange");
    let mut model = Model { groups: Fixture::built_in("large").unwrap().groups, created: 0 };
    let mut broken = 0;
    for (entry, seq) in entries.iter().zip(1..) {
        assert_eq!(entry.seq, seq);
        let label = entry.request.unpack().headers["x-request"].to_str().unwrap().to_owned();
        // What was journalled as told is what the client was told.
        match (&steps[&label].seen, entry.delivery.manner) {
            (Seen::Broken { after }, Manner::Cut { .. }) => assert!(*after > 0, "{label}"),
            (Seen::Broken { after }, _) => assert!(*after == 0 && entry.told_status().is_none(), "{label}"),
            (Seen::Answer { status, .. }, _) => assert_eq!(Some(*status), entry.told_status(), "{label}"),
        }
        broken += usize::from(matches!(steps[&label].seen, Seen::Broken { .. }));
        if performed(entry) {
            model.perform(entry);
        }
    }
    assert!(model.created > 100 && broken > 100, "{} created, {broken} broken: too little", model.created);
    let state = served.running().simulator().default_tenant().state();
    assert_eq!(told(&state.groups), told(&model.groups));
    tenant.set_scenarios(&Rulesets::default());
    assert_eq!(listed(served.address()), told(&model.groups));
}

/// All groups, page by page, as a client lists them.
fn listed(address: SocketAddr) -> Vec<(String, Option<String>, Option<Vec<String>>)> {
    let bearer = [("Authorization".to_owned(), format!("Bearer {}", token(address)))];
    let page = |offset: usize| -> Vec<Group> {
        let target = format!("/v2024/password-sync-groups?limit=250&offset={offset}");
        serde_json::from_slice(&send(address, Method::GET.as_str(), &target, &bearer, b"").body).unwrap()
    };
    let pages: Vec<Group> = (0..5).flat_map(|nth| page(250 * nth)).collect();
    told(&pages)
}

#[test]
fn a_stop_under_load_loses_no_answered_write_and_tells_of_every_write() {
    let mut config = Config { fixture: Fixture::built_in("empty").unwrap(), ..Config::default() };
    (config.options.prerequisites, config.options.journal_limit) = (Prerequisites::Ignore, 1_000_000);
    let served = Served::start(config);
    let (address, simulator) = (served.address(), served.running().simulator().clone());
    let (token, answered) = (token(address), Arc::new(AtomicUsize::new(0)));
    let load = {
        let answered = Arc::clone(&answered);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let mut clients = JoinSet::new();
                for number in 0..64 {
                    clients.spawn(create(address, number, token.clone(), Arc::clone(&answered)));
                }
                clients.join_all().await
            })
        })
    };
    while answered.load(Ordering::Relaxed) < 2_000 {
        std::thread::yield_now();
    }
    served.stop().unwrap();
    let mut told = Told::default();
    for one in load.join().unwrap() {
        let one = one.unwrap();
        told.created.extend(one.created);
        told.halves.extend(one.halves);
    }
    let state = simulator.default_tenant().state();
    let stored: HashSet<String> = state.groups.into_iter().filter_map(|group| group.name).collect();
    assert!(told.created.len() >= 2_000 && !told.halves.is_empty());
    assert_eq!(told.created.difference(&stored).count(), 0, "an answered write is not there");
    assert_eq!(stored.difference(&told.created).count(), 0, "a write happened and no client was told");
    assert_eq!(told.halves.iter().filter(|after| **after > 0).count(), 0, "half an answer was sent");
    let exchanges = simulator.default_tenant().exchanges(&Filter::default());
    let is_create = |entry: &&Exchange| entry.operation == Some(Operation::CreatePasswordSyncGroup);
    assert_eq!(exchanges.iter().filter(is_create).count(), stored.len());
}
