//! Unwraps an upstream's reply into the one value that the program gets. Guards the guest and every recursive reader after it against
//! size and nesting, and against text that only looks like JSON. `__proto__` and other odd keys are data, and stay.

use crate::{depth, screen};
use policy::{Block, CallError, ErrorCode, Layer, Limits, Reply, ResourceBody, Tool};
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value, json};
use std::fmt;

/// Length of an upstream's own error text, in bytes. Guards the model's context.
const ERROR_TEXT_BYTES: usize = 4096;

/// What a program gets of a reply.
#[derive(Debug, Clone, PartialEq)]
pub struct Unwrapped {
    /// The value. Media have an object in it that lacks their bytes.
    pub value: Value,
    /// Images, sounds and other bytes, which are kept elsewhere.
    pub media: Vec<Media>,
}

/// Bytes that came with a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media {
    /// Where its object is in the value, as a JSON pointer; `None` when the value is `structuredContent`, which has no place for it.
    pub at: Option<String>,
    /// `image`, `audio` or `resource`.
    pub kind: &'static str,
    /// MIME type, if given.
    pub mime_type: Option<String>,
    /// Base64, as it came.
    pub data: String,
}

/// The value of a reply: `structuredContent`, else text that is JSON, else text, else what the media and resource blocks say.
///
/// # Errors
/// `tool_failed` with the upstream's text, `reply_too_large`, or `tool_output_invalid` when it is nested too deep.
pub fn reply(reply: Reply, tool: &Tool, limits: &Limits) -> Result<Unwrapped, CallError> {
    if !Layer::Replies.is_off() && reply.wire_bytes > limits.reply_bytes {
        let message = format!("{}: the reply has {} bytes; the limit is {}. Ask for less.", tool.name, reply.wire_bytes, limits.reply_bytes);
        return Err(CallError::new(ErrorCode::ReplyTooLarge, message).of(&tool.name));
    }
    if reply.is_error {
        return Err(CallError::new(ErrorCode::ToolFailed, error_text(reply)).of(&tool.name));
    }
    let unwrapped = match reply.structured {
        Some(structured) => {
            if !Layer::Replies.is_off() && contradicts(&reply.content, &structured) {
                let message = format!("{}: the text of the reply and its structuredContent are both JSON and say different things", tool.name);
                return Err(CallError::new(ErrorCode::ToolOutputInvalid, message).of(&tool.name));
            }
            let media = reply.content.into_iter().filter_map(|block| block_value(block).1).collect();
            Unwrapped { value: unwrap_result(structured, tool), media }
        }
        None => unwrap_content(reply.content),
    };
    if !Layer::Replies.is_off() && depth::of_value(&unwrapped.value) > limits.reply_depth {
        let message = format!("{}: the reply is nested deeper than {} levels", tool.name, limits.reply_depth);
        return Err(CallError::new(ErrorCode::ToolOutputInvalid, message).of(&tool.name));
    }
    Ok(unwrapped)
}

fn error_text(reply: Reply) -> String {
    let structured = reply.structured.filter(|value| depth::of_value(value) <= 32).map(|value| value.to_string());
    let text = joined_text(&reply.content).or(structured).unwrap_or_default();
    let text = screen::clean(text.get(..text.floor_char_boundary(ERROR_TEXT_BYTES)).unwrap_or_default()).into_text();
    let text = text.get(..text.floor_char_boundary(ERROR_TEXT_BYTES)).unwrap_or_default().trim();
    if text.is_empty() { "the tool failed and said nothing".to_owned() } else { text.to_owned() }
}

fn joined_text(content: &[Block]) -> Option<String> {
    let texts: Vec<&str> = content.iter().filter_map(|block| if let Block::Text(text) = block { Some(text.as_str()) } else { None }).collect();
    if texts.is_empty() { None } else { Some(texts.join("\n")) }
}

/// Whether the only text of a reply is JSON that says something else than its `structuredContent`. What is not an object or an array is a summary for
/// people; and the text may be a part of the value or have it as a part, as servers do that wrap one of the two.
fn contradicts(content: &[Block], structured: &Value) -> bool {
    let [Block::Text(text)] = content else { return false };
    let Some(said) = strict_json(text) else { return false };
    let part_of = |part: &Value, whole: &Value| {
        let is = |member: &Value| same(part, member, SAME_DEPTH) || member.as_str().is_some_and(|member| member.trim() == text.trim());
        match whole {
            Value::Object(members) => {
                members.values().take(PARTS).any(|member| is(member) || matches!(member, Value::Array(one) if one.len() == 1 && one.iter().any(is)))
            }
            Value::Array(one) => one.len() == 1 && one.iter().any(is),
            _ => false,
        }
    };
    !same(&said, structured, SAME_DEPTH) && !part_of(&said, structured) && !part_of(structured, &said)
}

