//! Where a request goes: to a tenant's API, to a call of the control API, or to the console. It is found once, from
//! the request's head and before its body is read; callers without permission are turned away there, too. Everything
//! that depends on it (how long a body may be, where the answer is made, who answers) asks here.

use super::Limits;
use crate::control::{self, ControlCall, ControlError, Door};
use crate::pipeline;
use crate::wire::Request;
use crate::world::{Prefix, World};

/// Where a request goes.
#[derive(Debug)]
pub(super) struct Target {
    /// What its path says of its tenant.
    pub(super) prefix: Prefix,
    pub(super) room: Room,
    is_slow: bool,
}

/// Who answers a request.
#[derive(Debug)]
pub(super) enum Room {
    /// The tenant's API.
    Api,
    /// A call of the control API.
    Control(&'static ControlCall),
    /// The console.
    Console,
    /// No one: the caller may not make that call, or there is no such call.
    Refused(Box<ControlError>),
}

impl Target {
    /// Finds it from a request's head.
    pub(super) fn of(world: &World, request: &Request) -> Self {
        let prefix = Prefix::of(request.uri.path());
        let path = prefix.rest(request.uri.path());
        if !control::is_control(path) {
            if control::is_visit(request, path) {
                return Self { prefix, room: Room::Console, is_slow: false };
            }
            let is_slow = pipeline::is_slow(world, &request.method, path);
            return Self { prefix, room: Room::Api, is_slow };
        }
        match control::door(world, request, path) {
            Ok(Door::Call(call)) => Self { prefix, room: Room::Control(call), is_slow: call.is_slow() },
            Ok(Door::Console) => Self { prefix, room: Room::Console, is_slow: false },
            Err(error) => Self { prefix, room: Room::Refused(Box::new(error)), is_slow: false },
        }
    }

    /// Whether the answer may take long, so that it is made on a thread where no other connection waits for it.
    pub(super) fn is_slow(&self) -> bool {
        self.is_slow
    }

    /// The longest body that is read: only callers that may make a control call may send a long one.
    pub(super) fn max_body_bytes(&self, limits: &Limits) -> usize {
        if matches!(self.room, Room::Control(_)) {
            limits.max_control_body_bytes
        } else {
            limits.max_body_bytes
        }
    }
}
