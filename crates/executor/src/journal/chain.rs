//! How the lines of a journal hold together: each carries a MAC over the one before and itself, under a key that never leaves this machine.
//!
//! A line is one JSON object whose first member is `seq` and whose last is `mac`; the MAC is over the object without that last member, byte for
//! byte. The head of a chain, kept in a file apart, says how far it had come: without it, a chain cut short would look like a shorter one.

use crate::key::Key;
use serde::{Deserialize, Serialize};
use std::{io, path::Path};

/// The file of the key in the state directory.
pub(super) const KEY: &str = "journal.key";

/// The directories in the state directory.
pub(super) const JOURNAL: &str = "journal";
pub(super) const HEADS: &str = "heads";

/// What stands between a line's own members and the MAC.
const BEFORE_MAC: &[u8] = b",\"mac\":\"";
const AFTER_MAC: &[u8] = b"\"}";
const HEX: usize = 64;

/// A place in a chain: the number of the last line and its MAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) seq: u64,
    pub(super) mac: blake3::Hash,
}

impl Link {
    /// Where a chain begins. Its name is in it, so that no chain can stand for another.
    pub(super) fn first(key: &Key, chain: &str) -> Self {
        Link { seq: 0, mac: key.mac(&[b"chain ", chain.as_bytes()]) }
    }

    /// Adds the next line with these members (a JSON object) to `lines`, and is then at that line.
    pub(super) fn add(&mut self, key: &Key, members: &[u8], lines: &mut Vec<u8>) {
        let seq = self.seq + 1;
        let start = lines.len();
        lines.extend(format!("{{\"seq\":{seq}").into_bytes());
        match members.get(1..) {
            Some(rest) if rest != b"}" => {
                lines.push(b',');
                lines.extend(rest);
            }
            _ => lines.push(b'}'),
        }
        let mac = key.mac(&[self.mac.as_bytes(), lines.get(start..).unwrap_or_default()]);
        lines.pop();
        lines.extend(BEFORE_MAC);
        lines.extend(mac.to_hex().as_bytes());
        lines.extend(AFTER_MAC);
        lines.push(b'\n');
        *self = Link { seq, mac };
    }
}

/// A line as it stands in a file, taken apart.
#[derive(Debug)]
pub(super) struct Line {
    /// Its members without the MAC: what the MAC is over.
    text: Vec<u8>,
    pub(super) seq: u64,
    pub(super) mac: blake3::Hash,
}

impl Line {
    /// `None`: it does not have the form of a line.
    pub(super) fn read(line: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Sequence {
            seq: u64,
        }
        let (before, after) = line.split_at_checked(line.len().checked_sub(HEX + AFTER_MAC.len())?)?;
        let mac = blake3::Hash::from_hex(after.strip_suffix(AFTER_MAC)?).ok()?;
        let mut text = before.strip_suffix(BEFORE_MAC)?.to_vec();
        text.push(b'}');
        let Sequence { seq } = serde_json::from_slice(&text).ok()?;
        Some(Line { text, seq, mac })
    }

    /// Whether it is what was written after a line with the MAC `before`.
    pub(super) fn follows(&self, key: &Key, before: &blake3::Hash) -> bool {
        key.mac(&[before.as_bytes(), &self.text]) == self.mac
    }

    pub(super) fn link(&self) -> Link {
        Link { seq: self.seq, mac: self.mac }
    }
}

/// How far a chain had come when its head was last written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Head {
    /// The file with its last line.
    pub(super) file: String,
    /// That line's number; 0: there was none yet.
    pub(super) seq: u64,
    /// That line's MAC.
    pub(super) mac: String,
    /// A MAC over all that: the MACs of earlier lines are in the journal itself, where anybody who wants to cut it short finds them.
    seal: String,
}

impl Head {
    pub(super) fn new(key: &Key, file: &str, link: Link) -> Self {
        let mac = link.mac.to_hex().to_string();
        Head { seal: seal(key, file, link.seq, &mac), file: file.to_owned(), seq: link.seq, mac }
    }

    pub(super) fn write(&self, path: &Path) -> io::Result<()> {
        crate::sessions::replace(path, &serde_json::to_vec(self).map_err(io::Error::other)?)
    }

    /// Reads a head; `None` for one that this program did not write.
    pub(super) fn read(key: &Key, path: &Path) -> io::Result<Option<Self>> {
        let head: Option<Head> = serde_json::from_slice(&std::fs::read(path)?).ok();
        Ok(head.filter(|head| seal(key, &head.file, head.seq, &head.mac) == head.seal))
    }
}

fn seal(key: &Key, file: &str, seq: u64, mac: &str) -> String {
    key.mac(&[format!("head {file} {seq} {mac}").as_bytes()]).to_hex().to_string()
}

/// The file of a chain with this number, from 1.
pub(super) fn file(chain: &str, number: u32) -> String {
    if number == 1 { format!("{chain}.jsonl") } else { format!("{chain}.{number}.jsonl") }
}

/// The chain and number of a file.
pub(super) fn parse_file(name: &str) -> Option<(&str, u32)> {
    let stem = name.strip_suffix(".jsonl")?;
    let (chain, number) = stem.split_once('.').map_or(Some((stem, 1)), |(chain, number)| Some((chain, number.parse().ok()?)))?;
    (file(chain, number) == name && !chain.contains('/')).then_some((chain, number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_its_number_first_and_its_mac_last() {
        let key = Key::fixed(1);
        let mut link = Link::first(&key, "1-2");
        let mut lines = Vec::new();
        link.add(&key, br#"{"a":1}"#, &mut lines);
        link.add(&key, b"{}", &mut lines);
        let text = String::from_utf8(lines).unwrap();
        let first = key.mac(&[Link::first(&key, "1-2").mac.as_bytes(), br#"{"seq":1,"a":1}"#]);
        let second = key.mac(&[first.as_bytes(), br#"{"seq":2}"#]);
        let expected = format!("{{\"seq\":1,\"a\":1,\"mac\":\"{}\"}}\n{{\"seq\":2,\"mac\":\"{}\"}}\n", first.to_hex(), second.to_hex());
        assert_eq!(text, expected);
        assert_eq!(link, Link { seq: 2, mac: second });
        let read = Line::read(text.lines().nth(1).unwrap().as_bytes()).unwrap();
        assert!(read.seq == 2 && read.follows(&key, &first) && !read.follows(&key, &second));
    }

    #[test]
    fn files_are_named_by_chain_and_number() {
        for (name, parts) in [("1-2.jsonl", Some(("1-2", 1))), ("1-2.7.jsonl", Some(("1-2", 7))), ("1-2.1.jsonl", None), ("1-2.07.jsonl", None)] {
            assert_eq!(parse_file(name), parts, "{name}");
        }
    }
}
