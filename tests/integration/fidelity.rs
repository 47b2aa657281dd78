//! `docs/fidelity.md` is made of the marks beside the responses in the service's documents. `BLESS=1` rewrites it.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use serde_json::Value;
use sync_group_sim::document::Document;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/openapi/service");
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/fidelity.md");

const HEAD: &str = "# Fidelity

Each answer is *documented* (in the vendor's published specifications), *observed* (on a real tenant, by a third
party), or *invented* (the nearest known answer of the service, because this one is not publicly known). This page is
made of the marks beside the responses in [fixtures/openapi/service](../fixtures/openapi/service).
";

fn document(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap();
    Document::new(&path.display().to_string(), &text).to_json().unwrap()
}

/// A row of a table: the first cells, then how faithful the answer is, and why.
fn row(page: &mut String, cells: &[&str], fidelity: &Value) {
    let kind = fidelity["kind"].as_str().unwrap();
    let note = fidelity["note"].as_str().unwrap_or_default();
    writeln!(page, "| {} | {kind} | {note} |", cells.join(" | ")).unwrap();
}

/// The operations of one document.
fn resource(page: &mut String, name: &str, document: &Value) {
    writeln!(page, "\n## {name}\n\n| operation | status | body | why |\n|---|---|---|---|").unwrap();
    for operation in
        document["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values())
    {
        let id = operation["operationId"].as_str().unwrap();
        for (status, response) in operation["responses"].as_object().unwrap() {
            if !response["x-sim-fidelity"].is_null() {
                row(page, &[id, status], &response["x-sim-fidelity"]);
            }
        }
    }
    if let Some(choices) = document["x-sim-choices"].as_str() {
        writeln!(page, "\nNot known and so chosen: {choices}").unwrap();
    }
}

fn page() -> String {
    let mut page = HEAD.to_owned();
    let mut paths: Vec<_> = fs::read_dir(FOLDER).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let (shared, resources) = paths.split_first().unwrap();
    for path in resources {
        resource(&mut page, path.file_stem().unwrap().to_str().unwrap(), &document(path));
    }
    let shared = document(shared);
    page.push_str("\n## Any operation\n\n| status | body | why |\n|---|---|---|\n");
    for fidelity in shared["x-sim-fidelity"].as_array().unwrap() {
        row(&mut page, &[fidelity["status"].as_str().unwrap()], fidelity);
    }
    writeln!(page, "\nNot known and so chosen: {}", shared["x-sim-choices"].as_str().unwrap()).unwrap();
    page
}

#[test]
fn the_fidelity_page_says_what_the_documents_say() {
    let page = page();
    assert!(page.lines().filter(|line| line.starts_with("| ")).count() > 25, "{page}");
    if std::env::var_os("BLESS").is_some() {
        fs::write(PAGE, &page).unwrap();
    }
    let written = fs::read_to_string(PAGE).unwrap_or_default();
    assert!(written == page, "docs/fidelity.md is not what the documents say; BLESS=1 rewrites it");
}
