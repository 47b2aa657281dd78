//! The notation of the documents, tried on a small service of its own (`things.yaml`): what differs from version to
//! version in routes, access, checks and served documents, what fails to build, and what a large service costs.

mod listing;

use hyper::Method;
use hyper::header::{HeaderName, HeaderValue};
use serde_json::{Value, json};

use super::build::read::{Compiled, Written, compile};
use super::build::write;
use super::route::{Found, find};
use super::*;
use crate::operation::Operation;
use crate::prerequisites::Prerequisites;
use crate::version::ApiVersion;
use crate::wire::{DetailCode, Refusal, Request};

const SHARED: &str = include_str!("../../../fixtures/openapi/service/_shared.yaml");
const GROUPS: &str = include_str!("../../../fixtures/openapi/service/password-sync-groups.yaml");
const THINGS: &str = include_str!("things.yaml");

fn read(name: &str, text: &str) -> Result<Compiled, String> {
    compile(Written { name: "_shared", text: SHARED }, &[Written { name, text }])
}

fn contract_of(compiled: &Compiled) -> Contract {
    let service: &'static Service = Box::leak(Box::new(compiled.service));
    Contract::of(service, Box::leak(compiled.document.to_string().into_boxed_str()))
}

fn things() -> Contract {
    contract_of(&read("things", THINGS).unwrap())
}

fn found<'a>(contract: &Contract, method: &str, path: &'a str) -> Option<Found<'a>> {
    find(contract.service, &Method::from_bytes(method.as_bytes()).unwrap(), path).ok()
}

/// The operationId that a call has in its version, or the methods there are.
fn id_of(contract: &Contract, method: &str, path: &str) -> String {
    match find(contract.service, &Method::from_bytes(method.as_bytes()).unwrap(), path) {
        Ok(found) => found.in_version.operation_id.to_owned(),
        Err(nowhere) => nowhere.allow.map_or("404".to_owned(), |allow| format!("405 {allow}")),
    }
}

#[test]
fn an_operation_exists_in_its_versions_under_its_name_there() {
    let contract = things();
    for (method, path, expected) in [
        ("DELETE", "/beta/things/1", "delete"),
        ("DELETE", "/v3/things/1", "deleteThing"),
        ("DELETE", "/v2026/things/1", "405 GET, PATCH"),
        ("PUT", "/v3/things/1", "405 GET, PATCH, DELETE"),
        ("GET", "/v3/things", "404"),
        ("POST", "/v3/things", "404"),
        ("GET", "/beta/things", "listThings"),
        ("GET", "/things/v1", "listThingsV1"),
        ("GET", "/things/v1/1", "getThingV1"),
        ("DELETE", "/things/v1/1", "405 GET, PATCH"),
    ] {
        assert_eq!(id_of(&contract, method, path), expected, "{method} {path}");
    }
}

#[test]
fn latest_is_the_newest_version() {
    let contract = things();
    assert_eq!(id_of(&contract, "GET", "/latest/things/all"), "listAllThings");
    assert_eq!(id_of(&contract, "DELETE", "/latest/things/1"), "405 GET, PATCH");
    assert!(found(&contract, "GET", "/latest/things").unwrap().in_version.is_experimental);
}

#[test]
fn a_literal_segment_wins_over_a_parameter_where_it_exists() {
    let contract = things();
    assert_eq!(id_of(&contract, "GET", "/v2026/things/all"), "listAllThings");
    assert_eq!(id_of(&contract, "PATCH", "/v2026/things/all"), "405 GET");
    assert_eq!(id_of(&contract, "GET", "/v2024/things/all"), "getThing");
}

#[test]
fn each_parameter_of_a_path_is_known_by_its_name() {
    let contract = things();
    let found = found(&contract, "PUT", "/v3/things/a%2Fb/parts/c%20d").unwrap();
    assert_eq!((&*found.param("id"), &*found.param("partId"), &*found.param("x")), ("a/b", "c d", ""));
}

#[test]
fn access_is_that_of_the_version() {
    let contract = things();
    let access = |path: &str| found(&contract, "GET", path).unwrap().in_version.access.unwrap();
    let new = access("/v3/things/1");
    assert_eq!(*new.user_scopes, ["things:read", "things:manage"]);
    assert_eq!(new.application_scopes, Some(List(&["things:read"])));
    assert_eq!(*new.user_levels, ["ORG_ADMIN"]);
    let old = access("/beta/things/1");
    assert_eq!(
        (&*old.user_scopes, old.application_scopes, old.user_levels.len()),
        (&["things:old"][..], None, 0)
    );
}

