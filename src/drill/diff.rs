//! How data changed, as people read differences: a line for each record that is no longer there as it was, and for each
//! that is new, with the members that differ in between.

use std::fmt::Write as _;

use serde_json::Value;

use crate::wire::secrets::{HIDDEN, is_secret};

/// What was changed between two states in the fixture's format.
pub fn state_diff(before: &Value, after: &Value) -> String {
    let mut text = String::from("--- before the run\n+++ after the run\n");
    let sections = after.as_object().into_iter().flatten().map(|(name, _)| name);
    for section in sections {
        let (former, now) = (records(before, section), records(after, section));
        if former == now {
            continue;
        }
        let _ = writeln!(text, "@@ {section} @@");
        for record in former.iter().filter(|record| !now.contains(record)) {
            let _ = writeln!(text, "-{}", shown(record));
        }
        for record in now.iter().filter(|record| !former.contains(record)) {
            let _ = writeln!(text, "+{}", shown(record));
        }
    }
    text
}

fn records(state: &Value, section: &str) -> Vec<Value> {
    match &state[section] {
        Value::Array(records) => records.clone(),
        Value::Null => Vec::new(),
        record => vec![record.clone()],
    }
}

/// A record without secrets, on one line.
fn shown(record: &Value) -> String {
    let mut record = record.clone();
    hide(&mut record);
    record.to_string()
}

fn hide(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                if is_secret(name) || name == "passwordDigest" || name == "password" {
                    *member = HIDDEN.into();
                } else {
                    hide(member);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(hide),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_new_and_what_is_gone_is_shown_without_secrets() {
        let before = json!({"groups": [{"id": "1", "name": "A"}, {"id": "2", "name": "B"}], "sources": []});
        let after = json!({"groups": [{"id": "2", "name": "C", "password": "hush"}, {"id": "1", "name": "A"}], "sources": []});
        assert_eq!(
            state_diff(&before, &after),
            "--- before the run\n+++ after the run\n@@ groups @@\n-{\"id\":\"2\",\"name\":\"B\"}\n+{\"id\":\"2\",\"name\":\"C\",\"password\":\"…\"}\n"
        );
    }
}
