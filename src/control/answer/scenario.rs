//! Calls about the rules that run in a tenant.

use hyper::StatusCode;
use serde_json::{Value, json};

use crate::control::read::document;
use crate::control::{Answer, ControlError, ControlRequest, PREFIX, created, done, ok};
use crate::document::{Document, DocumentError, Limit, Outline, Place, record, shown, unknown};
use crate::scenario::{CompiledRule, LoadError, Ruleset, Rulesets, library};
use crate::tenant::Tenant;
use crate::tenant::operator::RuleError;
use crate::wire::Request;

pub(in crate::control) fn show(asked: &ControlRequest<'_>) -> Answer {
    let tenant = &asked.located.tenant;
    let rules = tenant.scenario();
    let warnings = tenant.scenario_warnings(&rules);
    ok(&with_warnings(json!({ "rules": rules }), warnings))
}

/// The same with what is to be said of rules that cannot fire, where there is anything.
fn with_warnings(mut said: Value, warnings: Vec<String>) -> Value {
    if !warnings.is_empty() {
        said["warnings"] = warnings.into();
    }
    said
}

pub(in crate::control) fn replace(asked: &ControlRequest<'_>) -> Answer {
    let tenant = &asked.located.tenant;
    tenant.set_scenarios(&scenarios(asked.request, tenant)?, asked.wall)?;
    asked.world.fit_journals();
    show(asked)
}

pub(in crate::control) fn stop(asked: &ControlRequest<'_>) -> Answer {
    asked.located.tenant.set_scenarios(&Rulesets::default(), asked.wall)?;
    done()
}

pub(in crate::control) fn add_rule(asked: &ControlRequest<'_>) -> Answer {
    let tenant = &asked.located.tenant;
    let text = document(asked.request)?;
    let document = text.as_document();
    let rule = CompiledRule::read(&document, Some(&tenant.known_clients())).map_err(|error| {
        let is_scenario =
            matches!(document.outline(), Outline::Keys(keys) if keys.contains(&"rules".to_owned()));
        let scenario = "body:1:1: a scenario; expected one rule; a scenario goes to `PUT /_sim/scenario`";
        ControlError::bad(if is_scenario { scenario.to_owned() } else { error.to_string() })
    })?;
    let added = tenant.add_rule(rule, asked.wall).map_err(rule_error)?;
    asked.world.fit_journals();
    let warnings = tenant.scenario_warnings(std::slice::from_ref(&added));
    created(&with_warnings(json!(added), warnings))
}

pub(in crate::control) fn remove_rule(asked: &ControlRequest<'_>) -> Answer {
    let name = &*asked.name;
    if asked.located.tenant.remove_rule(name) {
        return done();
    }
    let message =
        format!("rule {} does not run; expected one that `GET /{PREFIX}/scenario` lists", shown(name));
    Err(ControlError::new(StatusCode::NOT_FOUND, message))
}

fn rule_error(error: RuleError) -> ControlError {
    match error {
        RuleError::NoRoom(no_room) => no_room.into(),
        RuleError::Load(LoadError::Taken(_)) => ControlError::new(StatusCode::CONFLICT, error.to_string()),
        RuleError::Load(_) => ControlError::bad(error.to_string()),
    }
}

record! {
    /// Built-in scenarios by name.
    pub(in crate::control) struct UseOfScenarios as "useOfScenarios" checked by UseOfScenarios::look {
        /// Their names, in the order in which their rules run.
        names: Vec<String> = required("use") within MOST_NAMES,
    }
}

/// More than there are built-in scenarios, and few enough to load them all.
const MOST_NAMES: Limit = Limit::Entries(0, 100);

impl UseOfScenarios {
    fn look(&self, place: &mut Place<'_, '_, '_>) {
        for (index, name) in self.names.iter().enumerate() {
            let at = format!("/use/{index}");
            if library::text(name).is_none() {
                place.mistake(&at, not_built_in(name));
            } else if self.names[..index].contains(name) {
                place.mistake(&at, LoadError::SameName(name.clone()).to_string());
            }
        }
    }
}

/// A scenario of its own, or the names of built-in ones: `{"use": ["rate-limited"]}`, or `"rate-limited"` for one.
fn scenarios(request: &Request, tenant: &Tenant) -> Result<Rulesets, ControlError> {
    let max_rules = tenant.options().max_rules;
    let text = document(request)?;
    let document = text.as_document();
    let scenarios: Vec<_> = match document.outline() {
        Outline::Text(name) => vec![built_in(&name)?],
        Outline::Keys(keys) if keys.iter().any(|key| key == "use") => {
            let named: UseOfScenarios = text.read()?;
            named.names.iter().map(|name| built_in(name)).collect::<Result<_, _>>()?
        }
        outline => {
            let named = library::ruleset(document.text.trim()).map(Ok);
            let read = || Ruleset::read_within(&document, max_rules, Some(&tenant.known_clients()));
            vec![named.unwrap_or_else(read).map_err(|error| not_one(&document, &outline, &error))?]
        }
    };
    let together = Rulesets::new(scenarios, max_rules).map(Rulesets::of_one_tenant);
    together.map_err(|error| ControlError::bad(error.to_string()))
}

/// What is wrong with a scenario; names of built-in ones are told how to be used.
fn not_one(document: &Document<'_>, outline: &Outline, error: &DocumentError) -> ControlError {
    let names = match document.to_json() {
        Ok(Value::Array(names)) => names,
        Ok(Value::Object(only)) if only.len() == 1 => only.into_iter().map(|(_, name)| name).collect(),
        _ => Vec::new(),
    };
    let is_built_in = |name: &Value| name.as_str().is_some_and(|name| library::text(name).is_some());
    if !names.is_empty() && names.iter().all(is_built_in) {
        let names = Value::from(names);
        let message = format!(
            "body:1:1: names of built-in scenarios; expected a scenario {{name: …, rules: …}}; write {{\"use\": {names}}}"
        );
        return ControlError::bad(message);
    }
    // What is wrong with the name itself is told alone.
    let is_name = matches!(outline, Outline::Keys(keys) if keys.iter().all(|key| key == "name"))
        && matches!(names.as_slice(), [] | [Value::String(_)]);
    let advice = if is_name { "; write {\"use\": [\"NAME\"]} for a built-in one" } else { "" };
    ControlError::bad(format!("{error}{advice}"))
}

fn built_in(name: &str) -> Result<Ruleset, ControlError> {
    library::ruleset(name).ok_or_else(|| ControlError::bad(not_built_in(name)))
}

fn not_built_in(name: &str) -> String {
    unknown("no built-in scenario is named", name, &library::names())
}
