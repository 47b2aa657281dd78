//! Calls about the rules that run in a tenant.

use hyper::StatusCode;
use serde_json::json;

use crate::control::read::document;
use crate::control::{Answer, Asked, ControlError, PREFIX, created, done, ok};
use crate::scenario::{CompiledRule, LoadError, Ruleset, Rulesets, library};
use crate::wire::Request;

pub(in crate::control) fn show(asked: &Asked<'_>) -> Answer {
    ok(&json!({ "rules": asked.located.tenant.scenario() }))
}

pub(in crate::control) fn replace(asked: &Asked<'_>) -> Answer {
    let tenant = &asked.located.tenant;
    tenant.set_scenarios(&scenarios(asked.request, tenant.options().max_rules)?, asked.wall);
    show(asked)
}

pub(in crate::control) fn stop(asked: &Asked<'_>) -> Answer {
    asked.located.tenant.set_scenarios(&Rulesets::default(), asked.wall);
    done()
}

pub(in crate::control) fn add_rule(asked: &Asked<'_>) -> Answer {
    let rule = CompiledRule::read(&document(asked.request)?.as_document())
        .map_err(|error| ControlError::bad(error.to_string()))?;
    created(&asked.located.tenant.add_rule(rule, asked.wall).map_err(|error| rule_error(&error))?)
}

pub(in crate::control) fn remove_rule(asked: &Asked<'_>) -> Answer {
    let name = &*asked.name;
    if asked.located.tenant.remove_rule(name) {
        return done();
    }
    let message = format!("rule `{name}` does not run; expected one that `GET /{PREFIX}/scenario` lists");
    Err(ControlError::new(StatusCode::NOT_FOUND, message))
}

fn rule_error(error: &LoadError) -> ControlError {
    let status = match error {
        LoadError::Taken(_) => StatusCode::CONFLICT,
        LoadError::TooMany(_) | LoadError::SameName(_) => StatusCode::BAD_REQUEST,
    };
    ControlError::new(status, error.to_string())
}

/// A scenario of its own, or the names of built-in ones: `{"use": ["rate-limited"]}`.
fn scenarios(request: &Request, max_rules: usize) -> Result<Rulesets, ControlError> {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Use {
        #[serde(rename = "use")]
        names: Vec<String>,
    }
    let document = document(request)?;
    let scenarios: Vec<_> = if document.has_key("use") {
        let named: Use = document.parse()?;
        named.names.iter().map(|name| built_in(name)).collect::<Result<_, _>>()?
    } else {
        let read = Ruleset::read(&document.as_document());
        vec![read.map_err(|error| ControlError::bad(error.to_string()))?]
    };
    Rulesets::new(scenarios, max_rules).map_err(|error| ControlError::bad(error.to_string()))
}

fn built_in(name: &str) -> Result<Ruleset, ControlError> {
    library::ruleset(name).ok_or_else(|| {
        ControlError::bad(format!("scenario `{name}` is not built in; expected one of {}", library::names()))
    })
}
