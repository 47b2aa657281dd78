//! From the texts of the service's documents to tables and one merged document. Whatever is not understood is an error
//! with its file, its place, what was found and what was expected.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::super::facts::{
    Access, BodyFacts, InVersion, List, Listing, METHODS, Media, OperationFacts, Service,
};
use super::super::marks;
use super::super::version::VERSIONS;
use super::listing::Rows;
use super::openapi::{BodyItem, Components, OpenApi, OperationItem};
use super::routes::{Routes, leak_list};
use super::{components, parameters, schema, versions};

/// Where the documents are.
pub(super) const FOLDER: &str = "fixtures/openapi/service";

/// A document as people write it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Written<'a> {
    /// The file's name, without folder and extension; a resource's is the resource's name.
    pub(crate) name: &'a str,
    /// Its text, in YAML.
    pub(crate) text: &'a str,
}

/// What came of the documents.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub(crate) service: Service,
    /// What only the `Operation` enum shows, in the order of [`Service::operations`].
    pub(crate) shown: Vec<Shown>,
    /// All versions' document in one, marks included, without the paths outside every version.
    pub(crate) document: Value,
}

/// What the enum shows of an operation.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) summary: String,
    pub(crate) resource: String,
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) is_read: bool,
    pub(crate) is_slow: bool,
}

/// Reads the shared document and the resources'.
pub(crate) fn compile(shared: Written<'_>, resources: &[Written<'_>]) -> Result<Compiled, String> {
    let head = Source::read(shared)?;
    let version = head.parsed.openapi.as_deref().unwrap_or("none");
    if !version.starts_with("3.0.") {
        return Err(head.error("/openapi", &format!("OpenAPI version {version}; expected 3.0.x")));
    }
    let sources = resources.iter().map(|written| Source::read(*written)).collect::<Result<Vec<_>, _>>()?;
    let components = components::merge(&head, &sources)?;
    for source in std::iter::once(&head).chain(&sources) {
        components::check_references(source, &source.value, "", &components)?;
    }
    let mut reader = Reader { head: &head, components: &components, scopes: BTreeMap::new() };
    for source in &sources {
        reader.scopes.extend(source.parsed.scopes.iter().map(|(scope, meaning)| (scope.as_str(), meaning)));
    }
    reader.compile(&sources)
}

/// A document that was read.
pub(super) struct Source<'a> {
    pub(super) name: &'a str,
    pub(super) value: Value,
    pub(super) parsed: OpenApi,
}

impl<'a> Source<'a> {
    fn read(written: Written<'a>) -> Result<Self, String> {
        let fail = |error: String| format!("{FOLDER}/{}.yaml{error}", written.name);
        let value = super::super::yaml_to_json(written.text).map_err(fail)?;
        let parsed = serde_json::from_value(value.clone()).map_err(|_| fail(mistake(&value)))?;
        Ok(Self { name: written.name, value, parsed })
    }

    /// The message about what stands at `pointer`.
    pub(super) fn error(&self, pointer: &str, message: &str) -> String {
        format!("{FOLDER}/{}.yaml: {pointer}: {message}", self.name)
    }
}

/// The first mistake in a document that is not as [`OpenApi`] has it, after the JSON Pointer of the smallest part in
/// which it was found.
fn mistake(document: &Value) -> String {
    fn wrong<T: DeserializeOwned>(value: Value) -> Option<String> {
        serde_json::from_value::<T>(value).err().map(|error| error.to_string())
    }
    let parts = |value: &Value| value.as_object().cloned().unwrap_or_default();
    for (path, item) in parts(&document["paths"]) {
        for (method, operation) in parts(&item) {
            if let Some(why) = wrong::<OperationItem>(operation) {
                return format!(": /paths/{}/{method}: {why}", path.replace('/', "~1"));
            }
        }
    }
    for (kind, components) in parts(&document["components"]) {
        for (name, component) in parts(&components) {
            if let Some(why) = wrong::<Components>(json!({ kind.as_str(): { name.as_str(): component } })) {
                return format!(": /components/{kind}/{name}: {why}");
            }
        }
    }
    format!(": {}", wrong::<OpenApi>(document.clone()).unwrap_or_default())
}

