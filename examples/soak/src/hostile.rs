//! An upstream that misbehaves: slow, mute, dying, talking too much or nonsense. Raw JSON lines over stdio, so that it can break every rule.

use serde_json::{Value, json};
use std::{
    io::{BufRead, Write},
    time::Duration,
};

/// What it can do, and what a program that calls it may see: an error's code, or `ok`.
pub(crate) const TOOLS: [(&str, &[&str]); 7] = [
    ("fine", &["ok"]),
    ("slow", &["ok"]),
    ("mute", &["timeout"]),
    ("die", &[]),
    ("flood", &["reply_too_large"]),
    ("garbage", &["tool_output_invalid"]),
    ("fail", &["tool_failed"]),
];

/// How long `slow` takes: everything behind it waits too.
const SLOW: Duration = Duration::from_millis(50);

/// Longer than any reply may be.
const FLOOD_BYTES: usize = 17 << 20;

/// Serves until its input ends, or `die` is called.
pub(crate) fn serve() {
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        if let Ok(message) = serde_json::from_str::<Value>(&line)
            && let Some(answer) = answer(&message)
        {
            let mut out = std::io::stdout().lock();
            // A broker that is gone closed the input too.
            let _gone = writeln!(out, "{answer}").and_then(|()| out.flush());
        }
    }
}

fn answer(message: &Value) -> Option<String> {
    let id = message.get("id")?;
    let reply = |result: Value| Some(json!({"jsonrpc": "2.0", "id": id, "result": result}).to_string());
    let text = |text: &str| reply(json!({"content": [{"type": "text", "text": text}], "isError": text == "no"}));
    match message["method"].as_str()? {
        "initialize" => reply(json!({
            "protocolVersion": "2025-11-25", "capabilities": {"tools": {}}, "serverInfo": {"name": "hostile", "version": "1"},
        })),
        "tools/list" => reply(json!({"tools": TOOLS.map(|(name, _)| json!({"name": name, "inputSchema": {"type": "object"}}))})),
        "tools/call" => match message["params"]["name"].as_str()? {
            "slow" => {
                std::thread::sleep(SLOW);
                text("ok")
            }
            "mute" => None,
            #[expect(clippy::exit, reason = "an upstream that dies in the middle of a call is what is wanted")]
            "die" => std::process::exit(7),
            "flood" => text(&"x".repeat(FLOOD_BYTES)),
            "garbage" => Some(format!("{{\"jsonrpc\":\"1.0\",\"id\":{id},\"result\":{{}}}}")),
            "fail" => text("no"),
            _ => text("ok"),
        },
        _ => Some(json!({"jsonrpc": "2.0", "id": id, "error": {"code": -32601, "message": "Method not found"}}).to_string()),
    }
}
