//! JSON Patch (RFC 6902), applied to a record as it is sent: to all of it or, when one operation cannot be applied, to
//! nothing. Which fields stay as they are is the resource's choice. Whether the result is still a record is for its
//! document to say (`Contract::check_result`).

use json_patch::jsonptr::PointerBuf;
use json_patch::{
    AddOperation, CopyOperation, MoveOperation, PatchErrorKind, PatchOperation, RemoveOperation,
    ReplaceOperation, TestOperation,
};
use serde_json::Value;

use crate::wire::{DetailCode, Refusal};

/// How much a patch may copy within a record, in values: a few operations that copy what others copied would fill any
/// memory.
const MOST_COPIED: usize = 100_000;

/// What `patch` makes of `record`. The fields in `fixed`, of the record itself, cannot be changed.
pub(super) fn patched(record: &Value, patch: Value, fixed: &[&str]) -> Result<Value, Refusal> {
    let operations = read(patch)?;
    let mut patched = record.clone();
    let mut copied = 0;
    for (place, operation) in operations.iter().enumerate() {
        check_fields(operation, fixed)?;
        let fail = |why: &str| Err(not_applicable(operation, place, operations.len(), why));
        if let PatchOperation::Copy(CopyOperation { from, .. }) = operation {
            copied += patched.pointer(from.as_str()).map_or(0, count);
            if copied > MOST_COPIED {
                return fail("the patch copies too much");
            }
        }
        if matches!(operation, PatchOperation::Remove(RemoveOperation { path }) if path.is_root()) {
            return fail("the whole cannot be removed");
        }
        if let PatchOperation::Test(TestOperation { path, value }) = operation
            && patched.pointer(path.as_str()).is_some_and(|found| is_same(found, value))
        {
            continue;
        }
        if let Err(error) = json_patch::patch_unsafe(&mut patched, std::slice::from_ref(operation)) {
            return fail(reason(&error.kind));
        }
    }
    check_whole(record, &patched, fixed)?;
    Ok(patched)
}

/// An attempt to change a field that stays as it is, in words seen on a real tenant.
pub(super) fn illegal_attempt(field: &str) -> Refusal {
    Refusal::bad_request(DetailCode::IllegalValue, format!("Illegal attempt to modify \"{field}\" field"))
}

/// The operations; the contract has seen that each has an `op` and a `path`.
fn read(patch: Value) -> Result<Vec<PatchOperation>, Refusal> {
    let Value::Array(operations) = patch else { return Ok(Vec::new()) };
    operations.into_iter().enumerate().map(|(place, operation)| read_one(place, operation)).collect()
}

fn read_one(place: usize, mut operation: Value) -> Result<PatchOperation, Refusal> {
    let (name, path) = (operation["op"].take(), pointer(place, "path", &operation)?);
    let mut value = || match operation.get_mut("value") {
        Some(value) => Ok(value.take()),
        None => Err(missing(place, "value")),
    };
    Ok(match name.as_str().unwrap_or_default() {
        "add" => PatchOperation::Add(AddOperation { path, value: value()? }),
        "replace" => PatchOperation::Replace(ReplaceOperation { path, value: value()? }),
        "test" => PatchOperation::Test(TestOperation { path, value: value()? }),
        "remove" => PatchOperation::Remove(RemoveOperation { path }),
        "move" => PatchOperation::Move(MoveOperation { path, from: pointer(place, "from", &operation)? }),
        _ => PatchOperation::Copy(CopyOperation { path, from: pointer(place, "from", &operation)? }),
    })
}

fn pointer(place: usize, field: &str, operation: &Value) -> Result<PointerBuf, Refusal> {
    let Some(text) = operation[field].as_str() else { return Err(missing(place, field)) };
    PointerBuf::parse(text).map_err(|_| {
        let text = format!(
            "Field \"[{place}].{field}\" must be a path such as \"/description\" or \"/features/0\", but is \"{text}\"."
        );
        Refusal::bad_request(DetailCode::IllegalValue, text)
    })
}

fn missing(place: usize, field: &str) -> Refusal {
    Refusal::missing(&format!("[{place}].{field}"))
}

