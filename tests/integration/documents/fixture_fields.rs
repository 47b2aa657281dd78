//! `docs/fixture-fields.md` is made of the JSON Schema of fixtures, which is made of the types that read them. `BLESS=1`
//! rewrites it.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::ROOT;
use crate::harness::process::run;

const PATH: &str = "docs/fixture-fields.md";

const HEAD: &str = "# Every field of a fixture

What a [fixture](fixtures.md) may hold, list by list, in the API's own field names; then the records inside those. A
file gives only what it needs: every list may be left out, and every field that is not required. `null` stands for a
field that is left out. This page is made of the schema that `sync-group-sim schema fixture` prints.
";

/// The name at the end of a reference to a definition.
fn name(reference: &Value) -> Option<&str> {
    reference.as_str()?.rsplit('/').next()
}

/// What a value is, in a few words.
fn kind(schema: &Value) -> String {
    let record = |of: &Value| name(&of["$ref"]).map(|name| format!("[{name}](#{})", name.to_lowercase()));
    let inside = [&schema["anyOf"][0]["allOf"][0], &schema["allOf"][0], &schema["anyOf"][0], schema];
    if let Some(found) = inside.into_iter().find_map(record) {
        return found;
    }
    if let Some(words) = schema["enum"].as_array() {
        let words = words.iter().filter_map(Value::as_str).map(|word| format!("`{word}`"));
        return words.collect::<Vec<_>>().join(", ");
    }
    let types = schema["type"].as_array().map_or(&schema["type"], |types| &types[0]);
    match (types.as_str().unwrap_or_default(), schema["format"].as_str()) {
        ("string", Some("date-time")) => "a time, such as `2026-03-16T04:00:00Z`".to_owned(),
        ("string", _) if schema["minLength"] == 1 => "text, not empty".to_owned(),
        ("string", _) => "text".to_owned(),
        ("integer", _) => format!("a whole number from {}", schema["minimum"]),
        ("boolean", _) => "`true`, `false`".to_owned(),
        ("array", _) => format!("a list: {}", kind(&schema["items"])),
        ("object", _) => "any members".to_owned(),
        (other, _) => panic!("no words for {other} in {schema}"),
    }
}

/// `required`, or what holds when it is left out.
fn default(record: &Value, field: &str) -> String {
    let required = record["required"].as_array().into_iter().flatten();
    if required.into_iter().any(|name| name == field) {
        return "required".to_owned();
    }
    match &record["properties"][field]["default"] {
        Value::Null => String::new(),
        Value::String(text) if text.is_empty() => String::new(),
        Value::Array(words) => {
            let words: Vec<_> = words.iter().filter_map(Value::as_str).collect();
            format!("`[{}]`", words.join(", "))
        }
        value => format!("`{}`", value.to_string().trim_matches('"')),
    }
}

/// In lines of at most 120 columns.
fn wrapped(text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let last = lines.last_mut().expect("there is one");
        if last.is_empty() {
            last.push_str(word);
        } else if last.chars().count() + word.chars().count() < 120 {
            last.push(' ');
            last.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines.join("\n")
}

fn table(page: &mut String, heading: &str, says: &Value, record: &Value) {
    let says = says.as_str().expect("everything is described");
    writeln!(page, "\n## {heading}\n\n{}\n", wrapped(says)).unwrap();
    writeln!(page, "| field | value | when left out | what it means |\n|---|---|---|---|").unwrap();
    for (field, schema) in record["properties"].as_object().expect("a record has fields") {
        let says = schema["description"].as_str().expect("every field is described");
        writeln!(page, "| `{field}` | {} | {} | {says} |", kind(schema), default(record, field)).unwrap();
    }
}

fn page() -> String {
    let (code, schema, _) = run(&["schema", "fixture"]);
    assert_eq!(code, 0);
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let mut page = HEAD.to_owned();
    let mut told = Vec::new();
    for (list, property) in schema["properties"].as_object().unwrap() {
        let says = &property["description"];
        let of_one =
            [&property["$ref"], &property["allOf"][0]["$ref"], &property["anyOf"][0]["allOf"][0]["$ref"]];
        let record = std::iter::once(&property["items"]["$ref"]).chain(of_one).find_map(name);
        if let Some(record) = record {
            told.push(record);
            table(&mut page, list, says, &schema["definitions"][record]);
        } else if property["type"] != "object" {
            let says = says.as_str().expect("everything is described");
            let says = wrapped(&format!("{says} Its value: {}.", kind(property)));
            writeln!(page, "\n## {list}\n\n{says}").unwrap();
        }
    }
    for (record, definition) in schema["definitions"].as_object().unwrap() {
        let is_told = told.contains(&record.as_str());
        if definition["properties"].is_object() && !is_told {
            table(&mut page, record, &definition["description"], definition);
        } else if !is_told {
            let says = wrapped(definition["description"].as_str().expect("everything is described"));
            writeln!(page, "\n## {record}\n\n{says}").unwrap();
        }
    }
    page
}

#[test]
fn the_page_of_fixture_fields_says_what_the_schema_says() {
    let (page, path) = (page(), Path::new(ROOT).join(PATH));
    assert!(page.lines().filter(|line| line.starts_with("| `")).count() > 40, "{page}");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    assert!(written == page, "{PATH} is not what the schema says; BLESS=1 rewrites it");
}
