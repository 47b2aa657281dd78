//! Tenants by name and options: creating them with clients of their own, and deleting them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde::Serialize;
use serde_json::{Value, json};

use super::{DEFAULT_TENANT, LONGEST_NAME, World, is_tenant_name};
use crate::clock::{Span, Timestamp, format_duration, is_whole_seconds};
use crate::document::{
    Content, Definitions, Document, DocumentError, Format, Limit as FieldLimit, Mistakes, Node, Written,
    record, shown, unknown,
};
use crate::fixture::{self, Client, Fixture};
use crate::prerequisites::Prerequisites;
use crate::scenario::{KnownNames, LoadError, Rulesets, Scenario, library};
use crate::tenant::rate_limit::Limit;
use crate::tenant::{NoRoom, SimFault, Template, Tenant, TenantOptions};

record! {
    derive(Default)
    /// A request for a tenant; anything left out is the server's default.
    pub struct TenantRequest as "tenantRequest" {
        /// Generated when absent: `t-` and twelve hexadecimal digits.
        pub name: Option<String> = nullable("name") within NAME,
        /// What it starts with: the name of a built-in fixture (`demo`, `large`, `empty`), a document, or the text of a
        /// fixture file, YAML or JSON, of a line or more; `--fixture` when absent.
        pub fixture: Option<NamedOr<Fixture>> = nullable("fixture"),
        /// What goes wrong in it: names of built-in scenarios, or documents; `--scenario` when absent.
        pub scenarios: Option<Vec<NamedOr<Scenario>>> = nullable("scenarios") within FieldLimit::Entries(0, MOST_SCENARIOS),
        /// What ids and faults are drawn from; `--seed` when absent.
        pub seed: Option<u64> = nullable("seed"),
        /// Whether groups must meet the prerequisites that the service's documentation names; `--prerequisites` when
        /// absent, which is `enforce` by default.
        pub prerequisites: Option<Prerequisites> = nullable("prerequisites"),
        /// Requests in a window of time, such as `100/10s`, for each client and API version, or `off`; `--rate-limit`
        /// when absent, off by default.
        pub rate_limit: Option<Limit> = nullable("rateLimit"),
        /// How long its tokens live; `--token-lifetime` when absent, which is `749s` by default.
        pub token_lifetime: Option<Span> = nullable("tokenLifetime"),
        /// How long the platform takes to change a password; `--password-change-time` when absent, which is `2s` by default.
        pub password_change_time: Option<Span> = nullable("passwordChangeTime"),
        /// The key that, with the seed, ids and faults are drawn from; the tenant's name when absent.
        pub draw_key: Option<String> = nullable("drawKey") within DRAW_KEY,
        /// Whether a reply changed by a fault says so in `Sim-Fault`; `shown` when absent.
        pub sim_fault: Option<SimFault> = nullable("simFault"),
    }
}

/// Scenarios of one tenant.
const MOST_SCENARIOS: usize = 100;

/// The longest key that draws are made with, in characters.
const LONGEST_DRAW_KEY: usize = 200;

/// What such a key may be.
const DRAW_KEY: FieldLimit = FieldLimit::Form {
    pattern: r"^[\s\S]{0,200}$",
    expected: "200 characters or fewer",
    holds: |key| key.chars().count() <= LONGEST_DRAW_KEY,
};

/// What a tenant's name may be.
const NAME: FieldLimit = FieldLimit::Form {
    pattern: "^[a-z0-9-]{1,63}$",
    expected: "1 to 63 of a-z, 0-9 and -",
    holds: is_tenant_name,
};

/// A built-in thing by name, or a document in its place.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum NamedOr<T> {
    /// By name; a fixture may also be the text of a file, of a line or more.
    Named(String),
    /// As a document.
    Inline(Box<T>),
}

impl<T> NamedOr<T> {
    /// Whether it is neither, but a document's text: no name has a line break.
    fn is_text(&self) -> bool {
        matches!(self, Self::Named(given) if given.contains('\n'))
    }
}

impl<T: Written> Written for NamedOr<T> {
    fn expected() -> Cow<'static, str> {
        format!("a name, or {}", T::expected()).into()
    }

    fn schema(definitions: &mut Definitions) -> Value {
        json!({ "anyOf": [{ "type": "string" }, T::schema(definitions)] })
    }

    fn read(node: &Node<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        match node.scalar() {
            Some(name) if !node.is_null() => Some(Self::Named(name.to_owned())),
            _ => T::read(node, mistakes).map(|inline| Self::Inline(Box::new(inline))),
        }
    }
}

