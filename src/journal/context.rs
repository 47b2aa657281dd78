//! What a request asks: the request with what it was found to be about. The scenario's rules and expectations look
//! at it from here, so that they see the same in a request that just came and in one that the journal kept.

use std::cell::OnceCell;

use crate::operation::Operation;
use crate::scenario::ExchangeView;
use crate::wire::form::Form;
use crate::wire::{Body, Caller, Request};

/// A request and what it is about.
pub(crate) struct RequestContext<'a> {
    /// The request.
    pub(crate) request: &'a Request,
    /// Its path below the tenant's base URL.
    pub(crate) path: &'a str,
    /// The operation, where the route leads to one.
    pub(crate) operation: Option<Operation>,
    /// The API version's name.
    pub(crate) version: Option<&'static str>,
    /// The OAuth client.
    pub(crate) client: Option<&'a Caller>,
    /// Whether it asks for a page of a list that begins behind the list's end.
    pub(crate) is_past_end: bool,
    form: OnceCell<Form>,
    form_as_json: OnceCell<Vec<u8>>,
}

impl<'a> RequestContext<'a> {
    /// A request of which nothing is known but its path below the tenant's base URL.
    pub(crate) fn new(request: &'a Request, path: &'a str) -> Self {
        Self {
            request,
            path,
            operation: None,
            version: None,
            client: None,
            is_past_end: false,
            form: OnceCell::new(),
            form_as_json: OnceCell::new(),
        }
    }

    /// A token call's parameters, gathered when they are first asked for.
    pub(crate) fn form(&self) -> &Form {
        self.form.get_or_init(|| Form::gather(self.request))
    }

    /// What rules look at; `id` is the one in the path, empty where there is none.
    pub(crate) fn view<'s>(&'s self, id: &'s str) -> ExchangeView<'s> {
        let request = self.request;
        let method = request.method.as_str();
        let mut view = ExchangeView::new(method, self.path, &request.headers, self.body());
        view.operation = self.operation;
        view.version = self.version;
        view.query = request.uri.query().unwrap_or_default();
        view.client = self.client.map(|client| &*client.id);
        view.client_name = self.client.map(|client| &*client.name).filter(|name| !name.is_empty());
        view.id = id;
        view.is_past_end = self.is_past_end;
        view.is_reused_connection = request.is_reused_connection;
        view
    }

    /// The body as rules see it: a token call's parameters are members of an object, wherever they stood.
    pub(crate) fn body(&self) -> &[u8] {
        if self.operation == Some(Operation::Token) {
            return self.form_as_json.get_or_init(|| self.form().to_json().to_string().into_bytes());
        }
        match &self.request.body {
            Body::Whole(body) => body,
            Body::TooLarge { .. } => b"",
        }
    }
}
