//! What a drill writes: its folder, without secrets, and the former one beside it.

use super::{Client, LISTS};

/// Prints what must not be shown.
const TELLS_SECRETS: &str = r#"
auth = token()
print("secret", os.environ["SAIL_CLIENT_SECRET"])
print("Authorization: Bearer " + auth, file=sys.stderr)
with open("secrets-" + os.environ["SYNC_GROUP_SIM_DRILL_RUN"], "w") as file:
    file.write(os.environ["SAIL_CLIENT_SECRET"] + "\n" + auth)
for attempt in range(5):
    status, body, _ = call("GET", GROUPS, token=auth)
    if status == 200:
        break
    time.sleep(0.05 * 2 ** attempt)
"#;

fn files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn no_secret_is_in_anything_that_is_written_or_shown() {
    let client = Client::new("secrets", TELLS_SECRETS);
    let drilled = client.drill(&["--only", "fails-twice-then-works", "--show-output", "all"]);
    assert_eq!(drilled.code, 0, "{}\n{}", drilled.stdout, drilled.stderr);
    let secrets: Vec<String> = (1..=3)
        .flat_map(|run| {
            let text = std::fs::read_to_string(client.folder.join(format!("secrets-{run}"))).unwrap();
            text.lines().map(str::to_owned).collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(secrets.len(), 6);
    let found = files(&drilled.folder);
    assert!(found.len() > 15, "{found:?}");
    let mut texts: Vec<(String, String)> = found
        .iter()
        .map(|path| {
            (path.display().to_string(), String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned())
        })
        .collect();
    texts.push(("the screen".to_owned(), drilled.stdout.clone()));
    for (name, text) in texts {
        for secret in &secrets {
            assert!(!text.contains(secret.as_str()), "{name} has a secret");
        }
    }
    assert_eq!(drilled.read("runs/clean/stdout"), "secret …\n");
    assert!(
        drilled.stdout.contains("--- stdout of fails-twice-then-works (run 3)\nsecret …"),
        "{}",
        drilled.stdout
    );
}

#[test]
fn each_run_has_a_folder_and_what_an_earlier_drill_wrote_stays_once() {
    let client = Client::new("folder", LISTS);
    let drilled = client.drill(&["--only", "fails-twice-then-works"]);
    for run in ["clean", "clean-2", "fails-twice-then-works"] {
        for name in ["journal.json", "journal.har", "state.diff", "stdout", "stderr"] {
            assert!(drilled.folder.join("runs").join(run).join(name).exists(), "{run}/{name}");
        }
    }
    let journal: serde_json::Value =
        serde_json::from_str(&drilled.read("runs/fails-twice-then-works/journal.json")).unwrap();
    assert_eq!(journal["exchanges"].as_array().unwrap().len(), 4);
    for name in ["report.html", "report.json", "report.xml", "report.md"] {
        assert!(drilled.folder.join(name).exists(), "{name}");
    }
    std::fs::write(drilled.folder.join("first"), "").unwrap();
    client.drill(&["--only", "fails-twice-then-works", "--report", "json"]);
    assert!(client.folder.join("drill.out.old/first").exists());
    assert!(!drilled.folder.join("report.html").exists() && drilled.folder.join("report.json").exists());
}

#[test]
fn a_job_on_github_gets_a_summary_and_annotations() {
    let client = Client::new(
        "github",
        "auth = token()\nstatus, _, _ = call('GET', GROUPS, token=auth)\nsys.exit(0 if status == 200 else 'failed')\n",
    );
    let summary = client.folder.join("summary.md");
    let mut command = client.command(&["--only", "fails-twice-then-works"]);
    command.env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", &summary);
    let drilled = client.ended(&mut command);
    assert_eq!(std::fs::read_to_string(&summary).unwrap(), drilled.read("report.md"));
}

#[test]
fn lines_fit_a_hundred_columns_and_have_no_colours_where_nobody_sees_them() {
    let client = Client::new("columns", LISTS);
    let drilled = client.drill(&["--only", "fails-twice-then-works,rate-*"]);
    assert!(drilled.stdout.lines().all(|line| line.chars().count() <= 100), "{}", drilled.stdout);
    assert!(!drilled.stdout.contains('\x1b'));
    assert!(drilled.stdout.starts_with("drill  python3 client.py "), "{}", drilled.stdout);
}
