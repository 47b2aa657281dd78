//! Lists, of any resource: a page of the records that are visible and that `filters` ask for, in the order of `sorters`
//! or else of creation, with the number of all of them when `count` is true.

use hyper::StatusCode;
use hyper::body::Bytes;
use hyper::header::HeaderName;

use super::{Call, Done, View};
use crate::org::{Kept, Table, Visible, Window};
use crate::wire::Reply;

const TOTAL_COUNT: HeaderName = HeaderName::from_static("x-total-count");

/// Every record, as it is kept.
pub(super) fn list<R: Kept>(view: &View<'_>, call: &Call<'_>) -> Done {
    let table = view.table::<R>();
    let window = window(call);
    if call.checked.selection.is_none() {
        let page = table.page(window.offset, window.limit);
        return reply(page, window, || table.len());
    }
    let selected = table.select(call.checked.selection.as_deref(), None, window);
    reply(selected.page(), window, || selected.total)
}

/// The records that are visible, as they are kept.
pub(super) fn list_visible<R: Kept>(
    view: &View<'_>,
    call: &Call<'_>,
    is_visible: impl Fn(&R) -> bool,
) -> Done {
    let (table, window) = (view.table::<R>(), window(call));
    let selected = table.select(call.checked.selection.as_deref(), Some(&is_visible), window);
    reply(selected.page(), window, || selected.total)
}

/// The records that are visible (all of them with `None`), each in the shape that `write` gives it. Filters and sorters
/// look at it as it is kept.
#[allow(dead_code, reason = "lists that show records in another shape use it")]
pub(super) fn list_shown<R: Kept>(
    view: &View<'_>,
    call: &Call<'_>,
    is_visible: Visible<'_, R>,
    write: impl Fn(&R, &mut Vec<u8>),
) -> Done {
    let (table, window) = (view.table::<R>(), window(call));
    let selected = table.select(call.checked.selection.as_deref(), is_visible, window);
    reply(selected.page_of(write), window, || selected.total)
}

/// The same with further records after them, which the filters also look at.
pub(super) fn list_with<R: Kept>(
    view: &View<'_>,
    call: &Call<'_>,
    is_visible: Visible<'_, R>,
    further: &Table<R>,
) -> Done {
    let (table, further) = (view.table::<R>(), further.view(None));
    let (selection, asked) = (call.checked.selection.as_deref(), window(call));
    let mut selected = table.select(selection, is_visible, Window { is_counted: true, ..asked });
    let rest = Window {
        offset: asked.offset.saturating_sub(selected.total),
        limit: asked.limit - selected.rows.len(),
        is_counted: true,
    };
    let further = further.select(selection, None, rest);
    selected.rows.extend(further.rows);
    reply(selected.page(), asked, || selected.total + further.total)
}

/// Which part of the list is asked for.
fn window(call: &Call<'_>) -> Window {
    Window {
        offset: call.checked.integer("offset"),
        limit: call.checked.integer("limit"),
        is_counted: call.checked.boolean("count"),
    }
}

fn reply(page: Bytes, window: Window, total: impl Fn() -> usize) -> Done {
    let reply = Reply::json(StatusCode::OK, page);
    if window.is_counted { reply.with(TOTAL_COUNT, total()).into() } else { reply.into() }
}
