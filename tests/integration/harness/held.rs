//! A call that may be held: a server on a socket whose clock stands still, with one rule, and a client that has asked.

use std::io::{Read, Write};
use std::net::TcpStream;

use sync_group_sim::TenantHandle;
use sync_group_sim::clock::{Clock, Timestamp};
use sync_group_sim::simulator::Config;

use super::client::{scenario, together};
use super::http::connect;
use super::served::Served;

/// A request that needs no token.
pub(crate) const INFO: &[u8] = b"GET /oauth/info HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// A server with one rule about [`INFO`], the tenant `default` in it, whose clock stands, and a client that has asked.
pub(crate) struct Held {
    pub(crate) served: Served,
    pub(crate) tenant: TenantHandle,
    pub(crate) began: Timestamp,
    pub(crate) socket: TcpStream,
}

/// Serves with a rule of which all is given but its `when`; the tenant's clock stands.
pub(crate) fn served(rule: &str) -> (Served, Timestamp) {
    let text = format!("name: t\nrules: [{{when: {{operation: oauthInfo}}, {rule}}}]\n");
    let mut config = Config { scenarios: together([scenario(&text)]), ..Config::default() };
    let began = Timestamp::parse("2026-11-24T09:30:00Z").unwrap();
    config.options.clock = Clock::manual(began);
    (Served::start(config), began)
}

/// The same, and asks once.
pub(crate) fn asked_under(rule: &str) -> Held {
    let (served, began) = served(rule);
    let tenant = served.running().simulator().default_tenant();
    let mut socket = connect(served.address());
    socket.write_all(INFO).unwrap();
    Held { served, tenant, began, socket }
}

impl Held {
    /// The same, when the answer waits.
    pub(crate) fn until_it_waits(self) -> Self {
        until_something_waits(&self.tenant);
        self
    }
}

/// Waits until something is on the agenda.
pub(crate) fn until_something_waits(tenant: &TenantHandle) {
    while tenant.agenda().due.is_empty() {
        std::thread::yield_now();
    }
}

/// What a client reads next; empty when the connection was closed.
pub(crate) fn read(socket: &mut TcpStream) -> String {
    let mut bytes = [0; 4_096];
    let len = socket.read(&mut bytes).unwrap();
    String::from_utf8_lossy(&bytes[..len]).into_owned()
}
