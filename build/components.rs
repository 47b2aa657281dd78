//! What documents refer to by name: gathered from all of them, and every reference followed.

use serde_json::{Value, json};

use super::read::Source;

/// The components of all documents; a name may stand in one of them only.
pub(super) fn merge(head: &Source<'_>, sources: &[Source<'_>]) -> Result<Value, String> {
    let mut merged = json!({ "securitySchemes": {}, "parameters": {}, "schemas": {}, "responses": {} });
    for source in std::iter::once(head).chain(sources) {
        for (kind, members) in source.value["components"].as_object().into_iter().flatten() {
            for (name, member) in members.as_object().into_iter().flatten() {
                if !merged[kind][name].is_null() {
                    let message = format!("`{name}` is defined twice; expected a name of its own");
                    return Err(source.error(&format!("/components/{kind}"), &message));
                }
                merged[kind][name] = member.clone();
            }
        }
    }
    Ok(merged)
}

/// Every reference must lead to a component.
pub(super) fn check_references(
    source: &Source<'_>,
    value: &Value,
    at: &str,
    components: &Value,
) -> Result<(), String> {
    match value {
        Value::Object(object) => {
            for (key, member) in object {
                let at = format!("{at}/{}", escape(key));
                if let ("$ref", Some(reference)) = (key.as_str(), member.as_str()) {
                    let place = reference.strip_prefix("#/components").unwrap_or_default();
                    if components.pointer(place).is_none_or(|found| std::ptr::eq(found, components)) {
                        let message = format!("`{reference}` does not exist; expected one of #/components");
                        return Err(source.error(&at, &message));
                    }
                }
                check_references(source, member, &at, components)?;
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                check_references(source, item, &format!("{at}/{index}"), components)?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// A path as one step of a JSON Pointer.
pub(super) fn escape(path: &str) -> String {
    path.replace('~', "~0").replace('/', "~1")
}