/// A created tenant.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TenantReport {
    /// Its name.
    pub name: String,
    /// What its clients call the base URL.
    pub base_url: String,
    /// What its draws follow from.
    pub seed: u64,
    /// Its clients, the administrator's first.
    pub clients: Vec<Client>,
    /// Rules that can never fire in it, and why; nearly always none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// Why a tenant was not created or deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorldError {
    /// The request is invalid.
    Bad(String),
    /// No tenant of that name.
    Unknown(String),
    /// The name is taken.
    Taken(String),
    /// The limit on tenants is reached; the limit.
    Full(usize),
    /// There is no room for what it starts with.
    NoRoom(NoRoom),
}

impl fmt::Display for WorldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bad(message) => f.write_str(message),
            Self::NoRoom(no_room) => write!(f, "{no_room}"),
            Self::Unknown(name) => write!(f, "tenant `{name}` does not exist; expected one that does"),
            Self::Full(max) => {
                write!(
                    f,
                    "{max} tenants exist, which is the limit (--max-tenants); expected one to be deleted first"
                )
            }
            Self::Taken(name) => write!(f, "tenant `{name}` exists already; expected a name that is free"),
        }
    }
}

impl std::error::Error for WorldError {}

impl From<NoRoom> for WorldError {
    fn from(no_room: NoRoom) -> Self {
        Self::NoRoom(no_room)
    }
}

/// A request for a tenant that passed every check.
#[derive(Debug)]
pub(crate) struct CheckedRequest {
    /// Generated when absent.
    name: Option<String>,
    options: TenantOptions,
    /// The server's own when absent.
    fixture: Option<NamedOr<Fixture>>,
    /// The same.
    scenarios: Option<Rulesets>,
}

impl World {
    /// Creates a tenant with client ids and secrets of its own. `root` is the server's own base URL.
    pub fn create_tenant(
        &self,
        asked: &TenantRequest,
        root: &str,
        wall: Timestamp,
    ) -> Result<TenantReport, WorldError> {
        let mut asked = asked.clone();
        self.read_text(&mut asked).map_err(|error| WorldError::Bad(error.to_string()))??;
        let mut mistakes = Vec::new();
        let checked = self.check_request(asked, &mut |pointer, message| {
            mistakes.push(format!("{pointer}: {message}"));
        });
        self.make_tenant(checked.ok_or_else(|| WorldError::Bad(mistakes.join("\n")))?, root, wall)
    }

    /// Checks a request for a tenant. Each mistake is reported to `wrong` with the JSON Pointer of its place.
    pub(crate) fn check_request(
        &self,
        asked: TenantRequest,
        wrong: &mut dyn FnMut(&str, String),
    ) -> Option<CheckedRequest> {
        let mut is_right = true;
        let mut wrong = |pointer: &str, message: String| {
            is_right = false;
            wrong(pointer, message);
        };
        if let Some(name) = asked.name.as_ref().filter(|name| !is_tenant_name(name)) {
            wrong("/name", bad_name(name));
        }
        if let Some(lifetime) = asked.token_lifetime.filter(|lifetime| !is_whole_seconds(lifetime.0)) {
            let found = format_duration(lifetime.0);
            wrong("/tokenLifetime", format!("tokenLifetime `{found}`; expected whole seconds, 1s or more"));
        }
        let options = TenantOptions {
            seed: asked.seed.unwrap_or(self.options.seed),
            prerequisites: self.prerequisites_of(&asked),
            rate_limit: asked.rate_limit.map_or(self.options.rate_limit, |limit| limit.0),
            token_lifetime: asked.token_lifetime.map_or(self.options.token_lifetime, |span| span.0),
            password_change_time: asked
                .password_change_time
                .map_or(self.options.password_change_time, |span| span.0),
            draw_key: asked.draw_key,
            sim_fault: asked.sim_fault.unwrap_or(self.options.sim_fault),
            ..self.options.clone()
        };
        let fixture = asked.fixture.map(|asked| checked_fixture(asked, options.prerequisites, &mut wrong));
        let scenarios =
            asked.scenarios.as_ref().map(|asked| rulesets_of(asked, options.max_rules, &mut wrong));
        if !is_right {
            return None;
        }
        let (fixture, scenarios) = (fixture.flatten(), scenarios.flatten());
        Some(CheckedRequest { name: asked.name, options, fixture, scenarios })
    }

