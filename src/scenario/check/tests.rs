//! What is wrong with a scenario is said with its place, with what was found, and with what was expected.

use super::super::Ruleset;
use crate::document::Document;

fn error(text: &str) -> String {
    Ruleset::read(&Document::new("my.yaml", text)).unwrap_err().to_string()
}

/// The error of a scenario with one rule, whose lines these are.
fn rule_error(lines: &str) -> String {
    let lines = lines.lines().collect::<Vec<_>>().join("\n    ");
    error(&format!("name: mine\nrules:\n  - {lines}\n"))
}

#[test]
fn a_mistake_in_a_rule_is_shown_with_place_found_and_expected() {
    for (lines, expected) in [
        ("fault:\n  respond:\n    status: 700", "my.yaml:5:17: status 700; expected 200 to 599"),
        ("{fires: {nth: 0}, fault: close}", "my.yaml:3:19: nth 0 can never fire; expected 1 or more"),
        ("{fires: {first: 0}, fault: close}", "my.yaml:3:21: first 0; expected 1 or more"),
        ("{fires: {chance: 1.5}, fault: close}", "my.yaml:3:22: chance 1.5; expected 0 to 1"),
        ("{fires: {chance: 2}, fault: close}", "my.yaml:3:22: chance 2; expected 0 to 1; write 0.02"),
        (
            "{when: {version: v9}, fault: close}",
            "my.yaml:3:22: version `v9` does not exist; expected one of beta, v3, v2024, v2025, v2026, latest, v1",
        ),
        (
            "{when: {method: get}, fault: close}",
            "my.yaml:3:21: method `get` can never match; expected capitals such as GET",
        ),
        (
            "{when: {path: v3/x}, fault: close}",
            "my.yaml:3:19: path `v3/x` can never match; expected one that begins with `/` or a wildcard",
        ),
        (
            "{when: {query: {q: {regex: '('}}}, fault: close}",
            "my.yaml:3:32: regex `(`: at character 1, `(` that is not closed; expected `)` after it, or `\\(` for the character itself",
        ),
        (
            "{when: {header: {'a b': x}}, fault: close}",
            "my.yaml:3:29: `a b` cannot be a header; expected a field name",
        ),
        (
            "{when: {body: {name: x}}, fault: close}",
            "my.yaml:3:26: `name` is not a JSON Pointer; expected one such as `/name` or `/sourceIds/0`; write /name",
        ),
        (
            "{when: {body: {'$.sourceIds[0]': x}}, fault: close}",
            "my.yaml:3:38: `$.sourceIds[0]` is not a JSON Pointer; expected one such as `/name` or `/sourceIds/0`; write /sourceIds/0",
        ),
        (
            "{when: {body: {'/a~b': x}}, fault: close}",
            "my.yaml:3:28: `/a~b` is not a JSON Pointer; expected one such as `/name` or `/sourceIds/0`",
        ),
        (
            "{name: a/b, fault: close}",
            "my.yaml:3:12: name a/b; expected 1 to 100 printable ASCII characters without `/`",
        ),
        (
            "{when: {operation: token}}",
            "my.yaml:3:5: a rule without `fault` or `sequence`; expected one of the two",
        ),
        (
            "{fault: close, sequence: [reset]}",
            "my.yaml:3:20: `fault` and `sequence`; expected one of the two",
        ),
        ("{sequence: []}", "my.yaml:3:16: sequence without entries; expected one entry or more"),
        ("{fault: close, then: last}", "my.yaml:3:26: `then` without `sequence`; expected a sequence"),
        ("{sequence: [pass, {trickle: {chunk: 0, pause: 1s}}]}", "my.yaml:3:41: chunk 0; expected 1 or more"),
        (
            "{hold: {uniform: [2s, 1s]}, fault: close}",
            "my.yaml:3:6: the minimum is longer than the maximum; expected [min, max]",
        ),
        (
            "{fault: {hold: {lognormal: {median: 2s, p99: 1s}}}}",
            "my.yaml:3:14: the median is longer than the p99; expected the p99 longer",
        ),
    ] {
        assert_eq!(rule_error(lines), expected, "{lines}");
    }
}

