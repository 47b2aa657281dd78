//! The last few pages of groups that were sent, until a group changes: clients read the same pages over and
//! over, and to join 250 groups takes longer than all else that is done for a request.

use hyper::body::Bytes;

use super::groups::Groups;

/// How many pages are remembered.
const PAGES: usize = 4;
/// The longest page that is remembered, in bytes.
const LONGEST: usize = 1 << 20;

/// Pages by offset and limit.
#[derive(Clone, Debug, Default)]
pub(super) struct Pages {
    remembered: Vec<(usize, usize, Bytes)>,
    /// Which of them is the next to be forgotten.
    oldest: usize,
}

impl Pages {
    /// A page as it is sent, joined anew or remembered.
    pub(super) fn page(&mut self, groups: &Groups, offset: usize, limit: usize) -> Bytes {
        let known = self.remembered.iter().find(|(from, most, _)| (*from, *most) == (offset, limit));
        if let Some((_, _, page)) = known {
            return page.clone();
        }
        let page = groups.page(offset, limit);
        if page.len() <= LONGEST {
            let remembered = (offset, limit, page.clone());
            if self.remembered.len() < PAGES {
                self.remembered.push(remembered);
            } else {
                self.remembered[self.oldest] = remembered;
                self.oldest = (self.oldest + 1) % PAGES;
            }
        }
        page
    }

    /// Forgets all pages, because a group changed.
    pub(super) fn forget(&mut self) {
        self.remembered.clear();
        self.oldest = 0;
    }
}
