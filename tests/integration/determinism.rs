//! The same seed and the same requests give the same faults: in two runs, against a golden file, with clients
//! at once, and regardless of other rules and tenants.

use std::sync::atomic::{AtomicUsize, Ordering};

use hyper::Method;
use serde_json::{Value, json};
use sync_group_sim::scenario::Ruleset;
use sync_group_sim::{SecretSource, TenantRequest};

use crate::harness::client::{Client, fired, scenario, together};
use crate::harness::http::{send, token};
use crate::harness::served::Served;

const CHAOS: &str = "name: chaos
rules:
  - {name: some, when: {operation: getPasswordSyncGroup}, fires: {chance: 0.3}, fault: {respond: {status: 503}}}
  - {name: late, when: {operation: getPasswordSyncGroup}, fires: {chance: 0.5}, fault: {hold: {uniform: [0s, 1s]}}}
  - {name: lost, stage: after, when: {operation: createPasswordSyncGroup}, fires: {chance: 0.25}, fault: reset}
";

const GROUP: &str = "/v3/password-sync-groups/6881f631-3bd5-4213-9c75-8e05cc3e35dd";

/// The journal of a fixed list of requests, as text.
fn journal(scenarios: Vec<Ruleset>) -> String {
    let mut client = Client::new(scenarios, |_| {});
    client.buy_token();
    for nth in 0..12 {
        client.ask(Method::GET, GROUP, None);
        client.ask(Method::POST, "/v3/password-sync-groups", Some(json!({ "name": format!("Group {nth}") })));
        client.advance(std::time::Duration::from_millis(1_234));
    }
    serde_json::to_string_pretty(&client.journal()).unwrap() + "\n"
}

#[test]
fn hidden_bits_change_secrets_and_tokens_but_neither_ids_nor_faults() {
    let run = |bits: [u8; 16]| {
        let mut client = Client::new(vec![scenario(CHAOS)], |config| {
            config.options.secrets = SecretSource::Bits(bits);
        });
        let token = client.buy_token().reply.value()["access_token"].clone();
        for nth in 0..12 {
            client.ask(Method::GET, GROUP, None);
            let body = json!({ "name": format!("Group {nth}") });
            client.ask(Method::POST, "/v3/password-sync-groups", Some(body));
        }
        let ids: Vec<_> =
            client.simulator.default_tenant().state().groups.into_iter().map(|group| group.id).collect();
        let named = TenantRequest { name: Some("a".to_owned()), ..TenantRequest::default() };
        let [named, unnamed] = [named, TenantRequest::default()]
            .map(|asked| client.simulator.create_tenant(&asked, "http://localhost").unwrap());
        let admin = named.clients()[0].clone();
        let secrets = [admin.client_id, admin.client_secret, unnamed.name().to_owned(), token.to_string()];
        ((ids, fired(&client.journal())), secrets)
    };
    let ((first, secrets), (second, others)) = (run([1; 16]), run([2; 16]));
    assert_eq!(first, second);
    assert!(!first.1.is_empty() && first.0.len() > 2, "{first:?}");
    for (secret, other) in secrets.iter().zip(&others) {
        assert_ne!(secret, other);
    }
    // With the same bits everything comes again.
    assert_eq!(run([1; 16]), (first, secrets));
}

#[test]
fn two_runs_and_the_golden_file_have_the_same_journal() {
    let first = journal(vec![scenario(CHAOS)]);
    assert_eq!(first, journal(vec![scenario(CHAOS)]));
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/journal.json");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, &first).unwrap();
    }
    let golden = std::fs::read_to_string(path).unwrap_or_default();
    assert!(first == golden, "the journal is not that of tests/golden/journal.json; BLESS=1 rewrites it");
}

/// Which of a rule's matches it fired on, in the first `count` gets.
fn firings(scenarios: Vec<Ruleset>, rule: &str, count: usize) -> Vec<u64> {
    let mut client = Client::new(scenarios, |config| config.options.journal_limit = 1_000_000);
    client.buy_token();
    for _ in 0..count {
        client.ask(Method::GET, GROUP, None);
    }
    fired(&client.journal()).remove(rule).unwrap_or_default()
}