#[test]
fn what_is_not_in_the_format_is_shown_with_its_place() {
    for (lines, place, expected) in [
        (
            "{wen: {}, fault: close}",
            "my.yaml:3:6",
            "unknown key `wen`; expected name, when, fires, stage, hold, fault, sequence or then; did you mean `when`?",
        ),
        ("{when: {operation: fly}, fault: close}", "my.yaml:3:24", "operation `fly`; expected one of"),
        ("{when: {operation: [token, fly]}, fault: close}", "my.yaml:3:32", "operation `fly`; expected"),
        ("{when: {operation: []}, fault: close}", "my.yaml:3:24", "an empty list can never match"),
        (
            "{when: {page: pastEnd, method: POST}, fault: close}",
            "my.yaml:3:36",
            "listSources or listPasswordPolicyHoldersOnSource has this method; expected GET",
        ),
        (
            "{when: {page: pastEnd, path: /oauth/token}, fault: close}",
            "my.yaml:3:34",
            "path `/oauth/token` leads to none of these calls; expected one such as /",
        ),
        ("{fault: explode}", "my.yaml:3:13", "fault `explode`; expected one of"),
        ("{fault: {explode: {}}}", "my.yaml:3:14", "fault `explode`; expected one of"),
        (
            "{fault: {close: {}, reset: {}}}",
            "my.yaml:3:",
            "`reset` beside another fault; expected exactly one",
        ),
        ("{fault: {close: {now: true}}}", "my.yaml:3:22", "unknown key `now`; expected none"),
        ("{fault: {hold: soon}}", "my.yaml:3:20", "`soon` is not a duration; expected a number and a unit"),
        ("{fault: {corrupt: badly}}", "my.yaml:3:23", "`badly`; expected truncatedJson, html"),
        ("{fault: {}}", "my.yaml:3:", "no fault; expected one such as {respond: {status: 500}}"),
        ("{fires: {nth: }, fault: close}", "my.yaml:3:", "expected"),
        (
            "{when: {operation: token, version: v3}, fault: close}",
            "my.yaml:3:40",
            "the token endpoints have no version",
        ),
        (
            "{fault: {respond: {status: 401, detailCode: x}}}",
            "my.yaml:3:49",
            "the body of a 401 has no `detailCode`",
        ),
        ("{stage: during, fault: close}", "my.yaml:3:13", "`during`; expected before or after"),
        ("{fires: {nth: two}, fault: close}", "my.yaml:3:19", "`two`; expected a whole number from 1"),
        ("{fires: {nth: -1}, fault: close}", "my.yaml:3:19", "-1; expected a whole number from 1"),
        (
            "{when: {client: {like: x}}, fault: close}",
            "my.yaml:3:22",
            "unknown key `like`; expected regex or present",
        ),
    ] {
        let found = rule_error(lines);
        assert!(found.starts_with(place) && found.contains(expected), "{lines}\n{found}");
    }
    assert!(error("rules: []\n").contains("the key `name` is missing; expected text"));
    assert!(error("name: ''\nrules: []\n").starts_with("my.yaml:1:7: an empty `name`; expected 1 to 100"));
}

fn two_rules(first: &str, second: &str) -> String {
    format!("name: mine\nrules:\n  - {{name: a, {first}}}\n  - {{name: b, {second}}}\n")
}

fn assert_hidden(first: &str, second: &str) {
    let found = error(&two_rules(first, second));
    let expected = "my.yaml:4:5: rule `b` can never fire: `a` before it always fires";
    assert!(found.starts_with(expected), "{first} {second} {found}");
}

fn assert_free(first: &str, second: &str) {
    let text = two_rules(first, second);
    let read = Ruleset::read(&Document::new("my.yaml", &text));
    assert!(read.is_ok(), "{text} {:?}", read.err());
}

