//! The tools that programs may name: plain types, filled by `upstream`, read by `gate` and `executor`.

use crate::{Facts, Layer, ServerName, ToolName, closest};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// What an upstream says of a tool's effect. Hints only: they count as far as the operator accepted them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Annotations {
    /// `readOnlyHint`.
    pub read_only: Option<bool>,
    /// `destructiveHint`.
    pub destructive: Option<bool>,
    /// `idempotentHint`.
    pub idempotent: Option<bool>,
    /// `openWorldHint`.
    pub open_world: Option<bool>,
}

/// One tool of one upstream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tool {
    /// The name that programs use.
    pub name: ToolName,
    /// The upstream's own name: sent to the upstream, never shown.
    pub original: String,
    /// The upstream's description: untrusted text, shown only by `describe`, quoted.
    pub description: Option<String>,
    /// JSON Schema of the arguments: an object schema.
    pub input_schema: Value,
    /// JSON Schema of `structuredContent`, if the upstream gives one.
    pub output_schema: Option<Value>,
    /// The upstream's hints.
    pub annotations: Annotations,
    /// What the operator accepted of it: decisions rest on this, never on the hints.
    pub facts: Facts,
    /// Hash of its definition: name, description, schemas and annotations, in hexadecimal digits. Approvals are bound to it.
    pub hash: String,
}

impl Tool {
    /// The argument names, the required ones first (in the order in which `required` lists them), then the others in the
    /// schema's order; each with whether it is required. Positional arguments are mapped in this order.
    #[must_use]
    pub fn parameters(&self) -> Vec<(&str, bool)> {
        let required: Vec<&str> =
            self.input_schema.get("required").and_then(Value::as_array).map(|r| r.iter().filter_map(Value::as_str).collect()).unwrap_or_default();
        let optional = self
            .input_schema
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flat_map(|p| p.keys().map(String::as_str))
            .filter(|name| !required.contains(name));
        required.iter().map(|name| (*name, true)).chain(optional.map(|name| (name, false))).collect()
    }

    /// Whether arguments outside [`Tool::parameters`] may be given: JSON Schema's default, unless `additionalProperties` is false
    /// or the tool declares properties and says nothing (a misspelling is then far likelier than an undeclared argument).
    #[must_use]
    pub fn takes_undeclared(&self) -> bool {
        match self.input_schema.get("additionalProperties") {
            Some(Value::Bool(allowed)) => *allowed,
            Some(_) => true,
            None => self.input_schema.get("properties").and_then(Value::as_object).is_none_or(serde_json::Map::is_empty),
        }
    }
}

/// Whether an upstream's tools are known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ServerState {
    /// Its tools were listed.
    Listed,
    /// It could not be started, reached or listed: the reason, for the operator.
    Failed(String),
    /// Nobody asked it yet: its tools are unknown, so any name may be right.
    Unknown,
}

/// One upstream and its tools by minted name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Server {
    /// Whether its tools are known.
    pub state: ServerState,
    /// Its tools, by the part of their name after the dot.
    pub tools: BTreeMap<String, Tool>,
    /// Tools that may not be called until the operator accepts them, by the same part of their name, with the reason.
    pub quarantined: BTreeMap<String, Quarantine>,
}

/// Why a tool may not be called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantine {
    /// Fixed words of ours.
    pub reason: String,
    /// What keeps it out.
    pub layer: Layer,
}

/// All upstreams: one immutable picture, taken when a run begins.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Catalog {
    /// The upstreams by name.
    pub servers: BTreeMap<ServerName, Server>,
}

impl Catalog {
    /// The tool of that name.
    #[must_use]
    pub fn tool(&self, name: &ToolName) -> Option<&Tool> {
        self.servers.get(&name.server)?.tools.get(&name.tool)
    }

    /// The server that is written `name`.
    #[must_use]
    pub fn server(&self, name: &str) -> Option<(&ServerName, &Server)> {
        self.servers.iter().find(|(server, _)| server.as_str() == name)
    }

    /// Every tool, by server and name.
    pub fn tools(&self) -> impl Iterator<Item = &Tool> {
        self.servers.values().flat_map(|server| server.tools.values())
    }

    /// The tool that was probably meant by a name that does not exist: of the same server, else the same tool of another.
    #[must_use]
    pub fn suggest(&self, name: &ToolName) -> Option<String> {
        if let Some(server) = self.servers.get(&name.server) {
            return closest(&name.tool, server.tools.keys().map(String::as_str)).map(|tool| format!("{}.{tool}", name.server));
        }
        let full: Vec<String> = self.tools().map(|tool| tool.name.to_string()).collect();
        closest(&name.to_string(), full.iter().map(String::as_str)).map(str::to_owned)
    }
}
