//! What the tests of several files share: a catalog, and the `check` helpers.

mod code;
mod flags;
mod javascript;
mod literals;
mod python;
mod refuse;
mod robust;

use policy::{Annotations, Catalog, Server, ServerName, ServerState, Tool, ToolName};
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn tool(server: &ServerName, name: &str, input_schema: Value) -> (String, Tool) {
    let tool = Tool {
        name: ToolName { server: server.clone(), tool: name.to_owned() },
        original: name.to_owned(),
        description: None,
        input_schema,
        output_schema: Some(json!({"type": "object", "properties": {"result": {}}})),
        annotations: Annotations::default(),
        facts: policy::Facts::UNREVIEWED,
        hash: String::new(),
    };
    (name.to_owned(), tool)
}

/// `github` (two tools), `chat` (`post` with two required arguments, `any` without a schema), `lazy` whose tools are unknown.
pub(crate) fn catalog() -> Catalog {
    let [github, chat, lazy] = ["github", "chat", "lazy"].map(|name| ServerName::mint(name).unwrap());
    let issues = json!({"type": "object", "required": ["repo"], "properties":
        {"repo": {"type": "string"}, "state": {"type": "string"}, "max_results": {"type": "integer"}}});
    let post = json!({"type": "object", "required": ["to", "text"], "properties": {"to": {}, "text": {}}});
    let github_tools = BTreeMap::from([tool(&github, "list_issues", issues), tool(&github, "whoami", json!({"type": "object"}))]);
    let chat_tools = BTreeMap::from([tool(&chat, "post", post), tool(&chat, "any", json!({}))]);
    Catalog {
        servers: BTreeMap::from([
            (github, Server { state: ServerState::Listed, tools: github_tools, quarantined: BTreeMap::new() }),
            (chat, Server { state: ServerState::Listed, tools: chat_tools, quarantined: BTreeMap::new() }),
            (lazy, Server { state: ServerState::Unknown, tools: BTreeMap::new(), quarantined: BTreeMap::new() }),
        ]),
    }
}

/// What [`crate::check`] says of a stateless program with every check on: nothing, or `code: message`.
pub(crate) fn verdict(program: &str, language: policy::Language) -> Option<String> {
    let checked = crate::check(program, language, crate::Lifetime::Stateless, &catalog(), &crate::Checks::all());
    checked.err().map(|refusal| format!("{}: {}", refusal.code, refusal.message))
}