#[test]
fn a_rule_that_another_hides_is_a_mistake() {
    for (first, second) in [
        ("fault: close", "when: {operation: token}, fault: reset"),
        (
            "when: {operation: [token, oauthInfo]}, fault: close",
            "when: {operation: token, client: c}, fault: reset",
        ),
        ("sequence: [close, reset], then: last", "fault: reset"),
        ("when: {path: '**'}, fault: close", "fault: reset, when: {path: /v3/x}"),
        ("when: {header: {X-A: {present: true}}}, fault: close", "when: {header: {x-a: b}}, fault: reset"),
        ("fires: {chance: 1}, fault: pass", "fires: {nth: 2}, fault: reset"),
    ] {
        assert_hidden(first, second);
    }
    for (first, second) in [
        ("fault: {hold: 1s}", "stage: after, fault: reset"),
        ("fires: {times: 3}, fault: close", "stage: after, fault: reset"),
        ("fires: {times: 3}, fault: close", "fault: reset"),
        ("sequence: [close, reset]", "fault: reset"),
        ("when: {operation: token}, fault: close", "fault: reset"),
    ] {
        assert_free(first, second);
    }
    let found = error(&two_rules("stage: after, fault: reset", "fault: close"));
    assert!(
        found.contains("rule `a` can never fire: `b` always answers before the operation happens"),
        "{found}"
    );
    assert!(
        error("name: mine\nrules: [{name: a, fires: {nth: 1}, fault: close}, {name: a, fault: close}]\n")
            .ends_with("two rules are named `a`; expected each name once")
    );
}

#[test]
fn a_rule_is_hidden_by_one_that_says_the_same_in_other_words() {
    for (first, second) in [
        ("when: {path: /v3/**}, fault: close", "when: {path: /v3/password-sync-groups}, fault: reset"),
        ("when: {path: /v3/**}, fault: close", "when: {path: '/v3/x/*', method: PUT}, fault: reset"),
        ("when: {path: /v3/x}, fault: close", "when: {path: //v3/%78/}, fault: reset"),
        ("when: {path: '/**'}, fault: close", "when: {operation: token}, fault: reset"),
        (
            "when: {path: '**/password-sync-groups**'}, fault: close",
            "when: {operation: [getPasswordSyncGroup, createPasswordSyncGroup], version: v3}, fault: reset",
        ),
        ("when: {path: /oauth/token}, fault: close", "when: {operation: token}, fault: reset"),
        ("when: {operation: token}, fault: close", "when: {path: /oauth/token, method: POST}, fault: reset"),
        (
            "when: {operation: getPasswordSyncGroup}, fault: close",
            "when: {path: /v3/password-sync-groups/a, method: HEAD}, fault: reset",
        ),
        (
            "when: {method: {regex: '^(GET|HEAD)$'}}, fault: close",
            "when: {operation: getPasswordSyncGroups}, fault: reset",
        ),
        ("when: {method: POST}, fault: close", "when: {operation: createPasswordSyncGroup}, fault: reset"),
        ("when: {method: {regex: ^P}}, fault: close", "when: {method: PUT}, fault: reset"),
        ("when: {version: v3}, fault: close", "when: {path: /v3/password-sync-groups}, fault: reset"),
        ("when: {version: {present: true}}, fault: close", "when: {path: '/v3/**'}, fault: reset"),
        (
            "when: {version: {present: true}}, fault: close",
            "when: {operation: getPasswordSyncGroup}, fault: reset",
        ),
        (
            "when: {version: {present: false}}, fault: close",
            "when: {operation: [token, oauthInfo]}, fault: reset",
        ),
        ("when: {client: {regex: ^adm}}, fault: close", "when: {client: admin}, fault: reset"),
        ("when: {query: {a: {regex: x}}}, fault: close", "when: {query: {a: xy}}, fault: reset"),
        ("when: {body: {/a: {regex: x}}}, fault: close", "when: {body: {/a: xy}}, fault: reset"),
        ("when: {operation: '*'}, fault: close", "when: {page: pastEnd}, fault: reset"),
    ] {
        assert_hidden(first, second);
    }
}

