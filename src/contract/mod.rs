//! The contract: our OpenAPI document, compiled once at start into routes, parameter checks, body validators
//! and access rules, and served again with `servers` filled in. It knows what a request may look like, not
//! what is in any tenant.

mod check;
mod openapi;
mod route;

use std::collections::BTreeMap;
use std::fmt;

use hyper::Method;
use serde_json::{Value, json};

pub use check::{Checked, Violation};
pub use route::{Route, Routed};

use crate::document::{Document, DocumentError, Format};
use crate::operation::Operation;
use crate::prerequisites::Prerequisites;
use crate::version::ApiVersion;
use check::{BodyCheck, ParameterCheck};
use openapi::{OpenApi, OperationItem, ParameterItem, ParameterPlace};
use route::PathTemplate;

/// The document that is built in, as the build wrote it from YAML.
const BUILT_IN: &str = include_str!(concat!(env!("OUT_DIR"), "/password-sync-groups.json"));
/// Its name in messages.
const BUILT_IN_NAME: &str = "fixtures/openapi/password-sync-groups.yaml";

/// Who may call an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// Scopes, any of which allows a token with a user.
    pub user_scopes: Vec<String>,
    /// Scopes, any of which allows a token without a user; `None` when such a token is never allowed.
    pub application_scopes: Option<Vec<String>>,
    /// User levels (authorities), any of which a user must have.
    pub user_levels: Vec<String>,
}

/// The compiled contract.
pub struct Contract {
    source: Value,
    templates: Vec<PathTemplate>,
    operations: BTreeMap<Operation, Compiled>,
}

/// What the document says of one operation, compiled.
struct Compiled {
    access: Access,
    parameters: Vec<ParameterCheck>,
    body: Option<BodyCheck>,
}

impl fmt::Debug for Contract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contract").field("operations", &self.operations.keys()).finish_non_exhaustive()
    }
}

impl Contract {
    /// Compiles the built-in document.
    pub fn built_in() -> Result<Self, DocumentError> {
        Self::compile(&Document { name: BUILT_IN_NAME, text: BUILT_IN, format: Format::BuiltIn })
    }

    /// Compiles a document; the first thing in it that is not understood is the error.
    pub fn compile(document: &Document<'_>) -> Result<Self, DocumentError> {
        let parsed: OpenApi = document.parse()?;
        let source: Value = document.parse()?;
        if !parsed.openapi.starts_with("3.0.") {
            let message = format!("OpenAPI version {}; expected 3.0.x", parsed.openapi);
            return Err(document.error_at("/openapi", message));
        }
        let mut contract = Self { source, templates: Vec::new(), operations: BTreeMap::new() };
        for (path, item) in &parsed.paths {
            let mut template = PathTemplate::new(path);
            let methods = [
                (Method::GET, &item.get),
                (Method::POST, &item.post),
                (Method::PUT, &item.put),
                (Method::PATCH, &item.patch),
                (Method::DELETE, &item.delete),
            ];
            for (method, described) in methods {
                let Some(described) = described else { continue };
                let at = format!("/paths/{}/{}", escape(path), method.as_str().to_ascii_lowercase());
                let operation = described
                    .operation_id
                    .parse()
                    .map_err(|message: String| document.error_at(&format!("{at}/operationId"), message))?;
                let compiled = contract
                    .compile_operation(&parsed, described)
                    .map_err(|message| document.error_at(&at, message))?;
                if contract.operations.insert(operation, compiled).is_some() {
                    return Err(document.error_at(&at, format!("operation `{operation}` stands here twice")));
                }
                template.operations.push((method, operation));
            }
            contract.templates.push(template);
        }
        Ok(contract)
    }

    fn compile_operation(&self, parsed: &OpenApi, described: &OperationItem) -> Result<Compiled, String> {
        let mut parameters = Vec::new();
        for item in &described.parameters {
            let item = resolve(parsed, item)?;
            if item.place == Some(ParameterPlace::Query) {
                parameters.push(ParameterCheck::compile(item)?);
            }
        }
        if !described.responses.keys().any(|status| status.starts_with('2')) {
            return Err("no response for success".to_owned());
        }
        let body = match &described.request_body {
            None => None,
            Some(body) if body.content.len() == 1 && body.content.contains_key("application/json") => {
                let pointer = self.body_pointer(&described.operation_id)?;
                Some(BodyCheck::compile(&self.source, &pointer)?)
            }
            Some(_) => return Err("a request body must be `application/json` alone".to_owned()),
        };
        let access = Access {
            user_scopes: described.security.iter().find_map(|way| way.user_auth.clone()).unwrap_or_default(),
            application_scopes: described.security.iter().find_map(|way| way.application_auth.clone()),
            user_levels: described.user_levels.clone(),
        };
        Ok(Compiled { access, parameters, body })
    }

    /// The JSON Pointer of an operation's body schema.
    fn body_pointer(&self, operation_id: &str) -> Result<String, String> {
        let paths = self.source["paths"].as_object().ok_or("`paths` is not an object")?;
        for (path, item) in paths {
            for (method, operation) in item.as_object().into_iter().flatten() {
                if operation["operationId"] == operation_id {
                    return Ok(format!(
                        "/paths/{}/{method}/requestBody/content/application~1json/schema",
                        escape(path)
                    ));
                }
            }
        }
        Err(format!("operation `{operation_id}` has no place"))
    }

