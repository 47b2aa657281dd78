//! The servers beside which a page's blocks run. Pages name the default address; each server here has a port of its own,
//! which takes that one's place in the blocks.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::page::Block;
use super::shell::{Ran, without_our_variables};
use crate::harness::process::{Server, binary};

const DEFAULT: &str = "127.0.0.1:4580";

/// The servers of a page; they end with it.
pub(super) struct Servers {
    folder: PathBuf,
    running: Vec<Server>,
    /// Whether the last one is the one that the next block means.
    is_in_use: bool,
    printed: BTreeMap<usize, Ran>,
}

impl Servers {
    pub(super) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), running: Vec::new(), is_in_use: false, printed: BTreeMap::new() }
    }

    /// A new section begins: it has a server of its own.
    pub(super) fn stop_using(&mut self) {
        self.is_in_use = false;
    }

    /// Starts a server if that is what a block does: one command, with options alone.
    pub(super) fn starts_one(&mut self, block: &Block) -> bool {
        let command = block.text.trim().split(" #").next().unwrap();
        let mut words = command.split_whitespace();
        let is_ours = words.next() == Some("sync-group-sim") && !command.contains('\n');
        let arguments: Vec<&str> = words.collect();
        if !is_ours || arguments.first().is_some_and(|first| !first.starts_with("--") && *first != "serve") {
            return false;
        }
        self.start(&arguments);
        let banner = self.running.last().expect("it was started").banner.join("\n");
        let printed = banner.replace(&self.address(), DEFAULT);
        self.printed.insert(block.line, Ran { printed, statuses: Vec::new() });
        true
    }

    fn start(&mut self, arguments: &[&str]) {
        let mut command = binary();
        without_our_variables(&mut command).current_dir(&self.folder).args(arguments);
        self.running.push(Server::start(command.env("SYNC_GROUP_SIM_LISTEN", "127.0.0.1:0")));
        self.is_in_use = true;
    }

    /// The base URL of the server that a block means; started unless the section did.
    pub(super) fn url(&mut self) -> String {
        if !self.is_in_use {
            self.start(&[]);
        }
        let first = &self.running.last().expect("one was started").banner[0];
        first.strip_prefix("listening on ").unwrap_or_else(|| panic!("{first}")).to_owned()
    }

    fn address(&mut self) -> String {
        self.url().split_once("://").expect("a URL has a scheme").1.to_owned()
    }

    /// A block's text with the server's address for the default one.
    pub(super) fn at_its_address(&mut self, text: &str) -> String {
        let address = self.address();
        let port = address.rsplit(':').next().expect("an address has a port").to_owned();
        text.replace(DEFAULT, &address).replace("localhost:4580", &format!("localhost:{port}"))
    }

    /// What those that blocks started printed, by the block's line. They go on as long as this does.
    pub(super) fn into_printed(self) -> BTreeMap<usize, Ran> {
        self.printed
    }
}
