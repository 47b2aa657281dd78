//! Lists, of any resource: a page of the records that are visible and that `filters` ask for, in the order of `sorters`
//! or else of creation, with the number of all of them when `count` is true.

use hyper::StatusCode;
use hyper::body::Bytes;
use hyper::header::HeaderName;

use super::{Call, Done, View};
use crate::contract::Arguments;
use crate::org::{Kept, Visible, Window};
use crate::wire::Reply;

const TOTAL_COUNT: HeaderName = HeaderName::from_static("x-total-count");

/// Every record, as it is kept.
pub(super) fn list<R: Kept>(view: &View<'_>, call: &Call<'_>) -> Done {
    let table = view.table::<R>();
    let window = window(call);
    let Some(selection) = call.arguments.selection.as_deref() else {
        let page = table.page(window.offset, window.limit);
        return reply(page, window, || table.len());
    };
    let (page, total) = table.selected_page(selection, window);
    reply(page, window, || total)
}

/// The records that are visible, as they are kept.
pub(super) fn list_visible<R: Kept>(
    view: &View<'_>,
    call: &Call<'_>,
    is_visible: impl Fn(&R) -> bool,
) -> Done {
    let (table, window) = (view.table::<R>(), window(call));
    let selected = table.select(call.arguments.selection.as_deref(), Some(&is_visible), window);
    reply(selected.page(), window, || selected.total)
}

/// The records that are visible (all of them with `None`), each in the shape that `write` gives it. Filters and sorters
/// look at it as it is kept.
pub(super) fn list_shown<R: Kept>(
    view: &View<'_>,
    call: &Call<'_>,
    is_visible: Visible<'_, R>,
    write: impl Fn(&R, &mut Vec<u8>),
) -> Done {
    let (table, window) = (view.table::<R>(), window(call));
    let selected = table.select(call.arguments.selection.as_deref(), is_visible, window);
    reply(selected.page_of(write), window, || selected.total)
}

/// The same with a further record after them, which no table has.
pub(super) fn list_with<R: Kept>(
    view: &View<'_>,
    call: &Call<'_>,
    is_visible: Visible<'_, R>,
    further: &R,
) -> Done {
    let (table, window) = (view.table::<R>().with(further), window(call));
    let selected = table.select(call.arguments.selection.as_deref(), is_visible, window);
    reply(selected.page(), window, || selected.total)
}

/// All of them are counted, and none is written.
pub(super) const COUNTED: Window = Window { offset: 0, limit: 0, is_counted: true };

/// How many visible records a request asks for, on all pages; where there are more than it skips, maybe fewer than that.
pub(super) fn total<R: Kept>(view: &View<'_>, arguments: &Arguments, is_visible: Visible<'_, R>) -> usize {
    let table = view.table::<R>();
    match (arguments.selection.as_deref(), is_visible) {
        (None, None) => table.len(),
        (Some(selection), None) => table.count(selection, arguments.integer("offset")),
        (selection, is_visible) => table.select(selection, is_visible, COUNTED).total,
    }
}

/// Which part of the list is asked for.
fn window(call: &Call<'_>) -> Window {
    Window {
        offset: call.arguments.integer("offset"),
        limit: call.arguments.integer("limit"),
        is_counted: call.arguments.boolean("count"),
    }
}

fn reply(page: Bytes, window: Window, total: impl Fn() -> usize) -> Done {
    let reply = Reply::json(StatusCode::OK, page);
    if window.is_counted { reply.with(TOTAL_COUNT, total()).into() } else { reply.into() }
}
