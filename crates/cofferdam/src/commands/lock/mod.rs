//! `cofferdam lock`: what the servers are and list now beside what the operator accepted, and the operator's word on it.
//!
//! The only ways to accept anything: this command's options, and its screen on a terminal. What is shown of a server's own words is escaped
//! and never more than a line, but for definitions, which are shown whole in a diff.

mod screen;
mod show;

use super::{Exit, UsageError, looking, upstreams};
use crate::cli::{Accept, Lock as Asked};
use crate::config::{Config, Sources, load};
use crate::output::{self, Spinner, plain};
use crate::surroundings::Surroundings;
use policy::{Effect, Facts, ServerName};
use screen::{Screen, Step};
use std::collections::BTreeMap;
use std::io::{BufRead, IsTerminal};
use std::sync::Arc;
use upstream::{Lock, Review, Upstreams};

/// What is accepted: of each server some tools with their facts.
type Accepted<'a> = Vec<(&'a Review, BTreeMap<String, Facts>)>;

/// Reviews, and accepts what is named.
pub(crate) async fn lock(asked: &Asked, sources: &Sources, around: &Surroundings) -> anyhow::Result<Exit> {
    let config = load(sources, around)?;
    review(asked, &config, sources, around).await
}

/// The same with a configuration that was read.
pub(super) async fn review(asked: &Asked, config: &Config, sources: &Sources, around: &Surroundings) -> anyhow::Result<Exit> {
    let accept = &asked.accept;
    if !accept.anything() && (accept.effect.is_some() || accept.external.is_some()) {
        return Err(UsageError("--effect and --external say how tools are accepted; add --accept NAME or --accept-all".to_owned()).into());
    }
    if accept.anything() && sources.locked {
        return Err(UsageError("--locked adds nothing to the lockfile; leave it out to accept something".to_owned()).into());
    }
    let lock = looking(config, sources, around)?;
    let upstreams = upstreams(config, Arc::clone(&lock), around)?;
    let done = with(asked, config, &lock, &upstreams).await;
    upstreams.shutdown().await;
    done
}

async fn with(asked: &Asked, config: &Config, lock: &Arc<Lock>, upstreams: &Arc<Upstreams>) -> anyhow::Result<Exit> {
    let accept = &asked.accept;
    let named = named(accept, upstreams)?;
    let talks = !asked.check && !asked.json && !accept.anything() && std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    if accept.anything() {
        // Who accepts a server by name, or everything, has it started as it is now.
        lock.let_start(named.keys().cloned());
    }
    // Where some are named, the others are not even started.
    let wanted: Vec<ServerName> = if accept.anything() { named.keys().cloned().collect() } else { upstreams.names().cloned().collect() };
    let spinner = Spinner::start(&format!("asking {} servers for their tools", wanted.len()));
    upstreams.settled_catalog(&wanted).await;
    drop(spinner);
    let mut reviews = upstreams.review(&wanted);
    if talks {
        return on_screen(lock, upstreams, &reviews).await;
    }
    if accept.anything() {
        let accepted = accepted(accept, &named, &reviews)?;
        lock.accept(&accepted).map_err(anyhow::Error::new)?;
        let told = show::accepted(&accepted);
        reviews = upstreams.review(&wanted);
        if asked.json {
            output::print_json(&show::document(lock, &reviews, &config.failed));
        } else {
            output::print(&plain(&told));
        }
        return Ok(exit(&reviews));
    }
    if asked.json {
        output::print_json(&show::document(lock, &reviews, &config.failed));
    } else {
        output::print(&plain(&show::all(lock, &reviews, &config.failed)));
    }
    let waits = reviews.iter().any(Review::waits);
    Ok(if waits || !config.failed.is_empty() { Exit::Program } else { exit(&reviews) })
}

/// After accepting: whether each of the servers could be looked at.
fn exit(reviews: &[Review]) -> Exit {
    if reviews.iter().any(|review| review.failed.is_some()) { Exit::Program } else { Exit::Ok }
}

/// The servers that are named, each with the tools that are; none means all of its tools.
fn named(accept: &Accept, upstreams: &Upstreams) -> Result<BTreeMap<ServerName, Vec<String>>, UsageError> {
    if accept.accept_all {
        return Ok(upstreams.names().map(|name| (name.clone(), Vec::new())).collect());
    }
    let mut named: BTreeMap<ServerName, Option<Vec<String>>> = BTreeMap::new();
    for name in &accept.accept {
        let (server, tool) = name.split_once('.').map_or((name.as_str(), None), |(server, tool)| (server, Some(tool)));
        let Some(server) = upstreams.names().find(|known| known.as_str() == server) else {
            let meant = policy::closest(server, upstreams.names().map(ServerName::as_str));
            let hint = meant.map_or_else(|| "`cofferdam doctor` lists the servers".to_owned(), |meant| format!("did you mean {meant:?}?"));
            return Err(UsageError(plain(&format!("there is no server {server:?}; {hint}"))));
        };
        let tools = named.entry(server.clone()).or_insert_with(|| Some(Vec::new()));
        match (tool, tools) {
            (Some(tool), Some(tools)) => tools.push(tool.to_owned()),
            (Some(_), None) => {}
            (None, tools) => *tools = None,
        }
    }
    Ok(named.into_iter().map(|(server, tools)| (server, tools.unwrap_or_default())).collect())
}

