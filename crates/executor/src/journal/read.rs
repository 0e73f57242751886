//! Reading journals, of this process and of others, while they are being written.

use super::{chain, event::Entry};
use std::{
    fs::File,
    io::{BufRead as _, BufReader, Seek as _, SeekFrom},
    path::Path,
};

/// The entries from a place in a file to the end of its chain. What cannot be read is left out: a killed process may have left half a line.
pub(super) fn from(directory: &Path, file: &str, offset: u64) -> impl Iterator<Item = Entry> + use<> {
    // The name comes from a file that only this user can write, and is still not a path.
    let (chain, number) = chain::parse_file(file).map_or((String::new(), 0), |(chain, number)| (chain.to_owned(), number));
    let directory = directory.to_owned();
    let files = (number..u32::MAX).map_while(move |n| {
        let mut file = File::open(directory.join(chain::file(&chain, n))).ok()?;
        file.seek(SeekFrom::Start(if n == number { offset } else { 0 })).ok()?;
        Some(file)
    });
    files.filter(move |_| number > 0).flat_map(|file| {
        let lines = BufReader::new(file).split(b'\n').map_while(Result::ok);
        lines.filter_map(|line| serde_json::from_slice(&line).ok())
    })
}
