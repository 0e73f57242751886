//! A JSON value that is too long to show: its shape, then as many whole rows or entries as fit. Nothing is cut inside a value.

use crate::artifacts::Shape;
use gate::grouped;
use serde::{
    Deserializer as _,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Deserializer, value::RawValue};
use std::{fmt, fmt::Write as _};

/// The summary of `json` in about `shown_bytes`.
pub(crate) fn summary(json: &str, shown_bytes: usize) -> String {
    let shape = Shape::of(json).map_or_else(|| "a value".to_owned(), |shape| shape.words());
    let (what, columns) = shape.split_once("; ").unwrap_or((&shape, ""));
    let mut text = format!("{what}, {} bytes of JSON", grouped(json.len()));
    if !columns.is_empty() {
        let _ = write!(text, "; {columns}");
    }
    let room = shown_bytes.saturating_sub(text.len());
    // What is neither a list nor an object has no parts to show.
    match json.trim_start().as_bytes().first() {
        Some(b'[') => text.push_str(&rows(json, room)),
        Some(b'{') => text.push_str(&entries(json, room)),
        _ => {}
    }
    text
}

/// The first rows, and the last if it is small.
fn rows(json: &str, room: usize) -> String {
    let visitor = Rows { room: room / 8 * 7 };
    let Ok(Found { first, count, last }) = Deserializer::from_str(json).deserialize_seq(visitor) else { return String::new() };
    if first.is_empty() {
        return String::new();
    }
    let mut text = format!("\nthe first {}:\n{}", grouped(first.len()), first.join("\n"));
    if let Some(last) = last.filter(|last| last.len() <= room / 8 && count > first.len()) {
        let _ = write!(text, "\nthe last:\n{last}");
    }
    text
}

/// The entries, each whole if it is small, else by its shape.
fn entries(json: &str, room: usize) -> String {
    let visitor = Entries { room: room / 8 * 7, most: (room / 8).max(100) };
    Deserializer::from_str(json).deserialize_map(visitor).unwrap_or_default()
}

struct Found<'de> {
    first: Vec<&'de str>,
    count: usize,
    last: Option<&'de str>,
}

struct Rows {
    room: usize,
}

impl<'de> Visitor<'de> for Rows {
    type Value = Found<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Found<'de>, A::Error> {
        let mut found = Found { first: Vec::new(), count: 0, last: None };
        let (mut used, mut full) = (0, false);
        while let Some(row) = seq.next_element::<&'de RawValue>()? {
            let row = row.get();
            found.count += 1;
            full |= used + row.len() + 1 > self.room;
            if !full {
                used += row.len() + 1;
                found.first.push(row);
            }
            found.last = Some(row);
        }
        Ok(found)
    }
}

struct Entries {
    room: usize,
    /// The longest entry that is shown whole.
    most: usize,
}

impl<'de> Visitor<'de> for Entries {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<String, A::Error> {
        let mut text = String::new();
        while let Some(key) = map.next_key::<String>()? {
            let value = map.next_value::<&'de RawValue>()?.get();
            let key = serde_json::Value::String(key);
            let line = if value.len() <= self.most {
                format!("\n{key}: {value}")
            } else {
                let shape = Shape::of(value).map_or_else(|| "a value".to_owned(), |shape| shape.words());
                format!("\n{key}: ({shape}, {} bytes)", grouped(value.len()))
            };
            if text.len() + line.len() > self.room {
                text.push_str("\n...");
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                break;
            }
            text.push_str(&line);
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_objects_shows_whole_rows_and_columns() {
        let rows: Vec<String> = (0..1200).map(|id| format!("{{\"id\":{id},\"name\":\"n{id}\"}}")).collect();
        let json = format!("[{}]", rows.join(","));
        let head = format!("list of 1,200 objects, {} bytes of JSON; columns: id integer, name text", grouped(json.len()));
        // Beside the head there are 160 bytes: 140 for the first rows of 20 and a line end each, 20 for the last, which has 26.
        let text = summary(&json, head.len() + 160);
        assert_eq!(text, format!("{head}\nthe first 6:\n{}", rows[..6].join("\n")));
        let text = summary(&json, head.len() + 208);
        assert_eq!(text, format!("{head}\nthe first 8:\n{}\nthe last:\n{}", rows[..8].join("\n"), rows[1199]));
    }

    #[test]
    fn a_row_that_does_not_fit_is_not_cut() {
        let json = format!("[{{\"body\":\"{}\"}}]", "x".repeat(1000));
        assert_eq!(summary(&json, 300), "list of 1 object, 1,013 bytes of JSON; columns: body text");
    }

    #[test]
    fn an_object_shows_its_keys() {
        let rows = vec!["{\"id\":1}"; 500].join(",");
        let json = format!("{{\"total\":500,\"rows\":[{rows}],\"next\":null}}");
        let size = grouped(json.len());
        let expected = format!(
            "object with 3 keys: total integer, rows list of 500 objects, next null, {size} bytes of JSON\n\"total\": 500\n\
             \"rows\": (list of 500 objects; columns: id integer, 4,501 bytes)\n\"next\": null"
        );
        assert_eq!(summary(&json, 800), expected);
    }

    #[test]
    fn many_keys_end_where_the_room_does() {
        let entries: Vec<String> = (0..1000).map(|n| format!("\"k{n:03}\":{n}")).collect();
        let text = summary(&format!("{{{}}}", entries.join(",")), 1000);
        assert!(text.len() < 1010, "{}", text.len());
        assert!(text.ends_with("\n..."), "{text}");
        assert!(text.contains("\n\"k000\": 0\n\"k001\": 1\n"), "{text}");
    }
}
