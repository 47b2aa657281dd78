//! draft
pub mod chance;
pub mod clock;
pub mod contract;
pub mod control;
pub mod document;
pub mod fixture;
pub mod handlers;
pub mod operation;
pub mod pipeline;
pub mod prerequisites;
pub mod server;
pub mod simulator;
pub mod tenant;
pub mod wire;
pub mod world;
