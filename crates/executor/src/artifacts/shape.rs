//! The shape of a JSON document: kinds, rows, columns; read as a stream, so that its size does not matter. Values are not kept.

use gate::grouped;
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::{
    fmt,
    io::{self, Read},
};

/// How many columns are told apart. Guards the broker's memory against objects that are really tables.
const COLUMNS: usize = 64;
/// How many columns are written out.
const COLUMNS_SHOWN: usize = 24;
/// How much of a column's name is kept, in characters.
const NAME_CHARS: usize = 60;
/// How deep it looks: a list of objects whose columns are lists of something.
const DEPTH: u8 = 3;
/// The longest string or number in a streamed document, in bytes. Guards the broker's memory: the parser holds one of them whole.
const TOKEN_BYTES: usize = 1 << 20;

/// What one value, or all values of one place, look like.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Shape {
    /// One bit for each of [`KINDS`].
    kinds: u8,
    /// How many values were seen here, and how many of them were objects.
    seen: u64,
    objects: u64,
    /// Items of all lists that were seen here, and their common shape.
    items: u64,
    item: Option<Box<Shape>>,
    columns: Vec<(String, Shape)>,
    /// Whether there were more columns than are told apart.
    more: bool,
}

const KINDS: [&str; 7] = ["object", "list", "text", "integer", "number", "boolean", "null"];
const OBJECT: u8 = 1;
const LIST: u8 = 1 << 1;
const TEXT: u8 = 1 << 2;
const INTEGER: u8 = 1 << 3;
const NUMBER: u8 = 1 << 4;
const BOOLEAN: u8 = 1 << 5;
const NULL: u8 = 1 << 6;

impl Shape {
    /// The shape of a JSON text; `None` if it is not one, or nested too deep.
    pub(crate) fn of(json: &str) -> Option<Self> {
        let mut reader = serde_json::Deserializer::from_str(json);
        Self::read(&mut reader).ok().filter(|_| reader.end().is_ok())
    }

    /// The shape of a JSON document that is read as a stream.
    pub(crate) fn of_reader(from: impl Read) -> Option<Self> {
        let mut reader = serde_json::Deserializer::from_reader(Tokens { inner: from, token: 0, text: false, escaped: false });
        Self::read(&mut reader).ok().filter(|_| reader.end().is_ok())
    }

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut shape = Shape::default();
        Into { shape: &mut shape, depth: DEPTH }.deserialize(from)?;
        Ok(shape)
    }

    fn see(&mut self, kind: u8) {
        self.kinds |= kind;
        self.seen += 1;
    }

    fn column(&mut self, name: &str, expected_at: usize) -> Option<&mut Shape> {
        // Rows have their columns in the same order as a rule.
        let at = if self.columns.get(expected_at).is_some_and(|(known, _)| known == name) {
            Some(expected_at)
        } else {
            self.columns.iter().position(|(known, _)| known == name)
        };
        let at = match at {
            Some(at) => at,
            None if self.columns.len() < COLUMNS => {
                self.columns.push((name.to_owned(), Shape::default()));
                self.columns.len() - 1
            }
            None => {
                self.more = true;
                return None;
            }
        };
        self.columns.get_mut(at).map(|(_, shape)| shape)
    }

    /// One line about it, such as `list of 3 objects; columns: id integer, note text or null`.
    pub(crate) fn words(&self) -> String {
        match (self.kinds, &self.item) {
            (LIST, item) => {
                let item = item.as_deref();
                let columns = item.map(Shape::table).filter(|table| !table.is_empty()).map(|table| format!("; columns: {table}"));
                format!("{}{}", self.list(), columns.unwrap_or_default())
            }
            (OBJECT, _) => {
                let keys = if self.more { format!("more than {COLUMNS}") } else { self.columns.len().to_string() };
                let table = self.table();
                format!("object with {keys} key{}{}", if keys == "1" { "" } else { "s" }, if table.is_empty() { table } else { format!(": {table}") })
            }
            _ => self.kind(),
        }
    }

    /// `list of 3 objects`.
    fn list(&self) -> String {
        let what = match self.item.as_ref().map_or(0, |item| item.kinds) {
            OBJECT => "object",
            LIST => "list",
            TEXT => "text",
            INTEGER => "integer",
            kinds if kinds != 0 && kinds & !(INTEGER | NUMBER) == 0 => "number",
            BOOLEAN => "boolean",
            _ => "value",
        };
        format!("list of {} {what}{}", grouped(usize::try_from(self.items).unwrap_or(usize::MAX)), if self.items == 1 { "" } else { "s" })
    }

    /// `id integer, note text or null`.
    fn table(&self) -> String {
        let optional = |shape: &Shape| if shape.seen < self.objects { " or absent" } else { "" };
        let mut columns: Vec<String> =
            self.columns.iter().take(COLUMNS_SHOWN).map(|(name, shape)| format!("{} {}{}", short(name), shape.kind(), optional(shape))).collect();
        if self.more || self.columns.len() > COLUMNS_SHOWN {
            columns.push(if self.more { "and more".to_owned() } else { format!("and {} more", self.columns.len() - COLUMNS_SHOWN) });
        }
        columns.join(", ")
    }

    /// `text or null`; one list with its length, several without.
    fn kind(&self) -> String {
        if self.kinds == LIST && self.seen == 1 {
            return self.list();
        }
        // What is an integer here and a number there is a number.
        let kinds = if self.kinds & NUMBER != 0 { self.kinds & !INTEGER } else { self.kinds };
        let names: Vec<&str> = KINDS.iter().enumerate().filter(|(bit, _)| kinds & (1 << bit) != 0).map(|(_, name)| *name).collect();
        names.join(" or ")
    }
}

