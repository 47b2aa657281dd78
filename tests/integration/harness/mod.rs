//! How tests start a simulator and call it: in this process without a socket (`client.rs`, `control.rs`), in this
//! process over one (`served.rs`, `http.rs`, and with a call that may be held `held.rs`), or as the binary (`process.rs`). Themes have helpers of their own beside
//! their tests.

pub(crate) mod ask;
pub(crate) mod client;
pub(crate) mod control;
pub(crate) mod held;
pub(crate) mod http;
pub(crate) mod password;
pub(crate) mod process;
pub(crate) mod served;
