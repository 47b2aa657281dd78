//! The commands that ask a running server: how they find it, whom they trust, what they tell.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::harness::http::{send, token};
use crate::harness::process::{Server, binary, file, run};

/// A server with these options, on a free port.
fn serve(options: &[&str]) -> Server {
    Server::start(binary().args(["--listen", "127.0.0.1:0", "--log", "off"]).args(options))
}

/// Its base URL.
fn url(server: &Server) -> String {
    server.banner[0].strip_prefix("listening on ").unwrap().to_owned()
}

/// A file's name in an empty folder of this test's own.
fn place(test: &str, name: &str) -> String {
    let path = file(test, name, "");
    fs::remove_file(&path).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Runs the binary with variables: exit code, stdout, stderr.
fn run_with(variables: &[(&str, &str)], arguments: &[&str]) -> (i32, String, String) {
    let output = binary().args(arguments).envs(variables.iter().copied()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn is_well((code, stdout, stderr): &(i32, String, String)) -> bool {
    *code == 0 && stdout.contains("\"status\":\"ok\"") && stderr.is_empty()
}

#[test]
fn health_speaks_https_to_whom_it_trusts() {
    let authority = place("asking-https", "ca.crt");
    let server = serve(&["--tls-self-signed", "--tls-ca-file", &authority]);
    assert!(fs::read_to_string(&authority).unwrap().starts_with("-----BEGIN CERTIFICATE"));
    assert!(server.banner.iter().any(|line| line.contains(&authority)), "{:?}", server.banner);
    let url = url(&server);
    for how in [&["--ca", &authority][..], &["--insecure"]] {
        let told = run(&[&["health", "--url", &url], how].concat());
        assert!(is_well(&told), "{how:?}: {told:?}");
    }
    let (code, _, told) = run(&["health", "--url", &url]);
    assert!(code == 1 && told.contains("expected `--ca FILE`") && told.contains("`--insecure`"), "{told}");
    let (code, _, told) = run(&["health", "--url", &url.replace("https", "http")]);
    assert!(code == 1 && told.contains("expected https:// if the server has TLS"), "{told}");
    let plain = serve(&[]);
    let (code, _, told) =
        run(&["health", "--insecure", "--url", &plain_url(&plain).replace("http", "https")]);
    assert!(code == 1 && told.contains("expected http:// in its place"), "{told}");
    assert_eq!(server.terminate().0, 0);
    assert!(!Path::new(&authority).exists());
}

#[test]
fn a_variable_of_another_command_is_no_matter_of_the_one_that_is_asked_for() {
    let server = serve(&[]);
    let url = plain_url(&server);
    let wrong = [
        ("SYNC_GROUP_SIM_RATE_LIMIT", "100"),
        ("SYNC_GROUP_SIM_SEED", "lucky"),
        ("SYNC_GROUP_SIM_MAX_BODY", "large"),
    ];
    for command in ["health", "env", "journal"] {
        let (code, _, stderr) = run_with(&wrong, &[command, "--url", &url]);
        assert_eq!((code, &*stderr), (0, ""), "{command}");
    }
    for command in [&["serve"][..], &[]] {
        let (code, _, stderr) = run_with(&wrong, command);
        assert!(code == 2 && stderr.starts_with("SYNC_GROUP_SIM_"), "{command:?}: {stderr}");
    }
    let (code, _, stderr) = run_with(&wrong, &["drill", "--list", "--", "true"]);
    assert!(code == 2 && stderr.starts_with("SYNC_GROUP_SIM_"), "{stderr}");
}

fn plain_url(server: &Server) -> String {
    format!("http://{}", server.address())
}

#[test]
fn health_trusts_exactly_the_certificate_that_it_is_given() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = file("asking-own", "cert.pem", &made.cert.pem());
    let key = file("asking-own", "key.pem", &made.signing_key.serialize_pem());
    let (certificate, key) = (certificate.to_str().unwrap(), key.to_str().unwrap());
    let server = serve(&["--tls-cert", certificate, "--tls-key", key]);
    let url = url(&server);
    assert!(is_well(&run(&["health", "--url", &url, "--ca", certificate])));
    let another = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let another = file("asking-own", "another.pem", &another.cert.pem());
    let (code, _, told) = run(&["health", "--url", &url, "--ca", another.to_str().unwrap()]);
    assert!(code == 1 && told.contains("not trusted here"), "{told}");
    let (code, _, told) = run(&["health", "--url", &url, "--ca", key]);
    assert_eq!((code, told), (1, format!("{key}: no certificate in it; expected certificates in PEM\n")));
}

#[test]
fn health_finds_the_server_by_the_servers_own_variables() {
    let (port, authority) = (place("asking-variables", "port"), place("asking-variables", "ca.pem"));
    let variables = [
        ("SYNC_GROUP_SIM_LISTEN", "127.0.0.1:0"),
        ("SYNC_GROUP_SIM_PORT_FILE", &*port),
        ("SYNC_GROUP_SIM_TLS_SELF_SIGNED", "true"),
        ("SYNC_GROUP_SIM_TLS_CA_FILE", &*authority),
        ("SYNC_GROUP_SIM_CONTROL_TOKEN", "tok"),
    ];
    let server = Server::start(binary().envs(variables).args(["--log", "off"]));
    let told = run_with(&variables, &["health"]);
    assert!(is_well(&told), "{told:?}");
    let (code, stdout, told) = run_with(&variables, &["env"]);
    assert!(
        code == 0 && stdout.contains(&format!("export NODE_EXTRA_CA_CERTS={authority}")),
        "{stdout}{told}"
    );
    assert_eq!(run_with(&variables, &["journal"]), (0, String::new(), String::new()));
    drop(server);
}

#[test]
fn an_option_goes_before_a_variable() {
    let port = place("asking-port", "port");
    let server = serve(&["--port-file", &port]);
    let variables = [("SYNC_GROUP_SIM_URL", "http://127.0.0.1:1"), ("SYNC_GROUP_SIM_PORT_FILE", "/nowhere")];
    assert!(is_well(&run_with(&variables, &["health", "--port-file", &port])));
    assert!(is_well(&run_with(&variables, &["health", "--url", &plain_url(&server)])));
    let (code, _, told) = run_with(&variables[1..], &["health"]);
    let expected = "/nowhere: no such file; expected the port of a server that runs (`serve --port-file`)\n";
    assert_eq!((code, &*told), (1, expected));
}

#[test]
fn health_waits_until_the_server_is_there() {
    let port = place("asking-wait", "port");
    let asking = binary()
        .args(["health", "--wait", "1h", "--port-file", &port])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let server = serve(&["--port-file", &port]);
    let output = asking.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    drop(server);
    fs::write(&port, "1\n").unwrap();
    let (code, _, told) = run(&["health", "--wait", "300ms", "--port-file", &port]);
    assert!(code == 1 && told.ends_with("still so after 300ms (--wait)\n"), "{told}");
    assert!(
        told.starts_with("http://127.0.0.1:1: no answer: nothing listens there; expected a server"),
        "{told}"
    );
    let (code, _, told) = run(&["health", "--wait", "soon"]);
    assert!(code == 2 && told.contains("--wait"), "{told}");
}

#[test]
fn health_understands_a_server_without_a_control_api() {
    let server = serve(&["--control", "off"]);
    let (code, stdout, _) = run(&["health", "--wait", "1h", "--url", &plain_url(&server)]);
    assert_eq!((code, &*stdout), (0, "{\"status\":\"ok\",\"control\":\"off\"}\n"));
    let (code, _, told) = run(&["journal", "--url", &plain_url(&server)]);
    assert!(code == 1 && told.contains("the control API is off"), "{told}");
}

#[test]
fn what_answers_but_is_another_program_is_not_well() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    for (answer, expected) in [
        (
            "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno",
            "answered 404, which is not",
        ),
        ("SSH-2.0-OpenSSH_9\r\n", "the answer is not HTTP; expected https://"),
        ("", "the connection was closed"),
    ] {
        let asking = std::thread::spawn({
            let url = url.clone();
            move || run(&["health", "--url", &url])
        });
        let (mut socket, _) = listener.accept().unwrap();
        let _ = socket.read(&mut [0; 1_024]).unwrap();
        socket.write_all(answer.as_bytes()).unwrap();
        drop(socket);
        let (code, _, told) = asking.join().unwrap();
        assert!(
            code == 1 && (told.contains(expected) || told.contains("the answer is not HTTP")),
            "{answer:?}: {told}"
        );
    }
}

#[test]
fn where_this_machine_does_not_reach_itself_that_is_told() {
    // Without a network not even the loopback interface is up. What cannot be had without rights is not tested.
    let without_network = |arguments: &[&str]| {
        let program = binary();
        let output =
            Command::new("unshare").arg("-rn").arg(program.get_program()).args(arguments).output().ok()?;
        let told = String::from_utf8(output.stderr).unwrap();
        (!told.contains("unshare")).then(|| (output.status.code().unwrap(), told))
    };
    let advice = "there is no route to that address; expected a loopback interface that is up; in a sandbox without a \
                  network, try: ip link set lo up\n";
    for (arguments, code, said) in [
        (&["health", "--url", "http://127.0.0.1:4580"][..], 1, "http://127.0.0.1:4580: no answer: "),
        (&["drill", "--", "true"], 1, "the server cannot be reached at 127.0.0.1: "),
    ] {
        let Some(told) = without_network(arguments) else { return };
        assert_eq!(told, (code, format!("{said}{advice}")), "{arguments:?}");
    }
}

#[test]
fn credentials_in_a_url_are_never_shown() {
    let server = serve(&[]);
    let address = server.address();
    assert!(is_well(&run(&["health", "--url", &format!("http://ada:hush@{address}")])));
    let variables =
        [("SYNC_GROUP_SIM_URL", "http://ada:hush@127.0.0.1:1"), ("SYNC_GROUP_SIM_FIXTURE", "demo")];
    for arguments in [
        &["health"][..],
        &["health", "--help"],
        &["env"],
        &["env", "--help"],
        &["openapi"],
        &["journal"],
        &["health", "--url", "ftp://ada:hush@host"],
        &["health", "--url", "http://ada:hush@host:port"],
        &["openapi", "--url", "ada:hush@host"],
    ] {
        let (_, stdout, stderr) = run_with(&variables, arguments);
        assert!(!(stdout.clone() + &stderr).contains("hush"), "{arguments:?}: {stdout}{stderr}");
    }
}

#[test]
fn env_gives_the_credentials_of_the_tenant_that_the_url_names() {
    let server = serve(&["--control-token", "tok"]);
    let headers = [("Authorization".to_owned(), "Bearer tok".to_owned())];
    let made = send(server.address(), "POST", "/_sim/tenants", &headers, b"{\"name\": \"mine\"}");
    let made: Value = serde_json::from_slice(&made.body).unwrap();
    let url = made["baseUrl"].as_str().unwrap();
    let (code, stdout, told) = run(&["env", "--url", url, "--control-token", "tok"]);
    let id = made["clients"][0]["clientId"].as_str().unwrap();
    assert!(code == 0 && stdout.contains(id) && told.is_empty(), "{stdout}{told}");
    let (code, stdout, told) = run(&["env", "--url", url]);
    assert!(code == 1 && stdout.is_empty() && told.contains("`--control-token TOKEN`"), "{told}");
    // A tenant that does not exist yet begins with the fixture's clients.
    let url = url.replace("mine", "later");
    let (code, stdout, told) = run(&["env", "--url", &url, "--control-token", "tok"]);
    assert!(code == 0 && stdout.contains("0a1b2c3d4e5f60718293a4b5c6d7e8f9"), "{stdout}{told}");
    assert!(told.ends_with("so the credentials are those of the fixture `demo`\n"), "{told}");
}

#[test]
fn env_that_is_told_to_wait_does_not_make_do_with_a_fixture() {
    let (code, stdout, told) = run(&["env", "--url", "http://127.0.0.1:1", "--wait", "100ms"]);
    assert!(code == 1 && stdout.is_empty() && told.contains("no answer"), "{told}");
}

#[test]
fn env_is_written_for_each_shell() {
    let url = ["--fixture", "demo", "--url", "http://127.0.0.1:9/it's"];
    let of = |shell: &str| run(&[&["env", "--shell", shell], &url[..]].concat()).1;
    let shown = Command::new("sh")
        .args(["-c", &format!("{}printf %s \"$SAIL_BASE_URL\"", of("sh"))])
        .output()
        .unwrap();
    assert_eq!(shown.stdout, b"http://127.0.0.1:9/it's");
    for (shell, line, unset) in [
        (
            "fish",
            "set -gx SAIL_BASE_URL 'http://127.0.0.1:9/it\\'s'\n",
            "set -e SAIL_BASE_URL SAIL_CLIENT_ID",
        ),
        (
            "powershell",
            "$env:SAIL_BASE_URL = 'http://127.0.0.1:9/it''s'\n",
            "Remove-Item -ErrorAction SilentlyContinue Env:",
        ),
        ("cmd", "set \"SAIL_BASE_URL=http://127.0.0.1:9/it's\"\n", "set \"SAIL_BASE_URL=\"\n"),
        ("dotenv", "SAIL_BASE_URL=\"http://127.0.0.1:9/it's\"\n", "SAIL_BASE_URL=\n"),
    ] {
        assert!(of(shell).starts_with(line) && of(shell).lines().count() == 3, "{shell}: {}", of(shell));
        let undone = run(&["env", "--unset", "--shell", shell]).1;
        assert!(undone.starts_with(unset), "{shell}: {undone}");
    }
}

#[test]
fn the_journal_is_printed_followed_and_written_as_an_archive() {
    let server = serve(&["--scenario", "committed-but-lost"]);
    let url = plain_url(&server);
    let token = token(server.address());
    let headers = [
        ("Authorization".to_owned(), format!("Bearer {token}")),
        ("Content-Type".to_owned(), "application/json".to_owned()),
    ];
    let list = || send(server.address(), "GET", "/v2024/password-sync-groups", &headers, b"").status;
    assert_eq!(list(), 200);
    let (code, stdout, _) = run(&["journal", "--url", &url]);
    let lines: Vec<_> = stdout.lines().collect();
    assert!(code == 0 && lines.len() == 2 && lines.iter().all(|line| line.len() <= 130), "{stdout}");
    assert!(lines[1].contains("   2  GET    /v2024/password-sync-groups  200  0a1b2c3d"), "{stdout}");
    let (_, json, _) = run(&["journal", "--json", "--url", &url]);
    let last: Value = serde_json::from_str(json.lines().last().unwrap()).unwrap();
    assert_eq!((&last["seq"], &last["status"]), (&2.into(), &200.into()));

    let har = place("asking-journal", "journal.har");
    assert_eq!(run(&["journal", "--har", &har, "--url", &url]).0, 0);
    let archive: Value = serde_json::from_str(&fs::read_to_string(&har).unwrap()).unwrap();
    assert_eq!(archive["log"]["entries"].as_array().unwrap().len(), 2);
    let (_, stdout, _) = run(&["journal", "--har", "-", "--url", &url]);
    assert_eq!(serde_json::from_str::<Value>(&stdout).unwrap()["log"]["version"], "1.2");

    let mut following =
        binary().args(["journal", "--follow", "--url", &url]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(following.stdout.take().unwrap()).lines();
    let mut next = || lines.next().unwrap().unwrap();
    assert!(next().contains("POST   /oauth/token") && next().contains("   2  GET"));
    assert_eq!(list(), 200);
    assert!(next().contains("   3  GET"));
    send(server.address(), "POST", "/_sim/reset", &[], b"");
    assert!(next().starts_with("-- the tenant was reset"));
    server.terminate();
    assert!(following.wait().unwrap().success());
}

#[test]
fn a_journal_of_several_pages_is_printed_whole() {
    let server = serve(&[]);
    for _ in 0..250 {
        assert_eq!(send(server.address(), "GET", "/oauth/info", &[], b"").status, 200);
    }
    let (_, stdout, _) = run(&["journal", "--url", &plain_url(&server)]);
    assert_eq!(stdout.lines().count(), 250);
    assert!(stdout.lines().last().unwrap().contains(" 250  GET    /oauth/info  200"), "{stdout}");
}

#[test]
fn the_certificate_of_a_generated_authority_goes_where_it_is_told() {
    let (code, _, told) = run(&["--tls-ca-file", "ca.pem"]);
    let expected =
        "`--tls-ca-file` is for the certificate of a generated CA; expected `--tls-self-signed` beside it\n";
    assert_eq!((code, &*told), (2, expected));
    let (code, _, told) =
        run(&["--listen", "127.0.0.1:0", "--tls-self-signed", "--tls-ca-file", "/no/such/ca.pem"]);
    assert!(code == 1 && told.starts_with("/no/such/ca.pem: cannot be written"), "{told}");
}
