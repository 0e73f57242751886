//! `cofferdam tools`: what programs can call, seen from the command line.

use super::{
    Exit, looking, upstreams,
    words::{self, Names},
};
use crate::cli::{Shape, Tools};
use crate::config::{Config, Sources, load};
use crate::output::{self, Spinner, plain};
use crate::surroundings::Surroundings;
use executor::Wording;
use policy::{Catalog, Server, ServerName, ServerState};
use serde_json::{Value, json};
use std::sync::Arc;
use upstream::Upstreams;

/// Lists, searches or describes.
pub(crate) async fn tools(command: Tools, sources: &Sources, around: &Surroundings) -> anyhow::Result<Exit> {
    let config = load(sources, around)?;
    let upstreams = upstreams(&config, looking(&config, sources, around)?, around)?;
    let wanted = wanted(&command, &upstreams);
    let spinner = Spinner::start("asking the servers for their tools");
    let catalog = upstreams.settled_catalog(&wanted).await;
    drop(spinner);
    let exit = match command {
        Tools::List { server, shape } => list(&config, &upstreams, &catalog, server.as_deref(), shape),
        Tools::Search { query, limit, shape } => search(&config, &upstreams, &catalog, &query.join(" "), usize::from(limit), shape),
        Tools::Describe { name, shape } => describe(&config, &upstreams, &catalog, &name, shape),
    };
    upstreams.shutdown().await;
    Ok(exit)
}

/// The servers whose tools are asked for: only the one that the command names. Where a tool of a server that is not there is described, all of
/// them: the tool that was meant may be anywhere.
fn wanted(command: &Tools, upstreams: &Upstreams) -> Vec<ServerName> {
    let all = || upstreams.names().cloned();
    let only = |named: &str| all().filter(|name| name.as_str() == named).collect();
    match command {
        Tools::List { server: Some(server), .. } => only(server),
        Tools::Describe { name, .. } => {
            let one: Vec<ServerName> = only(name.split('.').next().unwrap_or_default());
            if one.is_empty() { all().collect() } else { one }
        }
        Tools::List { .. } | Tools::Search { .. } => all().collect(),
    }
}

/// Every tool with its signature, by server.
fn list(config: &Config, upstreams: &Upstreams, catalog: &Arc<Catalog>, only: Option<&str>, shape: Shape) -> Exit {
    let chosen = |name: &ServerName| only.is_none_or(|only| name.as_str() == only);
    let servers: Vec<(&ServerName, &Server)> = catalog.servers.iter().filter(|(name, _)| chosen(name)).collect();
    let unusable: Vec<_> = config.failed.iter().filter(|failed| chosen(&failed.name)).collect();
    if let (Some(only), true, true) = (only, servers.is_empty(), unusable.is_empty()) {
        return absent(only, config, upstreams);
    }
    let failed = unusable.iter().map(|failed| (&failed.name, &failed.reason));
    let failed = failed.chain(servers.iter().filter_map(|(name, server)| Some((*name, reason(server)?))));
    let failed: Vec<(&ServerName, &String)> = failed.collect();
    if shape.json {
        let listed = servers.iter().filter(|(_, server)| reason(server).is_none()).map(|(name, server)| {
            let tools: Vec<Value> = server.tools.values().map(|tool| json!({"tool": tool.name.to_string(), "original": tool.original})).collect();
            json!({"server": name, "ok": true, "tools": tools})
        });
        let failed = failed.iter().map(|(name, reason)| json!({"server": name, "ok": false, "reason": reason}));
        output::print_json(&listed.chain(failed).collect());
    } else {
        let mut lines = Vec::new();
        for (name, server) in servers.iter().filter(|(_, server)| reason(server).is_none()) {
            lines.push(upstreams.describe(catalog, name.as_str(), shape.language.guest()).unwrap_or_else(|error| error.message));
            if server.tools.is_empty() {
                lines.push(format!("{name} has no tools"));
            }
        }
        lines.extend(failed.iter().map(|(name, reason)| format!("{name} failed: {reason}")));
        if lines.is_empty() {
            lines.push("no servers are configured; give --config FILE or --mcp-config FILE".to_owned());
        }
        output::print(&plain(&lines.join("\n\n")));
    }
    if failed.is_empty() { Exit::Ok } else { Exit::Program }
}

