//! The typed errors that a program can see and catch, and their closed list of codes.

use crate::{Layer, ToolName};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Why a call, or any other request of a guest, did not succeed. Closed: programs and documents rely on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The tool itself answered that it failed.
    ToolFailed,
    /// There is no such tool or server.
    UnknownTool,
    /// The arguments do not fit the tool's schema.
    InvalidArguments,
    /// The policy does not allow this call.
    Denied,
    /// A person has to allow this call first, and nobody could be asked.
    NeedsApproval,
    /// The operator has not accepted this tool as it is now.
    ToolQuarantined,
    /// The upstream could not be started or reached, or ended.
    UpstreamUnavailable,
    /// The upstream did not answer in time.
    Timeout,
    /// The reply was larger than the limit.
    ReplyTooLarge,
    /// The reply was not what the protocol or the tool's own schema asks for.
    ToolOutputInvalid,
    /// A limit of the run was reached.
    LimitExceeded,
    /// The run waits for something that can never come.
    Deadlock,
    /// The request of the guest was malformed.
    BadRequest,
    /// This is not there in this sandbox.
    Unsupported,
    /// The run was cancelled.
    Cancelled,
    /// The broker could not do its part, for example because the disk is full.
    Internal,
}

impl ErrorCode {
    /// The code as programs see it, e.g. `unknown_tool`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            ErrorCode::ToolFailed => "tool_failed",
            ErrorCode::UnknownTool => "unknown_tool",
            ErrorCode::InvalidArguments => "invalid_arguments",
            ErrorCode::Denied => "denied",
            ErrorCode::NeedsApproval => "needs_approval",
            ErrorCode::ToolQuarantined => "tool_quarantined",
            ErrorCode::UpstreamUnavailable => "upstream_unavailable",
            ErrorCode::Timeout => "timeout",
            ErrorCode::ReplyTooLarge => "reply_too_large",
            ErrorCode::ToolOutputInvalid => "tool_output_invalid",
            ErrorCode::LimitExceeded => "limit_exceeded",
            ErrorCode::Deadlock => "deadlock",
            ErrorCode::BadRequest => "bad_request",
            ErrorCode::Unsupported => "unsupported",
            ErrorCode::Cancelled => "cancelled",
            ErrorCode::Internal => "internal",
        }
    }

    /// Whether the same call may succeed when it is tried again unchanged.
    #[must_use]
    pub fn retryable(self) -> bool {
        matches!(self, ErrorCode::UpstreamUnavailable | ErrorCode::Timeout | ErrorCode::Internal)
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A failed request of a guest, as `ToolError` shows it to the program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct CallError {
    /// The typed reason.
    pub code: ErrorCode,
    /// What happened, why, and what to do next, for the program's author.
    pub message: String,
    /// The tool, as `server.tool`, when the request named one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// Whether trying again may help.
    pub retryable: bool,
    /// Whether nothing was heard of the call after it was (perhaps) sent, so that it may have had its effect. For the broker's record; not
    /// sent to the program.
    #[serde(skip)]
    pub fate_unknown: bool,
    /// Whether the upstream carried the call out, and only its reply is of no use. Never together with `fate_unknown`; for the broker's record
    /// as well.
    #[serde(skip)]
    pub carried_out: bool,
    /// Whether it holds words of the upstream, so that whoever reads it has read the upstream. For the broker's record; not sent to the program.
    #[serde(skip)]
    pub tells: bool,
    /// The layer that refuses the call, where one does and it is not recorded elsewhere. For the broker's record; not sent to the program.
    #[serde(skip)]
    pub layer: Option<Layer>,
}

impl CallError {
    /// An error without a tool; `retryable` follows from the code.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        let (retryable, layer) = (code.retryable(), code.layer());
        CallError { code, message: message.into(), tool: None, retryable, fate_unknown: false, carried_out: false, tells: false, layer }
    }

    /// The same error, naming the tool.
    #[must_use]
    pub fn of(self, tool: &ToolName) -> Self {
        CallError { tool: Some(tool.to_string()), ..self }
    }

    /// The same error, refused by this layer.
    #[must_use]
    pub fn by(self, layer: Layer) -> Self {
        CallError { layer: Some(layer), ..self }
    }
}
