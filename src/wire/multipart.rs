//! The parts of a `multipart/form-data` body that is in memory as a whole.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use hyper::body::Bytes;
use hyper::header::CONTENT_TYPE;

use super::request::{Body, Request};

/// The parts of a request's body; `None` when that is not a multipart body, or not what its content type says.
pub(crate) fn of(request: &Request) -> Option<Vec<(String, Bytes)>> {
    let Body::Whole(body) = &request.body else { return None };
    if request.media_type().as_deref() != Some("multipart/form-data") {
        return None;
    }
    read(request.headers.get(CONTENT_TYPE)?.to_str().ok()?, body)
}

/// The parts that have a name, in order. `None` when the body is not what its content type says.
pub(crate) fn read(content_type: &str, body: &Bytes) -> Option<Vec<(String, Bytes)>> {
    let (parts, is_whole) = read_some(content_type, body);
    is_whole.then_some(parts)
}

/// The same as far as it can be read, and whether that is all of it.
pub(super) fn read_some(content_type: &str, body: &Bytes) -> (Vec<(String, Bytes)>, bool) {
    let mut parts = Vec::new();
    let Ok(boundary) = multer::parse_boundary(content_type) else { return (parts, false) };
    let mut multipart = multer::Multipart::new(Whole(Some(body.clone())), boundary);
    let reading = async {
        loop {
            match multipart.next_field().await {
                Ok(None) => return true,
                Err(_) => return false,
                Ok(Some(field)) => {
                    let Some(name) = field.name().map(str::to_owned) else { continue };
                    let Ok(bytes) = field.bytes().await else { return false };
                    parts.push((name, bytes));
                }
            }
        }
    };
    // The whole body is in memory, so the reader never waits.
    let read = pin!(reading).poll(&mut Context::from_waker(Waker::noop()));
    (parts, read == Poll::Ready(true))
}

/// A body in memory, as the one-piece stream that the reader needs.
struct Whole(Option<Bytes>);

impl futures_core::Stream for Whole {
    type Item = Result<Bytes, std::convert::Infallible>;

    fn poll_next(mut self: std::pin::Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.take().map(Ok))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: &str = "multipart/form-data; boundary=b";

    fn names(body: &'static str) -> Option<Vec<(String, Bytes)>> {
        read(TYPE, &Bytes::from_static(body.as_bytes()))
    }

    #[test]
    fn parts_have_their_names_and_bytes() {
        let body = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"w.txt\"\r\n\
            Content-Type: text/plain\r\n\r\none\r\ntwo\r\n--b\r\n\
            Content-Disposition: form-data; name=x\r\n\r\n\r\n--b--\r\n";
        let parts = [("file", "one\r\ntwo"), ("x", "")];
        let parts = parts.map(|(name, bytes)| (name.to_owned(), Bytes::from_static(bytes.as_bytes())));
        assert_eq!(names(body), Some(parts.to_vec()));
    }

    #[test]
    fn what_is_cut_off_or_has_no_boundary_is_not_read() {
        assert_eq!(names("--b\r\nContent-Disposition: form-data; name=file\r\n\r\none"), None);
        assert_eq!(names("words"), None);
        assert_eq!(read("multipart/form-data", &Bytes::from_static(b"--b--\r\n")), None);
    }
}
