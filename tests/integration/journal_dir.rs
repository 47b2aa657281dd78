//! The folder that keeps the journals of tenants that are no more.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sync_group_sim::{Config, JournalDir, TenantRequest};

use crate::harness::http::{connect, send};
use crate::harness::process::{Server, binary, file, run};
use crate::harness::served::Served;

/// A folder of this test's own that is not there yet.
fn folder(test: &str) -> PathBuf {
    let folder = file(&format!("journal-dir-{test}"), "unused", "").with_file_name("journals");
    let _ = fs::remove_dir_all(&folder);
    folder
}

fn serve(folder: &Path, options: &[&str]) -> Server {
    Server::start(binary().args(["--listen", "127.0.0.1:0", "--journal-dir"]).arg(folder).args(options))
}

fn names_in(folder: &Path) -> Vec<String> {
    let name = |entry: fs::DirEntry| entry.file_name().into_string().unwrap();
    let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| name(entry.unwrap())).collect();
    names.sort();
    names
}

fn json_in(path: PathBuf) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn ask(server: &Server, method: &str, target: &str, body: &str) -> u16 {
    send(server.address(), method, target, &[], body.as_bytes()).status
}

#[test]
fn a_tenants_journal_is_kept_before_its_deletion_is_answered() {
    let folder = folder("deleted");
    let server = serve(&folder, &[]);
    assert_eq!(names_in(&folder), [""; 0]);
    for kept in
        [&["mine-0.har", "mine-0.json"][..], &["mine-0.har", "mine-0.json", "mine-1.har", "mine-1.json"]]
    {
        assert_eq!(ask(&server, "POST", "/_sim/tenants", "{\"name\": \"mine\"}"), 201);
        assert_eq!(ask(&server, "GET", "/tenants/mine/oauth/info?client_secret=hush", ""), 200);
        let shown = send(server.address(), "GET", "/tenants/mine/_sim/journal", &[], b"").body;
        let shown: Value = serde_json::from_slice(&shown).unwrap();
        assert_eq!(ask(&server, "DELETE", "/_sim/tenants/mine", ""), 204);
        assert_eq!(names_in(&folder), kept);
        let journal = json_in(folder.join(kept.last().unwrap()));
        assert_eq!(journal, shown);
        assert_eq!(journal["exchanges"][0]["path"], "/tenants/mine/oauth/info");
        let archive = json_in(folder.join(kept[kept.len() - 2]));
        assert_eq!(archive["log"]["entries"].as_array().unwrap().len(), 1);
        assert!(!journal.to_string().contains("hush") && !archive.to_string().contains("hush"));
    }
    // An empty one is not.
    assert_eq!(ask(&server, "POST", "/_sim/tenants", "{\"name\": \"quiet\"}"), 201);
    assert_eq!(ask(&server, "DELETE", "/_sim/tenants/quiet", ""), 204);
    assert_eq!(server.terminate().0, 0);
    assert_eq!(names_in(&folder).len(), 4, "{:?}", names_in(&folder));
}

#[test]
fn at_the_end_all_journals_are_kept_and_nothing_is_overwritten() {
    let folder = folder("end");
    for kept in
        [&["default-0"][..], &["default-0", "default-0.2"], &["default-0", "default-0.2", "default-0.3"]]
    {
        let server = serve(&folder, &[]);
        assert_eq!(ask(&server, "GET", &format!("/oauth/info?run={}", kept.len()), ""), 200);
        assert_eq!(server.terminate().0, 0);
        let mut expected: Vec<_> =
            kept.iter().flat_map(|stem| [format!("{stem}.har"), format!("{stem}.json")]).collect();
        expected.sort();
        assert_eq!(names_in(&folder), expected);
        for (nth, stem) in kept.iter().enumerate() {
            let journal = json_in(folder.join(format!("{stem}.json")));
            assert_eq!(journal["exchanges"][0]["query"], format!("run={}", nth + 1));
        }
    }
}

#[cfg(unix)]
#[test]
fn a_link_or_a_half_of_a_pair_is_left_as_it_is() {
    let folder = folder("link");
    fs::create_dir_all(&folder).unwrap();
    std::os::unix::fs::symlink("precious", folder.join("default-0.json")).unwrap();
    fs::write(folder.join("default-0.2.har"), "mine").unwrap();
    let server = serve(&folder, &[]);
    assert_eq!(ask(&server, "GET", "/oauth/info", ""), 200);
    assert_eq!(server.terminate().0, 0);
    let expected = ["default-0.2.har", "default-0.3.har", "default-0.3.json", "default-0.json"];
    assert_eq!(names_in(&folder), expected);
    assert_eq!(fs::read_to_string(folder.join("default-0.2.har")).unwrap(), "mine");
}

#[test]
fn a_request_that_hangs_to_the_end_is_in_the_journal_that_is_kept() {
    let folder = folder("hangs");
    let scenario = file("journal-dir-hangs", "it.yaml", "name: it\nrules: [{fault: hang}]\n");
    let server = serve(&folder, &["--drain-timeout", "400ms", "--scenario", scenario.to_str().unwrap()]);
    let address = server.address();
    let mut socket = connect(address);
    std::io::Write::write_all(&mut socket, b"GET /oauth/info HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let journal = || send(address, "GET", "/_sim/journal", &[], b"").body;
    while !String::from_utf8(journal()).unwrap().contains("\"hung\"") {}
    let (code, log) = server.terminate();
    assert_eq!(code, 0, "{log}");
    let journal = json_in(folder.join("default-0.json"));
    assert_eq!(journal["exchanges"].as_array().unwrap().len(), 1);
}

#[test]
fn a_place_where_no_journal_can_be_kept_is_told_at_the_start() {
    let taken = file("journal-dir-taken", "a-file", "");
    for path in [taken.clone(), taken.join("below")] {
        let (code, stdout, told) = run(&["--listen", "127.0.0.1:0", "--journal-dir", path.to_str().unwrap()]);
        let expected = format!("{}: no folder; expected a folder where files may be made\n", path.display());
        assert_eq!((code, &*stdout, told), (1, "", expected));
    }
}

#[test]
fn an_embedder_can_have_journals_kept_too() {
    let folder = folder("embedded");
    let journal_dir = Some(JournalDir::open(&folder).unwrap());
    let served = Served::start(Config { journal_dir, ..Config::default() });
    let asked: TenantRequest = TenantRequest { name: Some("mine".to_owned()), ..TenantRequest::default() };
    served.running().create_tenant(&asked).unwrap();
    for target in ["/tenants/mine/oauth/info", "/oauth/info"] {
        assert_eq!(send(served.address(), "GET", target, &[], b"").status, 200);
    }
    served.running().simulator().delete_tenant("mine").unwrap();
    assert_eq!(names_in(&folder), ["mine-0.har", "mine-0.json"]);
    served.stop().unwrap();
    assert_eq!(names_in(&folder), ["default-0.har", "default-0.json", "mine-0.har", "mine-0.json"]);
    assert_eq!(json_in(folder.join("mine-0.json"))["dropped"], json!(0));
}
