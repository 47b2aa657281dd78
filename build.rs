//! Writes the built-in documents that every start reads as JSON, too: it is read faster, and without the code
//! for YAML, which would otherwise be a tenth of what an idle server keeps in memory.

use std::error::Error;
use std::path::Path;
use std::{env, fs};

/// The documents, below `fixtures`.
const DOCUMENTS: [&str; 3] = ["demo", "empty", "openapi/password-sync-groups"];

fn main() -> Result<(), Box<dyn Error>> {
    let out = env::var("OUT_DIR")?;
    println!("cargo::rerun-if-changed=build.rs");
    for document in DOCUMENTS {
        let source = format!("fixtures/{document}.yaml");
        println!("cargo::rerun-if-changed={source}");
        let value: serde_json::Value = serde_saphyr::from_str(&fs::read_to_string(&source)?)?;
        let name = Path::new(document).file_name().ok_or("a document has a name")?;
        fs::write(Path::new(&out).join(name).with_extension("json"), value.to_string())?;
    }
    Ok(())
}
