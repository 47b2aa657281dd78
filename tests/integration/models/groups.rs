//! Groups: created, read, replaced, deleted and listed while the clock moves back and forth, against a `Vec` and the
//! documented prerequisites in plain words.

use std::collections::BTreeSet;

use hyper::Method;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use sync_group_sim::clock::Timestamp;
use sync_group_sim::journal::Filter;
use sync_group_sim::prerequisites::Prerequisites;
use sync_group_sim::wire::Reply;
use sync_group_sim::world::TenantRequest;

use super::{BEGAN, Service, check, code_of, refusal, said};

/// A version of the API for each kind of path.
const LISTS: [&str; 3] =
    ["/v3/password-sync-groups", "/latest/password-sync-groups", "/password-sync-groups/v1"];

const POLICIES: [&str; 4] = [
    "2c91808d744ba0ce01746f93b6204501",
    "2c91808d744ba0ce01746f93b6204502",
    "2c91808d744ba0ce01746f93b6204503",
    "nobody's",
];

/// Why a source may be in no group, whichever it is.
#[derive(Clone, Copy, PartialEq)]
enum Source {
    Fit,
    Unfit,
    Unknown,
}

/// The sources of the fixture, and one that it does not have.
const SOURCES: [(&str, Source); 12] = [
    ("2c918084660f45d6016617daa9210584", Source::Fit),
    ("2c918084660f45d6016617daa9210500", Source::Fit),
    ("2c918084660f45d6016617daa9210601", Source::Fit),
    ("2c918084660f45d6016617daa9210602", Source::Fit),
    ("2c918084660f45d6016617daa9210603", Source::Fit),
    ("2c918084660f45d6016617daa9210604", Source::Fit),
    ("2c918084660f45d6016617daa9210605", Source::Fit),
    ("2c918084660f45d6016617daa9210606", Source::Fit),
    // A file, and one without the feature PASSWORD.
    ("2c918084660f45d6016617daa9210607", Source::Unfit),
    ("2c918084660f45d6016617daa9210608", Source::Unfit),
    ("2c918084660f45d6016617daa9210609", Source::Fit),
    ("nobody's", Source::Unknown),
];

/// What a step does, and to which group: one of those that are or were there, counted around.
#[derive(Clone, Debug)]
enum Step {
    Create(GroupInput),
    Update(usize, GroupInput),
    Get(usize),
    Delete(usize),
    List,
    Move(i64),
}

/// A body. `None` leaves the field out.
#[derive(Clone, Debug)]
struct GroupInput {
    name: Option<Value>,
    policy: Option<usize>,
    sources: Option<Vec<usize>>,
    /// Fields that are the service's to choose.
    has_more: bool,
}

fn step() -> impl Strategy<Value = Step> {
    let group = 0..12_usize;
    prop_oneof![
        5 => group_input().prop_map(Step::Create),
        3 => (group.clone(), group_input()).prop_map(|(group, asked)| Step::Update(group, asked)),
        2 => group.clone().prop_map(Step::Get),
        3 => group.prop_map(Step::Delete),
        2 => Just(Step::List),
        2 => prop_oneof![0..3_i64, -5_000..10_000_i64, Just(86_400_000)].prop_map(Step::Move),
    ]
}

fn group_input() -> impl Strategy<Value = GroupInput> {
    let name = prop_oneof![
        12 => "[a-zäß€ \"\\\\]{1,8}".prop_map(|name| Some(json!(format!("x{name}")))),
        1 => Just(Some(json!(" \t"))),
        1 => Just(Some(json!(""))),
        1 => Just(Some(json!(5))),
        1 => Just(None),
    ];
    let policy = prop_oneof![9 => (0..3_usize).prop_map(Some), 1 => Just(Some(3)), 1 => Just(None)];
    // Mostly two or three that fit, so that groups come about and stand in each other's way.
    let sources = prop_oneof![
        8 => prop::collection::vec(0..8_usize, 2..4).prop_map(Some),
        3 => prop::collection::vec(0..SOURCES.len(), 0..4).prop_map(Some),
        1 => Just(None),
    ];
    (name, policy, sources, any::<bool>()).prop_map(|(name, policy, sources, has_more)| GroupInput {
        name,
        policy,
        sources,
        has_more,
    })
}

