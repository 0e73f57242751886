//! All upstreams of one principal: the crate's front. Nothing here waits for one upstream on behalf of another.

use crate::config::ServerConfig;
use crate::connection::WireLimits;
use crate::eras::Eras;
use crate::learned::{Learned, Shape};
use crate::lock::{Lock, Review};
use crate::search::{Hit, Index};
use crate::server::{ServerStatus, Upstream};
use crate::{describe, search};
use policy::{CallError, Catalog, ErrorCode, Guest, Limits, Reply, ServerName, Tool, ToolName};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;

/// How long [`Upstreams::shutdown`] takes at most.
const SHUTDOWN: Duration = Duration::from_secs(5);

/// The configured upstreams. Starts none of them before it is needed.
pub struct Upstreams {
    servers: BTreeMap<ServerName, Arc<Upstream>>,
    catalog: Mutex<Picture>,
    learned: Learned,
    index: Mutex<Option<Arc<Index>>>,
    lock: Arc<Lock>,
}

/// A catalog and what it was made from: the version of the lockfile, then those of the upstreams.
#[derive(Default)]
struct Picture {
    versions: Vec<u64>,
    catalog: Arc<Catalog>,
}

impl fmt::Debug for Upstreams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.servers.keys()).finish()
    }
}

impl Upstreams {
    /// Upstreams by their configuration; of two with the same name the last counts. `cache` is a directory in which the eras of upstreams
    /// are remembered; `lock` says what the operator accepted; of `limits` the size and depth of replies count. Must be used within a Tokio runtime.
    #[must_use]
    pub fn new(configs: Vec<ServerConfig>, cache: Option<PathBuf>, lock: Arc<Lock>, limits: &Limits) -> Arc<Self> {
        let eras = Arc::new(Eras::open(cache));
        let limits = WireLimits { bytes: limits.reply_bytes, depth: limits.reply_depth };
        let servers = configs.into_iter().map(|config| (config.name.clone(), Upstream::new(config, limits, eras.clone(), lock.clone()))).collect();
        Arc::new(Upstreams { servers, catalog: Mutex::default(), learned: Learned::default(), index: Mutex::default(), lock })
    }