/// What is accepted of each review.
fn accepted<'a>(accept: &Accept, named: &BTreeMap<ServerName, Vec<String>>, reviews: &'a [Review]) -> Result<Accepted<'a>, UsageError> {
    let facts = |proposed: Facts| Facts {
        effect: match accept.effect.as_deref() {
            Some("read") => Effect::Read,
            Some(_) => Effect::Write,
            None => proposed.effect,
        },
        external: accept.external.as_deref().map_or(proposed.external, |external| external == "yes"),
    };
    let overrides = accept.effect.is_some() || accept.external.is_some();
    let mut all = Vec::new();
    for review in reviews.iter().filter(|review| review.failed.is_none()) {
        let only = named.get(&review.name).map(Vec::as_slice).unwrap_or_default();
        if let Some(tool) = only.iter().find(|tool| !review.tools.contains_key(*tool)) {
            if let Some(out) = review.kept_out.iter().find(|out| out.name.as_ref() == Some(tool)) {
                return Err(UsageError(format!("{}.{tool} cannot be accepted: {}", review.name, out.reason)));
            }
            let meant = policy::closest(tool, review.tools.keys().map(String::as_str)).map(|meant| format!("; did you mean {meant:?}?"));
            return Err(UsageError(plain(&format!("{} has no tool {tool:?}{}", review.name, meant.unwrap_or_default()))));
        }
        // Without a name only what waits: what the operator said before stays.
        let chosen = review.tools.iter().filter(|(name, tool)| if only.is_empty() { tool.waits() || overrides } else { only.contains(name) });
        all.push((review, chosen.map(|(name, tool)| (name.clone(), facts(tool.proposed))).collect()));
    }
    Ok(all)
}

/// One screen on a terminal. Servers whose launch line changed come first, each with a question of its own: they are not started before.
async fn on_screen(lock: &Arc<Lock>, upstreams: &Arc<Upstreams>, reviews: &[Review]) -> anyhow::Result<Exit> {
    let mut lines = std::io::stdin().lock().lines();
    let changed: Vec<&Review> = reviews.iter().filter(|review| review.other_launch.is_some()).collect();
    let mut started = Vec::new();
    for review in changed {
        output::print(&plain(&show::launch(review)));
        output::ask("start it this way, to see its tools? [y/N] ");
        let answer = lines.next().transpose()?.unwrap_or_default();
        if matches!(answer.trim(), "y" | "Y" | "yes") {
            started.push(review.name.clone());
        }
    }
    let mut reviews = reviews.to_vec();
    if !started.is_empty() {
        lock.let_start(started.iter().cloned());
        let spinner = Spinner::start("asking for their tools");
        upstreams.settled_catalog(&started).await;
        drop(spinner);
        let names: Vec<ServerName> = reviews.iter().map(|review| review.name.clone()).collect();
        reviews = upstreams.review(&names);
    }
    let mut screen = Screen::of(&reviews);
    if screen.is_empty() {
        output::print(&plain(&show::all(lock, &reviews, &[])));
        return Ok(if reviews.iter().any(Review::waits) { Exit::Program } else { exit(&reviews) });
    }
    output::print(&plain(&screen.text()));
    loop {
        output::ask("> ");
        let Some(line) = lines.next().transpose()? else {
            output::print("nothing was accepted");
            return Ok(Exit::Program);
        };
        match screen.take(&line) {
            Ok(Step::Again) => output::print(&plain(&screen.text())),
            Ok(Step::Show(text)) => output::print(&plain(&text)),
            Ok(Step::Quit) => {
                output::print("nothing was accepted");
                return Ok(Exit::Program);
            }
            Ok(Step::Accept) => {
                let accepted = screen.accepted();
                lock.accept(&accepted).map_err(anyhow::Error::new)?;
                output::print(&plain(&show::accepted(&accepted)));
                let names: Vec<ServerName> = reviews.iter().map(|review| review.name.clone()).collect();
                let left = upstreams.review(&names);
                return Ok(if left.iter().any(Review::waits) { Exit::Program } else { exit(&left) });
            }
            Err(wrong) => output::complain(&plain(&wrong)),
        }
    }
}