    /// Whether there is room for what a request for a tenant would have it start with, as far as that can be seen.
    pub(crate) fn admit_fixture(&self, asked: &Node<'_>) -> Result<(), NoRoom> {
        let Content::Mapping(entries) = &asked.content else { return Ok(()) };
        let fixture = entries.iter().find(|(key, _)| key.scalar() == Some("fixture"));
        fixture.map_or(Ok(()), |(_, fixture)| self.admit(fixture))
    }

    /// Whether there is room for this fixture, as far as that can be seen.
    fn admit(&self, fixture: &Node<'_>) -> Result<(), NoRoom> {
        self.states.admit(fixture::least_bytes(fixture), 0)
    }

    /// Reads a fixture that is given as a text.
    pub(crate) fn read_text(&self, asked: &mut TenantRequest) -> Result<Result<(), NoRoom>, DocumentError> {
        let Some(NamedOr::Named(text)) = asked.fixture.as_ref().filter(|given| given.is_text()) else {
            return Ok(Ok(()));
        };
        let document = Document { name: "fixture", text, format: Format::of_text(text) };
        let read = Fixture::read_where(&document, self.prerequisites_of(asked), |node| self.admit(node))?;
        Ok(read.map(|fixture| asked.fixture = Some(NamedOr::Inline(Box::new(fixture)))))
    }

    /// Whether the requested tenant would enforce prerequisites.
    fn prerequisites_of(&self, asked: &TenantRequest) -> Prerequisites {
        asked.prerequisites.unwrap_or(self.options.prerequisites)
    }

    /// What a tenant starts with.
    fn template_of(
        &self,
        fixture: Option<NamedOr<Fixture>>,
        scenarios: Option<Rulesets>,
        now: Timestamp,
    ) -> Result<Template, WorldError> {
        let template = match fixture {
            None => self.template.read().clone(),
            Some(NamedOr::Named(name)) => self.built_in(&name, now),
            Some(NamedOr::Inline(fixture)) => Template::counted(*fixture, now, &self.states, 0)?,
        };
        Ok(match scenarios {
            Some(own) => {
                let own = own.of_one_tenant();
                self.states.admit(own.own_bytes(), 0)?;
                template.with_own_scenarios(own)
            }
            None => template.following(self.template.read().scenarios()),
        })
    }

    /// The template of a built-in fixture.
    fn built_in(&self, name: &str, now: Timestamp) -> Template {
        let mut known = self.built_in.lock();
        let prepare = || Template::new(&Fixture::built_in(name).unwrap_or_default(), now);
        known.entry(name.to_owned()).or_insert_with(prepare).clone()
    }

    /// Creates the tenant of a checked request.
    pub(crate) fn make_tenant(
        &self,
        checked: CheckedRequest,
        root: &str,
        wall: Timestamp,
    ) -> Result<TenantReport, WorldError> {
        let CheckedRequest { name, options, fixture, scenarios } = checked;
        let name = name.unwrap_or_else(|| self.free_name());
        let seed = options.seed;
        {
            let others = self.others.read();
            self.is_free(&name, &others)?;
        }
        let template = self.template_of(fixture, scenarios, options.clock.now(wall))?;
        let template = template.with_own_clients(&name, &options);
        let clients = template.clients().to_vec();
        let known = clients.iter().map(|client| (client.client_id.clone(), client.name.clone()));
        let known = KnownNames::new(&format!("tenant `{name}`"), known).with_sources(template.source_names());
        let warnings = known.warnings(template.scenarios());
        let mut others = self.others.write();
        self.is_free(&name, &others)?;
        // Files may have been reloaded meanwhile.
        let template = template.following(self.template.read().scenarios());
        let tenant = Arc::new(self.new_tenant(&name, &template, options, wall));
        let mut owners = self.owners.write();
        for client in &clients {
            owners.insert(client.client_id.clone(), Arc::clone(&tenant));
        }
        others.insert(name.clone(), tenant);
        drop((owners, others));
        self.fit_journals();
        Ok(TenantReport { base_url: format!("{root}/tenants/{name}"), name, seed, clients, warnings })
    }

    /// Whether there may be one more tenant, of this name.
    fn is_free(&self, name: &str, others: &HashMap<String, Arc<Tenant>>) -> Result<(), WorldError> {
        if name == DEFAULT_TENANT || others.contains_key(name) {
            return Err(WorldError::Taken(name.to_owned()));
        }
        self.has_room(others)
    }