/// Members that are looked at as what is wrapped.
const PARTS: usize = 16;
/// Levels that are compared; deeper replies are refused anyway.
const SAME_DEPTH: usize = 256;

/// Whether two values are the same, be their numbers written as they may.
fn same(one: &Value, other: &Value, levels: usize) -> bool {
    let Some(levels) = levels.checked_sub(1) else { return true };
    match (one, other) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b, levels)),
        (Value::Object(a), Value::Object(b)) => a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| same(a, b, levels))),
        (a, b) => a == b,
    }
}

/// Takes the value out of the `{"result": value}` that servers put around what is not an object, if the tool's schema says so.
fn unwrap_result(structured: Value, tool: &Tool) -> Value {
    let properties = tool.output_schema.as_ref().and_then(|schema| schema.get("properties")).and_then(Value::as_object);
    let wraps = properties.is_some_and(|p| p.len() == 1 && p.contains_key("result"));
    match structured {
        Value::Object(mut object) if wraps && object.len() == 1 && object.contains_key("result") => object.remove("result").unwrap_or(Value::Null),
        other => other,
    }
}

fn unwrap_content(content: Vec<Block>) -> Unwrapped {
    if content.iter().all(|block| matches!(block, Block::Text(_))) {
        let text = joined_text(&content);
        let value = text.map_or(Value::Null, |text| strict_json(&text).unwrap_or(Value::String(text)));
        return Unwrapped { value, media: Vec::new() };
    }
    let alone = content.len() == 1;
    let mut media = Vec::new();
    let place = |at: usize| if alone { String::new() } else { format!("/{at}") };
    let mut values: Vec<Value> = Vec::new();
    for (at, block) in content.into_iter().enumerate() {
        let (value, bytes) = block_value(block);
        values.push(value);
        media.extend(bytes.map(|bytes| Media { at: Some(place(at)), ..bytes }));
    }
    let value = if alone { values.pop().unwrap_or(Value::Null) } else { Value::Array(values) };
    Unwrapped { value, media }
}

/// A block's value, and the bytes that the value lacks.
fn block_value(block: Block) -> (Value, Option<Media>) {
    match block {
        Block::Text(text) => (Value::String(text), None),
        Block::Media { kind, mime_type, data } => {
            let value = json!({"type": kind, "mime_type": mime_type});
            (value, Some(Media { at: None, kind, mime_type: Some(mime_type), data }))
        }
        Block::Resource { uri, mime_type, body } => match body {
            ResourceBody::Text(text) => (json!({"type": "resource", "uri": uri, "mime_type": mime_type, "text": text}), None),
            ResourceBody::Blob(data) => {
                let value = json!({"type": "resource", "uri": uri, "mime_type": mime_type});
                (value, Some(Media { at: None, kind: "resource", mime_type, data }))
            }
        },
        Block::Link { uri, name, mime_type } => (json!({"type": "link", "uri": uri, "name": name, "mime_type": mime_type}), None),
    }
}

/// A JSON object or array; `None` for scalars (`5` is as likely a text), duplicate keys and everything else.
fn strict_json(text: &str) -> Option<Value> {
    let trimmed = text.trim();
    if !trimmed.starts_with(['{', '[']) {
        return None;
    }
    if Layer::Replies.is_off() {
        return serde_json::from_str(trimmed).ok();
    }
    serde_json::from_str::<Strict>(trimmed).ok().map(|strict| strict.0)
}

