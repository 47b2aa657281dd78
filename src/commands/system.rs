//! What the operating system refused, in plain words and without its numbers.

use std::io::{Error, ErrorKind};

/// What to do where this machine does not reach itself.
pub(crate) const NO_LOOPBACK: &str =
    "expected a loopback interface that is up; in a sandbox without a network, try: ip link set lo up";

/// Why something failed, to follow a colon.
pub(crate) fn in_words(error: &Error) -> String {
    let words = match error.kind() {
        ErrorKind::NotFound => "there is no such file or folder",
        ErrorKind::PermissionDenied => "permission is denied",
        ErrorKind::AlreadyExists => "there is something of that name already",
        ErrorKind::AddrInUse => "something else listens there already",
        ErrorKind::AddrNotAvailable => "this machine has no such address",
        ErrorKind::ConnectionRefused => "nothing listens there",
        ErrorKind::ConnectionReset => "the connection was reset",
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => "there is no route to that address",
        ErrorKind::TimedOut | ErrorKind::WouldBlock => "there was no answer in time",
        ErrorKind::StorageFull => "the disk is full",
        ErrorKind::ReadOnlyFilesystem => "it is on a drive that cannot be written to",
        _ => return without_number(&error.to_string()),
    };
    words.to_owned()
}

/// `Too many open files` of `Too many open files (os error 24)`.
fn without_number(text: &str) -> String {
    text.split(" (os error ").next().unwrap_or_default().trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_refuses_is_said_without_its_numbers() {
        assert_eq!(in_words(&ErrorKind::AddrInUse.into()), "something else listens there already");
        assert_eq!(without_number("Too many open files (os error 24)"), "Too many open files");
        assert_eq!(without_number("The handle is invalid. (os error 6)"), "The handle is invalid");
    }
}
