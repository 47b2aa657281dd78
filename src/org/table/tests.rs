//! Tables by hand: what a write changes, what copies share, and what a stale read sees. Random writes are in `model.rs`.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::fixture::Group;
use crate::org::Window;
use crate::query::{Field, FieldKind, Filter, Filterable, Operator, Operators, Selectable, Selection};

fn group(id: &str) -> Group {
    Group { id: id.to_owned(), name: Some(format!("Group {id}")), ..Group::default() }
}

fn renamed(id: &str, name: &str) -> Group {
    Group { name: Some(name.to_owned()), ..group(id) }
}

fn numbered(count: usize) -> Vec<Group> {
    (0..count).map(|nth| group(&nth.to_string())).collect()
}

fn ids(table: &Table<Group>, offset: usize, limit: usize) -> Vec<String> {
    let page: Vec<Group> = serde_json::from_slice(&table.view(None).page(offset, limit)).unwrap();
    page.into_iter().map(|group| group.id).collect()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1_000)
}

fn past(seconds: i64) -> Past<'static> {
    Past { at: at(seconds), own: None }
}

#[test]
fn a_page_is_the_records_in_order_of_creation() {
    let mut table = Table::of(&["c", "a", "b"].map(group));
    table.remove("a");
    table.insert(&group("a"));
    assert_eq!(ids(&table, 0, 250), ["c", "b", "a"]);
    assert_eq!(ids(&table, 1, 1), ["b"]);
    assert_eq!(ids(&table, 3, 250), [""; 0]);
    assert_eq!(table.view(None).page(0, 0), "[]");
}

#[test]
fn a_page_is_another_one_after_every_write() {
    let mut table = Table::of(&[group("a")]);
    assert_eq!(ids(&table, 0, 250), ["a"]);
    table.insert(&group("b"));
    assert_eq!(ids(&table, 0, 250), ["a", "b"]);
    table.replace(&renamed("b", "New"));
    assert!(String::from_utf8_lossy(&table.view(None).page(0, 250)).contains("New"));
    table.remove("a");
    assert_eq!(ids(&table, 0, 250), ["b"]);
    assert_eq!(ids(&table.clone(), 0, 250), ["b"]);
}

#[test]
fn a_replaced_record_keeps_its_place_and_its_types_are_new() {
    let mut table = Table::of(&["a", "b"].map(group));
    assert_eq!(table.view(None).get("a").unwrap().name.as_deref(), Some("Group a"));
    let change = table.replace(&renamed("a", "New")).unwrap();
    assert_eq!(change.before, Some(Table::render(&group("a"))));
    assert_eq!(change.after, table.view(None).rendered("a"));
    assert_eq!(table.view(None).get("a").unwrap().name.as_deref(), Some("New"));
    assert_eq!((table.sequence("a"), table.sequence("c")), (Some(0), None));
    assert!(table.replace(&group("c")).is_none() && table.remove("c").is_none());
}

#[test]
fn the_bytes_that_were_rendered_are_the_bytes_that_are_kept() {
    let mut table: Table<Group> = Table::default();
    let rendered = Table::render(&group("a"));
    let change = table.insert_rendered("a", rendered.clone());
    assert_eq!(change.after.unwrap().as_ptr(), rendered.as_ptr());
    assert_eq!(table.view(None).rendered("a").unwrap().as_ptr(), rendered.as_ptr());
    let rendered = Table::render(&renamed("a", "New"));
    table.replace_rendered("a", rendered.clone()).unwrap();
    assert_eq!(table.view(None).rendered("a").unwrap().as_ptr(), rendered.as_ptr());
}

#[test]
fn any_text_is_an_id() {
    let mut table: Table<Group> = Table::default();
    let ids = ["", "a", "a\"", "a\\", "\\\"", "a\",\"name", "\u{e4}\n", "{\"id\":\""];
    for id in ids {
        assert_eq!(table.insert(&group(id)).id(), id);
    }
    for id in ids {
        assert_eq!(table.view(None).get(id).unwrap().id, id);
        let change = table.replace(&renamed(id, "New")).unwrap();
        assert!(ids.iter().all(|other| change.is_of(other) == (*other == id)), "{id}");
    }
    assert!(ids.iter().all(|id| table.remove(id).unwrap().is_of(id) && !table.contains(id)));
    assert!(table.is_empty());
}

