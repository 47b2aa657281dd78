//! `corrupt`: a body that is not what the reply says it is.

use hyper::StatusCode;
use hyper::header::{CONTENT_ENCODING, HeaderValue};

use super::{Effect, Kind};
use crate::document::words;
use crate::wire::Reply;
use crate::wire::reply::JSON;

words! {
    /// Ways in which a body is not what the reply says it is.
    pub enum Corrupt {
        /// JSON that ends in the middle, with a matching length.
        TruncatedJson = "truncatedJson",
        /// A gateway's HTML page.
        Html = "html",
        /// The right body as `text/plain`.
        WrongContentType = "wrongContentType",
        /// The right body with `Content-Encoding: UTF-8`, as an edge of the real service has been seen to send.
        BogusEncoding = "bogusEncoding",
        /// No body at all.
        Empty = "empty",
    }
}

/// A page such as a gateway in front of a service shows.
const HTML: &str = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad \
    Gateway</h1></center>\r\n<hr><center>gateway</center>\r\n</body>\r\n</html>\r\n";

impl Kind for Corrupt {
    fn effect(&self) -> Effect<'_> {
        Effect::Corrupt(*self)
    }

    fn in_words(&self) -> String {
        let words = match self {
            Self::TruncatedJson => "JSON that ends in the middle",
            Self::Html => "an HTML page instead of JSON",
            Self::WrongContentType => "the right body as text/plain",
            Self::BogusEncoding => "the right body with Content-Encoding: UTF-8",
            Self::Empty => "an empty body",
        };
        words.to_owned()
    }
}

impl Corrupt {
    /// Corrupts a reply. A 204, which could carry no body at all, becomes a 200.
    pub fn apply(self, mut reply: Reply) -> Reply {
        if reply.status == StatusCode::NO_CONTENT {
            reply.status = StatusCode::OK;
        }
        match self {
            Self::TruncatedJson if reply.body.len() > 1 => {
                reply.body.truncate(reply.body.len() / 2);
                reply
            }
            Self::TruncatedJson => reply.with_content_type(JSON).with_body("{"),
            Self::Html => reply.with_content_type(HeaderValue::from_static("text/html")).with_body(HTML),
            Self::WrongContentType => {
                reply.with_content_type(HeaderValue::from_static("text/plain;charset=UTF-8"))
            }
            Self::BogusEncoding => reply.with(CONTENT_ENCODING, HeaderValue::from_static("UTF-8")),
            Self::Empty => reply.with_body(""),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(corrupt: Corrupt, status: u16, body: &'static str) -> Reply {
        corrupt.apply(Reply::json(StatusCode::from_u16(status).unwrap(), body))
    }

    #[test]
    fn a_204_comes_as_200_since_it_could_have_no_body_and_others_keep_their_status() {
        for (status, expected) in [(200, 200), (201, 201), (202, 202), (204, 200), (404, 404)] {
            assert_eq!(applied(Corrupt::Html, status, "").status.as_u16(), expected);
        }
    }

    #[test]
    fn truncated_json_is_never_json() {
        for body in ["", "1", "[]", "{\"a\": [1, 2, 3]}"] {
            let reply = applied(Corrupt::TruncatedJson, 200, body);
            assert!(serde_json::from_slice::<serde_json::Value>(&reply.body).is_err(), "{body}");
        }
    }
}
