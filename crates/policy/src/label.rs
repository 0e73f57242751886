//! Where data came from. Labels are only ever added; the operator alone clears a context.

use crate::ServerName;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, fmt};

/// What a label says of data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LabelKind {
    /// Somebody else wrote it: it may try to steer the model.
    Untrusted,
    /// It belongs to the user: it may not go elsewhere unasked.
    Private,
}

impl LabelKind {
    /// Every kind.
    pub const ALL: [LabelKind; 2] = [LabelKind::Untrusted, LabelKind::Private];

    /// The name used in the configuration and in messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            LabelKind::Untrusted => "untrusted",
            LabelKind::Private => "private",
        }
    }
}

/// Where data came from: an upstream, a directory that the operator granted, or a host that `fetch` reached. Written `github`, `file:/data`,
/// `http:api.example.com`; the name of an upstream has no colon.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", from = "String")]
pub enum Origin {
    /// An upstream.
    Server(ServerName),
    /// A granted directory, by its path in the guest.
    Files(String),
    /// A host.
    Host(String),
}

const FILES: &str = "file:";
const HOST: &str = "http:";

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Server(name) => name.fmt(f),
            Origin::Files(mount) => write!(f, "{FILES}{mount}"),
            Origin::Host(host) => write!(f, "{HOST}{host}"),
        }
    }
}

impl From<Origin> for String {
    fn from(origin: Origin) -> Self {
        origin.to_string()
    }
}

impl From<String> for Origin {
    fn from(text: String) -> Self {
        if let Some(mount) = text.strip_prefix(FILES) {
            return Origin::Files(mount.to_owned());
        }
        match text.strip_prefix(HOST) {
            Some(host) => Origin::Host(host.to_owned()),
            None => Origin::Server(ServerName::written(text)),
        }
    }
}

/// One label with where its data came from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Label {
    /// What it says.
    pub kind: LabelKind,
    /// Where the data came from.
    pub origin: Origin,
}

impl Label {
    /// Reads `private:github`, `untrusted:http:api.example.com`, `private:file:/data`: a kind, a colon and an origin.
    ///
    /// # Errors
    /// What is wrong with it, and how labels are written.
    pub fn parse(text: &str) -> Result<Self, LabelError> {
        let wrong =
            |why: &str| LabelError(format!("{text:?} is not a label: {why}; write private:github, untrusted:http:HOST or private:file:/data"));
        let Some((kind, origin)) = text.split_once(':') else { return Err(wrong("it has no origin")) };
        let Some(kind) = LabelKind::ALL.into_iter().find(|one| one.name() == kind) else {
            return Err(wrong(&format!("the kinds are {}", LabelKind::ALL.map(LabelKind::name).join(" and "))));
        };
        let origin = Origin::from(origin.to_owned());
        let known = match &origin {
            Origin::Server(name) => ServerName::mint(name.as_str()).as_ref() == Ok(name),
            Origin::Files(path) => path.starts_with('/'),
            Origin::Host(host) => !host.is_empty(),
        };
        if known { Ok(Label { kind, origin }) } else { Err(wrong("this is not an origin")) }
    }
}

/// A text that is no label.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct LabelError(String);

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.kind.name(), self.origin)
    }
}

/// A set of labels: the join of all that has been read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Labels(BTreeSet<Label>);

impl Labels {
    /// Labels of these kinds with one origin.
    #[must_use]
    pub fn of(kinds: impl IntoIterator<Item = LabelKind>, origin: &Origin) -> Self {
        Labels(kinds.into_iter().map(|kind| Label { kind, origin: origin.clone() }).collect())
    }

    /// Adds all of `other`; says whether any of them was new.
    pub fn join(&mut self, other: &Labels) -> bool {
        let before = self.0.len();
        self.0.extend(other.0.iter().cloned());
        self.0.len() > before
    }

    /// Those of one kind that came from anywhere but `from`.
    #[must_use]
    pub fn foreign(&self, kind: LabelKind, from: &Origin) -> Labels {
        Labels(self.0.iter().filter(|label| label.kind == kind && label.origin != *from).cloned().collect())
    }

    /// Whether all of `other` are here.
    #[must_use]
    pub fn contains(&self, other: &Labels) -> bool {
        other.0.is_subset(&self.0)
    }

    /// The labels, sorted.
    pub fn iter(&self) -> impl Iterator<Item = &Label> {
        self.0.iter()
    }

    /// Whether nothing labelled has been read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<Label> for Labels {
    fn from_iter<T: IntoIterator<Item = Label>>(labels: T) -> Self {
        Labels(labels.into_iter().collect())
    }
}

impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&if all.is_empty() { "none".to_owned() } else { all.join(", ") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_comes_back_as_it_was_written() {
        let origins = [Origin::Server(ServerName::mint("github").unwrap()), Origin::Files("/data".to_owned()), Origin::Host("a.example".to_owned())];
        for (origin, written) in origins.into_iter().zip(["github", "file:/data", "http:a.example"]) {
            assert_eq!(origin.to_string(), written);
            assert_eq!(Origin::from(written.to_owned()), origin);
        }
    }

    #[test]
    fn labels_are_read_as_people_write_them() {
        for (text, read) in [
            ("private:github", "private (github)"),
            ("untrusted:http:a.example", "untrusted (http:a.example)"),
            ("private:file:/data", "private (file:/data)"),
        ] {
            assert_eq!(Label::parse(text).map(|label| label.to_string()), Ok(read.to_owned()));
        }
        let how = "write private:github, untrusted:http:HOST or private:file:/data";
        for (text, why) in [
            ("private", "it has no origin"),
            ("secret:github", "the kinds are untrusted and private"),
            ("private:", "this is not an origin"),
            ("private:GitHub", "this is not an origin"),
            ("private:file:data", "this is not an origin"),
            ("untrusted:http:", "this is not an origin"),
        ] {
            assert_eq!(Label::parse(text).map_err(|error| error.to_string()), Err(format!("{text:?} is not a label: {why}; {how}")));
        }
    }

    #[test]
    fn returning_data_to_where_it_came_from_is_not_foreign() {
        let [a, b] = ["a", "b"].map(|name| Origin::Server(ServerName::mint(name).unwrap()));
        let mut labels = Labels::of(LabelKind::ALL, &a);
        assert!(labels.foreign(LabelKind::Private, &a).is_empty());
        assert!(labels.join(&Labels::of([LabelKind::Private], &b)));
        assert_eq!(labels.foreign(LabelKind::Private, &a).to_string(), "private (b)");
    }
}