fn check(method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Result<Arguments, Refusal> {
    let contract = things();
    let mut request = Request::new(Method::from_bytes(method.as_bytes()).unwrap(), target).unwrap();
    for (name, value) in headers {
        request = request.header(HeaderName::from_bytes(name.as_bytes()).unwrap(), value);
    }
    request.body = crate::wire::Body::Whole(body.to_owned().into());
    let found = found(&contract, method, request.uri.path()).unwrap();
    contract.check_found(&found, &request, Prerequisites::Enforce)
}

/// Code, text and further texts of a refusal.
fn told(refusal: Refusal) -> (DetailCode, Vec<String>) {
    match refusal {
        Refusal::BadRequest { code, text, further, .. } => (code, [vec![text], further].concat()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_experimental_operation_asks_for_its_header_in_the_versions_that_say_so() {
    let region = ("X-Region", "north");
    assert_eq!(check("GET", "/v2024/things", &[region], "").unwrap_err(), Refusal::NotExperimental);
    let wrong = [region, ("X-SailPoint-Experimental", "yes")];
    assert_eq!(check("GET", "/things/v1", &wrong, "").unwrap_err(), Refusal::NotExperimental);
    assert!(check("GET", "/things/v1", &[region, ("X-SailPoint-Experimental", "true")], "").is_ok());
    assert!(check("GET", "/beta/things", &[region], "").is_ok());
    let reply = Refusal::NotExperimental.reply(crate::wire::TrackingId([0; 16]));
    assert_eq!(reply.status, 400);
    assert_eq!(reply.value(), json!({ "error": "Experimental Header is missing or invalid." }));
}

#[test]
fn texts_are_checked_in_queries_and_headers() {
    let arguments = check("GET", "/beta/things?filters=name%20co%20x", &[("X-Region", "south")], "").unwrap();
    assert_eq!(arguments.text("filters"), Some("name co x"));
    assert_eq!((arguments.text("sorters"), arguments.text("X-Region")), (Some("name"), Some("south")));
    assert_eq!(check("GET", "/beta/things", &[("X-Region", "south")], "").unwrap().text("filters"), None);
    let (code, texts) =
        told(check("GET", "/beta/things?filters=1234567890123&sorters=size", &[], "").unwrap_err());
    assert_eq!(code, DetailCode::Missing);
    assert_eq!(
        texts,
        [
            "Required header \"X-Region\" was missing or empty.",
            "Query parameter \"filters\" must be a text of at most 12 characters, but is \"1234567890123\".",
            "Query parameter \"sorters\" must be one of name, -name, but is \"size\".",
        ]
    );
}

#[test]
fn a_json_patch_is_read_as_one_alone() {
    let patch = ("Content-Type", "application/json-patch+json; charset=utf-8");
    let good = r#"[{"op": "replace", "path": "/name", "value": null}]"#;
    let arguments = check("PATCH", "/v3/things/1", &[patch], good).unwrap();
    assert_eq!(arguments.body[0]["op"], "replace");
    let plain = [("Content-Type", "application/json")];
    assert_eq!(
        check("PATCH", "/v3/things/1", &plain, good).unwrap_err().summary(),
        ["found application/json, expected application/json-patch+json"]
    );
    for (body, code, text) in [
        (
            "{}",
            DetailCode::Syntax,
            "The request could not be parsed. The body must be an array, but is an object.",
        ),
        (
            r#"[{"op": "jump", "path": "/"}]"#,
            DetailCode::IllegalValue,
            r#"Field "[0].op" must be one of "add", "remove", "replace", but is "jump"."#,
        ),
        (
            r#"[{"op": "add", "path": "/12345678901234567890"}]"#,
            DetailCode::IllegalValue,
            r#"Field "[0].path" must have at most 20 characters."#,
        ),
        (r#"[{"op": "add"}]"#, DetailCode::Missing, "Required field \"[0].path\" was missing or empty."),
    ] {
        let found = told(check("PATCH", "/v3/things/1", &[patch], body).unwrap_err());
        assert_eq!(found, (code, vec![text.to_owned()]), "{body}");
    }
}

#[test]
fn what_a_json_patch_makes_of_a_record_is_checked_by_a_schema_of_its_own() {
    let contract = things();
    let found = found(&contract, "PATCH", "/v3/things/1").unwrap();
    let route = Route { operation: Operation::ALL[0], version: None, id: "1".into(), found };
    let good = json!({"name": "N", "owner": null, "made": "which the service ignores"});
    assert_eq!(contract.check_result(&route, &good), Ok(()));
    let wrong = contract.check_result(&route, &json!({"name": 5, "owner": {"id": 7}})).unwrap_err();
    let texts = [
        "The request could not be parsed. Field \"name\" must be a string, but is a number.",
        "Field \"owner\" does not conform to the contract.",
    ];
    assert_eq!(told(wrong), (DetailCode::Syntax, texts.map(str::to_owned).to_vec()));
}

#[test]
fn a_multipart_body_is_kept_as_it_was_sent() {
    let content_type = "multipart/form-data; boundary=b";
    let arguments = check("PUT", "/v3/word-list", &[("Content-Type", content_type)], "--b--").unwrap();
    let multipart = arguments.multipart.unwrap();
    assert_eq!(
        (multipart.content_type, &*multipart.bytes),
        (HeaderValue::from_static("multipart/form-data; boundary=b"), &b"--b--"[..])
    );
    assert_eq!(arguments.body, Value::Null);
    let json = [("Content-Type", "application/json")];
    assert_eq!(
        check("PUT", "/v3/word-list", &json, "{}").unwrap_err().summary(),
        ["found application/json, expected multipart/form-data"]
    );
}

#[test]
fn a_body_that_may_be_absent_may_be_empty() {
    assert_eq!(check("PUT", "/v3/things/1/parts/2", &[], "").unwrap().body, Value::Null);
    let json = [("Content-Type", "application/json")];
    let with_null = r#"{"thing": {"name": "n", "owner": null, "description": null}}"#;
    assert!(check("PUT", "/v3/things/1/parts/2", &json, with_null).is_ok());
    let missing = told(check("PUT", "/v3/things/1/parts/2", &json, r#"{"thing": {}}"#).unwrap_err());
    assert_eq!(
        missing,
        (DetailCode::Missing, vec!["Required field \"thing.name\" was missing or empty.".to_owned()])
    );
}

fn served(version: &str, prerequisites: Prerequisites) -> Value {
    things().document(ApiVersion::named(version).unwrap(), prerequisites, "http://h")
}

#[test]
fn a_served_document_has_what_exists_in_its_version_as_it_is_there() {
    let beta = served("beta", Prerequisites::Ignore);
    let thing = &beta["paths"]["/things/{id}"];
    assert_eq!(thing["delete"]["operationId"], "delete");
    assert_eq!(thing["get"]["security"], json!([{ "userAuth": ["things:old"] }]));
    assert_eq!(thing["get"]["x-sailpoint-userLevels"], Value::Null);
    assert_eq!(thing["get"]["responses"]["429"], Value::Null);
    assert_eq!(beta["paths"]["/things/all"], Value::Null);
    assert_eq!(beta["tags"].as_array().unwrap().len(), 2);
    let scopes = &beta["components"]["securitySchemes"]["userAuth"]["flows"]["clientCredentials"]["scopes"];
    assert_eq!(scopes["things:old"], "Do what beta did");

    let new = served("v2026", Prerequisites::Ignore);
    assert_eq!(new["tags"], json!([{ "name": "Things" }]));
    let list = &new["paths"]["/things"]["get"];
    assert_eq!(list["parameters"][0], json!({ "$ref": "#/components/parameters/experimental" }));
    assert_eq!(new["components"]["parameters"]["experimental"]["name"], "X-SailPoint-Experimental");
    assert_eq!(beta["components"]["parameters"], Value::Null);
    let scopes = &new["components"]["securitySchemes"]["userAuth"]["flows"]["clientCredentials"]["scopes"];
    assert_eq!(scopes["things:old"], Value::Null);
    assert_eq!(served("v3", Prerequisites::Ignore)["paths"]["/things"], Value::Null);
}

#[test]
fn only_request_bodies_are_stricter_when_prerequisites_are_enforced() {
    let document = served("v3", Prerequisites::Enforce);
    let schemas = &document["components"]["schemas"];
    assert_eq!(schemas["Thing"]["required"], Value::Null);
    assert_eq!(schemas["ThingRequest"]["required"], json!(["name"]));
    let body = &document["paths"]["/things/{id}/parts/{partId}"]["put"]["requestBody"];
    let schema = &body["content"]["application/json"]["schema"];
    assert_eq!(schema["properties"]["thing"]["$ref"], "#/components/schemas/ThingRequest");
}

#[test]
fn the_enum_is_written_from_the_documents() {
    let text = write::operation_enum(&read("things", THINGS).unwrap());
    for line in [
        "    /// Delete one thing.\n    DeleteThing,\n",
        "pub const ALL: [Self; 9]",
        "            Self::DeleteThing => \"deleteThing\",\n",
        "            Self::FindThings => true,\n",
        "            Self::PatchThing => false,\n",
        "            Self::FindThings => \"things\",\n",
    ] {
        assert!(text.contains(line), "{line} is not in {text}");
    }
}

#[test]
fn the_tables_are_written_as_rust_has_them() {
    let text = write::tables(&read("things", THINGS).unwrap());
    for part in [
        "Some(InVersion { operation_id: \"delete\", access: Some(Access { user_scopes: List(&[\"things:manage\"])",
        "segments: List(&[Parameter, Literal(\"parts\"), Parameter])",
        "kind: Text { most_chars: Some(12), options: List(&[]), default: None }",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}

#[test]
fn what_is_not_understood_does_not_build() {
    for (written, from, to, expected) in [
        (GROUPS, "minItems: 2", "minItem: 2", ": unknown field `minItem`"),
        (GROUPS, "      summary: List", "      sumary: List", "unknown field `sumary`"),
        (
            GROUPS,
            "parameters/limit'",
            "parameters/limits'",
            "/paths/~1password-sync-groups/get/parameters/0/$ref: `#/components/parameters/limits` does not exist",
        ),
        (GROUPS, r"pattern: '\S'", "pattern: '^x'", r"expected `\S`"),
        (GROUPS, "        - userAuth:", "        - userOauth:", "unknown field `userOauth`"),
        (
            GROUPS,
            "        - userAuth: ['idn:password-sync-group:read'",
            "        - userAuth: ['idn:x'",
            "scope `idn:x` is unknown",
        ),
        (
            GROUPS,
            "operationId: createPasswordSyncGroup",
            "operationId: getPasswordSyncGroups",
            "operation `getPasswordSyncGroups` is defined twice",
        ),
        (
            GROUPS,
            "application/json:\n            schema: {$ref",
            "application/xml:\n            schema: {$ref",
            "the body's media type; expected one of",
        ),
        (GROUPS, "kind: documented", "kind: guessed", "unknown variant `guessed`"),
        (THINGS, "x-sim-fidelity: {kind: invented}", "description: x", "a repeated key"),
        (
            THINGS,
            "          x-sim-fidelity: {kind: invented}\n",
            "",
            "/paths/~1things/get: response 200 has no `x-sim-fidelity`",
        ),
        (
            THINGS,
            "[beta, v3]",
            "[beta, v4]",
            "`x-sim-versions` names `v4`; expected some of beta, v3, v2024, v2025, v2026, v1",
        ),
        (
            THINGS,
            "[beta, v3]",
            "[v3]",
            "`x-sim-in` names `beta`; expected a version in which the operation exists",
        ),
        (THINGS, "x-sim-experimental: [v2024", "x-sim-experimental: [v3", "`x-sim-experimental` names `v3`"),
        (
            THINGS,
            "{beta: {operationId: delete}}",
            "{beta: {operationid: delete}}",
            "unknown field `operationid`",
        ),
        (
            THINGS,
            "enum: [name, -name], default: name",
            "enum: [name, -name], default: 7",
            "the default of parameter `sorters`",
        ),
        (
            THINGS,
            "/things/{id}/parts/{partId}",
            "/things/{id}/parts/{part}",
            "path parameter `partId` is not in the path",
        ),
        (
            THINGS,
            "      properties:\n        id: {type: string}",
            "      properties:\n        id: {$ref: '#/components/schemas/Thing'}",
            "refers to itself",
        ),
    ] {
        assert!(written.contains(from), "{from}");
        let found = read("service", &written.replacen(from, to, 1)).unwrap_err();
        assert!(
            found.contains(expected) && found.starts_with("fixtures/openapi/service/service.yaml:")
                || found.contains("is defined twice"),
            "{from}: {found}"
        );
    }
    let old = SHARED.replace("openapi: 3.0.1", "openapi: 3.1.0");
    let found = compile(Written { name: "_shared", text: &old }, &[]).unwrap_err();
    assert!(
        found.starts_with("fixtures/openapi/service/_shared.yaml: /openapi: ")
            && found.contains("expected 3.0.x"),
        "{found}"
    );
}

#[test]
fn every_body_schema_of_the_built_in_documents_compiles() {
    let contract = Contract::built_in();
    for (facts, validators) in contract.service.operations.iter().zip(&contract.bodies) {
        let Some(body) = &facts.body else { continue };
        for prerequisites in [Prerequisites::Enforce, Prerequisites::Ignore] {
            validators.check(body, &Value::Null, prerequisites, &mut Vec::new());
        }
    }
}

/// A service of `count` resources with six operations each, as large as the real ones.
fn large(count: usize) -> Compiled {
    let text = GROUPS
        .replace("password-sync-group", "resource-NUMBER")
        .replace("PasswordSyncGroup", "ResourceNUMBER")
        .replace("AvailableSource", "ResourceNUMBERSource");
    let text = text.replace("syncGroupId", "resourceNUMBERId");
    let texts: Vec<String> = (0..count).map(|number| text.replace("NUMBER", &number.to_string())).collect();
    let resources: Vec<Written<'_>> = texts.iter().map(|text| Written { name: "large", text }).collect();
    compile(Written { name: "_shared", text: SHARED }, &resources).unwrap()
}

#[test]
fn a_service_of_54_operations_costs_nothing_until_it_is_called() {
    let compiled = large(9);
    let contract = contract_of(&compiled);
    assert_eq!(contract.bodies.len(), 54);
    let compiled_bodies =
        |contract: &Contract| -> usize { contract.bodies.iter().map(Validators::compiled).sum() };
    let request = Request::new(Method::POST, "/v2024/resource-7s").unwrap().json(&json!({ "name": "n" }));
    let found = found(&contract, "POST", "/v2024/resource-7s").unwrap();
    assert_eq!(found.in_version.operation_id, "createResource7");
    assert_eq!(compiled_bodies(&contract), 0);
    let (code, texts) = told(contract.check_found(&found, &request, Prerequisites::Enforce).unwrap_err());
    assert_eq!((code, texts.len()), (DetailCode::Missing, 2));
    assert_eq!(compiled_bodies(&contract), 1);
    // What is kept for an operation that was never called, beside the program's own text.
    assert!(size_of::<Validators>() <= 144, "{}", size_of::<Validators>());
    // The schema of one body has nothing of the others.
    let strict = found.facts.body.unwrap().strict;
    assert!(strict.len() < 1_000 && !strict.contains("$ref"), "{strict}");
}

#[test]
fn whatever_takes_long_is_a_post_whose_path_says_so() {
    let contract = Contract::built_in();
    for (place, operation) in
        Operation::ALL.into_iter().enumerate().filter(|(_, operation)| operation.is_slow())
    {
        let paths: Vec<_> = contract
            .service
            .routes
            .0
            .iter()
            .flat_map(|branch| {
                let of = branch
                    .templates
                    .0
                    .iter()
                    .filter(move |template| template.operations.contains(&Some(place)));
                of.map(move |template| {
                    (branch.first, template.operations.iter().position(|found| *found == Some(place)))
                })
            })
            .collect();
        assert_eq!(paths.len(), 1, "{operation}");
        let (first, method) = paths[0];
        assert_eq!(method, Some(1), "{operation} is no POST");
        assert!(contract.may_be_slow(&Method::POST, &format!("/v3/{first}")));
        assert!(contract.may_be_slow(&Method::POST, &format!("/v3/{}", first.replace('-', "%2D"))));
        assert!(!contract.may_be_slow(&Method::GET, &format!("/v3/{first}")));
    }
    assert!(!contract.may_be_slow(&Method::POST, "/v3/password-sync-groups"));
}
