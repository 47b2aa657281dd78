//! Writes the built-in documents that every start reads as JSON, too: it is read faster, and without the code
//! for YAML, which would otherwise be a tenth of what an idle server keeps in memory.

#[allow(dead_code, reason = "the crate uses more of it")]
#[path = "src/document/tree.rs"]
mod tree;
#[path = "src/document/yaml.rs"]
mod yaml;

use std::error::Error;
use std::path::Path;
use std::{env, fs};

/// The documents, below `fixtures`.
const DOCUMENTS: [&str; 3] = ["demo", "empty", "openapi/password-sync-groups"];

fn main() -> Result<(), Box<dyn Error>> {
    let out = env::var("OUT_DIR")?;
    for watched in ["build.rs", "src/document/tree.rs", "src/document/yaml.rs"] {
        println!("cargo::rerun-if-changed={watched}");
    }
    for document in DOCUMENTS {
        let source = format!("fixtures/{document}.yaml");
        println!("cargo::rerun-if-changed={source}");
        let value = to_json(&source, &fs::read_to_string(&source)?)?;
        let name = Path::new(document).file_name().ok_or("a document has a name")?;
        fs::write(Path::new(&out).join(name).with_extension("json"), value.to_string())?;
    }
    Ok(())
}

/// A YAML document as JSON.
fn to_json(name: &str, text: &str) -> Result<serde_json::Value, String> {
    let tree = yaml::read(text).map_err(|misread| {
        let line = text[..misread.at as usize].matches('\n').count() + 1;
        format!("{name}:{line}: {}", misread.message)
    })?;
    match tree.repeated.first() {
        Some((again, _)) => Err(format!("{name}: a key again at byte {again}; expected each once")),
        None => Ok(tree.root.to_json()),
    }
}
