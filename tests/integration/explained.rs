//! Answers of the service that say little are explained where people look: in the journal and in the log. The client is
//! told no more than the service tells.

use hyper::Method;
use hyper::header::{HeaderName, HeaderValue};
use serde_json::{Value, json};
use sync_group_sim::wire::Request;

use crate::harness::client::Client;
use crate::harness::http::send;
use crate::harness::process::{Server, binary};

const GROUPS: &str = "/v3/password-sync-groups";

fn client() -> Client {
    Client::with("name: t\nrules: []\n")
}

/// What the journal says of a request beside what its client was told.
fn why(client: &Client, request: &Request) -> (u16, Value, String) {
    let outcome = client.simulator.answer_at(request, client.wall);
    let kept = client.journal()["exchanges"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(kept["status"], outcome.reply.status.as_u16());
    let why = kept["violations"].as_array().unwrap().iter().map(|why| why.as_str().unwrap());
    (outcome.reply.status.as_u16(), outcome.reply.value(), why.collect::<Vec<_>>().join(" | "))
}

fn request(client: &Client, method: Method, target: &str) -> Request {
    Request::new(method, target).unwrap().bearer(&client.token)
}

#[test]
fn a_media_type_that_is_not_read_is_named_beside_the_one_that_is() {
    let client = client();
    let create = || request(&client, Method::POST, GROUPS);
    for (sent, told) in [
        ("text/plain", "found text/plain, expected application/json"),
        (
            "application/x-www-form-urlencoded",
            "found application/x-www-form-urlencoded, expected application/json",
        ),
    ] {
        let (status, body, why) = why(&client, &create().body(sent, "{}"));
        assert_eq!((status, &*why), (415, told));
        assert_eq!(body["errorMessage"], "Cannot consume content type");
    }
    let mut untyped = create().body("text/plain", "{}");
    untyped.headers.remove("content-type");
    assert_eq!(why(&client, &untyped).2, "found no Content-Type, expected application/json");
}

#[test]
fn a_404_says_whether_the_path_or_the_group_is_missing() {
    let client = client();
    for (target, told) in [
        ("/v3/password-sync-group", "no such path in v3; did you mean `/v3/password-sync-groups`?"),
        ("/v2023/password-sync-groups", "no such path; did you mean `/v2024/password-sync-groups`?"),
        ("/v2099/password-sync-groups", "no such path; did you mean `/v2026/password-sync-groups`?"),
        ("/api/v2024/password-sync-groups", "no such path; did you mean `/v2024/password-sync-groups`?"),
        ("/v3/roles", "no such path in v3: it does not exist, or is not simulated"),
        ("/v3/password-sync-groups/nobody", "no password sync group has this id"),
        ("/v3/password-dictionary", "no dictionary was uploaded"),
    ] {
        let (status, body, why) = why(&client, &request(&client, Method::GET, target));
        assert_eq!((status, &*why), (404, told), "{target}");
        assert_eq!(body["detailCode"], "404 Not found");
    }
}

#[test]
fn a_401_says_what_is_wrong_with_the_header_and_with_the_path() {
    let client = client();
    let astray = "no such path; did you mean `/oauth/token`? | JWT is required";
    for (method, target, told) in [
        (Method::POST, "/oauth/tokens", astray),
        (
            Method::POST,
            "/v2024/oauth/token",
            "no such path in v2024; did you mean `/oauth/token`? | JWT is required",
        ),
        (Method::GET, GROUPS, "JWT is required"),
    ] {
        let request = Request::new(method, target).unwrap();
        assert_eq!(why(&client, &request).2, told, "{target}");
    }
    let malformed = "JWT validation failed: JWT is malformed";
    for (sent, told) in [
        (
            client.token.clone(),
            "Authorization does not begin with `Bearer `; expected `Bearer`, a space and the token | JWT is required"
                .to_owned(),
        ),
        (
            "Basic hush".to_owned(),
            "Authorization is of the scheme `Basic`; expected `Bearer`, a space and the token | JWT is required".to_owned(),
        ),
        (
            "Bearer ".to_owned(),
            "Authorization has no token after `Bearer`; expected `Bearer`, a space and the token | JWT is required"
                .to_owned(),
        ),
        // As it comes over the wire: blanks at the end of a field are not part of it.
        (
            "Bearer".to_owned(),
            "Authorization has no token after `Bearer`; expected `Bearer`, a space and the token | JWT is required"
                .to_owned(),
        ),
        (
            "bearer\thush".to_owned(),
            "Authorization has another blank than a space after `bearer`; expected `Bearer`, a space and the token | JWT is required"
                .to_owned(),
        ),
        (String::new(), "Authorization is empty; expected `Bearer`, a space and the token | JWT is required".to_owned()),
        (
            format!("Bearer \"{}\"", client.token),
            format!("the token is in quotes; expected it without them | {malformed}"),
        ),
        (
            format!("Bearer Bearer {}", client.token),
            "the scheme `Bearer` is there twice; expected it once | JWT validation failed: JWT was not issued by this tenant".to_owned(),
        ),
        (
            "Bearer undefined".to_owned(),
            format!("the token looks like the value of an unset variable; expected the `access_token` of a token call | {malformed}"),
        ),
        (
            "Bearer {\"access_token\": \"hush\"}".to_owned(),
            format!("the token is JSON; expected the `access_token` in it alone | {malformed}"),
        ),
        (
            "Bearer $TOKEN".to_owned(),
            format!("the token is a placeholder that was not filled in; expected the token itself | {malformed}"),
        ),
        ("Bearer hush".to_owned(), malformed.to_owned()),
    ] {
        let request = Request::new(Method::GET, GROUPS).unwrap();
        let request = request.header(hyper::header::AUTHORIZATION, &sent);
        let (status, body, why) = why(&client, &request);
        assert_eq!((status, why), (401, told), "{sent}");
        assert_eq!(body.as_object().unwrap().len(), 1, "{body}");
    }
    let kept = client.journal().to_string();
    assert!(!kept.contains(&client.token) && !kept.contains("hush"), "{kept}");
}

#[test]
fn a_405_says_which_methods_there_are() {
    let client = client();
    let (status, _, told) = why(&client, &request(&client, Method::PATCH, GROUPS));
    assert_eq!((status, &*told), (405, "no call of this path has PATCH; expected GET, POST"));
}

#[test]
fn a_403_says_what_the_token_lacks() {
    let mut client = client();
    let reader = sync_group_sim::Config::default().fixture.clients[1].clone();
    client.admin = (reader.client_id, reader.client_secret);
    client.buy_token();
    let create = request(&client, Method::POST, GROUPS).json(&json!({}));
    let (status, body, why) = why(&client, &create);
    assert_eq!((status, body["detailCode"].as_str().unwrap()), (403, "403 Forbidden"));
    assert!(why.starts_with("the token "), "{why}");
}

#[test]
fn a_403_says_what_the_token_may_not_do_to_what_the_request_names() {
    let mut client = client();
    let mut why_of = |name: &str, method: Method, target: &str, body: Option<Value>| {
        let clients = sync_group_sim::Config::default().fixture.clients;
        let named = clients.into_iter().find(|client| client.name == name).unwrap();
        client.admin = (named.client_id, named.client_secret);
        client.buy_token();
        let asked = request(&client, method, target);
        let (status, body, why) = why(&client, &body.iter().fold(asked, Request::json));
        assert_eq!((status, body["detailCode"].as_str()), (403, Some("403 Forbidden")));
        why
    };
    let foreign = json!({"identityId": "2c9180835d2e5168015d32f890ca1581"});
    assert_eq!(
        why_of("user", Method::POST, "/v2026/set-password", Some(foreign)),
        "a user's token changes the passwords of its own identity only"
    );
    assert_eq!(
        why_of("source-subadmin", Method::GET, "/v2026/sources?for-subadmin=x", None),
        "a user with the level SOURCE_SUBADMIN must send for-subadmin=me, or its own id"
    );
}

#[test]
fn what_is_long_is_told_without_its_middle() {
    let client = client();
    let long = "x".repeat(100_000);
    let query = json!({"userName": "amelia.admin", "sourceName": long});
    let query = request(&client, Method::POST, "/v3/query-password-info").json(&query);
    let path = "/x".repeat(50_000);
    let patch = json!([{"op": "test", "path": path, "value": 1}]).to_string();
    let patch = request(&client, Method::PATCH, "/v3/sources/2c918084660f45d6016617daa9210500")
        .body("application/json-patch+json", patch);
    for (request, begin, end) in [
        (query, "Referenced source \"xxx", "xxx\" (sourceName) was not found."),
        (
            patch,
            "Operation 1 of 1 (test \"/x/x/x",
            "/x/x/x\") cannot be applied: there is nothing at this path.",
        ),
    ] {
        let (status, body, why) = why(&client, &request);
        let told = body["messages"][0]["text"].as_str().unwrap();
        assert_eq!((status, told), (400, &*why));
        assert!(told.starts_with(begin) && told.ends_with(end) && told.len() < 1_400, "{told}");
    }
}

#[test]
fn a_client_that_does_not_say_that_it_knows_an_operation_to_be_experimental_is_told_why_in_the_journal() {
    let client = client();
    let list = || request(&client, Method::GET, "/v2024/password-policies");
    let other = list().header(HeaderName::from_static("x-sailpoint-experimental"), "yes");
    for request in [list(), other] {
        let (status, body, why) = why(&client, &request);
        assert_eq!((status, body), (400, json!({"error": "Experimental Header is missing or invalid."})));
        assert_eq!(why, "the header X-SailPoint-Experimental is missing or not true");
    }
}

#[test]
fn a_wrong_id_is_told_from_a_wrong_secret_and_json_from_a_form() {
    let client = client();
    let (id, secret) = &client.admin;
    let token = |form: String| {
        let request = Request::new(Method::POST, "/oauth/token").unwrap();
        request.body("application/x-www-form-urlencoded", form)
    };
    let form = |id: &str, secret: &str| {
        token(format!("grant_type=client_credentials&client_id={id}&client_secret={secret}"))
    };
    let bad = "invalid_client: Bad client credentials";
    let full = "unauthorized: Full authentication is required to access this resource";
    for (request, told) in [
        (form("nobody", secret), format!("no client of this tenant has this client_id | {bad}")),
        (
            form(id, "wrong"),
            format!("the client_secret is not that of the client with this client_id | {bad}"),
        ),
        (form(id, ""), format!("no client_secret was found | {full}")),
        (form("", secret), format!("no client_id was found | {full}")),
        (token(String::new()), format!("no client_id and no client_secret were found | {full}")),
    ] {
        let (status, body, why) = why(&client, &request);
        assert_eq!((status, &*why), (401, &*told));
        assert!(!body.to_string().contains("tenant"), "{body}");
    }
    let grant = json!({ "grant_type": "client_credentials", "client_id": id, "client_secret": secret });
    let json_call = Request::new(Method::POST, "/oauth/token").unwrap().json(&grant);
    let (status, _, told) = why(&client, &json_call);
    let expected =
        "the body is application/json; expected application/x-www-form-urlencoded or multipart/form-data";
    assert!(status == 401 && told.contains(expected), "{told}");
    assert!(!client.journal().to_string().contains(secret.as_str()));
    let (status, _, told) = why(&client, &token(grant.to_string()));
    assert!(status == 401 && told.contains("the body is JSON; expected"), "{told}");
}

#[test]
fn credentials_that_cannot_be_read_are_told_from_those_that_are_not_there() {
    let client = client();
    let (id, secret) = &client.admin;
    let call = || Request::new(Method::POST, "/oauth/token?grant_type=client_credentials").unwrap();
    let basic = |value: &str| call().header(hyper::header::AUTHORIZATION, value);
    let part = |name: &str, value: &str| {
        format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let parts = [part("client_id", id), part("client_secret", secret)].concat();
    let in_parts = |kind: &str, body: String| call().body(kind, body);
    let kind = "multipart/form-data; boundary=b";
    let unread_basic =
        "what follows `Basic` in Authorization cannot be read; expected `client_id:client_secret` in Base64";
    let unread_parts =
        "the multipart body cannot be read as a whole; expected `boundary=…` in its Content-Type, ";
    for (request, told) in [
        (basic("Basic"), unread_basic),
        (basic("basic ???"), unread_basic),
        (basic("Basic aWQ="), unread_basic),
        (in_parts("multipart/form-data", format!("{parts}--b--\r\n")), unread_parts),
        (in_parts(kind, parts.clone()), unread_parts),
        (in_parts(kind, format!("{parts}--b--\r\n").replace('\r', "")), unread_parts),
    ] {
        let (status, body, why) = why(&client, &request);
        assert!(status == 401 && why.starts_with("no client_"), "{why}");
        assert!(why.contains(&format!(" found: {told}")), "{why}");
        assert_eq!(body["error"], "unauthorized");
    }
    assert_eq!(why(&client, &in_parts(kind, format!("{parts}--b--\r\n"))).0, 200);
    assert!(!client.journal().to_string().contains(secret.as_str()));
}

#[test]
fn a_change_without_all_that_it_needs_is_accepted_and_the_journal_says_what_is_missing() {
    let client = client();
    let own = "2c9180835d2e5168015d32f890ca1581";
    let change = json!({"identityId": own, "sourceId": "", "accountId": null, "publicKeyId": "x"});
    let change = request(&client, Method::POST, "/v2026/set-password").json(&change);
    let (status, _, told) = why(&client, &change);
    let expected = "absent, null or empty: encryptedPassword, accountId, sourceId; expected a value";
    assert_eq!((status, &*told), (202, expected));
}

#[test]
fn a_scope_that_is_named_like_a_secret_is_shown() {
    let client = client();
    let (id, secret) = &client.admin;
    let scope = "idn:password-digit-token:create";
    let target = format!(
        "/oauth/token?grant_type=client_credentials&client_id={id}&client_secret={secret}&scope=idn:sources:read"
    );
    let bought = client.simulator.answer_at(&Request::new(Method::POST, &target).unwrap(), client.wall);
    let token = bought.reply.value()["access_token"].as_str().unwrap().to_owned();
    let digits = Request::new(Method::POST, "/beta/generate-password-reset-token/digit").unwrap();
    let digits = digits.bearer(&token).json(&json!({"userId": "amelia.admin"}));
    let (status, _, told) = why(&client, &digits);
    assert_eq!((status, told), (403, format!("the token lacks the scope {scope}")));
}

#[test]
fn a_capital_in_a_tenants_name_is_told_in_the_journal_of_the_one_that_was_meant() {
    let client = client();
    let ask =
        |target: &str| client.simulator.answer_at(&Request::new(Method::GET, target).unwrap(), client.wall);
    assert_eq!(ask("/tenants/acme/oauth/info").reply.status, 200);
    let outcome = ask("/tenants/Acme/oauth/info");
    assert_eq!(
        (outcome.reply.status.as_u16(), outcome.reply.value()["detailCode"].as_str()),
        (404, Some("404 Not found"))
    );
    let host = (HeaderName::from_static("host"), HeaderValue::from_static("localhost"));
    let mut journal = Request::new(Method::GET, "/tenants/acme/_sim/journal").unwrap();
    journal.headers.insert(host.0, host.1);
    let kept = client.simulator.answer_at(&journal, client.wall).reply.value();
    let why = kept["exchanges"][1]["violations"][0].as_str().unwrap();
    assert!(why.starts_with("did you mean `acme`? tenant `Acme` does not exist"), "{why}");
    // Where there is no such tenant, none is made.
    assert_eq!(ask("/tenants/Nobody/oauth/info").reply.status, 404);
    assert!(client.simulator.tenant("nobody", "http://localhost").is_none());
    let kept = client.journal();
    let why =
        kept["exchanges"].as_array().unwrap().last().unwrap()["violations"][0].as_str().unwrap().to_owned();
    assert!(why.starts_with("did you mean `nobody`?"), "{why}");
}

#[test]
fn the_log_has_the_same() {
    let server = Server::start(binary().args(["--listen", "127.0.0.1:0"]));
    assert_eq!(send(server.address(), "GET", "/tenants/Acme/oauth/info", &[], b"").status, 404);
    let form = b"grant_type=client_credentials&client_id=nobody&client_secret=hush";
    let headers = [("Content-Type".to_owned(), "application/x-www-form-urlencoded".to_owned())];
    assert_eq!(send(server.address(), "POST", "/oauth/token", &headers, form).status, 401);
    let (_, log) = server.terminate();
    assert!(log.contains("did you mean `acme`?"), "{log}");
    assert!(log.contains("no client of this tenant") && !log.contains("hush"), "{log}");
}
