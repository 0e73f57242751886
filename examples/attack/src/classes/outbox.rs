//! The upstreams that most attacks need: one whose words anybody can write, one that holds something private, and one through which things leave.

use crate::suite::Seen;
use crate::world::{Upstream, World};
use anyhow::Result;
use serde_json::{Value, json};

/// A tool with one optional argument, `text`.
pub(crate) fn tool(name: &str, reads: bool, external: bool) -> Value {
    let schema = json!({"type": "object", "properties": {"text": {"type": "string"}}});
    json!({"name": name, "description": "A tool.", "inputSchema": schema, "annotations": {"readOnlyHint": reads, "openWorldHint": external}})
}

/// `wiki.page()`, which answers these texts one after the other, and `wiki.answer()`, which answers 42.
pub(crate) fn wiki(world: &World, pages: &[&str]) -> Result<Upstream> {
    let answers: Vec<Value> = pages.iter().map(|page| json!({"text": page})).collect();
    let lists = json!([[tool("page", true, false), tool("answer", true, false)]]);
    world.hostile("wiki", &json!({"lists": lists, "answers": {"page": answers, "answer": [{"json": 42}]}}))
}

/// `outbox.send(text)`, which the whole world can read.
pub(crate) fn outbox(world: &World) -> Result<Upstream> {
    world.hostile("outbox", &json!({"lists": [[tool("send", false, true)]], "answers": {"send": [{"text": "sent"}]}}))
}

/// What comes of a program that reads the wiki, under this configuration, whose pages want something sent.
pub(crate) fn read_wiki(world: &World, configuration: &[&str], pages: &[&str], language: &str, code: &str) -> Result<Seen> {
    configuration.iter().for_each(|text| world.configure(text));
    wiki(world, pages)?;
    let outbox = outbox(world)?;
    world.accept(&[])?;
    let said = world.connect()?.run(language, code)?.text;
    sent(&outbox, said)
}

/// What came of an attack that wants something sent.
pub(crate) fn sent(outbox: &Upstream, said: String) -> Result<Seen> {
    let calls = outbox.called("send")?;
    Ok(Seen { landed: calls > 0, effect: format!("{calls} calls of outbox.send arrived"), said })
}

/// A person who says yes to what is shown.
pub(crate) fn yes() -> Value {
    json!({"action": "accept", "content": {"decision": "once"}})
}
