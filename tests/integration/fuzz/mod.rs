//! Fuzzing on stable Rust: every entry of `tests/corpus/` and some thousand mutations of them go through the targets,
//! the same in every run. To fuzz for long, for an hour with another seed:
//!
//! ```sh
//! FUZZ_SECONDS=3600 FUZZ_SEED=7 cargo test --release --test integration fuzz::request
//! ```
//!
//! An input that a target fails on is minimised and written to `target/tmp/fuzz/` (one that ends the process or never
//! comes back is there as `running`), and runs again with
//!
//! ```sh
//! FUZZ_INPUT=target/tmp/fuzz/request-0123456789abcdef cargo test --test integration fuzz::request
//! ```
//!
//! Once the bug is fixed it belongs in the corpus.

mod mutate;
mod targets;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use proptest::test_runner::{Config as Draws, RngSeed, TestError, TestRunner};

/// Mutations that are tried in an ordinary run, for every entry of the corpus.
const CASES_AN_ENTRY: usize = 16;
/// Where they come from, unless `FUZZ_SEED` says otherwise.
const SEED: u64 = 4;

#[test]
fn requests_are_answered_and_never_with_a_500_of_ours() {
    fuzz("request", &["tests/corpus/request"], Vec::new(), &targets::request());
}

#[test]
fn scenarios_are_read_or_refused_with_a_place_in_the_file() {
    fuzz("scenario", &["tests/corpus/scenario", "scenarios"], Vec::new(), &targets::scenario());
}

#[test]
fn fixtures_are_read_or_refused_with_a_place_in_the_file() {
    fuzz("fixture", &["tests/corpus/fixture", "fixtures"], Vec::new(), &targets::fixture());
}

#[test]
fn filters_are_read_or_refused_with_a_place_in_the_text() {
    fuzz("filter", &["tests/corpus/filter"], Vec::new(), &targets::filter());
}

#[test]
fn no_token_is_accepted_but_those_that_were_issued() {
    let (target, issued) = targets::token();
    fuzz("token", &["tests/corpus/token"], issued, &target);
}

/// Runs a target on its corpus (the files of these folders, and `more`) and on mutations of it.
fn fuzz(name: &str, folders: &[&str], more: Vec<Vec<u8>>, target: &dyn Fn(&[u8])) {
    let setting = |name: &str| std::env::var(name).ok();
    if let Some(input) = setting("FUZZ_INPUT") {
        return target(&std::fs::read(&input).unwrap_or_else(|error| panic!("{input}: {error}")));
    }
    let mut corpus: Vec<_> = folders.iter().flat_map(|folder| files(folder)).collect();
    for (path, input) in &corpus {
        let ran = catch_unwind(AssertUnwindSafe(|| target(input)));
        assert!(ran.is_ok(), "{name} fails on its corpus: {}", path.display());
    }
    corpus.extend(more.into_iter().map(|input| (PathBuf::new(), input)));
    let corpus: Vec<_> = corpus.into_iter().map(|(_, input)| input).collect();
    let first = setting("FUZZ_SEED").map_or(SEED, |seed| seed.parse().expect("FUZZ_SEED is a number"));
    let seconds = setting("FUZZ_SECONDS").map_or(0, |text| text.parse().expect("FUZZ_SECONDS is a number"));
    #[expect(clippy::disallowed_methods, reason = "how long somebody fuzzes by hand is the machine's time")]
    let began = Instant::now();
    for seed in first.. {
        round(name, &corpus, seed, target);
        if began.elapsed() >= Duration::from_secs(seconds) {
            return;
        }
    }
}

/// Tries some mutations; the smallest that fails is kept as a file.
fn round(name: &str, corpus: &[Vec<u8>], seed: u64, target: &dyn Fn(&[u8])) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fuzz");
    std::fs::create_dir_all(&folder).unwrap();
    let running = folder.join(format!("{name}-running"));
    let draws = Draws {
        cases: u32::try_from(corpus.len() * CASES_AN_ENTRY).expect("a corpus is small"),
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(seed),
        max_shrink_iters: 2_000,
        ..Draws::default()
    };
    let drawn = TestRunner::new(draws).run(&mutate::recipe(), |recipe| {
        let input = recipe.follow(corpus);
        std::fs::write(&running, &input).unwrap();
        target(&input);
        Ok(())
    });
    let _ = std::fs::remove_file(&running);
    match drawn {
        Ok(()) => {}
        Err(TestError::Abort(why)) => panic!("{why}"),
        Err(TestError::Fail(why, recipe)) => {
            let input = recipe.follow(corpus);
            let mut hasher = DefaultHasher::new();
            input.hash(&mut hasher);
            let path = folder.join(format!("{name}-{:016x}", hasher.finish()));
            std::fs::write(&path, &input).unwrap();
            panic!("{why}\nseed {seed}; the input is in {}:\n{}", path.display(), input.escape_ascii());
        }
    }
}

/// The files of a folder of the repository, in the order of their names; those that speak about the others left out.
fn files(folder: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut paths: Vec<_> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .filter(|path| path.extension().is_none_or(|extension| extension != "md" && extension != "json"))
        .collect();
    assert!(!paths.is_empty(), "{} has no entries", folder.display());
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}