/// An operation that would write to a field that stays as it is, even the value that it has, is refused.
fn check_fields(operation: &PatchOperation, fixed: &[&str]) -> Result<(), Refusal> {
    let from = match operation {
        PatchOperation::Test(_) => return Ok(()),
        PatchOperation::Move(MoveOperation { from, .. }) => from.first(),
        _ => None,
    };
    let written = operation.path().first().into_iter().chain(from);
    let mut fields = written.map(|token| token.decoded().into_owned());
    match fields.find(|field| fixed.contains(&field.as_str())) {
        Some(field) => Err(illegal_attempt(&field)),
        None => Ok(()),
    }
}

/// A patch may replace the record as a whole, but not what stays as it is; and it cannot invent fields.
fn check_whole(record: &Value, patched: &Value, fixed: &[&str]) -> Result<(), Refusal> {
    let Value::Object(members) = patched else {
        let text = "The result of the patch must be an object.";
        return Err(Refusal::bad_request(DetailCode::IllegalValue, text));
    };
    if let Some(field) = fixed.iter().find(|field| patched[**field] != record[**field]) {
        return Err(illegal_attempt(field));
    }
    match members.keys().find(|field| record.get(field.as_str()).is_none()) {
        // Invented: whether the service ignores such a field is not known.
        Some(unknown) => {
            let text = format!("Field \"{unknown}\" does not exist, so it cannot be added.");
            Err(Refusal::bad_request(DetailCode::IllegalValue, text))
        }
        None => Ok(()),
    }
}

// Invented: the texts. The vendor's guide says only that such a patch is an error.
fn not_applicable(operation: &PatchOperation, place: usize, of: usize, why: &str) -> Refusal {
    let (name, path) = (name_of(operation), operation.path());
    let text = format!("Operation {} of {of} ({name} \"{path}\") cannot be applied: {why}.", place + 1);
    Refusal::bad_request(DetailCode::IllegalValue, text)
}

fn name_of(operation: &PatchOperation) -> &'static str {
    match operation {
        PatchOperation::Add(_) => "add",
        PatchOperation::Remove(_) => "remove",
        PatchOperation::Replace(_) => "replace",
        PatchOperation::Move(_) => "move",
        PatchOperation::Copy(_) => "copy",
        PatchOperation::Test(_) => "test",
    }
}

fn reason(kind: &PatchErrorKind) -> &'static str {
    match kind {
        PatchErrorKind::TestFailed => "the value there is another",
        PatchErrorKind::InvalidFromPointer => "there is nothing at the path in \"from\"",
        PatchErrorKind::CannotMoveInsideItself => "a value cannot be moved into itself",
        _ => "there is nothing at this path",
    }
}

/// Whether two values are equal as RFC 6902 means it: numbers by what they are, not by how they are spelt.
fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one == other || one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            let has =
                |(name, value): (&String, &Value)| other.get(name).is_some_and(|found| is_same(value, found));
            one.len() == other.len() && one.iter().all(has)
        }
        _ => one == other,
    }
}