#[test]
fn a_rule_that_may_fire_beside_a_similar_one_is_none() {
    for (first, second) in [
        ("when: {path: /v3/*}, fault: close", "when: {path: /v3/x/y}, fault: reset"),
        ("when: {path: /v3/*}, fault: close", "when: {path: /v3/**}, fault: reset"),
        ("when: {path: /v3/**}, fault: close", "when: {operation: getPasswordSyncGroups}, fault: reset"),
        ("when: {path: '/v3/a?b'}, fault: close", "when: {path: '/v3/a*b'}, fault: reset"),
        ("when: {method: GET}, fault: close", "when: {operation: getPasswordSyncGroups}, fault: reset"),
        ("when: {method: POST}, fault: close", "when: {operation: [token, oauthInfo]}, fault: reset"),
        ("when: {operation: token}, fault: close", "when: {path: /oauth/token}, fault: reset"),
        ("when: {operation: token}, fault: close", "when: {path: '/oauth/**', method: POST}, fault: reset"),
        (
            "when: {operation: getPasswordSyncGroup}, fault: close",
            "when: {path: '/v3/password-sync-groups/*', method: GET}, fault: reset",
        ),
        ("when: {version: v3}, fault: close", "when: {path: '/v*/password-sync-groups'}, fault: reset"),
        ("when: {version: v3}, fault: close", "when: {operation: getPasswordSyncGroups}, fault: reset"),
        ("when: {path: /v3/**, client: a}, fault: close", "when: {path: /v3/x}, fault: reset"),
        ("when: {client: {regex: ^adm}}, fault: close", "when: {client: Admin}, fault: reset"),
        ("when: {path: /v3/**}, fires: {times: 1}, fault: close", "when: {path: /v3/x}, fault: reset"),
        ("when: {path: /v3/**}, fires: {chance: 0}, fault: close", "fault: reset"),
        ("when: {method: CONNECT}, fault: close", "fault: reset"),
        (
            "when: {path: '**'}, fault: close",
            "when: {operation: changePassword}, fault: {connector: refuses}",
        ),
    ] {
        assert_free(first, second);
    }
}

#[test]
fn a_rule_that_several_hide_together_is_a_mistake() {
    let scenario = |first: &str, second: &str, third: &str| {
        let rule = |name: &str, when: &str| format!("  - {{name: {name}, when: {when}, fault: close}}\n");
        format!("name: mine\nrules:\n{}{}{}", rule("a", first), rule("b", second), rule("c", third))
    };
    for (first, second, third) in [
        ("{operation: token}", "{operation: oauthInfo}", "{operation: [token, oauthInfo]}"),
        ("{method: GET}", "{method: HEAD}", "{operation: getPasswordSyncGroups}"),
        (
            "{method: {regex: '^(GET|HEAD)$'}}",
            "{path: '/v*/**'}",
            "{operation: getPasswordSyncGroups, version: v3}",
        ),
        (
            "{path: '/v*/**'}",
            "{path: '/beta/**'}",
            "{operation: getPasswordSyncGroups, version: {regex: '^(v3|beta)$'}}",
        ),
    ] {
        let found = error(&scenario(first, second, third));
        assert!(found.starts_with("my.yaml:5:5: rule `c` can never fire: `a`"), "{found}");
    }
    for (first, second, third) in [
        ("{operation: token}", "{operation: oauthInfo, client: x}", "{operation: [token, oauthInfo]}"),
        ("{method: GET}", "{method: POST}", "{operation: getPasswordSyncGroups}"),
        ("{method: GET}", "{method: HEAD}", "{path: /v3/password-sync-groups}"),
    ] {
        let text = scenario(first, second, third);
        assert!(Ruleset::read(&Document::new("my.yaml", &text)).is_ok(), "{text}");
    }
}

#[test]
fn all_mistakes_are_found_in_the_order_of_their_places() {
    let text = "name: mine
rules:
  - {name: a, fires: {nth: 0}, fault: {respond: {status: 401, detailCode: x}}}
  - {name: a, when: {method: get}}
";
    assert_eq!(
        error(text),
        "my.yaml:3:28: nth 0 can never fire; expected 1 or more\n\
         my.yaml:3:75: the body of a 401 has no `detailCode`; expected none, or a `body`\n\
         my.yaml:4:5: a rule without `fault` or `sequence`; expected one of the two\n\
         my.yaml:4:12: two rules are named `a`; expected each name once\n\
         my.yaml:4:30: method `get` can never match; expected capitals such as GET"
    );
}
