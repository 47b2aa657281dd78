//! The last few pages that were sent, until a row changes: clients read the same pages over and over, and joining
//! 250 records takes longer than everything else that is done for a request.

use hyper::body::Bytes;
use parking_lot::Mutex;

/// How many pages are remembered.
const PAGES: usize = 4;
/// The longest page that is remembered, in bytes.
const LONGEST: usize = 1 << 20;

/// Pages by offset and limit. No thread waits for them: if two read at once, one of them does without.
#[derive(Debug, Default)]
pub(super) struct Pages {
    last: Mutex<Last>,
}

#[derive(Debug, Default)]
struct Last {
    pages: Vec<(usize, usize, Bytes)>,
    /// Which of them is the next to be forgotten.
    oldest: usize,
}

impl Pages {
    /// A page as it is sent, remembered or newly made.
    pub(super) fn page(&self, offset: usize, limit: usize, make: impl FnOnce() -> Bytes) -> Bytes {
        let Some(mut last) = self.last.try_lock() else { return make() };
        let known = last.pages.iter().find(|(from, most, _)| (*from, *most) == (offset, limit));
        if let Some((_, _, page)) = known {
            return page.clone();
        }
        let page = make();
        if page.len() <= LONGEST {
            last.remember((offset, limit, page.clone()));
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

impl Last {
    fn remember(&mut self, page: (usize, usize, Bytes)) {
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