struct Reader<'a> {
    head: &'a Source<'a>,
    components: &'a Value,
    /// What each scope allows.
    scopes: BTreeMap<&'a str, &'a String>,
}

impl Reader<'_> {
    fn compile(&self, sources: &[Source<'_>]) -> Result<Compiled, String> {
        let (mut operations, mut shown, mut routes) = (Vec::new(), Vec::new(), Routes::default());
        let mut rows = Rows::default();
        // What has a version first, so that names are listed in that order.
        let by_order = |unversioned| sources.iter().filter(move |s| s.parsed.is_unversioned == unversioned);
        for source in by_order(false).chain(by_order(true)) {
            for (path, item) in source.value["paths"].as_object().into_iter().flatten() {
                for (method, operation) in item.as_object().into_iter().flatten() {
                    let at = format!("/paths/{}/{method}", components::escape(path));
                    let fail = |message: String| source.error(&at, &message);
                    let facts = self.operation(source, path, operation, &mut rows).map_err(fail)?;
                    let method = method.to_ascii_uppercase();
                    let method = METHODS.iter().position(|known| *known == method).unwrap_or_default();
                    let is_unversioned = source.parsed.is_unversioned;
                    routes.add(path, method, operations.len(), is_unversioned).map_err(fail)?;
                    shown.push(shown_of(source.name, METHODS[method], path, operation));
                    operations.push(facts);
                }
            }
        }
        for source in sources {
            for (path, methods) in &source.parsed.not_simulated {
                let at = format!("/x-sim-not-simulated/{}", components::escape(path));
                routes.add_not_simulated(path, methods).map_err(|message| source.error(&at, &message))?;
            }
        }
        versions::check_names(&operations)?;
        let (routes, unversioned_routes) = routes.finish();
        let operations = List(leak_list(operations));
        let service = Service { operations, routes, unversioned_routes, rows: rows.finish() };
        Ok(Compiled { service, shown, document: self.document(sources) })
    }

    fn operation(
        &self,
        source: &Source<'_>,
        path: &str,
        written: &Value,
        rows: &mut Rows,
    ) -> Result<OperationFacts, String> {
        let item: OperationItem = parse(written)?;
        versions::check_marks(&item, source.parsed.is_unversioned)?;
        self.check_fidelity(&item)?;
        let mut in_versions = [None; VERSIONS.len()];
        let mut unversioned = None;
        if source.parsed.is_unversioned {
            unversioned = Some(self.in_version(&item, "", false, None)?);
        } else {
            for (place, version) in in_versions.iter_mut().zip(&VERSIONS) {
                if let Some(own) = marks::in_version(written, version.name) {
                    let is_experimental = marks::is_experimental_in(written, version.name);
                    let listing = rows.listing(source, written, version.name, self.components)?;
                    let own = parse(&own)?;
                    let suffix = version.operation_suffix();
                    *place = Some(self.in_version(&own, suffix, is_experimental, listing)?);
                }
            }
        }
        let body = match &item.request_body {
            None => None,
            Some(body) => self.body(body, &written["requestBody"])?,
        };
        Ok(OperationFacts {
            id: leak(item.operation_id.clone()),
            in_versions,
            unversioned,
            parameters: parameters::read(path, &item, self.components)?,
            body,
        })
    }

    fn in_version(
        &self,
        item: &OperationItem,
        suffix: &str,
        is_experimental: bool,
        listing: Option<Listing>,
    ) -> Result<InVersion, String> {
        if !item.responses.keys().any(|status| status.starts_with('2')) {
            return Err("no response for success; expected one".to_owned());
        }
        let scopes = |scopes: &[String]| -> Result<List<&'static str>, String> {
            match scopes.iter().find(|scope| !self.scopes.contains_key(scope.as_str())) {
                Some(unknown) => {
                    Err(format!("scope `{unknown}` is unknown; expected it under `x-sim-scopes`"))
                }
                None => Ok(leak_texts(scopes)),
            }
        };
        let user = item.security.iter().find_map(|way| way.user_auth.as_ref());
        let application = item.security.iter().find_map(|way| way.application_auth.as_ref());
        let access = match (user, application) {
            (None, None) => None,
            (None, Some(_)) => return Err("security without `userAuth`; expected it".to_owned()),
            (Some(user), application) => Some(Access {
                user_scopes: scopes(user)?,
                application_scopes: application.map(|application| scopes(application)).transpose()?,
                user_levels: leak_texts(&item.user_levels),
            }),
        };
        let operation_id = leak(format!("{}{suffix}", item.operation_id));
        Ok(InVersion { operation_id, access, is_experimental, listing })
    }

    /// Every answer says how faithful it is, itself or as one that any operation may give.
    fn check_fidelity(&self, item: &OperationItem) -> Result<(), String> {
        let is_shared =
            |status: &String| self.head.parsed.fidelity.iter().any(|shared| shared.status == *status);
        match item.responses.iter().find(|(status, own)| own.fidelity.is_none() && !is_shared(status)) {
            Some((status, _)) => Err(format!("response {status} has no `x-sim-fidelity`; expected one")),
            None => Ok(()),
        }
    }

    /// What the contract checks of a body; nothing of a form, which its handler reads.
    fn body(&self, item: &BodyItem, written: &Value) -> Result<Option<BodyFacts>, String> {
        let mut types: Vec<&str> = item.content.keys().map(String::as_str).collect();
        if types.contains(&"application/x-www-form-urlencoded") {
            return Ok(None);
        }
        let (media, media_type) = match (types.pop(), types.pop()) {
            (Some(name @ "application/json"), None) => (Media::Json, name),
            (Some(name @ "application/json-patch+json"), None) => (Media::JsonPatch, name),
            (Some(name @ "multipart/form-data"), None) => (Media::Multipart, name),
            _ => {
                return Err("the body's media type; expected one of application/json, \
                    application/json-patch+json, multipart/form-data, application/x-www-form-urlencoded"
                    .to_owned());
            }
        };
        let schema = &written["content"][media_type]["schema"];
        let complete = |is_enforced| schema::complete(schema, self.components, is_enforced);
        let (lenient, strict) = (complete(false)?, complete(true)?);
        let result = match (&written["content"][media_type][marks::RESULT], media) {
            (Value::Null, Media::JsonPatch) => {
                return Err(format!("a JSON Patch without `{}`; expected it", marks::RESULT));
            }
            (Value::Null, _) => None,
            (schema, Media::JsonPatch) => Some(leak(schema::complete(schema, self.components, false)?)),
            _ => return Err(format!("`{}` of a body that is not JSON Patch; expected none", marks::RESULT)),
        };
        Ok(Some(BodyFacts {
            media,
            is_required: item.is_required,
            lenient: leak(lenient),
            strict: leak(strict),
            result,
        }))
    }

    /// All versioned paths in one document, marks included.
    fn document(&self, sources: &[Source<'_>]) -> Value {
        let versioned = || sources.iter().filter(|source| !source.parsed.is_unversioned);
        let mut components = self.components.clone();
        for scheme in components["securitySchemes"].as_object_mut().into_iter().flat_map(Map::values_mut) {
            scheme["flows"]["clientCredentials"]["scopes"] = json!(self.scopes);
        }
        let tags: Vec<&Value> =
            versioned().flat_map(|source| source.value["tags"].as_array().into_iter().flatten()).collect();
        let paths: Map<String, Value> = versioned()
            .flat_map(|source| source.value["paths"].as_object().into_iter().flatten())
            .map(|(path, item)| (path.clone(), item.clone()))
            .collect();
        json!({
            "openapi": self.head.value["openapi"],
            "info": self.head.value["info"],
            "tags": tags,
            "paths": paths,
            "components": components,
        })
    }
}

fn shown_of(resource: &str, method: &'static str, path: &str, written: &Value) -> Shown {
    Shown {
        summary: written["summary"].as_str().unwrap_or_default().to_owned(),
        resource: resource.to_owned(),
        method,
        path: path.to_owned(),
        is_read: written[marks::READ].as_bool().unwrap_or(method == "GET"),
        is_slow: written[marks::SLOW].as_bool().unwrap_or(false),
    }
}

pub(super) fn parse<T: DeserializeOwned>(value: &Value) -> Result<T, String> {
    T::deserialize(value).map_err(|error| error.to_string())
}

pub(super) fn leak_texts(texts: &[String]) -> List<&'static str> {
    List(leak_list(texts.iter().map(|text| leak(text.clone())).collect()))
}

/// A text that lives as long as the program.
pub(super) fn leak(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}
