//! The service's own limit: its windows, and the clock they end by.

use serde_json::json;

use crate::harness::control::Sim;

#[test]
fn a_rate_limit_window_passes_when_the_clock_is_moved() {
    let sim = Sim::new();
    let (prefix, token, _) = sim.tenant(json!({ "rateLimit": "1/10s" }));
    let list = format!("GET {prefix}/v3/password-sync-groups");
    let advance =
        |by: &str| sim.control(&format!("POST {prefix}/_sim/clock/advance"), Some(json!({ "by": by })), 200);
    assert_eq!([sim.status(&list, &token), sim.status(&list, &token)], [200, 429]);
    advance("9s");
    assert_eq!(sim.status(&list, &token), 429);
    advance("1s");
    assert_eq!(sim.status(&list, &token), 200);
}
