//! Wording of servers' definitions that speaks to a model, for the operator: what is found in each tool, and how it is told.

use executor::{Wording, wording};
use policy::ServerName;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use upstream::{Review, ReviewedTool};

/// The names of the tools of all servers, for finding those of others in a definition.
#[derive(Debug, Default)]
pub(crate) struct Names(BTreeMap<ServerName, BTreeSet<String>>);

impl Names {
    /// Of everything under review.
    pub(crate) fn of(reviews: &[Review]) -> Self {
        Names(reviews.iter().map(|review| (review.name.clone(), review.tools.keys().cloned().collect())).collect())
    }

    /// What is found in a tool of this server.
    pub(crate) fn wording(&self, server: &ServerName, tool: &ReviewedTool) -> Vec<Wording> {
        let own = self.0.get(server);
        let mut others = BTreeSet::new();
        for (other, tools) in self.0.iter().filter(|(other, _)| *other != server) {
            for name in tools {
                others.insert(format!("{other}.{name}"));
                // A name of one word is as likely a word.
                if name.contains('_') && own.is_none_or(|own| !own.contains(name)) {
                    others.insert(name.clone());
                }
            }
        }
        wording(&tool.definition, &others)
    }
}

/// What was found, a line each, indented by so many spaces.
pub(crate) fn told(found: &[Wording], indent: usize) -> String {
    let mut text = String::new();
    for Wording { kind, threat, words } in found {
        // Writing to a String cannot fail.
        let _infallible = writeln!(text, "{:indent$}! {} ({threat}): {words:?}", "", kind.words());
    }
    text
}

/// How many tools that wait for the operator have such wording; `None`: none.
pub(crate) fn counted(reviews: &[Review]) -> Option<String> {
    let names = Names::of(reviews);
    let waiting =
        reviews.iter().flat_map(|review| review.tools.iter().map(move |(name, tool)| (review, name, tool))).filter(|(.., tool)| tool.waits());
    let worded = waiting.filter(|(review, _, tool)| !names.wording(&review.name, tool).is_empty());
    let tools: Vec<String> = worded.map(|(review, name, _)| format!("{}.{name}", review.name)).collect();
    (!tools.is_empty())
        .then(|| format!("the words of {} speak to a model rather than describe a tool: `cofferdam lock` shows them", tools.join(", ")))
}