#[test]
fn records_are_found_after_most_of_them_are_gone() {
    let mut table = Table::of(&numbered(1_000));
    let began_with = table.clone();
    for index in 0..990 {
        assert!(table.remove(&index.to_string()).is_some());
    }
    assert_eq!((table.len(), began_with.len()), (10, 1_000));
    for index in 0..1_000 {
        let id = index.to_string();
        assert_eq!(
            table.view(None).get(&id).map(|group| group.id.clone()),
            (index >= 990).then(|| id.clone())
        );
        assert!(began_with.contains(&id));
    }
    assert_eq!(table.sequence("999"), Some(999));
}

#[test]
fn a_removed_id_may_be_used_again() {
    let template = Table::of(&numbered(10));
    let mut table = template.clone();
    table.remove("3");
    assert!(!table.contains("3"));
    table.insert(&renamed("3", "New"));
    assert_eq!((table.sequence("3"), template.sequence("3")), (Some(10), Some(3)));
    assert_eq!(table.view(None).get("3").unwrap().name.as_deref(), Some("New"));
    assert_eq!(template.view(None).get("3").unwrap().name.as_deref(), Some("Group 3"));
    table.remove("3");
    assert!(!table.contains("3"));
}

#[test]
fn deletes_and_creates_for_hours_do_not_take_more_memory() {
    let mut table = Table::of(&numbered(100)).clone();
    for nth in 100..20_000 {
        table.remove(&(nth - 100).to_string()).unwrap();
        table.insert(&group(&nth.to_string()));
    }
    let content = table.content();
    assert!(content.rows.slots() <= 264 && content.rows.capacity() <= 320 && content.index.own_len() == 100);
    assert_eq!(ids(&table, 99, 250), ["19999"]);
}

#[test]
fn a_write_to_a_clone_leaves_all_other_chunks_and_the_index_shared() {
    let template = Table::of(&numbered(1_000));
    let mut tenant = template.clone();
    let is_shared = |tenant: &Table<Group>| {
        let (theirs, ours) = (tenant.content(), template.content());
        let shared = theirs.rows.shared_chunks(&ours.rows);
        (shared.len(), shared.into_iter().filter(|is_shared| !is_shared).count())
    };
    assert_eq!(is_shared(&tenant), (16, 0));
    tenant.replace(&renamed("500", "New"));
    assert_eq!(is_shared(&tenant), (16, 1));
    tenant.insert(&group("new"));
    tenant.remove("510");
    // The chunk of 500 to 511 and the last one.
    assert_eq!(is_shared(&tenant), (16, 2));
    assert!(tenant.content().index.shares_all_of(&template.content().index));
    assert_eq!(tenant.content().index.own_len(), 1);
    // Texts are shared in the copied chunk, too.
    let text = |table: &Table<Group>| table.view(None).rendered("505").unwrap().as_ptr();
    assert_eq!(text(&tenant), text(&template));
}

#[test]
fn types_are_made_once_for_all_who_share_a_row_and_only_for_rows_that_are_read() {
    let template = Table::of(&numbered(200));
    let tenant = template.clone();
    let seen = tenant.view(None).get("7").unwrap();
    assert!(Arc::ptr_eq(&seen, &template.view(None).get("7").unwrap()));
    let is_made = |id: &str| Arc::strong_count(template.view(None).row(id).unwrap().typed());
    assert_eq!((is_made("7"), is_made("8")), (2, 1));
    assert_eq!(template.to_records().collect::<Vec<_>>(), numbered(200));
}