/// A JSON value in which no object has a key twice: readers that disagree about which one counts could be played off.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Strict)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, b: bool) -> Result<Value, E> {
        Ok(Value::Bool(b))
    }

    fn visit_i64<E>(self, n: i64) -> Result<Value, E> {
        Ok(n.into())
    }

    fn visit_u64<E>(self, n: u64) -> Result<Value, E> {
        Ok(n.into())
    }

    fn visit_f64<E: de::Error>(self, n: f64) -> Result<Value, E> {
        serde_json::Number::from_f64(n).map(Value::Number).ok_or_else(|| E::custom("not finite"))
    }

    fn visit_str<E>(self, s: &str) -> Result<Value, E> {
        Ok(Value::String(s.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(Strict(item)) = seq.next_element()? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((key, Strict(value))) = map.next_entry::<String, Strict>()? {
            if object.insert(key, value).is_some() {
                return Err(de::Error::custom("duplicate key"));
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::catalog;
    use policy::ToolName;
    use proptest::prelude::*;

    fn call(given: Reply) -> Result<Value, CallError> {
        unwrapped(given).map(|unwrapped| unwrapped.value)
    }

    fn unwrapped(given: Reply) -> Result<Unwrapped, CallError> {
        let catalog = catalog();
        let limits = Limits { reply_depth: 4, reply_bytes: 1000, ..Limits::default() };
        super::reply(given, catalog.tool(&ToolName::parse("github.list_issues").unwrap()).unwrap(), &limits)
    }

    #[track_caller]
    fn check(content: Vec<Block>, value: Value) {
        assert_eq!(call(Reply { content, ..Reply::default() }), Ok(value));
    }

    #[track_caller]
    fn refuse(given: Reply, code: ErrorCode, message: &str) {
        let tool = ToolName::parse("github.list_issues").unwrap();
        assert_eq!(call(given), Err(CallError::new(code, message).of(&tool)));
    }

    fn text(text: &str) -> Block {
        Block::Text(text.to_owned())
    }

    fn image() -> Block {
        Block::Media { kind: "image", mime_type: "image/png".to_owned(), data: "AA==".to_owned() }
    }

    #[test]
    fn text_becomes_json_only_when_it_strictly_is() {
        check(vec![text(r#" {"a": [1, 2.5, null, true]} "#)], json!({"a": [1, 2.5, null, true]}));
        check(vec![text(r#"{"__proto__": {"x": 1}}"#)], json!({"__proto__": {"x": 1}}));
        for kept in [r#"{"a": 1, "a": 2}"#, "[NaN]", "5", "true", "null", "\"x\"", "{} {}", "plain", "", "[1,]", "[1e999]"] {
            check(vec![text(kept)], json!(kept));
        }
        check(vec![text(&"[".repeat(100_000))], json!("[".repeat(100_000)));
        check(vec![text("a"), text("b")], json!("a\nb"));
        check(vec![], Value::Null);
    }

    #[test]
    fn bytes_are_handed_over_apart_from_the_value() {
        let media =
            |at: Option<&str>| Media { at: at.map(str::to_owned), kind: "image", mime_type: Some("image/png".to_owned()), data: "AA==".to_owned() };
        let object = json!({"type": "image", "mime_type": "image/png"});
        let of = |content| unwrapped(Reply { content, ..Reply::default() });
        assert_eq!(of(vec![image()]), Ok(Unwrapped { value: object.clone(), media: vec![media(Some(""))] }));
        let several = Unwrapped { value: json!(["see", object, object]), media: vec![media(Some("/1")), media(Some("/2"))] };
        assert_eq!(of(vec![text("see"), image(), image()]), Ok(several));
        let beside = Reply { structured: Some(json!({"a": 1})), content: vec![text("see"), image()], ..Reply::default() };
        assert_eq!(unwrapped(beside), Ok(Unwrapped { value: json!({"a": 1}), media: vec![media(None)] }));
        let blob = Block::Resource { uri: "x:y".to_owned(), mime_type: None, body: ResourceBody::Blob("AA==".to_owned()) };
        let value = json!({"type": "resource", "uri": "x:y", "mime_type": null});
        let media = vec![Media { at: Some(String::new()), kind: "resource", mime_type: None, data: "AA==".to_owned() }];
        assert_eq!(of(vec![blob]), Ok(Unwrapped { value, media }));
    }

    #[test]
    fn other_blocks_become_objects() {
        let resource = Block::Resource { uri: "x:y".to_owned(), mime_type: None, body: ResourceBody::Text("t".to_owned()) };
        check(vec![resource], json!({"type": "resource", "uri": "x:y", "mime_type": null, "text": "t"}));
        let link = Block::Link { uri: "x:y".to_owned(), name: "n".to_owned(), mime_type: Some("a/b".to_owned()) };
        check(vec![link], json!({"type": "link", "uri": "x:y", "name": "n", "mime_type": "a/b"}));
    }

    #[test]
    fn structured_content_wins_and_is_unwrapped() {
        let of = |structured| call(Reply { structured: Some(structured), content: vec![text("other")], ..Reply::default() });
        assert_eq!(of(json!({"result": [1]})), Ok(json!([1])));
        assert_eq!(of(json!({"result": [1], "more": 2})), Ok(json!({"result": [1], "more": 2})));
    }

    #[test]
    fn text_that_is_json_may_not_contradict_the_structured_content() {
        let of = |content: &[&str], structured: Value| {
            call(Reply { structured: Some(structured), content: content.iter().map(|one| text(one)).collect(), ..Reply::default() }).map(|_| ())
        };
        let refused = Err(CallError::new(
            ErrorCode::ToolOutputInvalid,
            "github.list_issues: the text of the reply and its structuredContent are both JSON and say different things",
        )
        .of(&ToolName::parse("github.list_issues").unwrap()));
        for (said, structured) in [
            (r#"{"role": "user"}"#, json!({"role": "admin"})),
            (r#"{"a": 1}"#, json!({"a": 1, "b": 2, "c": {"a": 2}})),
            ("[1, 2]", json!({"result": [1, 3]})),
            ("[]", json!({"result": [1]})),
            (r#"{"a": {"b": [1, {"c": null}]}}"#, json!({"a": {"b": [1, {"c": false}]}})),
        ] {
            assert_eq!(of(&[said], structured), refused, "{said}");
        }
        for (content, structured) in [
            // The copy that the protocol asks for, written in another way; whole or wrapped by either side.
            (vec![r#"{"b": 2.0, "a": [1, "x"]}"#], json!({"a": [1, "x"], "b": 2})),
            (vec!["[1, 2]"], json!({"result": [1, 2]})),
            (vec![r#"{"id": 1}"#], json!({"result": [{"id": 1}]})),
            (vec![r#"{"items": [1]}"#], json!([1])),
            // A file whose text happens to be JSON.
            (vec!["{\"a\": 1}\n"], json!({"content": "{\"a\": 1}\n"})),
            // Summaries for people, and what is not strictly JSON.
            (vec!["2 issues"], json!({"a": 1})),
            (vec!["5"], json!({"a": 1})),
            (vec!["{a: 1}"], json!({"a": 2})),
            (vec![r#"{"a": 1, "a": 2}"#], json!({"a": 3})),
            (vec![], json!({"a": 1})),
            (vec![r#"{"a": 1}"#, r#"{"a": 2}"#], json!({"result": [{"a": 1}, {"a": 2}]})),
        ] {
            assert_eq!(of(&content, structured), Ok(()), "{content:?}");
        }
    }

    #[test]
    fn limits_and_failures_are_typed() {
        refuse(
            Reply { wire_bytes: 1001, ..Reply::default() },
            ErrorCode::ReplyTooLarge,
            "github.list_issues: the reply has 1001 bytes; the limit is 1000. Ask for less.",
        );
        refuse(
            Reply { structured: Some(json!([[[[[1]]]]])), ..Reply::default() },
            ErrorCode::ToolOutputInvalid,
            "github.list_issues: the reply is nested deeper than 4 levels",
        );
        let failed = |content| Reply { content, is_error: true, ..Reply::default() };
        refuse(failed(vec![text("no \u{1b}[31msuch\u{202e} repo"), text("x")]), ErrorCode::ToolFailed, "no such\\u{202e} repo\nx");
        refuse(failed(vec![text(&"ä".repeat(5000))]), ErrorCode::ToolFailed, &"ä".repeat(2048));
        refuse(failed(vec![]), ErrorCode::ToolFailed, "the tool failed and said nothing");
    }

    proptest! {
        #[test]
        fn no_text_panics(s in any::<String>(), is_error in any::<bool>()) {
            let _ = call(Reply { content: vec![text(&s)], is_error, ..Reply::default() });
        }

        #[test]
        fn json_comes_back_as_it_was(s in "[\\[{\"a:1, }\\]]{0,30}") {
            let strict = strict_json(&s);
            prop_assert!(strict.is_none_or(|v| serde_json::from_str::<Value>(&s).ok() == Some(v)));
        }
    }
}