#[test]
fn another_rule_changes_no_other_draws() {
    let alone = scenario(
        "name: chaos\nrules: [{name: some, when: {operation: getPasswordSyncGroup}, fires: {chance: 0.3}, fault: {respond: {status: 503}}}]\n",
    );
    let among = scenario(
        "name: chaos\nrules:\n  - {name: before, when: {method: GET}, fires: {chance: 0}, fault: close}\n  \
         - {name: some, when: {operation: getPasswordSyncGroup}, fires: {chance: 0.3}, fault: {respond: {status: 503}}}\n  \
         - {name: behind, when: {method: GET}, fires: {chance: 0.5}, fault: reset}\n",
    );
    let other = scenario(
        "name: other\nrules: [{fires: {every: 3}, stage: after, fault: {respond: {status: 500}}}]\n",
    );
    let expected = firings(vec![alone.clone()], "chaos/some", 200);
    assert!((30..90).contains(&expected.len()), "{}", expected.len());
    assert_eq!(firings(vec![among], "chaos/some", 200), expected);
    assert_eq!(firings(vec![other, alone], "chaos/some", 200), expected);
}

#[test]
fn an_earlier_rule_that_fires_takes_turns_but_changes_no_draws() {
    let text = |first: &str| {
        scenario(&format!(
            "name: chaos\nrules:\n  - {{name: first, when: {{method: GET}}, fires: {{nth: {first}}}, fault: close}}\n  \
             - {{name: some, when: {{operation: getPasswordSyncGroup}}, fires: {{chance: 0.3}}, fault: {{respond: {{status: 503}}}}}}\n"
        ))
    };
    let undisturbed = firings(vec![text("9999")], "chaos/some", 200);
    let disturbed = firings(vec![text("[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]")], "chaos/some", 200);
    let later: Vec<_> = undisturbed.into_iter().filter(|nth| *nth > 10).collect();
    assert_eq!(disturbed, later);
}

#[test]
fn a_chance_of_p_fires_in_p_of_all_draws() {
    for (chance, p) in [("0", 0.0_f64), ("0.05", 0.05), ("0.3", 0.3), ("0.9", 0.9), ("1", 1.0)] {
        let text = format!(
            "name: t\nrules: [{{when: {{operation: getPasswordSyncGroup}}, fires: {{chance: {chance}}}, fault: {{respond: {{status: 503}}}}}}]\n"
        );
        let mut client = Client::new(vec![scenario(&text)], |_| {});
        client.buy_token();
        for _ in 0..10_000 {
            client.ask(Method::GET, GROUP, None);
        }
        let found = client.rules()[0].fired;
        // Five standard deviations of the binomial; none at all for 0 and 1.
        let bound = 5.0 * (10_000.0 * p * (1.0 - p)).sqrt();
        #[expect(clippy::cast_precision_loss, reason = "ten thousand fits")]
        let off = (found as f64 - 10_000.0 * p).abs();
        assert!(off <= bound, "chance {chance} fired {found} times in 10,000");
    }
}

/// The journal after `total` gets by this many clients at once, over sockets.
fn journal_with_clients(clients: usize, total: usize) -> Value {
    let mut chaos = scenario(CHAOS).written();
    chaos.rules.retain(|rule| rule.name != "late");
    let scenarios = together([chaos.check().unwrap()]);
    let mut config = sync_group_sim::simulator::Config { scenarios, ..Default::default() };
    config.options.seed = 1;
    let served = Served::start(config);
    let address = served.address();
    let headers = [("Authorization".to_owned(), format!("Bearer {}", token(address)))];
    let left = AtomicUsize::new(total);
    std::thread::scope(|scope| {
        for _ in 0..clients {
            scope.spawn(|| {
                while left
                    .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
                    .is_ok()
                {
                    let status = send(address, "GET", GROUP, &headers, b"").status;
                    assert!([200, 503].contains(&status), "{status}");
                }
            });
        }
    });
    serde_json::from_slice(&send(address, "GET", "/_sim/journal", &[], b"").body).unwrap()
}

#[test]
fn one_eight_and_sixty_four_clients_meet_the_same_faults() {
    let alone = fired(&journal_with_clients(1, 256));
    assert!(alone["chaos/some"].len() > 40, "{alone:?}");
    assert_eq!(fired(&journal_with_clients(8, 256)), alone);
    assert_eq!(fired(&journal_with_clients(64, 256)), alone);
}

#[test]
fn each_tenant_has_its_own_draws() {
    let statuses = |tenants: &[&str]| {
        let mut client = Client::new(vec![scenario(CHAOS)], |_| {});
        let mut found = Vec::new();
        for nth in 0..100 {
            for tenant in tenants {
                client.buy_token();
                let target = format!("/tenants/{tenant}{GROUP}");
                let status = client.ask(Method::GET, &target, None).reply.status.as_u16();
                if *tenant == "a" {
                    found.push((nth, status == 503));
                }
            }
        }
        found
    };
    let alone = statuses(&["a"]);
    assert!(alone.iter().filter(|(_, fired)| *fired).count() > 10);
    assert_eq!(statuses(&["b", "a", "c"]), alone);
}