#[test]
fn a_table_is_made_when_it_is_first_read_and_once_for_all_clones() {
    static MADE: AtomicUsize = AtomicUsize::new(0);
    let table = Table::made_by(|| {
        MADE.fetch_add(1, Ordering::Relaxed);
        numbered(3)
    });
    let (mut first, second) = (table.clone(), table.clone());
    assert_eq!(format!("{table:?}"), r#"Table { resource: "password-sync-groups", .. }"#);
    assert_eq!(MADE.load(Ordering::Relaxed), 0);
    first.remove("1");
    assert_eq!((first.len(), second.len(), table.clone().len()), (2, 3, 3));
    assert_eq!(MADE.load(Ordering::Relaxed), 1);
}

#[test]
fn a_table_may_be_shared_and_sent() {
    fn is_shared_and_sent<T: Send + Sync>(_: &T) {}
    is_shared_and_sent(&Table::<Group>::default());
}

#[test]
fn a_view_of_the_past_reads_like_one_of_the_present() {
    let client: Arc<str> = "c".into();
    let mut table = Table::of(&["a", "b", "c"].map(group));
    let change = table.remove("a").unwrap();
    table.record(at(10), &client, change, None);
    let change = table.insert(&renamed("a", "Again"));
    table.record(at(20), &client, change, None);
    let change = table.replace(&renamed("c", "New")).unwrap();
    table.record(at(30), &client, change, None);

    let shown = |past: Option<Past<'_>>| {
        let view = table.view(past);
        let page: Vec<Group> = serde_json::from_slice(&view.page(0, 250)).unwrap();
        let name = |group: &Group| group.name.clone().unwrap_or_default();
        let names: Vec<_> = page.iter().map(name).collect();
        assert_eq!(view.iter().map(|group| name(group)).collect::<Vec<_>>(), names);
        assert_eq!((view.len(), view.is_empty()), (names.len(), false));
        assert_eq!(view.rendered("a").is_some(), view.contains("a"));
        (names.join(", "), view.get("a").map(|group| name(&group)))
    };
    let again = || Some("Again".to_owned());
    assert_eq!(shown(None), ("Group b, New, Again".to_owned(), again()));
    assert_eq!(shown(Some(past(30))), ("Group b, New, Again".to_owned(), again()));
    assert_eq!(shown(Some(past(20))), ("Group b, Group c, Again".to_owned(), again()));
    assert_eq!(shown(Some(past(10))), ("Group b, Group c".to_owned(), None));
    assert_eq!(shown(Some(past(9))), ("Group a, Group b, Group c".to_owned(), Some("Group a".to_owned())));
    let own = Some(Past { at: at(9), own: Some("c") });
    assert_eq!(shown(own), ("Group b, New, Again".to_owned(), again()));
}

#[test]
fn a_clone_has_no_history() {
    let mut table = Table::of(&[group("a")]);
    let change = table.remove("a").unwrap();
    table.record(at(10), &"c".into(), change, None);
    assert_eq!((table.view(Some(past(9))).len(), table.clone().view(Some(past(9))).len()), (1, 0));
}

#[test]
fn records_that_match_make_a_page_of_their_own() {
    let table = Table::of(&numbered(30));
    let view = table.view(None);
    let matching = view.rows().filter(|row| row.typed().id.ends_with('3'));
    let page: Vec<Group> = serde_json::from_slice(&crate::org::view::joined(matching)).unwrap();
    assert_eq!(page, ["3", "13", "23"].map(group));
    assert_eq!(view.rows().map(Row::sequence).collect::<Vec<_>>(), (0..30).collect::<Vec<_>>());
}

#[test]
fn a_selected_page_is_made_once_until_a_row_changes() {
    const FIELDS: &[Field] = &[Field { path: "name", kind: FieldKind::Text }];
    const FILTERS: &[Filterable] =
        &[Filterable { name: "name", field: 0, operators: Operators::of(&[Operator::Sw]) }];
    let list =
        Selectable { resource: "password-sync-groups", fields: FIELDS, filters: FILTERS, sorters: &[] };
    let read = |text: &str| Selection::of(&list, Some(Filter::read(text, &list).unwrap()), None).unwrap();
    let (first, other) = (read(r#"name sw "group 1""#), read(r#"name sw "GROUP 2""#));
    let mut table = Table::of(&numbered(30));
    let window = Window { offset: 0, limit: 250, is_counted: true };
    let page =
        |table: &Table<Group>, selection: &Selection| table.view(None).selected_page(selection, window);
    let (made, total) = page(&table, &first);
    assert_eq!((total, page(&table, &other).1), (11, 11));
    assert_eq!(page(&table, &first).0.as_ptr(), made.as_ptr());
    assert_eq!(page(&table, &read(r#"name sw "GROUP 1""#)).0.as_ptr(), made.as_ptr());
    let counted = Window { is_counted: false, ..window };
    assert_ne!(table.view(None).selected_page(&first, counted).0.as_ptr(), made.as_ptr());
    table.replace(&renamed("1", "Other"));
    assert_eq!(page(&table, &first).1, 10);
    table.insert(&renamed("new", "Group 1 again"));
    assert_eq!(page(&table, &first).1, 11);
    table.remove("10");
    assert_eq!(page(&table, &first).1, 10);
}
