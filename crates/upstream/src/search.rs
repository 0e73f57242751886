//! Finds tools by words: BM25 over name, description and argument names. The index belongs to one catalog and is dropped with it.

use crate::learned::Learned;
use crate::render::Style;
use crate::signature::signature;
use crate::text::clean_line;
use bm25::{Document, SearchEngine, SearchEngineBuilder, Tokenizer};
use policy::{Catalog, Guest, Tool};
use serde::Serialize;
use std::sync::Arc;

/// Most hits of one search.
const HITS: usize = 50;
/// A query, in bytes.
const QUERY_BYTES: usize = 1000;
/// A description as far as it is searched, in bytes.
const SEARCHED_BYTES: usize = 2000;
/// A summary, in bytes.
const SUMMARY_BYTES: usize = 160;

/// One tool that a search found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hit {
    /// `server.tool`.
    pub tool: String,
    /// Its signature in the program's language.
    pub signature: String,
    /// The first sentence of its description: the upstream's words, cleaned, at most 160 bytes.
    pub summary: String,
}

/// The index of one catalog.
pub(crate) struct Index {
    catalog: Arc<Catalog>,
    engine: SearchEngine<u32, u32, Words>,
}

impl Index {
    pub(crate) fn new(catalog: Arc<Catalog>) -> Index {
        let documents: Vec<Document<u32>> = (0..).zip(catalog.tools()).map(|(id, tool)| Document::new(id, words(tool))).collect();
        let engine = SearchEngineBuilder::with_tokenizer_and_documents(Words, documents).build();
        Index { catalog, engine }
    }

    /// Whether it is the index of just this catalog.
    pub(crate) fn is_of(&self, catalog: &Arc<Catalog>) -> bool {
        Arc::ptr_eq(&self.catalog, catalog)
    }
}

/// What a tool is found by. Its name counts most.
fn words(tool: &Tool) -> String {
    let name = &tool.name;
    let description = clean_line(tool.description.as_deref().unwrap_or_default(), SEARCHED_BYTES);
    let arguments: Vec<&str> = tool.parameters().into_iter().map(|(name, _)| name).collect();
    format!("{0} {0} {0} {1} {2} {3}", name.tool, name.server, description, arguments.join(" "))
}

/// See [`crate::Upstreams::search`].
pub(crate) fn search(index: &Index, learned: &Learned, query: &str, limit: usize, guest: Guest) -> Vec<Hit> {
    let tools: Vec<&Tool> = index.catalog.tools().collect();
    let query = &query[..query.floor_char_boundary(QUERY_BYTES)];
    let mut found: Vec<(f32, usize)> = if query.trim().is_empty() {
        (0..tools.len()).map(|id| (0.0, id)).collect()
    } else {
        index.engine.search(query, None).into_iter().map(|result| (result.score, result.document.id as usize)).collect()
    };
    found.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    found
        .into_iter()
        .filter_map(|(_, id)| tools.get(id))
        .take(limit.min(HITS))
        .map(|tool| Hit {
            tool: tool.name.to_string(),
            signature: signature(&tool.name.to_string(), tool, learned, Style::of(guest)),
            summary: summary(tool),
        })
        .collect()
}

fn summary(tool: &Tool) -> String {
    let words = clean_line(tool.description.as_deref().unwrap_or_default(), SEARCHED_BYTES);
    let end = words.find(". ").map_or(words.len(), |dot| dot + 1);
    clean_line(&words[..end], SUMMARY_BYTES)
}

/// Splits text into words of letters and digits, also within `camelCase`, in lower case, without a plural `s`.
struct Words;

impl Tokenizer for Words {
    fn tokenize(&self, text: &str) -> Vec<String> {
        let mut words = vec![String::new()];
        let mut previous_lower = false;
        for c in text.chars() {
            if !c.is_alphanumeric() || (c.is_uppercase() && previous_lower) {
                words.push(String::new());
            }
            previous_lower = c.is_lowercase();
            if c.is_alphanumeric()
                && let Some(word) = words.last_mut()
            {
                word.extend(c.to_lowercase());
            }
        }
        words.into_iter().filter(|word| !word.is_empty()).map(singular).collect()
    }
}

fn singular(mut word: String) -> String {
    if word.len() > 3 && word.ends_with('s') && !word.ends_with("ss") {
        word.pop();
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;
    use policy::{Annotations, Server, ServerName, ServerState, ToolName};
    use serde_json::json;

    fn found(query: &str) -> Vec<String> {
        let tool = |server: &str, name: &str, description: &str| Tool {
            name: ToolName { server: ServerName::mint(server).unwrap(), tool: name.to_owned() },
            original: name.to_owned(),
            description: Some(description.to_owned()),
            input_schema: json!({"type": "object", "properties": {"issueNumber": {"type": "integer"}}}),
            output_schema: None,
            annotations: Annotations::default(),
            facts: policy::Facts::UNREVIEWED,
            hash: String::new(),
        };
        let mut catalog = Catalog::default();
        for tool in [
            tool("github", "list_issues", "Lists the issues of a repository."),
            tool("github", "create_comment", "Adds a comment to an issue. Second sentence."),
            tool("files", "read_file", "Reads a file."),
        ] {
            let server = catalog.servers.entry(tool.name.server.clone()).or_insert(Server {
                state: ServerState::Listed,
                tools: Default::default(),
                quarantined: Default::default(),
            });
            server.tools.insert(tool.name.tool.clone(), tool);
        }
        let index = Index::new(Arc::new(catalog));
        search(&index, &Learned::default(), query, 2, Guest::Python).into_iter().map(|hit| format!("{} | {}", hit.tool, hit.summary)).collect()
    }

    #[test]
    fn the_best_tool_comes_first() {
        assert_eq!(found("comment on an issue")[0], "github.create_comment | Adds a comment to an issue.");
        assert_eq!(found("readFile")[0], "files.read_file | Reads a file.");
        assert_eq!(found("zebra"), [""; 0]);
        assert_eq!(found(""), ["files.read_file | Reads a file.", "github.create_comment | Adds a comment to an issue."]);
    }
}