    /// The configured names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &ServerName> {
        self.servers.keys()
    }

    /// The tools of all upstreams as far as they are known. Starts and lists those of `wanted` that were not listed yet or announced a
    /// change, all at the same time, each within its start timeout; one that fails is [`policy::ServerState::Failed`] and is tried again at the
    /// first call of this after 1 s, 2 s, 4 s ... 60 s. So is, until it is there, one that takes longer than 12 s: nobody waits longer for
    /// it, and its start goes on. Cheap when nothing changed.
    pub async fn catalog(&self, wanted: &[ServerName]) -> Arc<Catalog> {
        let locked = self.lock.refresh();
        let unlisted = wanted.iter().filter_map(|name| self.servers.get(name)).filter(|server| !server.is_listed());
        let mut listing: JoinSet<()> = unlisted.map(|server| server.clone().ensure_listed_soon()).collect();
        if listing.is_empty() {
            return self.known(locked);
        }
        while listing.join_next().await.is_some() {}
        self.known(self.lock.refresh())
    }

    /// As [`Upstreams::catalog`], however long a start takes within its timeout: for an operator, who wants to know how it ends.
    pub async fn settled_catalog(&self, wanted: &[ServerName]) -> Arc<Catalog> {
        let wanted = wanted.iter().filter_map(|name| self.servers.get(name));
        let mut listing: JoinSet<()> = wanted.map(|server| server.clone().ensure_listed()).collect();
        while listing.join_next().await.is_some() {}
        self.known(self.lock.refresh())
    }

    /// The tools of all upstreams as far as they are known now, judged by this version of the lockfile.
    fn known(&self, locked: u64) -> Arc<Catalog> {
        let versions: Vec<u64> = std::iter::once(locked).chain(self.servers.values().map(|server| server.version())).collect();
        let mut picture = self.catalog.lock().unwrap_or_else(PoisonError::into_inner);
        if picture.versions != versions {
            let servers = self.servers.iter().map(|(name, server)| (name.clone(), server.picture())).collect();
            *picture = Picture { versions, catalog: Arc::new(Catalog { servers }) };
        }
        picture.catalog.clone()
    }

    /// Calls a tool with a timeout for the call itself (lowered by the upstream's own `call_timeout`); an upstream that does not run is started
    /// first, within its start timeout. Dropping the future tells the upstream that nobody waits.
    ///
    /// # Errors
    /// `upstream_unavailable` when it cannot be started, ended or closed its connection; `timeout`; `reply_too_large`; `tool_output_invalid`
    /// when the answer is no result; `tool_failed` or `invalid_arguments` with the upstream's own message when it answered with a protocol
    /// error; `unknown_tool` when no upstream of that name is configured. A failure of the tool itself is a [`Reply`].
    pub async fn call(&self, tool: &Tool, arguments: Map<String, Value>, timeout: Duration) -> Result<Reply, CallError> {
        match self.servers.get(&tool.name.server) {
            Some(server) => server.call(tool, arguments, timeout).await,
            None => Err(CallError::new(ErrorCode::UnknownTool, format!("there is no server {}", tool.name.server)).of(&tool.name)),
        }
    }

    /// Learns the shape of a tool's result from one that really came; use it for tools without an output schema, once whoever reads it has read
    /// the upstream: names can be data. Bounded in size and depth; merged over replies.
    pub fn learn(&self, tool: &ToolName, shape: Shape) {
        self.learned.learn(tool, shape);
    }

    /// Whether what is told of a tool comes from its replies.
    #[must_use]
    pub fn has_learned(&self, tool: &ToolName) -> bool {
        self.learned.get(tool).is_some()
    }

    /// The tools that fit a query best, best first: BM25 over names, descriptions and argument names. An empty query lists tools by name.
    #[must_use]
    pub fn search(&self, catalog: &Arc<Catalog>, query: &str, limit: usize, guest: Guest) -> Vec<Hit> {
        let known = self.index.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let index = match known.filter(|index| index.is_of(catalog)) {
            Some(index) => index,
            None => {
                let index = Arc::new(Index::new(catalog.clone()));
                *self.index.lock().unwrap_or_else(PoisonError::into_inner) = Some(index.clone());
                index
            }
        };
        search::search(&index, &self.learned, query, limit, guest)
    }

    /// What a program's author should know of a server (`name` is `server`: its tools, one line each) or of a tool (`server.tool`: signature,
    /// the upstream's own description, arguments, result, an example), in the guest's language.
    ///
    /// # Errors
    /// `unknown_tool` with the nearest name; `upstream_unavailable` when the server's tools could not be listed.
    pub fn describe(&self, catalog: &Catalog, name: &str, guest: Guest) -> Result<String, CallError> {
        describe::describe(catalog, &self.learned, name, guest)
    }

    /// Typed stubs of one server's tools, as the text of a `.pyi` or `.d.ts` file; empty when it has none.
    #[must_use]
    pub fn stubs(&self, catalog: &Catalog, server: &ServerName, guest: Guest) -> String {
        describe::stubs(catalog, &self.learned, server, guest)
    }

    /// What the operator may know of each upstream, by name.
    #[must_use]
    pub fn status(&self) -> Vec<ServerStatus> {
        self.servers.values().map(|server| server.status()).collect()
    }

    /// What there is for the operator to accept of these upstreams, by name; see [`Upstreams::settled_catalog`], which lists them first.
    #[must_use]
    pub fn review(&self, wanted: &[ServerName]) -> Vec<Review> {
        self.servers.iter().filter(|(name, _)| wanted.contains(name)).map(|(_, server)| server.review()).collect()
    }

    /// Closes all connections and ends all children, all at the same time, within 5 s; nothing can be started afterwards.
    pub async fn shutdown(&self) {
        let mut closing: JoinSet<()> = self
            .servers
            .values()
            .map(|server| {
                let server = server.clone();
                async move { server.shutdown().await }
            })
            .collect();
        let all = async { while closing.join_next().await.is_some() {} };
        if tokio::time::timeout(SHUTDOWN, all).await.is_err() {
            tracing::warn!("some upstreams did not end in time");
        }
    }
}