impl GroupInput {
    fn ids(&self) -> Option<Vec<&'static str>> {
        Some(self.sources.as_ref()?.iter().map(|index| SOURCES[*index].0).collect())
    }

    fn body(&self) -> Value {
        let mut body = Map::new();
        if self.has_more {
            body.extend([("id".to_owned(), json!("mine")), ("created".to_owned(), Value::Null)]);
            body.insert("colour".to_owned(), json!({ "deep": [1] }));
        }
        body.extend(self.chosen());
        Value::Object(body)
    }

    /// The fields that a client may choose, in the service's order.
    fn chosen(&self) -> Map<String, Value> {
        let fields = [
            ("name", self.name.clone()),
            ("passwordPolicyId", self.policy.map(|policy| json!(POLICIES[policy]))),
            ("sourceIds", self.ids().map(|ids| json!(ids))),
        ];
        fields.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
    }
}

/// A group as the model keeps it.
#[derive(Clone)]
struct Group {
    id: String,
    chosen: Map<String, Value>,
    created: i64,
    modified: i64,
}

impl Group {
    fn shown(&self) -> Value {
        let mut shown = Map::from_iter([("id".to_owned(), json!(self.id))]);
        shown.extend(self.chosen.clone());
        shown.insert("created".to_owned(), json!(Timestamp::from_millis(self.created)));
        shown.insert("modified".to_owned(), json!(Timestamp::from_millis(self.modified)));
        Value::Object(shown)
    }

    fn has(&self, source: &str) -> bool {
        self.chosen.get("sourceIds").and_then(Value::as_array).is_some_and(|ids| ids.contains(&json!(source)))
    }
}

struct Model {
    prerequisites: Prerequisites,
    groups: Vec<Group>,
    /// The ids of all groups that ever were.
    ids: Vec<String>,
    now: i64,
}

impl Model {
    fn new(service: &Service<'_>, prerequisites: Prerequisites) -> Self {
        let groups: Vec<_> = service.tenant.state().groups.iter().map(began).collect();
        let ids = groups.iter().map(|group| group.id.clone()).collect();
        Self { prerequisites, groups, ids, now: BEGAN }
    }

    /// What is wrong with a body on its own: missing before illegal, and what is not text before both.
    fn broken(&self, asked: &GroupInput) -> Option<&'static str> {
        if asked.name.as_ref().is_some_and(|name| !name.is_string()) {
            return Some("400.0 Bad request syntax");
        }
        if self.prerequisites == Prerequisites::Ignore {
            return None;
        }
        let has_name =
            asked.name.as_ref().and_then(Value::as_str).is_some_and(|name| !name.trim().is_empty());
        let sources = asked.sources.clone().unwrap_or_default();
        if !has_name || asked.policy.is_none() || sources.is_empty() {
            return Some("400.1.0 Required Data Missing Or Empty");
        }
        let different: BTreeSet<_> = sources.iter().collect();
        (sources.len() < 2 || different.len() < sources.len()).then_some("400.1.3 Illegal value")
    }

    /// What is wrong with it given the existing records: the policy before the sources, and these in their order.
    fn unfit(&self, asked: &GroupInput, id: &str) -> Option<&'static str> {
        if self.prerequisites == Prerequisites::Ignore {
            return None;
        }
        if asked.policy == Some(3) {
            return Some("400.1.404 Referenced object not found");
        }
        asked.sources.iter().flatten().find_map(|index| match SOURCES[*index] {
            (_, Source::Unknown) => Some("400.1.404 Referenced object not found"),
            (_, Source::Unfit) => Some("400.1.3 Illegal value"),
            (source, Source::Fit) => {
                let is_taken = self.groups.iter().any(|group| group.id != id && group.has(source));
                is_taken.then_some("400.1.3 Illegal value")
            }
        })
    }

    fn place(&self, id: &str) -> Option<usize> {
        self.groups.iter().position(|group| group.id == id)
    }
}

fn began(group: &sync_group_sim::fixture::Group) -> Group {
    let shown = serde_json::to_value(group).unwrap();
    let fields = ["name", "passwordPolicyId", "sourceIds"];
    let chosen = fields.map(|field| (field.to_owned(), shown[field].clone()));
    let millis = |at: Option<Timestamp>| at.unwrap().as_millis();
    Group {
        id: group.id.clone(),
        chosen: chosen.into_iter().collect(),
        created: millis(group.created),
        modified: millis(group.modified),
    }
}

