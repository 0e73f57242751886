//! Where data came from. Labels are only ever added; the operator alone clears a context.

use crate::ServerName;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What a label says of data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LabelKind {
    /// Somebody else wrote it: it may try to steer the model.
    Untrusted,
    /// It belongs to the user: it may not go elsewhere unasked.
    Private,
}

/// One label with the upstream it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Label {
    /// What it says.
    pub kind: LabelKind,
    /// The upstream that the data came from.
    pub origin: ServerName,
}

/// A set of labels: the join of all that has been read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Labels(BTreeSet<Label>);

impl Labels {
    /// The labels that a reply of `origin` carries when the operator said nothing: untrusted and private.
    #[must_use]
    pub fn of_reply(origin: &ServerName) -> Self {
        Labels([LabelKind::Untrusted, LabelKind::Private].map(|kind| Label { kind, origin: origin.clone() }).into())
    }

    /// Adds all of `other`; says whether any of them was new.
    pub fn join(&mut self, other: &Labels) -> bool {
        let before = self.0.len();
        self.0.extend(other.0.iter().cloned());
        self.0.len() > before
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