/// The best hits.
fn search(config: &Config, upstreams: &Upstreams, catalog: &Arc<Catalog>, query: &str, limit: usize, shape: Shape) -> Exit {
    let unusable = config.failed.iter().map(|failed| (&failed.name, &failed.reason));
    for (name, reason) in unusable.chain(catalog.servers.iter().filter_map(|(name, server)| Some((name, reason(server)?)))) {
        output::complain(&plain(&format!("{name} failed: {reason}")));
    }
    let hits = upstreams.search(catalog, query, limit, shape.language.guest());
    if shape.json {
        output::print_json(&hits.iter().map(|hit| json!({"tool": hit.tool, "signature": hit.signature, "summary": hit.summary})).collect());
    } else if hits.is_empty() {
        output::print("nothing was found");
    } else {
        let lines: Vec<String> = hits.iter().map(|hit| format!("{}\n    {}", hit.signature, hit.summary)).collect();
        output::print(&plain(&lines.join("\n")));
    }
    Exit::Ok
}

/// One tool or server.
fn describe(config: &Config, upstreams: &Upstreams, catalog: &Catalog, name: &str, shape: Shape) -> Exit {
    let server = name.split('.').next().unwrap_or_default();
    if let Some(failed) = config.failed.iter().find(|failed| failed.name.as_str() == server) {
        output::complain(&plain(&format!("{} cannot be used: {}", failed.name, failed.reason)));
        return Exit::Program;
    }
    match upstreams.describe(catalog, name, shape.language.guest()) {
        Ok(text) if shape.json => output::print_json(&json!({"name": name, "text": text, "wording": found(upstreams, name)})),
        Ok(text) => output::print(&plain(&format!("{text}{}", words::told(&found(upstreams, name), 0)))),
        Err(error) => {
            output::complain(&plain(&error.message));
            return Exit::Program;
        }
    }
    Exit::Ok
}

/// Wording of a tool that speaks to a model.
fn found(upstreams: &Upstreams, name: &str) -> Vec<Wording> {
    let names: Vec<ServerName> = upstreams.names().cloned().collect();
    let reviews = upstreams.review(&names);
    let (all, (server, tool)) = (Names::of(&reviews), name.split_once('.').unwrap_or((name, "")));
    let review = reviews.iter().find(|review| review.name.as_str() == server);
    review.and_then(|review| Some(all.wording(&review.name, review.tools.get(tool)?))).unwrap_or_default()
}

/// Why a server's tools are not known.
fn reason(server: &Server) -> Option<&String> {
    match &server.state {
        ServerState::Failed(reason) => Some(reason),
        ServerState::Listed | ServerState::Unknown => None,
    }
}

/// There is no such server. Names also those that cannot be used, and why: one of them may be meant.
fn absent(name: &str, config: &Config, upstreams: &Upstreams) -> Exit {
    let names: Vec<&str> = upstreams.names().chain(config.failed.iter().map(|failed| &failed.name)).map(ServerName::as_str).collect();
    let hint = match policy::closest(name, names.iter().copied()) {
        Some(meant) => format!("; did you mean {meant:?}?"),
        None => format!("; there are: {}", if names.is_empty() { "none".to_owned() } else { names.join(", ") }),
    };
    output::complain(&plain(&format!("there is no server {name:?}{hint}")));
    for failed in &config.failed {
        output::complain(&plain(&format!("{} cannot be used: {}", failed.name, failed.reason)));
    }
    Exit::Usage
}
