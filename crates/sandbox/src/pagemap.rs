//! Which pages of the guest's memory are this process's own: those that differ from the guest's image.
//!
//! A guest's memory is a private mapping of its image, so that a page is either still the file's or was written and is ours. The kernel
//! tells in `/proc/self/pagemap`, which must be opened before the process is sealed; the descriptor shows this process's pages only.

use std::{fs::File, io, os::unix::fs::FileExt};

/// Bits of an entry (Linux, `Documentation/admin-guide/mm/pagemap.rst`).
mod entry {
    pub(super) const PRESENT: u64 = 1 << 63;
    pub(super) const SWAPPED: u64 = 1 << 62;
    pub(super) const OF_A_FILE: u64 = 1 << 61;
    pub(super) const BYTES: usize = 8;
}

/// Entries read at a time.
const ENTRIES: usize = 8192;

/// This process's own pagemap.
#[derive(Debug)]
pub(crate) struct Pagemap(File);

impl Pagemap {
    /// Opens it.
    ///
    /// # Errors
    /// When the kernel has none or does not show it.
    pub(crate) fn open() -> io::Result<Self> {
        File::open("/proc/self/pagemap").map(Pagemap)
    }

    /// The indexes of the pages of `memory` that are this process's own, in order.
    ///
    /// # Errors
    /// When the kernel does not tell, or `memory` does not begin at a page.
    pub(crate) fn own_pages(&self, memory: &[u8]) -> io::Result<Vec<u32>> {
        let page_bytes = rustix::param::page_size();
        let start = memory.as_ptr().addr();
        if !start.is_multiple_of(page_bytes) {
            return Err(io::Error::other("the memory does not begin at a page"));
        }
        let (first, pages) = (start / page_bytes, memory.len() / page_bytes);
        let mut own = Vec::new();
        let mut entries = vec![0; ENTRIES.min(pages) * entry::BYTES];
        for from in (0..pages).step_by(ENTRIES) {
            let entries = &mut entries[..ENTRIES.min(pages - from) * entry::BYTES];
            self.0.read_exact_at(entries, ((first + from) * entry::BYTES) as u64)?;
            for (i, bytes) in entries.as_chunks().0.iter().enumerate() {
                let bits = u64::from_ne_bytes(*bytes);
                if bits & (entry::PRESENT | entry::SWAPPED) != 0 && bits & entry::OF_A_FILE == 0 {
                    own.push(u32::try_from(from + i).map_err(io::Error::other)?);
                }
            }
        }
        Ok(own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_pages_are_ours_and_untouched_ones_are_not() {
        let page = rustix::param::page_size();
        // Large enough that the allocator maps it fresh and untouched.
        let mut memory = vec![0_u8; 64 << 20];
        let skip = memory.as_ptr().align_offset(page);
        memory[skip + 3 * page + 1] = 1;
        memory[skip + 9000 * page] = 1;
        let whole = &memory[skip..skip + 10_000 * page];
        let own = Pagemap::open().unwrap().own_pages(whole).unwrap();
        // Huge pages may make neighbours ours as well; what was written must be there, and not everything.
        assert!(own.contains(&3) && own.contains(&9000) && own.len() < 9000, "{}", own.len());
        assert!(own.is_sorted());
        assert!(Pagemap::open().unwrap().own_pages(&whole[1..]).is_err());
    }
}