    /// Who may call `operation`; `None` when everybody may.
    pub fn access(&self, operation: Operation) -> Option<&Access> {
        self.operations.get(&operation).map(|compiled| &compiled.access)
    }

    /// The document for one API version: paths and operationIds as that version spells them, `servers` and
    /// token URLs under `base_url`, and `required` and `minItems` as `prerequisites` has them.
    pub fn document(&self, version: &ApiVersion, prerequisites: Prerequisites, base_url: &str) -> Value {
        let mut document = self.source.clone();
        openapi::settle_prerequisites(&mut document, prerequisites == Prerequisites::Enforce);
        let mut served = json!({});
        for (key, value) in document.as_object().into_iter().flatten() {
            served[key] = match key.as_str() {
                "paths" => spell_paths(value, version),
                _ => value.clone(),
            };
            if key == "info" {
                served["info"]["version"] = version.name.into();
                served["servers"] = json!([{ "url": format!("{base_url}{}", version.server_suffix()) }]);
            }
        }
        if let Some(schemes) = served["components"]["securitySchemes"].as_object_mut() {
            for scheme in schemes.values_mut() {
                scheme["flows"]["clientCredentials"]["tokenUrl"] = format!("{base_url}/oauth/token").into();
            }
        }
        served
    }
}

fn spell_paths(paths: &Value, version: &ApiVersion) -> Value {
    let mut spelled = json!({});
    for (path, item) in paths.as_object().into_iter().flatten() {
        let mut item = item.clone();
        for operation in item.as_object_mut().into_iter().flat_map(|item| item.values_mut()) {
            if let Some(id) = operation["operationId"].as_str() {
                operation["operationId"] = format!("{id}{}", version.operation_suffix()).into();
            }
        }
        spelled[version.spell(path)] = item;
    }
    spelled
}

fn resolve<'a>(parsed: &'a OpenApi, item: &'a ParameterItem) -> Result<&'a ParameterItem, String> {
    let Some(reference) = &item.reference else {
        return Ok(item);
    };
    reference
        .strip_prefix("#/components/parameters/")
        .and_then(|name| parsed.components.parameters.get(name))
        .ok_or_else(|| format!("`{reference}` does not exist; expected one under #/components/parameters"))
}

/// A path as one step of a JSON Pointer.
fn escape(path: &str) -> String {
    path.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The document as people read it.
    const WRITTEN: &str = include_str!("../../fixtures/openapi/password-sync-groups.yaml");

    fn compile_with(from: &str, to: &str) -> String {
        assert!(WRITTEN.contains(from), "{from}");
        let text = WRITTEN.replacen(from, to, 1);
        let document = Document { name: "openapi.yaml", text: &text, format: Format::Yaml };
        Contract::compile(&document).unwrap_err().to_string()
    }

    #[test]
    fn what_is_not_understood_refuses_to_start() {
        for (from, to, expected) in [
            ("minItems: 2", "minItem: 2", "unknown field `minItem`"),
            (
                "operationId: getPasswordSyncGroups\n",
                "operationId: getGroups\n",
                "`getGroups` does not exist",
            ),
            ("      summary: List", "      sumary: List", "unknown field `sumary`"),
            ("openapi: 3.0.1", "openapi: 3.1.0", "expected 3.0.x"),
            ("parameters/limit'", "parameters/limits'", "`#/components/parameters/limits` does not exist"),
            (r"pattern: '\S'", "pattern: '^x'", r#"pattern "^x"; expected `\S`"#),
            ("        - userAuth:", "        - userOauth:", "unknown field `userOauth`"),
        ] {
            let found = compile_with(from, to);
            assert!(found.contains(expected) && found.starts_with("openapi.yaml:"), "{found}");
        }
    }

    #[test]
    fn a_served_document_says_what_the_running_configuration_enforces() {
        let contract = Contract::built_in().unwrap();
        let version = ApiVersion::named("v1").unwrap();
        let strict = contract.document(version, Prerequisites::Enforce, "http://127.0.0.1:1");
        let schema = &strict["components"]["schemas"]["PasswordSyncGroup"];
        assert_eq!(schema["required"], json!(["name", "passwordPolicyId", "sourceIds"]));
        assert_eq!(schema["properties"]["sourceIds"]["minItems"], 2);
        assert_eq!(strict["servers"], json!([{ "url": "http://127.0.0.1:1" }]));
        let get = &strict["paths"]["/password-sync-groups/v1/{id}"]["get"];
        assert_eq!(get["operationId"], "getPasswordSyncGroupV1");

        let version = ApiVersion::named("v2024").unwrap();
        let lax = contract.document(version, Prerequisites::Ignore, "http://127.0.0.1:1");
        let schema = &lax["components"]["schemas"]["PasswordSyncGroup"];
        assert_eq!(schema["required"], Value::Null);
        assert_eq!(schema["properties"]["sourceIds"]["minItems"], Value::Null);
        assert_eq!(lax["servers"], json!([{ "url": "http://127.0.0.1:1/v2024" }]));
        assert!(!lax.to_string().contains("x-sim-"));
    }
}
