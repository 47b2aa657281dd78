//! Files that the server makes and removes: its port, the certificate of a generated authority; beside whatever stands
//! there already.

#![cfg(unix)]

use std::fs;
use std::io::Read;
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::process::{Server, binary, file};

/// A new folder of this test's own.
fn folder(test: &str) -> PathBuf {
    let folder = file(&format!("own-files-{test}"), "unused", "").parent().unwrap().to_owned();
    fs::remove_dir_all(&folder).unwrap();
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn with_port_file(path: &Path) -> Server {
    Server::start(binary().args(["--listen", "127.0.0.1:0", "--log", "off", "--port-file"]).arg(path))
}

fn port_of(server: &Server) -> String {
    format!("{}\n", server.address().port())
}

fn names_in(folder: &Path) -> Vec<String> {
    let name = |entry: fs::DirEntry| entry.file_name().into_string().unwrap();
    let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| name(entry.unwrap())).collect();
    names.sort();
    names
}

#[test]
fn a_link_in_the_place_of_the_port_file_is_replaced_and_not_followed() {
    let folder = folder("link");
    let (precious, beside) = (folder.join("precious"), folder.join("port.unfinished"));
    fs::write(&precious, "precious").unwrap();
    fs::write(&beside, "somebody else's").unwrap();
    let port = folder.join("port");
    symlink(&precious, &port).unwrap();
    let server = with_port_file(&port);
    assert_eq!(fs::read_to_string(&port).unwrap(), port_of(&server));
    let found = fs::symlink_metadata(&port).unwrap();
    assert!(found.is_file() && found.permissions().mode() & 0o133 == 0, "{found:?}");
    assert_eq!(names_in(&folder), ["port", "port.unfinished", "precious"]);
    assert_eq!(server.terminate().0, 0);
    assert_eq!(names_in(&folder), ["port.unfinished", "precious"]);
    assert_eq!(fs::read_to_string(&precious).unwrap(), "precious");
    assert_eq!(fs::read_to_string(&beside).unwrap(), "somebody else's");
}

#[test]
fn what_a_crash_left_is_no_obstacle_and_its_names_are_not_followed() {
    let folder = folder("crash");
    let precious = folder.join("precious");
    fs::write(&precious, "precious").unwrap();
    fs::write(folder.join("port"), "1\n").unwrap();
    // The shell becomes the server, so it knows the process's number.
    let line = "ln -s \"$1/precious\" \"$1/sync-group-sim-ca-$$.pem\"; ln -s \"$1/precious\" \"$1/.port.$$-0\"; ln -s \"$1/precious\" \"$1/sync-group-sim-ca-$$-0.pem\"; \
                echo left >\"$1/.port.$$-1\"; \
                TMPDIR=$1 exec \"$0\" --listen 127.0.0.1:0 --log off --tls-self-signed --port-file \"$1/port\"";
    let mut command = Command::new("sh");
    command.args(["-c", line, env!("CARGO_BIN_EXE_sync-group-sim")]).arg(&folder);
    let server = Server::start(&mut command);
    let trust = server.banner.iter().find_map(|line| line.trim().strip_prefix("trust")).unwrap();
    let authority = PathBuf::from(trust.trim().split(' ').next().unwrap());
    assert!(authority.starts_with(&folder) && authority.extension().unwrap() == "pem", "{authority:?}");
    assert!(fs::read_to_string(&authority).unwrap().starts_with("-----BEGIN CERTIFICATE"));
    let found = fs::symlink_metadata(&authority).unwrap();
    assert!(found.is_file() && found.permissions().mode() & 0o133 == 0, "{found:?}");
    assert_ne!(fs::read_to_string(folder.join("port")).unwrap(), "1\n");
    assert_eq!(server.terminate().0, 0);
    assert!(!authority.exists() && !folder.join("port").exists());
    assert_eq!(fs::read_to_string(&precious).unwrap(), "precious");
    assert_eq!(names_in(&folder).len(), 5, "{:?}", names_in(&folder));
}

