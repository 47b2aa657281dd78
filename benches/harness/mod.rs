//! What benchmarks and tests of many clients share: a connection that asks and reads (`http.rs`), and a client
//! that does a bit of everything on one (`mixed.rs`). No part of the product.

pub(crate) mod http;
pub(crate) mod mixed;
