//! Turns the outcome of `tools/call` into a [`Reply`] or a [`CallError`]. Judges nothing: replies are data here, and `gate` reads them.

use crate::connection::Failure;
use crate::text::clean;
use policy::{Block, CallError, ErrorCode, Reply, ResourceBody, Tool};
use rmcp::model::{CallToolResult, ContentBlock, ErrorData, ResourceContents, ServerResult};
use serde_json::Value;
use std::time::Duration;

/// An upstream's own error message as programs see it, in bytes.
const MESSAGE_BYTES: usize = 4096;

/// The reply that a result is; `wire_bytes` is 0 when the transport does not tell the size.
pub(crate) fn reply(tool: &Tool, result: ServerResult, wire_bytes: usize) -> Result<Reply, CallError> {
    let invalid = || {
        let message = format!("the reply of {} is not a result of tools/call", tool.name);
        Err(carried_out(CallError::new(ErrorCode::ToolOutputInvalid, message).of(&tool.name)))
    };
    let mut reply = match result {
        ServerResult::CallToolResult(result) => typed(result),
        ServerResult::InputRequiredResult(_) => {
            let message = format!("{} asks a person for more input, which upstreams cannot do here", tool.name);
            return Err(CallError::new(ErrorCode::ToolFailed, message).of(&tool.name));
        }
        ServerResult::CreateTaskResult(_) => {
            let message = format!("{} answers with a background task, which is not supported", tool.name);
            return Err(carried_out(CallError::new(ErrorCode::ToolFailed, message).of(&tool.name)));
        }
        ServerResult::EmptyResult(_) | ServerResult::TaskAckResult(_) => Reply::default(),
        ServerResult::CustomResult(custom) => match untyped(custom.0) {
            Some(reply) => reply,
            None => return invalid(),
        },
        _ => return invalid(),
    };
    reply.wire_bytes = if wire_bytes == 0 { estimate(&reply) } else { wire_bytes };
    Ok(reply)
}

/// The error of a call that had its effect although its reply is of no use.
fn carried_out(error: CallError) -> CallError {
    CallError { carried_out: true, ..error }
}

fn typed(result: CallToolResult) -> Reply {
    Reply {
        structured: result.structured_content,
        content: result.content.into_iter().map(block).collect(),
        is_error: result.is_error == Some(true),
        wire_bytes: 0,
    }
}

/// A result that has a block of a kind that rmcp does not know: that block becomes its JSON text.
fn untyped(mut result: Value) -> Option<Reply> {
    let members = result.as_object_mut()?;
    let content = match members.remove("content") {
        Some(Value::Array(blocks)) => blocks,
        None if members.contains_key("structuredContent") || members.keys().all(|key| key == "_meta") => Vec::new(),
        _ => return None,
    };
    Some(Reply {
        structured: members.remove("structuredContent"),
        content: content
            .into_iter()
            .map(|raw| match serde_json::from_value(raw.clone()) {
                Ok(known) => block(known),
                Err(_) => Block::Text(raw.to_string()),
            })
            .collect(),
        is_error: members.get("isError") == Some(&Value::Bool(true)),
        wire_bytes: 0,
    })
}

fn block(block: ContentBlock) -> Block {
    match block {
        ContentBlock::Text(text) => Block::Text(text.text),
        ContentBlock::Image(image) => Block::Media { kind: "image", mime_type: image.mime_type, data: image.data },
        ContentBlock::Audio(audio) => Block::Media { kind: "audio", mime_type: audio.mime_type, data: audio.data },
        ContentBlock::Resource(embedded) => match embedded.resource {
            ResourceContents::TextResourceContents { uri, mime_type, text, .. } => Block::Resource { uri, mime_type, body: ResourceBody::Text(text) },
            ResourceContents::BlobResourceContents { uri, mime_type, blob, .. } => Block::Resource { uri, mime_type, body: ResourceBody::Blob(blob) },
            other => Block::Text(serde_json::to_string(&other).unwrap_or_default()),
        },
        ContentBlock::ResourceLink(link) => Block::Link { uri: link.uri, name: link.name, mime_type: link.mime_type },
        other => Block::Text(serde_json::to_string(&other).unwrap_or_default()),
    }
}

fn estimate(reply: &Reply) -> usize {
    let blocks = reply.content.iter().map(|block| match block {
        Block::Text(text) => text.len(),
        Block::Media { data, .. } => data.len(),
        Block::Resource { body: ResourceBody::Text(body) | ResourceBody::Blob(body), uri, .. } => body.len() + uri.len(),
        Block::Link { uri, name, .. } => uri.len() + name.len(),
    });
    blocks.sum::<usize>() + reply.structured.as_ref().map_or(0, |value| value.to_string().len())
}

/// The error that programs see of a failed call.
pub(crate) fn call_error(tool: &Tool, failure: Failure, wait: Duration, reply_bytes: usize) -> CallError {
    let name = &tool.name;
    let server = &name.server;
    let fate_unknown = matches!(failure, Failure::Closed(_) | Failure::Timeout);
    let carried_out = matches!(failure, Failure::TooLarge | Failure::TooDeep | Failure::Malformed);
    let (code, message) = match failure {
        Failure::NotSent(why) => (ErrorCode::UpstreamUnavailable, format!("{server} is not available: {why}; {name} was not called")),
        Failure::Closed(why) => (ErrorCode::UpstreamUnavailable, format!("{server} is not available: {why}; whether {name} took effect is unknown")),
        Failure::Timeout => (ErrorCode::Timeout, format!("{name} did not answer within {} s; whether it took effect is unknown", wait.as_secs_f64())),
        Failure::Rejected(error) => rejected(&error),
        Failure::TooLarge => {
            (ErrorCode::ReplyTooLarge, format!("the reply of {name} is larger than {reply_bytes} bytes; it took effect, but ask it for less"))
        }
        Failure::TooDeep => (ErrorCode::ToolOutputInvalid, format!("the reply of {name} is nested too deep; it took effect")),
        Failure::Malformed => (ErrorCode::ToolOutputInvalid, format!("the reply of {name} is not a valid answer of the protocol; it took effect")),
    };
    CallError { fate_unknown, carried_out, ..CallError::new(code, message).of(name) }
}

fn rejected(error: &ErrorData) -> (ErrorCode, String) {
    let message = clean(&error.message, MESSAGE_BYTES);
    let lower = message.to_ascii_lowercase();
    let names_the_tool = lower.contains("unknown tool") || (lower.contains("tool") && lower.contains("not found"));
    let code =
        if error.code == rmcp::model::ErrorCode::INVALID_PARAMS && !names_the_tool { ErrorCode::InvalidArguments } else { ErrorCode::ToolFailed };
    (code, if message.is_empty() { format!("the server answered with error {}", error.code.0) } else { message })
}
