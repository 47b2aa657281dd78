//! Paging: any page of a list that grows and shrinks is the model's slice, and the count is its length.

use hyper::Method;
use proptest::prelude::*;
use serde_json::{Value, json};
use sync_group_sim::prerequisites::Prerequisites;
use sync_group_sim::world::TenantRequest;

use super::{Service, check, code_of, refusal, said};

#[derive(Clone, Debug)]
enum Step {
    /// This many more groups.
    Grow(usize),
    /// This many groups removed, from a place in the list in per cent.
    Shrink(usize, usize),
    /// A page, with the parameters as they are written.
    Page { limit: Option<i64>, offset: Option<i64>, count: Option<&'static str> },
}

fn step() -> impl Strategy<Value = Step> {
    let limit = prop_oneof![0..=250_i64, Just(0), Just(1), Just(250), Just(251), Just(-1), Just(i64::MAX)];
    let offset =
        prop_oneof![0..400_i64, Just(0), Just(2_147_483_647), Just(2_147_483_648), Just(-1), Just(i64::MIN)];
    let count = prop::sample::select(vec!["true", "false", "True", "FALSE", "", "1", "yes"]);
    prop_oneof![
        2 => (1..90_usize).prop_map(Step::Grow),
        1 => (0..100_usize, 1..120_usize).prop_map(|(from, many)| Step::Shrink(from, many)),
        6 => (prop::option::of(limit), prop::option::of(offset), prop::option::of(count))
            .prop_map(|(limit, offset, count)| Step::Page { limit, offset, count }),
    ]
}

const LIST: &str = "/v2025/password-sync-groups";

/// The model: the ids, in the order in which their groups were created.
type Ids = Vec<Value>;

fn perform(service: &Service<'_>, ids: &mut Ids, token: &str, step: &Step) {
    match step {
        Step::Grow(many) => {
            for _ in 0..*many {
                let reply = service.ask(Method::POST, LIST, Some(token), Some(&json!({}))).value();
                ids.push(reply["id"].clone());
            }
        }
        Step::Shrink(from, many) => {
            let from = ids.len() * from / 100;
            let end = ids.len().min(from + many);
            for id in ids.drain(from..end) {
                let target = format!("{LIST}/{}", id.as_str().unwrap());
                assert_eq!(said(&service.ask(Method::DELETE, &target, Some(token), None)).0, 204);
            }
        }
        Step::Page { limit, offset, count } => check_page(service, ids, token, (*limit, *offset, *count)),
    }
}

fn check_page(
    service: &Service<'_>,
    ids: &Ids,
    token: &str,
    (limit, offset, count): (Option<i64>, Option<i64>, Option<&str>),
) {
    let given = |name: &str, value: Option<String>| value.map(|value| format!("{name}={value}&"));
    let query = [
        given("limit", limit.map(|limit| limit.to_string())),
        given("offset", offset.map(|offset| offset.to_string())),
        given("count", count.map(str::to_owned)),
    ];
    let query = query.into_iter().flatten().collect::<Vec<_>>().concat();
    let reply = service.ask(Method::GET, &format!("{LIST}?{query}"), Some(token), None);
    let (limit, offset) = (limit.unwrap_or(250), offset.unwrap_or(0));
    let counts = match count.map(str::to_ascii_lowercase).as_deref() {
        None | Some("false") => Some(false),
        Some("true") => Some(true),
        Some(_) => None,
    };
    let is_in_range = (0..=250).contains(&limit) && (0..=i64::from(i32::MAX)).contains(&offset);
    let Some(counts) = counts.filter(|_| is_in_range) else {
        return assert_eq!(code_of(&reply), refusal(400, "400.1.3 Illegal value"), "{query}");
    };
    let [offset, limit] = [offset, limit].map(|number| usize::try_from(number).unwrap());
    let expected: Ids = ids.iter().skip(offset).take(limit).cloned().collect();
    let (status, page) = said(&reply);
    let found: Ids = page.as_array().unwrap().iter().map(|group| group["id"].clone()).collect();
    assert_eq!((status, found), (200, expected), "{query}");
    let total = counts.then(|| ids.len().to_string());
    assert_eq!(reply.header("x-total-count"), total.as_deref(), "{query}");
}

#[test]
fn any_page_is_a_slice_of_the_list() {
    let tenant = TenantRequest { prerequisites: Some(Prerequisites::Ignore), ..TenantRequest::default() };
    check(&tenant, 40, 25, step(), |service, steps| {
        let token = service.token(0);
        let mut ids: Ids = service.tenant.state().groups.iter().map(|group| json!(group.id)).collect();
        for step in &steps {
            perform(service, &mut ids, &token, step);
        }
    });
}
