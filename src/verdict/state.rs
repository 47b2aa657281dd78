//! The true state at the end of a run, without what differs between two good runs: ids that the service made, and
//! times. Two runs came to the same when their states are equal.

use hashbrown::HashSet;
use std::collections::BTreeMap;

use serde_json::Value;

use super::text::quoted;

/// What stands for an id that was made in the run.
const MADE: &str = "(made in this run)";
/// Members that are times or counters of the service.
const VOLATILE: [&str; 6] = ["created", "modified", "dateCreated", "lastUpdated", "lastSeen", "requestId"];

/// The records at the end of a run, by section.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct State(BTreeMap<String, Vec<Value>>);

impl State {
    /// The state as the fixture's format has it. `before` is the same at the start: ids that stand there are kept.
    pub(crate) fn new(before: &Value, after: &Value) -> Self {
        let mut known = HashSet::new();
        collect_ids(before, &mut known);
        let sections = after.as_object().into_iter().flatten();
        let sections = sections.filter_map(|(name, section)| {
            let records = match section {
                Value::Array(records) => records.clone(),
                Value::Null => return None,
                record => vec![record.clone()],
            };
            let mut records: Vec<_> =
                records.into_iter().map(|record| without_volatile(record, &known)).collect();
            records.sort_by_cached_key(Value::to_string);
            Some((name.clone(), records))
        });
        Self(sections.collect())
    }

    /// How it differs from what was intended, a sentence each; empty when it does not.
    pub(crate) fn differences(&self, intended: &Self) -> Vec<String> {
        let names: std::collections::BTreeSet<_> = self.0.keys().chain(intended.0.keys()).collect();
        names
            .into_iter()
            .flat_map(|name| section_differences(name, self.section(name), intended.section(name)))
            .collect()
    }

    fn section(&self, name: &str) -> &[Value] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }
}

/// A record of this name is missing, there once more, or other than intended.
fn section_differences(section: &str, found: &[Value], intended: &[Value]) -> Vec<String> {
    let missing = without(intended, found);
    let extra = without(found, intended);
    let mut told = Vec::new();
    let mut unmatched: Vec<&Value> = extra.clone();
    for record in missing {
        let name = name_of(record);
        match unmatched.iter().position(|other| name_of(other) == name) {
            Some(at) => {
                let other = unmatched.remove(at);
                told.push(format!(
                    "{section}: {} differs in {}",
                    quoted(&name),
                    members_that_differ(other, record)
                ));
            }
            None => told.push(format!("{section}: {} is missing", quoted(&name))),
        }
    }
    told.extend(unmatched.into_iter().map(|record| {
        let name = name_of(record);
        let times = found.iter().filter(|other| name_of(other) == name).count();
        let wanted = intended.iter().filter(|other| name_of(other) == name).count();
        match wanted {
            0 => format!("{section}: {} is there, and should not be", quoted(&name)),
            _ => format!("{section}: {} is there {times} times; {wanted} was asked for", quoted(&name)),
        }
    }));
    told
}

/// Those of `values` that have no equal among `others`, each of which is an equal once.
fn without<'a>(values: &'a [Value], others: &[Value]) -> Vec<&'a Value> {
    let mut left: Vec<_> = others.iter().collect();
    let mut kept = Vec::new();
    for value in values {
        match left.iter().position(|other| *other == value) {
            Some(at) => {
                left.swap_remove(at);
            }
            None => kept.push(value),
        }
    }
    kept
}

fn members_that_differ(found: &Value, intended: &Value) -> String {
    let (Some(found), Some(intended)) = (found.as_object(), intended.as_object()) else {
        return "its value".to_owned();
    };
    let names: std::collections::BTreeSet<_> = found.keys().chain(intended.keys()).collect();
    let names = names.into_iter().filter(|name| found.get(*name) != intended.get(*name));
    names.map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// What people call a record.
fn name_of(record: &Value) -> String {
    let names = ["name", "userName", "alias", "nativeIdentity", "id"];
    let name = names.iter().find_map(|member| record.get(*member).and_then(Value::as_str));
    name.unwrap_or("the record").to_owned()
}

fn collect_ids(value: &Value, ids: &mut HashSet<String>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| collect_ids(value, ids)),
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(id) if is_id(name) => {
                        ids.insert(id.clone());
                    }
                    Value::Array(values) if is_id(name) => {
                        ids.extend(values.iter().filter_map(Value::as_str).map(str::to_owned));
                    }
                    value => collect_ids(value, ids),
                }
            }
        }
        _ => {}
    }
}

fn is_id(member: &str) -> bool {
    member == "id" || member.ends_with("Id") || member.ends_with("Ids")
}

fn without_volatile(value: Value, known: &HashSet<String>) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.into_iter().filter(|(name, _)| !VOLATILE.contains(&name.as_str()));
            let members = members.map(|(name, value)| {
                let value = match value {
                    Value::String(id) if is_id(&name) && !known.contains(&id) => MADE.into(),
                    Value::Array(values) if is_id(&name) => {
                        let ids = values.into_iter().map(|id| match id {
                            Value::String(id) if !known.contains(&id) => MADE.into(),
                            id => id,
                        });
                        ids.collect()
                    }
                    value => without_volatile(value, known),
                };
                (name, value)
            });
            Value::Object(members.collect())
        }
        Value::Array(values) => values.into_iter().map(|value| without_volatile(value, known)).collect(),
        value => value,
    }
}
