//! The rate limit: requests per client and API version are counted in a window that opens with the first, against a
//! list of windows.

use std::collections::BTreeMap;

use hyper::Method;
use proptest::prelude::*;
use serde_json::{Value, json};
use sync_group_sim::world::TenantRequest;

use super::{BEGAN, Service, check, said};

const VERSIONS: [&str; 3] = ["v3", "v2024", "v1"];
/// The most requests in a window, and its length in milliseconds.
const MOST: u32 = 3;
const WINDOW: i64 = 2_500;

#[derive(Clone, Debug)]
enum Step {
    Ask { client: usize, version: usize, what: What },
    Move(i64),
}

#[derive(Clone, Copy, Debug)]
enum What {
    List,
    /// Counts, though it is not found.
    Missing,
    /// Counts, though no such path exists in that version.
    Nowhere,
    /// Does not concern the gateway: no client is known.
    WithoutToken,
    /// Is refused before it is counted, for a client that may not write.
    Write,
    /// The token endpoint has no limit.
    Token,
}

fn step() -> impl Strategy<Value = Step> {
    let what = prop_oneof![
        5 => Just(What::List),
        2 => Just(What::Missing),
        1 => Just(What::Nowhere),
        1 => Just(What::WithoutToken),
        2 => Just(What::Write),
        1 => Just(What::Token),
    ];
    prop_oneof![
        6 => (0..3_usize, 0..VERSIONS.len(), what)
            .prop_map(|(client, version, what)| Step::Ask { client, version, what }),
        2 => prop_oneof![
            Just(1), Just(WINDOW - 1), Just(WINDOW), Just(WINDOW + 1), Just(-1), Just(-WINDOW), 0..3_000_i64,
        ].prop_map(Step::Move),
    ]
}

/// By client and version: when the window opened, and the requests in it.
type Windows = BTreeMap<(usize, usize), (i64, u32)>;

/// Counts a request; the seconds to wait, if it is one too many.
fn count(windows: &mut Windows, key: (usize, usize), now: i64) -> Option<i64> {
    let window = windows.entry(key).or_insert((now, 0));
    if !(window.0..window.0 + WINDOW).contains(&now) {
        *window = (now, 0);
    }
    if window.1 == MOST {
        // Whole seconds, rounded up.
        return Some((window.0 + WINDOW - now + 999) / 1_000);
    }
    window.1 += 1;
    None
}

fn ask(
    service: &Service<'_>,
    windows: &mut Windows,
    now: i64,
    tokens: &[String],
    step: (usize, usize, What),
) {
    let (client, version, what) = step;
    let list = match VERSIONS[version] {
        "v1" => "/password-sync-groups/v1".to_owned(),
        name => format!("/{name}/password-sync-groups"),
    };
    let token = Some(&*tokens[client]);
    // What comes after the gateway, or instead of it; the second client may only read.
    let (reply, answer, is_counted) = match what {
        What::List => (service.ask(Method::GET, &list, token, None), 200, true),
        What::Missing => (service.ask(Method::GET, &format!("{list}/none"), token, None), 404, true),
        What::Nowhere => (service.ask(Method::GET, &format!("{list}/none/none"), token, None), 404, true),
        What::WithoutToken => (service.ask(Method::GET, &list, None, None), 401, false),
        What::Token => (service.token_call(client, "grant_type=client_credentials"), 200, false),
        What::Write => {
            let reply = service.ask(Method::POST, &list, token, Some(&json!([])));
            if client == 0 { (reply, 400, true) } else { (reply, 403, false) }
        }
    };
    let wait = if is_counted { count(windows, (client, version), now) } else { None };
    match wait {
        None => assert_eq!(reply.status.as_u16(), answer, "{step:?}"),
        Some(seconds) => {
            let body: Value = json!({ "message": " Rate Limit Exceeded " });
            assert_eq!(said(&reply), (429, body), "{step:?}");
            assert_eq!(reply.header("retry-after"), Some(&*seconds.to_string()), "{step:?}");
        }
    }
}

#[test]
fn a_window_allows_a_number_of_requests_per_client_and_version() {
    let limit = format!("{MOST}/{WINDOW}ms");
    let tenant = TenantRequest {
        rate_limit: Some(serde_json::from_value(json!(limit)).unwrap()),
        token_lifetime: Some(serde_json::from_value(json!("87600h")).unwrap()),
        ..TenantRequest::default()
    };
    check(&tenant, 200, 60, step(), |service, steps| {
        let tokens = [0, 1, 2].map(|client| service.token(client));
        let (mut windows, mut now) = (Windows::new(), BEGAN);
        for step in steps {
            match step {
                Step::Move(by) => {
                    now += by;
                    service.set_time(now);
                }
                Step::Ask { client, version, what } => {
                    ask(service, &mut windows, now, &tokens, (client, version, what));
                }
            }
        }
    });
}