/// How many values there are in a value, itself included.
fn count(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(count).sum::<usize>(),
        Value::Object(members) => 1 + members.values().map(count).sum::<usize>(),
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const FIXED: [&str; 2] = ["id", "type"];

    fn record() -> Value {
        json!({
            "id": "1", "name": "N", "description": null, "type": "T", "features": ["A", "B"],
            "attributes": {"a/b": {"c": 1}}
        })
    }

    #[test]
    fn a_test_compares_numbers_by_their_value() {
        let test = |value: Value| json!([{"op": "test", "path": "/attributes", "value": value}]);
        assert_eq!(patched(&record(), test(json!({"a/b": {"c": 1.0}})), &FIXED), Ok(record()));
        for other in
            [json!({"a/b": {"c": 1.5}}), json!({"a/b": {"c": "1"}}), json!({"a/b": {"c": 1, "d": 1}})]
        {
            assert!(text_of(test(other)).ends_with("the value there is another."));
        }
    }

    fn text_of(patch: Value) -> String {
        match patched(&record(), patch, &FIXED).unwrap_err() {
            Refusal::BadRequest { text, .. } => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn each_operation_does_what_the_standard_says() {
        let patch = json!([
            {"op": "test", "path": "/features", "value": ["A", "B"]},
            {"op": "test", "path": "/id", "value": "1"},
            {"op": "add", "path": "/features/-", "value": "C"},
            {"op": "replace", "path": "/features/0", "value": "Z"},
            {"op": "remove", "path": "/features/1"},
            {"op": "copy", "from": "/name", "path": "/description"},
            {"op": "move", "from": "/attributes/a~1b", "path": "/attributes/x"},
            {"op": "add", "path": "/attributes/x/d", "value": null},
            {"op": "replace", "path": "/name", "value": "M"},
        ]);
        let expected = json!({
            "id": "1", "name": "M", "description": "N", "type": "T", "features": ["Z", "C"],
            "attributes": {"x": {"c": 1, "d": null}}
        });
        assert_eq!(patched(&record(), patch, &FIXED), Ok(expected));
        assert_eq!(patched(&record(), json!([]), &FIXED), Ok(record()));
    }

    #[test]
    fn a_patch_may_replace_the_whole_if_what_is_fixed_stays() {
        let mut whole = record();
        whole["name"] = json!("M");
        let replace = |value: &Value| json!([{"op": "replace", "path": "", "value": value}]);
        assert_eq!(patched(&record(), replace(&whole), &FIXED).as_ref(), Ok(&whole));
        whole["type"] = json!("U");
        assert_eq!(text_of(replace(&whole)), "Illegal attempt to modify \"type\" field");
        assert_eq!(text_of(replace(&json!(7))), "The result of the patch must be an object.");
    }

    #[test]
    fn a_patch_that_cannot_be_applied_says_which_operation_and_why() {
        let test = json!({"op": "test", "path": "/name", "value": "N"});
        for (operation, text) in [
            (
                json!({"op": "test", "path": "/name", "value": "X"}),
                "(test \"/name\") cannot be applied: the value there is another.",
            ),
            (
                json!({"op": "remove", "path": "/features/2"}),
                "(remove \"/features/2\") cannot be applied: there is nothing at this path.",
            ),
            (json!({"op": "remove", "path": "/nothing"}), "there is nothing at this path."),
            (json!({"op": "remove", "path": ""}), "the whole cannot be removed."),
            (json!({"op": "replace", "path": "/features/-", "value": 1}), "there is nothing at this path."),
            (json!({"op": "add", "path": "/name/x", "value": 1}), "there is nothing at this path."),
            (json!({"op": "add", "path": "/features/3", "value": 1}), "there is nothing at this path."),
            (
                json!({"op": "copy", "from": "/x", "path": "/name"}),
                "there is nothing at the path in \"from\".",
            ),
            (
                json!({"op": "move", "from": "/attributes", "path": "/attributes/x"}),
                "a value cannot be moved into itself.",
            ),
        ] {
            let found = text_of(json!([test, operation]));
            assert!(found.starts_with("Operation 2 of 2 (") && found.ends_with(text), "{found}");
        }
    }

    #[test]
    fn what_is_missing_or_no_path_is_named() {
        for (operation, text) in [
            (json!({"op": "add", "path": "/name"}), "Required field \"[0].value\" was missing or empty."),
            (json!({"op": "move", "path": "/name"}), "Required field \"[0].from\" was missing or empty."),
            (
                json!({"op": "remove", "path": "name"}),
                "Field \"[0].path\" must be a path such as \"/description\" or \"/features/0\", but is \"name\".",
            ),
            (
                json!({"op": "copy", "path": "/name", "from": "/~2"}),
                "Field \"[0].from\" must be a path such as \"/description\" or \"/features/0\", but is \"/~2\".",
            ),
        ] {
            assert_eq!(text_of(json!([operation])), text);
        }
    }

    #[test]
    fn what_is_fixed_is_not_written_by_any_operation() {
        for operation in [
            json!({"op": "replace", "path": "/type", "value": "T"}),
            json!({"op": "add", "path": "/type", "value": "U"}),
            json!({"op": "remove", "path": "/type"}),
            json!({"op": "move", "from": "/type", "path": "/name"}),
            json!({"op": "copy", "from": "/name", "path": "/type"}),
        ] {
            assert_eq!(text_of(json!([operation])), "Illegal attempt to modify \"type\" field");
        }
        assert_eq!(
            text_of(json!([{"op": "add", "path": "/colour", "value": 1}])),
            "Field \"colour\" does not exist, so it cannot be added."
        );
    }

    #[test]
    fn copies_of_copies_end() {
        let copy = |nth: u32| {
            let path = format!("/attributes/{nth}");
            json!({"op": "copy", "from": "/attributes", "path": path})
        };
        let text = text_of((0..64).map(copy).collect());
        assert!(text.ends_with("cannot be applied: the patch copies too much."), "{text}");
    }
}
