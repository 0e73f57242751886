//! The bytes of a checkpoint: one zstd frame with a header, the indexes of pages, and the pages.
//!
//! A page of the guest's image is there as its difference (XOR) from that image: most of what a run touches it changes in a few bytes, and zeros
//! cost next to nothing to compress. Whoever restores has the same image in its memory already.
//!
//! Decoding treats every byte as hostile: indexes rise and lie inside a memory that is within the limit, exactly that many pages follow,
//! and nothing comes after them. There is nothing in a checkpoint but pages and the names of open files.

use serde::{Deserialize, Serialize};
use std::io::{self, BufRead, Read, Write};

/// The first bytes: a mark and the version of this format.
pub(crate) const MARK: [u8; 8] = *b"coffer\0\x02";

/// The largest header, in bytes: 256 open files with the longest names, and some.
const HEADER_BYTES: usize = 2 << 20;

/// A page of WebAssembly, in bytes: memory grows by these.
pub(crate) const WASM_PAGE_BYTES: u64 = 64 << 10;

/// The fastest level that still saves much of the disk; see `docs/benchmarks.md`.
const LEVEL: i32 = 1;

/// The largest window that a frame may ask for, as a power of two: bounds what decoding takes of the worker's memory.
const WINDOW_LOG: u32 = 23;

/// What stands before the pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Header {
    /// Size of the guest's memory, in bytes.
    pub(crate) memory_bytes: u64,
    /// Size of a page, in bytes: the machine's that saved it.
    pub(crate) page_bytes: u32,
    /// How many pages follow.
    pub(crate) pages: u32,
    /// Files that the guest had open.
    pub(crate) files: Vec<OpenFile>,
}

/// A file that the guest had open: how to open it again. All but the offset is as in WASI's `path_open`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OpenFile {
    /// The guest's descriptor.
    pub(crate) fd: u32,
    /// Where it is, from the workspace.
    pub(crate) path: String,
    pub(crate) lookup: i32,
    pub(crate) open_flags: i32,
    pub(crate) rights: i64,
    pub(crate) fd_flags: i32,
    /// Where the next read or write is, in bytes.
    pub(crate) offset: u64,
}

/// Why bytes are no checkpoint for this guest.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Malformed {
    /// Truncated, bit-flipped or never zstd at all.
    #[error("its bytes are damaged ({0})")]
    Damaged(#[from] io::Error),
    #[error("it is of another version")]
    Version,
    #[error("its header is damaged")]
    Header,
    #[error("it was saved with pages of {0} bytes")]
    PageSize(u32),
    #[error("its memory of {memory_bytes} bytes is outside {least_bytes} to {most_bytes}")]
    Memory { memory_bytes: u64, least_bytes: u64, most_bytes: u64 },
    #[error("its page indexes do not rise within its memory")]
    Indexes,
    #[error("bytes follow its last page")]
    Trailing,
}

/// Writes the pages of `memory`, which began as `image` and zeros behind it, at `indexes`.
///
/// # Errors
/// What the sink says.
pub(crate) fn encode(sink: impl Write, memory: &[u8], image: &[u8], indexes: &[u32], files: Vec<OpenFile>) -> io::Result<()> {
    let page_bytes = rustix::param::page_size();
    let header = Header {
        memory_bytes: memory.len() as u64,
        page_bytes: u32::try_from(page_bytes).map_err(io::Error::other)?,
        pages: u32::try_from(indexes.len()).map_err(io::Error::other)?,
        files,
    };
    let header = postcard::to_allocvec(&header).map_err(io::Error::other)?;
    let table: Vec<u8> = indexes.iter().flat_map(|index| index.to_le_bytes()).collect();
    let mut stream = zstd::stream::write::Encoder::new(sink, LEVEL)?;
    // A flipped bit must not become another memory.
    stream.include_checksum(true)?;
    stream.set_pledged_src_size(Some((MARK.len() + 4 + header.len() + table.len() + indexes.len() * page_bytes) as u64))?;
    stream.write_all(&MARK)?;
    stream.write_all(&u32::try_from(header.len()).map_err(io::Error::other)?.to_le_bytes())?;
    stream.write_all(&header)?;
    stream.write_all(&table)?;
    let mut difference = vec![0; page_bytes];
    for index in indexes {
        let place = bytes_of(*index, page_bytes);
        let page = memory.get(place.clone()).ok_or_else(|| io::Error::other("a page outside the memory"))?;
        match image.get(place) {
            None => stream.write_all(page)?,
            Some(original) => {
                difference.copy_from_slice(page);
                exclusive_or(&mut difference, original);
                stream.write_all(&difference)?;
            }
        }
    }
    stream.finish()?.flush()
}