    /// A name that no tenant has.
    fn free_name(&self) -> String {
        let TenantOptions { secrets, seed, .. } = self.options;
        loop {
            let number = self.named.fetch_add(1, Ordering::Relaxed);
            let name = format!("t-{}", &secrets.hex(seed, DEFAULT_TENANT, "tenant-name", number)[..12]);
            if !self.others.read().contains_key(&name) {
                return name;
            }
        }
    }

    /// Deletes a tenant with everything in it, and returns what it was; `default` cannot be deleted.
    pub(crate) fn delete_tenant(&self, name: &str) -> Result<Arc<Tenant>, WorldError> {
        if name == DEFAULT_TENANT {
            return Err(WorldError::Bad("tenant `default` cannot be deleted; expected another".to_owned()));
        }
        let mut others = self.others.write();
        let removed = others.remove(name).ok_or_else(|| WorldError::Unknown(name.to_owned()))?;
        self.owners.write().retain(|_, owner| !Arc::ptr_eq(owner, &removed));
        self.former.lock().note(name);
        // What the tenant held is dropped after the registry's lock is released.
        drop(others);
        removed.end();
        Ok(removed)
    }

    /// All tenants' names, `default` first.
    pub fn tenant_names(&self) -> Vec<String> {
        self.tenants().iter().map(|tenant| tenant.name().to_string()).collect()
    }
}

/// The message for a name that no tenant can have.
pub(crate) fn bad_name(name: &str) -> String {
    format!("tenant name {}; expected 1 to {LONGEST_NAME} of a-z, 0-9 and -", shown(name))
}

/// The requested fixture, if it can be one.
fn checked_fixture(
    asked: NamedOr<Fixture>,
    prerequisites: Prerequisites,
    wrong: &mut dyn FnMut(&str, String),
) -> Option<NamedOr<Fixture>> {
    match asked {
        NamedOr::Inline(fixture) => {
            let mut below = |pointer: String, message: String| wrong(&format!("/fixture{pointer}"), message);
            let checked = fixture.checked_by(prerequisites, &mut below)?;
            Some(NamedOr::Inline(Box::new(checked)))
        }
        NamedOr::Named(name) => {
            let is_known = fixture::names().contains(&&*name);
            if !is_known {
                wrong("/fixture", unknown("no built-in fixture is named", &name, &fixture::names()));
            }
            is_known.then_some(NamedOr::Named(name))
        }
    }
}

/// The requested scenarios.
fn rulesets_of(
    asked: &[NamedOr<Scenario>],
    max_rules: usize,
    wrong: &mut dyn FnMut(&str, String),
) -> Option<Rulesets> {
    let inline = || {
        asked.iter().flat_map(|asked| match asked {
            NamedOr::Inline(scenario) => &scenario.rules[..],
            NamedOr::Named(_) => &[],
        })
    };
    if asked.len() > MOST_SCENARIOS {
        wrong("/scenarios", format!("{} scenarios; expected {MOST_SCENARIOS} or fewer", asked.len()));
        return None;
    }
    // Counted before any is compiled.
    let counted =
        Rulesets::check_count(inline().count(), max_rules).and_then(|()| Rulesets::check_size(inline()));
    if let Err(error) = counted {
        wrong("/scenarios", error.to_string());
        return None;
    }
    let asked_before = |index: usize, name: &str| {
        asked[..index].iter().any(|before| matches!(before, NamedOr::Named(before) if before == name))
    };
    let mut rulesets = Vec::with_capacity(asked.len());
    for (index, asked) in asked.iter().enumerate() {
        let place = format!("/scenarios/{index}");
        match asked {
            NamedOr::Inline(scenario) => match (**scenario).clone().check() {
                Ok(ruleset) => rulesets.push(ruleset),
                Err(mistakes) => mistakes
                    .iter()
                    .for_each(|found| wrong(&format!("{place}{}", found.pointer), found.message.clone())),
            },
            NamedOr::Named(name) if asked_before(index, name) => {
                wrong(&place, LoadError::SameName(name.clone()).to_string());
            }
            NamedOr::Named(name) => match library::ruleset(name) {
                Some(ruleset) => rulesets.push(ruleset),
                None => wrong(&place, unknown("no built-in scenario is named", name, &library::names())),
            },
        }
        if let Err(error) = Rulesets::check_bytes(&rulesets) {
            wrong(&place, error.to_string());
            return None;
        }
    }
    if rulesets.len() < asked.len() {
        return None;
    }
    Rulesets::new(rulesets, max_rules).map_err(|error| wrong("/scenarios", error.to_string())).ok()
}
