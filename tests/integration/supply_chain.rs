//! The dependencies: where they are from, under which licences, how many they are, why each
//! is there, and whether an advisory is known against a locked version. `cargo deny check` (deny.toml) holds
//! the same with the advisories of the day; this needs no network.

use std::fs;
use std::path::Path;
use std::process::Command;

use semver::{Version, VersionReq};
use serde::Deserialize;

/// Licences that we may pass on beside our own, as `deny.toml` has them.
const LICENCES: [&str; 7] = ["MIT", "MIT-0", "Apache-2.0", "BSD-3-Clause", "ISC", "Unicode-3.0", "Zlib"];
/// Packages in the binary at most; a new dependency that needs more has to be worth it.
const MOST_PACKAGES: usize = 190;

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The packages of `Cargo.lock` but our own, as lines by key.
fn locked() -> Vec<Package> {
    let lock = read("Cargo.lock");
    let field = |package: &str, name: &str| {
        let line = package.lines().find_map(|line| line.strip_prefix(&format!("{name} = \"")));
        line.map(|value| value.trim_end_matches('"').to_owned())
    };
    let packages = lock.split("[[package]]").skip(1).map(|package| Package {
        name: field(package, "name").unwrap(),
        version: field(package, "version").unwrap().parse().unwrap(),
        source: field(package, "source"),
        checksum: field(package, "checksum"),
    });
    packages.filter(|package| package.name != env!("CARGO_PKG_NAME")).collect()
}

struct Package {
    name: String,
    version: Version,
    source: Option<String>,
    checksum: Option<String>,
}

#[derive(Deserialize)]
struct Advisories {
    advisories: Vec<Advisory>,
}

#[derive(Deserialize)]
struct Advisory {
    package: String,
    id: String,
    /// Versions that are not affected.
    fixed: Vec<VersionReq>,
}

#[test]
fn no_advisory_is_known_against_a_locked_version() {
    let known: Advisories = serde_json::from_str(&read("tests/supply_chain/advisories.json")).unwrap();
    let packages = locked();
    let affected = |advisory: &&Advisory| {
        packages.iter().any(|package| {
            package.name == advisory.package
                && !advisory.fixed.iter().any(|fixed| fixed.matches(&package.version))
        })
    };
    let affected: Vec<_> = known.advisories.iter().filter(affected).map(|advisory| &advisory.id).collect();
    assert!(known.advisories.len() > 50, "the list has gone");
    assert_eq!(affected, [""; 0]);
}

#[test]
fn packages_come_from_the_public_registry_with_a_checksum() {
    for package in locked() {
        let source = package.source.unwrap_or_default();
        assert_eq!(source, "registry+https://github.com/rust-lang/crates.io-index", "{}", package.name);
        assert_eq!(package.checksum.unwrap_or_default().len(), 64, "{}", package.name);
    }
}

#[test]
fn the_binarys_packages_are_few_and_their_licences_allow_it() {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--edges", "normal", "--prefix", "none", "--format", "{p}|{l}"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let tree = String::from_utf8(tree.stdout).unwrap();
    let mut packages: Vec<_> = tree.lines().map(|line| line.trim_end_matches(" (*)")).collect();
    packages.sort_unstable();
    packages.dedup();
    assert!((50..=MOST_PACKAGES).contains(&packages.len()), "{} packages", packages.len());
    for package in packages {
        let (name, licence) = package.split_once('|').unwrap();
        // Of `A OR B` one is enough, of `A AND B` both are needed.
        let allows = |choice: &str| {
            choice.split(" AND ").all(|one| LICENCES.contains(&one.trim_matches(['(', ')', ' '])))
        };
        let choices: Vec<_> = licence.split(" OR ").flat_map(|choice| choice.split('/')).collect();
        assert!(choices.into_iter().any(allows), "{name} has the licence `{licence}`");
    }
}

#[test]
fn every_dependency_says_why_it_is_there() {
    let manifest = read("Cargo.toml");
    let mut checked = 0;
    let (mut before, mut section) = ("", "");
    for line in manifest.lines() {
        if line.starts_with('[') {
            section = line;
        } else if section.ends_with("dependencies]") && line.contains(" = ") {
            let is_reason = before.starts_with("# ") || before.contains(" = ");
            assert!(is_reason, "`{line}` has no reason in the line above it");
            checked += 1;
        }
        before = line;
    }
    assert!(checked > 20);
}

#[test]
fn the_release_is_made_the_same_way_everywhere() {
    let manifest = read("Cargo.toml");
    for line in ["lto = \"fat\"", "codegen-units = 1", "strip = true"] {
        assert!(manifest.lines().any(|found| found == line), "{line}");
    }
}