/// A checkpoint whose header and indexes were read and are sound; its pages come next.
pub(crate) struct Opened<R: BufRead> {
    pub(crate) header: Header,
    indexes: Vec<u32>,
    stream: zstd::stream::read::Decoder<'static, R>,
}

/// Reads up to the pages. The memory is to have at least `least_bytes` (a guest's memory never shrinks) and at most `most_bytes`.
///
/// # Errors
/// When it is no checkpoint, or not for such a memory.
pub(crate) fn open<R: BufRead>(source: R, least_bytes: u64, most_bytes: u64) -> Result<Opened<R>, Malformed> {
    let mut stream = zstd::stream::read::Decoder::with_buffer(source)?.single_frame();
    stream.window_log_max(WINDOW_LOG)?;
    let mut mark = [0; MARK.len()];
    stream.read_exact(&mut mark)?;
    if mark != MARK {
        return Err(Malformed::Version);
    }
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length) as usize;
    if length > HEADER_BYTES {
        return Err(Malformed::Header);
    }
    let mut header = vec![0; length];
    stream.read_exact(&mut header)?;
    let Ok((header, [])) = postcard::take_from_bytes::<Header>(&header) else { return Err(Malformed::Header) };
    let page_bytes = rustix::param::page_size();
    if header.page_bytes as usize != page_bytes {
        return Err(Malformed::PageSize(header.page_bytes));
    }
    let memory_bytes = header.memory_bytes;
    if !memory_bytes.is_multiple_of(WASM_PAGE_BYTES) || memory_bytes < least_bytes || memory_bytes > most_bytes {
        return Err(Malformed::Memory { memory_bytes, least_bytes, most_bytes });
    }
    let in_memory = memory_bytes / page_bytes as u64;
    if u64::from(header.pages) > in_memory {
        return Err(Malformed::Indexes);
    }
    let mut table = vec![0; header.pages as usize * 4];
    stream.read_exact(&mut table)?;
    let indexes: Vec<u32> = table.as_chunks().0.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect();
    if !indexes.is_sorted_by(|a, b| a < b) || indexes.last().is_some_and(|last| u64::from(*last) >= in_memory) {
        return Err(Malformed::Indexes);
    }
    Ok(Opened { header, indexes, stream })
}

impl<R: BufRead> Opened<R> {
    /// Writes the pages to `memory`, which has the size that the header says and is as it was at first: `image_bytes` of the image, then zeros.
    /// After an error its content is undefined.
    ///
    /// # Errors
    /// When the pages are not exactly there.
    pub(crate) fn read_into(mut self, memory: &mut [u8], image_bytes: usize) -> Result<Header, Malformed> {
        let page_bytes = self.header.page_bytes as usize;
        let mut difference = vec![0; page_bytes];
        for index in self.indexes {
            let place = bytes_of(index, page_bytes);
            let is_of_image = place.end <= image_bytes;
            let page = memory.get_mut(place).ok_or(Malformed::Indexes)?;
            if is_of_image {
                self.stream.read_exact(&mut difference)?;
                exclusive_or(page, &difference);
            } else {
                self.stream.read_exact(page)?;
            }
        }
        // The end of the frame, where its checksum is compared; then the end of the source.
        if self.stream.read(&mut [0])? != 0 || !self.stream.finish().fill_buf()?.is_empty() {
            return Err(Malformed::Trailing);
        }
        Ok(self.header)
    }
}

