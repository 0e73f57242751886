//! Whether a turn used anything that its workspace held before it: then it cannot be repeated from the guest's memory alone.
//!
//! What a turn made itself it may use as it likes, and it may replace what was there. Listings, and what is told of files, are on the tape. A turn that
//! finds an empty workspace is not watched, and none that has used something is watched any longer.

use std::collections::HashSet;

/// What one turn has used and made.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    watches: bool,
    used: bool,
    own: HashSet<u64>,
}

impl Seen {
    /// A turn begins: `holds` says whether the workspace has anything in it, `open` whether files of an earlier turn are open, `root` is the
    /// workspace itself, which every turn finds.
    pub(crate) fn begin(holds: bool, open: bool, root: Option<u64>) -> Self {
        Seen { watches: holds, used: open, own: root.into_iter().collect() }
    }

    /// Whether it is still to be found out.
    pub(crate) fn watches(&self) -> bool {
        self.watches && !self.used
    }

    /// Something was made, or made anew: it has this identity.
    pub(crate) fn made(&mut self, identity: u64) {
        if self.watches() {
            self.own.insert(identity);
        }
    }

    /// Something is used that has this identity; `None`: it cannot be said what.
    pub(crate) fn uses(&mut self, identity: Option<u64>) {
        self.used |= identity.is_none_or(|identity| !self.own.contains(&identity));
    }

    /// Whether anything was used.
    pub(crate) fn used(&self) -> bool {
        self.used
    }
}
