//! What an upstream is and lists now, beside what the operator accepted of it: the material of a decision, and its only way into the lockfile.

use super::{Document, LaunchLine, Lock, LockError, LockedServer, LockedTool, Standing, definition::Definition, standing};
use crate::listing::{Listing, Quarantined};
use crate::text::clean_line;
use policy::{Effect, Facts, ServerName, Tool, propose};
use std::collections::BTreeMap;

/// How much of a tool's description is shown on its line, in bytes.
const WORDS: usize = 100;

/// One upstream under review.
#[derive(Debug, Clone)]
pub struct Review {
    /// Its name.
    pub name: ServerName,
    /// How it is started or reached now.
    pub launch: LaunchLine,
    /// How the operator accepted that it is, where that differs.
    pub other_launch: Option<LaunchLine>,
    /// Whether the lockfile has it.
    pub is_known: bool,
    /// Why its tools could not be listed.
    pub failed: Option<String>,
    /// Its tools by the part of their name after the dot.
    pub tools: BTreeMap<String, ReviewedTool>,
    /// Tools that cannot be accepted.
    pub kept_out: Vec<Quarantined>,
    /// Accepted tools that it does not list any more.
    pub gone: Vec<String>,
}

/// One tool under review.
#[derive(Debug, Clone)]
pub struct ReviewedTool {
    /// The tool as its upstream defines it now; its facts are those that count now.
    pub tool: Tool,
    /// What the lockfile says of it.
    pub standing: Standing,
    /// What is proposed for it: a guess that errs to the side that asks, and never less than what was accepted before.
    pub proposed: Facts,
    /// The beginning of its own description, on one line and without what cannot be seen.
    pub words: String,
    /// The definition now, as text of the upstream's: characters that hide are still in it.
    pub definition: String,
    /// The definition as it was accepted, where it differs and was kept.
    pub before: Option<String>,
    kept: Definition,
}

impl ReviewedTool {
    /// Whether it waits for the operator.
    #[must_use]
    pub fn waits(&self) -> bool {
        !matches!(self.standing, Standing::Locked(facts) if facts.effect != Effect::Unreviewed)
    }
}

impl Review {
    /// Whether anything of it waits for the operator.
    #[must_use]
    pub fn waits(&self) -> bool {
        !self.is_known || self.other_launch.is_some() || self.tools.values().any(ReviewedTool::waits)
    }
}

impl Lock {
    /// What there is to say of an upstream whose tools were listed, or were not.
    pub(crate) fn review(&self, name: &ServerName, launch: &LaunchLine, listing: Option<&Listing>, failed: Option<String>) -> Review {
        let document = self.document();
        let locked = document.servers.get(name.as_str());
        let tools: BTreeMap<String, ReviewedTool> = listing
            .into_iter()
            .flat_map(|listing| &listing.tools)
            .filter_map(|(tool, found)| Some((tool.clone(), self.reviewed(&document, found, listing?.definitions.get(tool)?))))
            .collect();
        let accepted = locked.into_iter().flat_map(|locked| locked.tools.keys());
        Review {
            name: name.clone(),
            launch: launch.clone(),
            other_launch: locked.map(|locked| &locked.launch).filter(|accepted| accepted.hash != launch.hash).cloned(),
            is_known: locked.is_some(),
            // What could not be listed may still be there.
            gone: accepted.filter(|tool| listing.is_some() && !tools.contains_key(*tool)).cloned().collect(),
            kept_out: listing.map(|listing| listing.quarantined.clone()).unwrap_or_default(),
            failed,
            tools,
        }
    }

    fn reviewed(&self, document: &Document, tool: &Tool, definition: &Definition) -> ReviewedTool {
        let standing = standing(document, tool);
        let locked = document.servers.get(tool.name.server.as_str()).and_then(|server| server.tools.get(&tool.name.tool));
        let accepted = locked.filter(|locked| locked.facts.effect != Effect::Unreviewed);
        let facts = if let Standing::Locked(facts) = standing { facts } else { Facts::UNREVIEWED };
        ReviewedTool {
            tool: Tool { facts, ..tool.clone() },
            standing,
            proposed: accepted.map_or_else(|| propose(tool), |locked| stricter(locked.facts, propose(tool))),
            words: clean_line(tool.description.as_deref().unwrap_or_default(), WORDS),
            definition: definition.text.clone(),
            before: locked.filter(|locked| locked.hash != definition.hash).and_then(|locked| self.definitions.get(&locked.hash)),
            kept: definition.clone(),
        }
    }

    /// Accepts upstreams as they were reviewed: their launch lines, and these of their tools with these facts. Of an upstream that the lockfile did not
    /// have, the tools that are not named are recorded as unreviewed; of one that it had, they stay as they were. Blocks on the disk.
    ///
    /// # Errors
    /// When the file cannot be read or written, or is no lockfile.
    pub fn accept(&self, accepted: &[(&Review, BTreeMap<String, Facts>)]) -> Result<(), LockError> {
        for (review, _) in accepted {
            self.definitions.keep(review.tools.values().map(|tool| &tool.kept));
        }
        self.change(|document| {
            for (review, facts) in accepted {
                let server = document.servers.entry(review.name.as_str().to_owned()).or_insert_with(|| review.unreviewed());
                server.launch = review.launch.clone();
                for (name, facts) in facts {
                    let Some(tool) = review.tools.get(name) else { continue };
                    server.tools.insert(name.clone(), LockedTool { facts: *facts, hash: tool.kept.hash.clone() });
                }
                // A tool that is gone and comes back is new.
                server.tools.retain(|name, _| !review.gone.contains(name));
            }
        })
    }
}

impl Review {
    fn unreviewed(&self) -> LockedServer {
        let tools = self.tools.iter().map(|(name, tool)| {
            let facts = Facts { external: tool.proposed.external, ..Facts::UNREVIEWED };
            (name.clone(), LockedTool { facts, hash: tool.kept.hash.clone() })
        });
        LockedServer { launch: self.launch.clone(), tools: tools.collect() }
    }
}

fn stricter(one: Facts, other: Facts) -> Facts {
    let effect = if one.may_write() || other.may_write() { Effect::Write } else { Effect::Read };
    Facts { effect, external: one.external || other.external }
}