fn bytes_of(index: u32, page_bytes: usize) -> std::ops::Range<usize> {
    let start = index as usize * page_bytes;
    start..start + page_bytes
}

/// By words, since a page is many of them: no compiler option makes this slow.
fn exclusive_or(page: &mut [u8], other: &[u8]) {
    let words = page.as_chunks_mut::<8>().0.iter_mut().zip(other.as_chunks::<8>().0);
    words.for_each(|(word, other)| *word = (u64::from_ne_bytes(*word) ^ u64::from_ne_bytes(*other)).to_ne_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIMIT: u64 = 4 * WASM_PAGE_BYTES;

    /// The image that all these checkpoints are of: half of the smallest memory is not zero.
    fn image() -> Vec<u8> {
        let mut image = vec![0; usize::try_from(WASM_PAGE_BYTES).unwrap()];
        image[1 << 15..].fill(0b1010_0101);
        image
    }

    /// Decodes into a memory of the recorded size.
    fn decode(bytes: &[u8]) -> Result<(Header, Vec<u8>), Malformed> {
        let opened = open(bytes, WASM_PAGE_BYTES, LIMIT)?;
        let mut memory = image();
        memory.resize(usize::try_from(opened.header.memory_bytes).unwrap(), 0);
        let header = opened.read_into(&mut memory, image().len())?;
        Ok((header, memory))
    }

    fn file(fd: u32, path: &str, offset: u64) -> OpenFile {
        OpenFile { fd, path: path.to_owned(), lookup: 1, open_flags: 0, rights: 66, fd_flags: 1, offset }
    }

    proptest! {
        #[test]
        fn what_was_encoded_is_decoded(
            wasm_pages in 1_u64..=4,
            written in proptest::collection::btree_map(0_u32..64, any::<u8>(), 0..20),
            path in ".{0,40}",
            offset: u64,
        ) {
            let page = rustix::param::page_size();
            let mut memory = image();
            memory.resize(usize::try_from(wasm_pages * WASM_PAGE_BYTES).unwrap(), 0);
            let in_memory = u32::try_from(memory.len() / page).unwrap();
            let indexes: Vec<u32> = written.keys().copied().filter(|index| *index < in_memory).collect();
            for index in &indexes {
                memory[*index as usize * page..][..page].fill(written[index]);
            }
            let files = vec![file(4, &path, offset)];
            let mut bytes = Vec::new();
            encode(&mut bytes, &memory, &image(), &indexes, files.clone()).unwrap();
            let (header, decoded) = decode(&bytes).unwrap();
            prop_assert_eq!((header.pages as usize, header.files), (indexes.len(), files));
            prop_assert!(decoded == memory);
        }

        #[test]
        fn any_bytes_are_decoded_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            // As they are, and as the content of a sound frame that begins as a checkpoint does.
            prop_assert!(decode(&bytes).is_err());
            let plain = [&MARK[..], &bytes].concat();
            let _ = decode(&zstd::stream::encode_all(plain.as_slice(), 1).unwrap());
        }

        #[test]
        fn a_flipped_bit_never_becomes_another_memory(at: prop::sample::Index, bit in 0_u8..8, value: u8) {
            let mut memory = image();
            memory[5000] = value;
            let mut bytes = Vec::new();
            encode(&mut bytes, &memory, &image(), &[1], vec![file(5, "a", 7)]).unwrap();
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            // zstd ignores one bit of its header; then nothing changes.
            if let Ok((header, decoded)) = decode(&bytes) {
                prop_assert_eq!(header.files, vec![file(5, "a", 7)]);
                prop_assert!(decoded == memory);
            }
        }
    }
}