fn short(name: &str) -> String {
    let plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "_-.$@".contains(c));
    let cut: String = name.chars().take(NAME_CHARS).collect();
    let cut = if cut.len() < name.len() { format!("{cut}...") } else { cut };
    if plain { cut } else { format!("{cut:?}") }
}

/// Adds one value to a shape. At depth 0 the inside of lists and objects is skipped.
struct Into<'a> {
    shape: &'a mut Shape,
    depth: u8,
}

impl<'de> DeserializeSeed<'de> for Into<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Into<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.shape.see(NULL);
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        self.shape.see(BOOLEAN);
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        self.shape.see(INTEGER);
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        self.shape.see(INTEGER);
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        self.shape.see(NUMBER);
        Ok(())
    }

    fn visit_str<E: de::Error>(self, _: &str) -> Result<(), E> {
        self.shape.see(TEXT);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        self.shape.see(LIST);
        if self.depth == 0 {
            while seq.next_element::<IgnoredAny>()?.is_some() {
                self.shape.items += 1;
            }
            return Ok(());
        }
        let item = self.shape.item.get_or_insert_default();
        while seq.next_element_seed(Into { shape: item, depth: self.depth - 1 })?.is_some() {
            self.shape.items += 1;
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        self.shape.see(OBJECT);
        self.shape.objects += 1;
        if self.depth == 0 {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(());
        }
        let mut at = 0;
        while let Some(name) = map.next_key::<String>()? {
            match self.shape.column(&name, at) {
                Some(shape) => map.next_value_seed(Into { shape, depth: self.depth - 1 })?,
                None => drop(map.next_value::<IgnoredAny>()?),
            }
            at += 1;
        }
        Ok(())
    }
}

/// Ends a stream in which a string or a number is too long to be held.
struct Tokens<R> {
    inner: R,
    token: usize,
    text: bool,
    escaped: bool,
}

impl<R: Read> Read for Tokens<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        for byte in into.get(..read).unwrap_or_default() {
            self.token += 1;
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' if self.text => self.escaped = true,
                b'"' => {
                    self.text = !self.text;
                    self.token = 0;
                }
                b',' | b':' | b'[' | b']' | b'{' | b'}' | b' ' | b'\n' if !self.text => self.token = 0,
                _ => {}
            }
            if self.token > TOKEN_BYTES {
                return Err(io::Error::other("a string is too long"));
            }
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(json: &str, words: &str) {
        assert_eq!(Shape::of(json).map(|shape| shape.words()).as_deref(), Some(words), "{json}");
        assert_eq!(Shape::of_reader(json.as_bytes()), Shape::of(json));
    }

    #[test]
    fn rows_and_columns() {
        check(
            r#"[{"id": 1, "note": "a", "x": 1}, {"id": 2, "note": null, "x": 1.5, "tags": ["b"]}]"#,
            "list of 2 objects; columns: id integer, note text or null, x number, tags list of 1 text or absent",
        );
        check(r#"[{"at": [1]}, {"at": [2, 3]}]"#, "list of 2 objects; columns: at list");
        check("[]", "list of 0 values");
        check("[1, 2.5]", "list of 2 numbers");
        check(r#"["a"]"#, "list of 1 text");
        check(r#"[1, "a", null]"#, "list of 3 values");
        check(r#"{"total": 3, "rows": [{}, {}, {}], "a b": true}"#, "object with 3 keys: total integer, rows list of 3 objects, \"a b\" boolean");
        check("{}", "object with 0 keys");
        check("null", "null");
        let many: Vec<String> = (0..100).map(|n| format!("\"k{n}\": {n}")).collect();
        let shown: Vec<String> = (0..24).map(|n| format!("k{n} integer")).collect();
        check(&format!("{{{}}}", many.join(",")), &format!("object with more than 64 keys: {}, and more", shown.join(", ")));
    }

    #[test]
    fn what_is_not_json_has_no_shape() {
        for not in ["", "{", "[1] 2", &"[".repeat(1000)] {
            assert_eq!(Shape::of(not), None, "{not}");
            assert_eq!(Shape::of_reader(not.as_bytes()), None);
        }
    }

    #[test]
    fn a_stream_with_a_huge_string_is_given_up() {
        let json = |length: usize| format!("[\"{}\\\"\", 1]", "x".repeat(length));
        assert_eq!(Shape::of_reader(json(1000).as_bytes()).map(|shape| shape.words()).as_deref(), Some("list of 2 values"));
        assert_eq!(Shape::of_reader(json(TOKEN_BYTES + 1).as_bytes()), None);
    }
}
