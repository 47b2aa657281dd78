//! What goes over the wire, as values: requests, replies, the service's refusals, and what is done to a reply
//! on its way out. No sockets here; the server turns these into bytes.

pub mod caller;
pub mod changed;
pub mod cors;
pub mod form;
pub(crate) mod json;
pub(crate) mod multipart;
pub mod packed;
pub(crate) mod path;
pub mod query;
pub mod refusal;
pub mod reply;
pub mod request;
pub(crate) mod scan;
pub mod secrets;

pub use caller::Caller;
pub use cors::Cors;
pub use refusal::{DetailCode, Refusal};
pub use reply::{Delivery, Manner, Outcome, Reply, Stamp, Trace, TrackingId};
pub use request::{BaseUrl, Body, Request, Stopwatch};