#[test]
fn the_port_file_of_a_successor_stays() {
    let port = folder("successor").join("port");
    let first = with_port_file(&port);
    let second = with_port_file(&port);
    assert_eq!(first.terminate().0, 0);
    assert_eq!(fs::read_to_string(&port).unwrap(), port_of(&second));
    // What somebody else wrote into it is not the server's.
    fs::write(&port, "mine\n").unwrap();
    assert_eq!(second.terminate().0, 0);
    assert_eq!(fs::read_to_string(&port).unwrap(), "mine\n");
}

#[test]
fn ten_servers_may_write_one_port_file_at_once() {
    let folder = folder("ten");
    let port = folder.join("port");
    let start = |_| {
        std::thread::spawn({
            let port = port.clone();
            move || with_port_file(&port)
        })
    };
    let servers: Vec<_> =
        (0..10).map(start).collect::<Vec<_>>().into_iter().map(|one| one.join().unwrap()).collect();
    let written = fs::read_to_string(&port).unwrap();
    assert_eq!(servers.iter().filter(|server| port_of(server) == written).count(), 1, "{written}");
    assert_eq!(names_in(&folder), ["port"]);
    let (last, others): (Vec<_>, Vec<_>) = servers.into_iter().partition(|server| port_of(server) == written);
    for server in others {
        assert_eq!(server.terminate().0, 0);
        assert_eq!(fs::read_to_string(&port).unwrap(), written);
    }
    for server in last {
        assert_eq!(server.terminate().0, 0);
    }
    assert_eq!(names_in(&folder), [""; 0]);
}

#[test]
fn a_pipe_in_the_place_of_the_port_file_is_written_to_and_stays() {
    let pipe = folder("pipe").join("port");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    // Nobody reads it yet, and the server starts.
    let server = with_port_file(&pipe);
    let mut read = String::new();
    fs::File::open(&pipe).unwrap().read_to_string(&mut read).unwrap();
    assert_eq!(read, port_of(&server));
    assert_eq!(server.terminate().0, 0);
    assert!(fs::symlink_metadata(&pipe).unwrap().file_type().is_fifo());
}

#[test]
fn the_port_can_be_written_to_stdout() {
    let before = fs::read_link("/dev/stdout").unwrap();
    let server = with_port_file(Path::new("/dev/stdout"));
    let (port, banner) = server.banner.split_first().unwrap();
    assert!(banner[0].ends_with(&format!(":{port}")), "{:?}", server.banner);
    assert_eq!(server.terminate().0, 0);
    // The same where stdout is a file, which is not to be replaced.
    let written = folder("stdout").join("out");
    let line = "cd /dev && exec \"$0\" --listen 127.0.0.1:0 --log off --port-file stdout >>\"$1\"";
    let mut child = Command::new("sh")
        .args(["-c", line, env!("CARGO_BIN_EXE_sync-group-sim")])
        .arg(&written)
        .spawn()
        .unwrap();
    let has_banner = |text: &str| text.contains("Try it:");
    assert!((0..1_000_000).any(|_| fs::read_to_string(&written).is_ok_and(|text| has_banner(&text))));
    child.kill().unwrap();
    child.wait().unwrap();
    let text = fs::read_to_string(&written).unwrap();
    let port = text.lines().next().unwrap();
    assert!(text.contains(&format!("listening on http://127.0.0.1:{port}\n")), "{text}");
    assert_eq!(fs::read_link("/dev/stdout").unwrap(), before);
}

#[test]
fn a_port_file_that_cannot_be_written_says_why() {
    let folder = folder("cannot");
    for (path, expected) in [
        (folder.clone(), "a directory; expected the name of a file"),
        (
            folder.join("no/port"),
            "cannot be written: there is no such file or folder; expected a name in a folder that exists",
        ),
    ] {
        let output = binary().args(["--listen", "127.0.0.1:0", "--port-file"]).arg(&path).output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), told), (Some(1), format!("{}: {expected}\n", path.display())));
    }
}
