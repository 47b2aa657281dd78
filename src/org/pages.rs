//! The last few pages that were sent, until a row changes: clients read the same pages over and over, and joining
//! 250 records takes longer than everything else that is done for a request.

use hyper::body::Bytes;
use parking_lot::Mutex;

use super::select::Window;
use crate::query::Selection;

/// How many pages are remembered.
const PAGES: usize = 4;
/// The longest page that is remembered, in bytes.
const LONGEST: usize = 1 << 20;

/// Pages of the whole list by offset and limit.
pub(super) type Pages = Remembered<(usize, usize), Bytes>;

/// Pages of what selections ask for, each with the number of rows on all of its pages.
pub(super) type SelectedPages = Remembered<(Selection, Window), (Bytes, usize)>;

/// Pages by what was asked for. No thread waits for them: if two read at once, one of them does without.
#[derive(Debug)]
pub(super) struct Remembered<K, V> {
    last: Mutex<Last<K, V>>,
}

#[derive(Debug)]
struct Last<K, V> {
    pages: Vec<(K, V)>,
    /// Which of them is the next to be forgotten.
    oldest: usize,
}

impl<K, V> Default for Remembered<K, V> {
    fn default() -> Self {
        Self { last: Mutex::new(Last { pages: Vec::new(), oldest: 0 }) }
    }
}

impl Pages {
    /// A page as it is sent, remembered or newly made.
    pub(super) fn page(&self, offset: usize, limit: usize, make: impl FnOnce() -> Bytes) -> Bytes {
        self.get(|asked| *asked == (offset, limit), || (offset, limit), Bytes::len, make)
    }
}

impl SelectedPages {
    /// A page as it is sent and its total, remembered or newly made.
    pub(super) fn page(
        &self,
        selection: &Selection,
        window: Window,
        make: impl FnOnce() -> (Bytes, usize),
    ) -> (Bytes, usize) {
        let is_it = |(known, of): &(Selection, Window)| *of == window && known == selection;
        self.get(is_it, || (selection.clone(), window), |(page, _)| page.len(), make)
    }
}

impl<K, V: Clone> Remembered<K, V> {
    fn get(
        &self,
        is_it: impl Fn(&K) -> bool,
        key: impl FnOnce() -> K,
        bytes: impl Fn(&V) -> usize,
        make: impl FnOnce() -> V,
    ) -> V {
        let Some(mut last) = self.last.try_lock() else { return make() };
        if let Some((_, page)) = last.pages.iter().find(|(asked, _)| is_it(asked)) {
            return page.clone();
        }
        let page = make();
        if bytes(&page) <= LONGEST {
            last.remember((key(), page.clone()));
        }
        page
    }

    /// Forgets all pages, because a row changed.
    pub(super) fn forget(&mut self) {
        let last = self.last.get_mut();
        last.pages.clear();
        last.oldest = 0;
    }
}

impl<K, V> Last<K, V> {
    fn remember(&mut self, page: (K, V)) {
        if self.pages.len() < PAGES {
            self.pages.push(page);
        } else {
            self.pages[self.oldest] = page;
            self.oldest = (self.oldest + 1) % PAGES;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_four_pages_are_remembered_until_they_are_forgotten() {
        let mut pages = Pages::default();
        let is_made = |pages: &Pages, offset, text: &'static str| {
            let mut is_made = false;
            let page = pages.page(offset, 250, || {
                is_made = true;
                Bytes::from_static(text.as_bytes())
            });
            assert_eq!(page, text);
            is_made
        };
        assert!((0..4).all(|offset| is_made(&pages, offset, "[]")));
        assert!(!(0..4).any(|offset| is_made(&pages, offset, "[]")));
        assert!(is_made(&pages, 4, "[]") && !is_made(&pages, 1, "[]") && is_made(&pages, 0, "[]"));
        pages.forget();
        assert!(is_made(&pages, 4, "[1]") && !is_made(&pages, 4, "[1]"));
    }

    #[test]
    fn a_page_that_is_too_long_is_not_remembered() {
        let pages = Pages::default();
        let long = Bytes::from(vec![b' '; LONGEST + 1]);
        assert_eq!(pages.page(0, 250, || long.clone()), long);
        assert_eq!(pages.page(0, 250, || Bytes::from_static(b"[]")), "[]");
    }
}
