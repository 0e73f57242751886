//! What a line of the journal can say. Closed: who reads a journal can name every kind of line.
//!
//! A line holds facts and hashes, never the text of a program, an argument or a reply; those are payloads, kept apart and for a shorter time.

use crate::{
    judge::{Judged, Stage},
    present::Ending,
    sessions::Handle,
};
use gate::WordingKind;
use policy::{ErrorCode, FlagKind, Labels, Language, Layer, Principal, Reason, RunId, Threat, Verdict};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// One line, without its place in the chain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
    /// The run that it tells of; absent: of the server process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// The session of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Handle>,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A server process writes its first line.
    Started {
        /// Its version.
        version: String,
        /// Its process id.
        pid: u32,
        /// Hash of the policy that it started with.
        policy: String,
    },
    /// The journal goes on in a new file.
    Continued {
        /// The file before this one.
        file: String,
        /// The MAC of that file's last line.
        after: String,
    },
    /// A run begins.
    Begun {
        /// What was asked for, by whom.
        #[serde(flatten)]
        asked: Asked,
        /// Hash of the policy that its grant was made from.
        policy: String,
        /// What it starts with: the labels of its context and its session.
        labels: Labels,
        /// What is flagged in its program.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        flags: Vec<Flagged>,
    },
    /// A request came to no run.
    Refused {
        /// What was asked for, by whom.
        #[serde(flatten)]
        asked: Asked,
        /// The typed reason.
        code: String,
        /// The layer that decided. Absent: none of the defence's, or written by an earlier version.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        layer: Option<Layer>,
    },
    /// A call was not allowed.
    Decided {
        /// Which call.
        #[serde(flatten)]
        call: Which,
        /// What was decided.
        verdict: Verdict,
        /// Why.
        reason: Reason,
        /// Hash of its arguments.
        arguments: String,
        /// The layer that decided. Absent: none of the defence's, or written by an earlier version.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        layer: Option<Layer>,
    },
    /// A person allowed a call that asked.
    Approved {
        /// Which call.
        #[serde(flatten)]
        call: Which,
        /// Where the answer came from.
        by: String,
        /// What it was given for: these calls, a tool, an edge, always.
        scope: String,
    },
    /// A call was allowed and is about to be sent. On the disk before one that may have an effect is sent.
    Sent {
        /// Which call.
        #[serde(flatten)]
        call: Which,
        /// Why it was allowed.
        reason: Reason,
        /// Hash of its arguments.
        arguments: String,
    },
    /// A call ended, or could not be made.
    Done {
        /// Which call.
        #[serde(flatten)]
        call: Which,
        /// Whether it was carried out. Absent: unknown.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ok: Option<bool>,
        /// The typed error that the program got.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<ErrorCode>,
        /// Size of the value that the program got, in bytes.
        bytes: usize,
        /// Hash of that value.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reply: Option<String>,
        /// How long it took, in milliseconds.
        ms: u64,
        /// The layer that decided. Absent: none of the defence's, or written by an earlier version.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        layer: Option<Layer>,
        /// What in the reply, or in an upstream's error, speaks to a model instead of a program.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        wording: BTreeSet<WordingKind>,
    },
    /// The operator's judge was asked.
    Judged {
        /// About what.
        stage: Stage,
        /// What it said.
        judged: Judged,
        /// Its reason, or why it said nothing.
        reason: String,
    },
    /// The text of a call's error was kept from the program.
    Withheld {
        /// Which call.
        #[serde(flatten)]
        call: Which,
        /// What the program got in its place.
        reference: String,
        /// Hash of the text.
        text: String,
        /// What in it speaks to a model instead of a program.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        wording: BTreeSet<WordingKind>,
    },
    /// The memory of a session was saved after a run, or could not be.
    Settled {
        /// Whether it was saved. The run's changes of variables are undone otherwise.
        saved: bool,
    },
    /// A run ended.
    Finished {
        /// How. Absent: it was given up, because its request was cancelled or its client left.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        outcome: Option<Ending>,
        /// From the moment a worker was bound, in milliseconds.
        wall_ms: u64,
        /// Size of the text that was shown, in bytes.
        bytes: usize,
        /// Hash of that text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        output: Option<String>,
        /// Hash of the record from which it can be repeated.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        record: Option<String>,
        /// Why there is no such record.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        not_replayable: Option<String>,
        /// The layer of the defence that ended it, or refused calls of it that have no lines of their own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        layer: Option<Layer>,
        /// What in the text that was shown speaks to the model.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        wording: BTreeSet<WordingKind>,
    },
}

/// A request, as the journal tells of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// On whose behalf.
    pub principal: Principal,
    /// In which conversation.
    pub context: String,
    /// The program's language.
    pub language: Language,
    /// Hash of the program.
    pub program: String,
    /// What it is for, in the model's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<String>,
}

/// Something flagged in a program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flagged {
    /// Its kind.
    pub kind: FlagKind,
    /// What it is, in our words: `eval`, `os.system`.
    pub what: String,
    /// Its first line, from 1.
    pub line: u32,
    /// The id of the class of attack that it is a sign of.
    #[serde(default)]
    pub threat: String,
}

/// One call of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Which {
    /// Its place among the run's calls, from 0.
    pub call: usize,
    /// The tool as the program named it.
    pub tool: String,
    /// Whether it is told of as one that changes nothing.
    pub read_only: bool,
}

/// When a line has to be in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// Before what it tells of happens; if it cannot be written, that must not happen, and the line is taken back.
    Before,
    /// At once, so that it outlives this process; if it cannot be written now, it is written later.
    AtOnce,
    /// With the next line that has to be there, or soon.
    Soon,
}

impl Event {
    pub(super) fn when(&self) -> When {
        match self {
            Event::Begun { .. } | Event::Refused { .. } => When::Before,
            Event::Sent { call, .. } if !call.read_only => When::Before,
            Event::Done { call, .. } if !call.read_only => When::AtOnce,
            Event::Settled { .. } | Event::Finished { .. } | Event::Approved { .. } | Event::Judged { .. } => When::AtOnce,
            Event::Started { .. }
            | Event::Continued { .. }
            | Event::Decided { .. }
            | Event::Sent { .. }
            | Event::Done { .. }
            | Event::Withheld { .. } => When::Soon,
        }
    }

    /// The class of attack that it may be a trace of, where what it tells of is a verdict about a text: a refused program, a reply, an error.
    #[must_use]
    pub fn threat(&self) -> Option<Threat> {
        match self {
            Event::Refused { code, .. } if code == "limit_exceeded" => Some(Threat::P2_1),
            Event::Refused { code, .. } => gate::RefusalCode::ALL.into_iter().find(|one| one.as_str() == code)?.threat(),
            Event::Done { code, .. } => (*code)?.threat(),
            Event::Withheld { .. } => Some(Threat::P2_2),
            Event::Started { .. } | Event::Continued { .. } | Event::Begun { .. } | Event::Decided { .. } | Event::Approved { .. } => None,
            Event::Sent { .. } | Event::Judged { .. } | Event::Settled { .. } | Event::Finished { .. } => None,
        }
    }

    /// The call that it tells of.
    #[must_use]
    pub fn call(&self) -> Option<&Which> {
        match self {
            Event::Decided { call, .. } | Event::Approved { call, .. } | Event::Sent { call, .. } => Some(call),
            Event::Done { call, .. } | Event::Withheld { call, .. } => Some(call),
            Event::Started { .. } | Event::Continued { .. } | Event::Begun { .. } | Event::Refused { .. } => None,
            Event::Settled { .. } | Event::Finished { .. } | Event::Judged { .. } => None,
        }
    }
}
