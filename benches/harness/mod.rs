//! What benchmarks and tests of many clients share: a connection that asks and reads (`http.rs`), a client that
//! does a bit of everything on one (`mixed.rs`), one that creates until the server is gone (`creator.rs`), a load
//! that measures (`generator.rs`), and servers as processes (`process.rs`). No part of the product.

#![allow(dead_code, reason = "each of those who share it needs a part of it")]

pub(crate) mod creator;
pub(crate) mod generator;
pub(crate) mod http;
pub(crate) mod mixed;
pub(crate) mod process;
