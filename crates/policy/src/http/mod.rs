//! `[http]`: which requests `fetch` may send. A request that no rule allows is denied; there is no default that allows one.
//!
//! A rule is about methods, a scheme, a host, a port and a path; the query is the program's. Paths are compared as the URL standard writes them,
//! with `..` resolved, and a second time with encoded slashes read as slashes, so that no server can be led elsewhere by them.

mod address;
mod pattern;

pub use address::refused_address;
pub use pattern::{UrlPattern, UrlPatternError};

use crate::{LabelKind, Labels, Layer, Origin};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};
use url::Url;

/// What a request does, as HTTP names it. Closed: `CONNECT` and `TRACE` are deliberately absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "each is what HTTP says it is")]
pub enum Method {
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
    Options,
}

impl Method {
    /// Every method.
    pub const ALL: [Method; 7] = [Method::Get, Method::Head, Method::Post, Method::Put, Method::Patch, Method::Delete, Method::Options];

    /// As it is written on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Head => "HEAD",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
            Method::Options => "OPTIONS",
        }
    }

    /// Reads one, in either case as browsers do.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str().eq_ignore_ascii_case(text))
    }

    /// Whether it only reads, as far as HTTP can promise it.
    #[must_use]
    pub fn reads(self) -> bool {
        matches!(self, Method::Get | Method::Head)
    }
}

/// One rule of `[http]`. The first one that matches a request decides.
#[derive(Debug, Clone)]
pub struct HttpRule {
    /// The requests that it is about: any of these.
    pub allow: Vec<UrlPattern>,
    /// The kinds of label that still ask although it allows.
    pub guard: BTreeSet<LabelKind>,
    /// The labels that its replies carry.
    pub data: BTreeSet<LabelKind>,
    /// To which addresses a host may lead.
    pub addresses: Addresses,
    /// What the broker adds to the request. Programs never see it.
    pub headers: SecretHeaders,
    /// The line of the file on which it begins, from 1: for people.
    pub line: usize,
}

impl HttpRule {
    /// Whether it is about this request.
    #[must_use]
    pub fn names(&self, method: Method, url: &Url) -> bool {
        self.allow.iter().any(|pattern| pattern.matches(method, url))
    }

    /// The labels that a reply from there carries.
    #[must_use]
    pub fn labels_of(&self, url: &Url) -> Labels {
        Labels::of(self.data.iter().copied(), &origin_of(url))
    }
}

/// To which addresses a rule's hosts may lead.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Addresses {
    /// Those of the public internet: see [`refused_address`].
    #[default]
    Public,
    /// All: for hosts that the operator named exactly.
    All,
}

/// Headers that may hold a secret: their values have no `Debug`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SecretHeaders(pub BTreeMap<String, String>);

impl fmt::Debug for SecretHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// A request that is to be decided.
#[derive(Debug, Clone, Copy)]
pub struct AskedHttp<'a> {
    /// What it does.
    pub method: Method,
    /// Where it goes.
    pub url: &'a Url,
    /// What the run had read when it made the request, its context and session included.
    pub labels: &'a Labels,
}

impl AskedHttp<'_> {
    /// The labels because of which a request still asks though a rule allows it: what is private elsewhere may not leave, and what somebody else
    /// wrote may steer what changes something.
    pub(crate) fn guarded(&self, guard: &BTreeSet<LabelKind>) -> Labels {
        if Layer::Labels.is_off() {
            return Labels::default();
        }
        let own = origin_of(self.url);
        let mut found = Labels::default();
        for kind in guard {
            if *kind == LabelKind::Private || !self.method.reads() {
                found.join(&self.labels.foreign(*kind, &own));
            }
        }
        found
    }
}

/// The origin of data that comes from there: the host, with its port where that is not the scheme's own.
#[must_use]
pub fn origin_of(url: &Url) -> Origin {
    let host = url.host_str().unwrap_or_default();
    Origin::Host(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