const NOT_FOUND: &str = "404 Not found";

/// Performs one step on both, and compares.
fn perform(service: &Service<'_>, model: &mut Model, token: &str, nth: usize, step: &Step) {
    let list = LISTS[nth % LISTS.len()];
    let ask = |method, target: &str, body: Option<&Value>| service.ask(method, target, Some(token), body);
    let known = |group: &usize| model.ids[group % model.ids.len()].clone();
    match step {
        Step::Move(by) => {
            model.now += by;
            service.set_time(model.now);
        }
        Step::List => {
            let all: Vec<_> = model.groups.iter().map(Group::shown).collect();
            assert_eq!(said(&ask(Method::GET, list, None)), (200, json!(all)));
        }
        Step::Get(group) => {
            let id = known(group);
            let reply = ask(Method::GET, &format!("{list}/{id}"), None);
            compare(&reply, model.place(&id).map(|place| model.groups[place].shown()).ok_or(NOT_FOUND));
        }
        Step::Create(asked) => {
            let reply = ask(Method::POST, list, Some(&asked.body()));
            if let Some(code) = model.broken(asked).or_else(|| model.unfit(asked, "")) {
                return assert_eq!(code_of(&reply), refusal(400, code));
            }
            let id = reply.value()["id"].as_str().expect("an id").to_owned();
            assert!(id.len() == 36 && !model.ids.contains(&id), "{id}");
            model.ids.push(id.clone());
            let group = Group { id, chosen: asked.chosen(), created: model.now, modified: model.now };
            compare(&reply, Ok(group.shown()));
            model.groups.push(group);
        }
        Step::Update(group, asked) => {
            let id = known(group);
            let reply = ask(Method::PUT, &format!("{list}/{id}"), Some(&asked.body()));
            if let Some(code) = model.broken(asked) {
                return assert_eq!(code_of(&reply), refusal(400, code));
            }
            let Some(place) = model.place(&id) else { return compare(&reply, Err(NOT_FOUND)) };
            if let Some(code) = model.unfit(asked, &id) {
                return assert_eq!(code_of(&reply), refusal(400, code));
            }
            let group = &mut model.groups[place];
            group.chosen = asked.chosen();
            group.modified = model.now.max(group.modified + 1);
            compare(&reply, Ok(group.shown()));
        }
        Step::Delete(group) => {
            let id = known(group);
            let reply = ask(Method::DELETE, &format!("{list}/{id}"), None);
            let Some(place) = model.place(&id) else { return compare(&reply, Err(NOT_FOUND)) };
            model.groups.remove(place);
            assert_eq!(said(&reply), (204, Value::Null));
        }
    }
}

fn compare(reply: &Reply, expected: Result<Value, &str>) {
    match expected {
        // As text, too: fields come in the service's order.
        Ok(shown) => {
            assert_eq!(said(reply), (200, shown.clone()));
            assert_eq!(reply.body, shown.to_string());
        }
        Err(code) => assert_eq!(code_of(reply), refusal(404, code)),
    }
}

fn check_groups(prerequisites: Prerequisites) {
    let lifetime = serde_json::from_value(json!("87600h")).unwrap();
    let tenant = TenantRequest {
        prerequisites: Some(prerequisites),
        token_lifetime: Some(lifetime),
        ..TenantRequest::default()
    };
    check(&tenant, 200, 40, step(), |service, steps| {
        let mut model = Model::new(service, prerequisites);
        let token = service.token(0);
        for (nth, step) in steps.iter().enumerate() {
            perform(service, &mut model, &token, nth, step);
        }
        let shown = serde_json::to_value(service.tenant.state().groups).unwrap();
        assert_eq!(shown, model.groups.iter().map(Group::shown).collect::<Value>());
        let calls = 1 + steps.iter().filter(|step| !matches!(step, Step::Move(_))).count();
        assert_eq!(service.tenant.journal(&Filter::default()).exchanges.len(), calls);
    });
}

#[test]
fn groups_are_what_a_list_and_the_prerequisites_say() {
    check_groups(Prerequisites::Enforce);
}

#[test]
fn groups_are_what_a_list_says_where_prerequisites_are_ignored() {
    check_groups(Prerequisites::Ignore);
}
