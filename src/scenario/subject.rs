//! What rules look at: an exchange between a client and the service, or a job that the service runs on its own.
//! A subject is a borrowed view. Making one costs no allocation.

use std::cell::OnceCell;

use hyper::HeaderMap;
use serde_json::Value;

use crate::operation::Operation;

/// What rules look at.
#[derive(Clone, Copy, Debug)]
pub enum Subject<'a> {
    /// A request of a client.
    Exchange(&'a ExchangeView<'a>),
    /// An attempt at a job of the agenda.
    Job(&'a JobView<'a>),
}

/// What rules can ask about an exchange.
#[derive(Debug)]
pub struct ExchangeView<'a> {
    /// The operation; `None` where the route leads to none.
    pub operation: Option<Operation>,
    /// The API version's name.
    pub version: Option<&'static str>,
    /// The HTTP method.
    pub method: &'a str,
    /// The path below the base URL.
    pub path: &'a str,
    /// The query as sent.
    pub query: &'a str,
    /// The OAuth client's id.
    pub client: Option<&'a str>,
    /// The OAuth client's name, where the tenant knows the client.
    pub client_name: Option<&'a str>,
    /// The id in the path; empty when there is none.
    pub id: &'a str,
    /// The header fields.
    pub headers: &'a HeaderMap,
    /// The body as sent, or a token call's parameters as JSON.
    pub body: &'a [u8],
    /// Whether it asks for a page of a list that begins behind the list's end.
    pub is_past_end: bool,
    /// Whether an earlier request came over the same connection.
    pub is_reused_connection: bool,
    /// The body, parsed by the first matcher that looks into it.
    parsed: OnceCell<Value>,
}

impl<'a> ExchangeView<'a> {
    /// An exchange of which only these parts are known yet.
    pub fn new(method: &'a str, path: &'a str, headers: &'a HeaderMap, body: &'a [u8]) -> Self {
        Self {
            operation: None,
            version: None,
            method,
            path,
            query: "",
            client: None,
            client_name: None,
            id: "",
            headers,
            body,
            is_past_end: false,
            is_reused_connection: false,
            parsed: OnceCell::new(),
        }
    }

    /// The body as JSON; null when it is none.
    pub(super) fn json(&self) -> &Value {
        self.parsed.get_or_init(|| serde_json::from_slice(self.body).unwrap_or_default())
    }
}

/// What rules can ask about a job: one attempt to change one account's password on one source.
#[derive(Clone, Copy, Debug, Default)]
pub struct JobView<'a> {
    /// The source's id.
    pub source: &'a str,
    /// The source's name.
    pub source_name: &'a str,
    /// Which attempt this is, from 1.
    pub attempt: u64,
    /// The id of the OAuth client that started the job.
    pub client: Option<&'a str>,
    /// That client's name.
    pub client_name: Option<&'a str>,
    /// The id of the group whose password changes; empty when there is none.
    pub group: &'a str,
}

impl<'a> Subject<'a> {
    /// The OAuth client behind it, by id.
    pub(super) fn client(self) -> Option<&'a str> {
        match self {
            Self::Exchange(exchange) => exchange.client,
            Self::Job(job) => job.client,
        }
    }

    /// The same client's name.
    pub(super) fn client_name(self) -> Option<&'a str> {
        match self {
            Self::Exchange(exchange) => exchange.client_name,
            Self::Job(job) => job.client_name,
        }
    }

    /// The id of what it is about; empty when there is none. Files call it the group.
    pub(super) fn group(self) -> &'a str {
        match self {
            Self::Exchange(exchange) => exchange.id,
            Self::Job(job) => job.group,
        }
    }
}
