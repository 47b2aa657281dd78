//! A simulator on a socket, in this process.

use std::net::SocketAddr;

use sync_group_sim::simulator::{Config, Running, Simulator};
use tokio::runtime::Runtime;

/// A simulator on a free port, and the threads that serve it.
pub(crate) struct Served {
    runtime: Runtime,
    running: Option<Running>,
}

impl Served {
    pub(crate) fn start(config: Config) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let running = runtime.block_on(Simulator::start(config)).unwrap();
        Self { runtime, running: Some(running) }
    }

    pub(crate) fn running(&self) -> &Running {
        self.running.as_ref().expect("it runs until it is dropped")
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.running().address()
    }

    pub(crate) fn stop(mut self) -> std::io::Result<()> {
        let running = self.running.take().expect("it runs until it is stopped");
        self.runtime.block_on(running.stop())
    }
}
