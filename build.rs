//! Makes code and data of the documents under `fixtures` and `scenarios`: the `Operation` enum and the contract's tables
//! from the service's OpenAPI documents, every built-in document as JSON, which is read faster than YAML and without
//! the code for it, which would otherwise be a tenth of what an idle server keeps in memory, and the list of the
//! built-in scenarios.

#[path = "build/mod.rs"]
mod build;
#[allow(dead_code, unreachable_pub, reason = "the crate reads what the build writes")]
#[path = "src/contract/facts.rs"]
mod facts;
#[allow(dead_code, unreachable_pub, reason = "the crate uses more of it")]
#[path = "src/query/field.rs"]
mod field;
#[allow(dead_code, reason = "the crate uses more of it")]
#[path = "src/contract/marks.rs"]
mod marks;
#[allow(dead_code, unreachable_pub, reason = "the crate uses more of it")]
#[path = "src/version.rs"]
mod version;

#[allow(dead_code, reason = "the crate uses more of it")]
#[path = "src/document/tree.rs"]
mod tree;
#[path = "src/document/yaml.rs"]
mod yaml;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use build::read::{Compiled, Written};
use serde_json::Value;

/// Documents that are built in as they are.
const PLAIN: [&str; 3] = ["fixtures/demo", "fixtures/empty", "fixtures/openapi/control"];
/// The service's documents: one for each resource, and the shared one.
const SERVICE: &str = "fixtures/openapi/service";
const SHARED: &str = "_shared";
/// The built-in scenarios, a file each.
const SCENARIOS: &str = "scenarios";

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let watched = ["build.rs", "build", "src/contract/facts.rs", "src/contract/marks.rs", "src/version.rs"];
    let more = ["src/document/tree.rs", "src/document/yaml.rs", "src/query/field.rs"];
    for watched in watched.into_iter().chain(more) {
        println!("cargo::rerun-if-changed={watched}");
    }
    for document in PLAIN {
        let name = Path::new(document).file_name().ok_or("a document has a name")?;
        let source = format!("{document}.yaml");
        let value = yaml_to_json(&read(&source)?).map_err(|why| format!("{source}{why}"))?;
        fs::write(out.join(name).with_extension("json"), value.to_string())?;
    }
    let compiled = compile_service()?;
    fs::write(out.join("operation.rs"), build::write::operation_enum(&compiled))?;
    fs::write(out.join("tables.rs"), build::write::tables(&compiled))?;
    fs::write(out.join("service.json"), compiled.document.to_string())?;
    fs::write(out.join("scenarios.rs"), scenario_library()?)?;
    Ok(())
}

fn read(path: &str) -> Result<String, Box<dyn Error>> {
    println!("cargo::rerun-if-changed={path}");
    fs::read_to_string(path).map_err(|error| format!("{path}: {error}").into())
}

/// A YAML document as JSON, or `:LINE: what is wrong`.
fn yaml_to_json(text: &str) -> Result<Value, String> {
    let line = |at: u32| text[..at as usize].matches('\n').count() + 1;
    let tree = yaml::read(text).map_err(|misread| format!(":{}: {}", line(misread.at), misread.message))?;
    match tree.repeated.first() {
        Some((again, _)) => Err(format!(":{}: a repeated key; expected each key once", line(*again))),
        None => Ok(tree.root.to_json()),
    }
}

/// The names of the YAML files in a folder, in alphabetical order.
fn names_in(folder: &str) -> Result<Vec<String>, Box<dyn Error>> {
    println!("cargo::rerun-if-changed={folder}");
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            names.extend(path.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned));
        }
    }
    names.sort();
    Ok(names)
}

/// The list of the built-in scenarios.
fn scenario_library() -> Result<String, Box<dyn Error>> {
    let line = |name: &String| {
        let file = format!("/{SCENARIOS}/{name}.yaml");
        format!("    ({name:?}, include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), {file:?}))),\n")
    };
    let lines: String = names_in(SCENARIOS)?.iter().map(line).collect();
    Ok(format!(
        "/// Name and text of every built-in scenario, in alphabetical order.\n\
        pub const BUILT_IN: &[(&str, &str)] = &[\n{lines}];\n"
    ))
}

fn compile_service() -> Result<Compiled, Box<dyn Error>> {
    let mut names = names_in(SERVICE)?;
    names.retain(|name| name != SHARED);
    let text = |name: &str| read(&format!("{SERVICE}/{name}.yaml"));
    let shared = text(SHARED)?;
    let texts = names.iter().map(|name| text(name)).collect::<Result<Vec<_>, _>>()?;
    let resources: Vec<Written<'_>> =
        names.iter().zip(&texts).map(|(name, text)| Written { name, text }).collect();
    Ok(build::read::compile(Written { name: SHARED, text: &shared }, &resources)?)
}
