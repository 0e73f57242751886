//! `cofferdam.toml` as it is written: every key, and nothing checked beyond its type. `config` makes it valid, once.

use crate::units::{Size, Span};
use policy::{ErrorTexts, FlagKind, JudgeWhen};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;
use toml::Spanned;

/// The whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct File {
    /// Files of other clients to take servers from, relative to this file.
    pub(crate) import: Vec<PathBuf>,
    /// The upstreams.
    pub(crate) servers: BTreeMap<Spanned<String>, Server>,
    /// The operator's ceilings.
    pub(crate) limits: Limits,
    /// What programs may call; the first rule that matches a call decides.
    pub(crate) rules: Vec<Spanned<Rule>>,
    /// Where `fetch` may go.
    pub(crate) http: Http,
    /// What programs may not do, whatever the sandbox makes of it.
    pub(crate) programs: Programs,
    /// What is made of what upstreams answer.
    pub(crate) replies: Replies,
    /// Who else looks at programs and outcomes.
    pub(crate) judge: Option<Spanned<Judge>>,
    /// Directories that programs may use, by where they find them.
    pub(crate) files: BTreeMap<Spanned<String>, FileGrant>,
    /// What must hold of workers.
    pub(crate) sandbox: Sandbox,
    /// Variables that programs see.
    pub(crate) env: BTreeMap<Spanned<String>, Spanned<String>>,
}

/// `[sandbox]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Sandbox {
    /// Nothing is started unless every protection is in force.
    pub(crate) require: bool,
}

/// `[servers.NAME]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Server {
    pub(crate) command: Option<String>,
    pub(crate) args: Vec<String>,
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) cwd: Option<String>,
    #[serde(rename = "type")]
    pub(crate) kind: Option<Kind>,
    pub(crate) url: Option<String>,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) era: Option<Era>,
    pub(crate) call_timeout: Option<Span>,
    pub(crate) start_timeout: Option<Span>,
    pub(crate) disabled: bool,
    /// Labels of its replies; both kinds if absent.
    pub(crate) data: Option<Vec<Kinds>>,
    /// What is shown of its error texts; as `[replies]` says if absent.
    pub(crate) errors: Option<ErrorTexts>,
}

/// `[[rules]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    pub(crate) tools: Vec<Spanned<String>>,
    pub(crate) effect: Effect,
    pub(crate) when: Option<Spanned<String>>,
    pub(crate) guard: Option<Spanned<Vec<Kinds>>>,
}

/// `[programs]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Programs {
    /// What is flagged in programs and refuses them.
    pub(crate) forbid: Vec<FlagKind>,
}

/// `[replies]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Replies {
    /// What is shown of upstreams' error texts.
    pub(crate) errors: ErrorTexts,
}

/// `[judge]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Judge {
    /// A program and its arguments.
    pub(crate) command: Option<Vec<String>>,
    pub(crate) url: Option<String>,
    pub(crate) when: JudgeWhen,
    /// 5 s if absent.
    pub(crate) timeout: Option<Span>,
}

/// One directory of `[files]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileGrant {
    pub(crate) path: String,
    pub(crate) access: Access,
    pub(crate) data: Option<Vec<Kinds>>,
}

/// What programs may do in a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Access {
    Read,
    Write,
}

/// `[http]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Http {
    /// One more rule, after the others, with everything else at its default.
    pub(crate) allow: Vec<Spanned<String>>,
    /// The first rule that matches a request decides.
    pub(crate) rules: Vec<Spanned<HttpRule>>,
}

/// `[[http.rules]]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct HttpRule {
    pub(crate) allow: Vec<Spanned<String>>,
    pub(crate) guard: Option<Vec<Kinds>>,
    pub(crate) data: Option<Vec<Kinds>>,
    pub(crate) private_addresses: Option<Spanned<bool>>,
    pub(crate) headers: BTreeMap<Spanned<String>, Spanned<String>>,
}

/// What a rule says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Effect {
    Allow,
    Ask,
    Deny,
}

/// A kind of label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kinds {
    Untrusted,
    Private,
}

/// How a server is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    Stdio,
    #[serde(alias = "streamable-http")]
    Http,
}

/// Which protocol a server speaks; without it both are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Era {
    /// Revisions with `initialize`, up to 2025-11-25.
    Legacy,
    /// 2026-07-28 and later.
    Modern,
}

/// `[limits]`: one key for each field of `policy::Limits`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Limits {
    pub(crate) wall: Option<Span>,
    pub(crate) queue: Option<Span>,
    pub(crate) queued: Option<Spanned<usize>>,
    pub(crate) memory: Option<Spanned<Size>>,
    pub(crate) program: Option<Spanned<Size>>,
    pub(crate) output_kept: Option<Spanned<Size>>,
    pub(crate) output_shown: Option<Spanned<Size>>,
    pub(crate) calls: Option<u32>,
    pub(crate) calls_in_flight: Option<Spanned<usize>>,
    pub(crate) server_calls: Option<Spanned<usize>>,
    pub(crate) call: Option<Span>,
    pub(crate) reply: Option<Spanned<Size>>,
    pub(crate) reply_depth: Option<Spanned<usize>>,
    pub(crate) replies: Option<Spanned<Size>>,
    pub(crate) workers: Option<Spanned<usize>>,
    pub(crate) approval: Option<Span>,
    pub(crate) workspace: Option<Size>,
    pub(crate) workspace_files: Option<u64>,
    pub(crate) failures_in_a_row: Option<Spanned<u32>>,
    pub(crate) failures: Option<Spanned<u32>>,
    pub(crate) sessions: Option<Spanned<usize>>,
    pub(crate) session_idle: Option<Span>,
    pub(crate) session_kept: Option<Span>,
    pub(crate) artifact: Option<Size>,
    pub(crate) artifacts: Option<Size>,
}
