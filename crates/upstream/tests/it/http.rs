//! Streamable HTTP against a minimal endpoint on loopback.

use crate::bench::{error, name};
use policy::{Block, Limits};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use upstream::{ServerConfig, Transport, Upstreams};

/// Serves JSON answers; keeps every value of the header `x-secret`.
async fn endpoint() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mcp?key=hidden", listener.local_addr().unwrap());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let secrets = seen.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, secrets.clone()));
        }
    });
    (url, seen)
}

async fn serve(stream: TcpStream, secrets: Arc<Mutex<Vec<String>>>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        match line.trim().split_once(": ") {
            Some((header, value)) if header.eq_ignore_ascii_case("content-length") => length = value.parse().unwrap_or(0),
            Some((header, value)) if header.eq_ignore_ascii_case("x-secret") => secrets.lock().unwrap().push(value.to_owned()),
            Some(_) => {}
            None if line.trim().is_empty() => break,
            None => {}
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    let message: Value = serde_json::from_slice(&body).unwrap_or_default();
    let result = match message["method"].as_str() {
        Some("initialize") => {
            json!({"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}, "serverInfo": {"name": "h", "version": "1"}})
        }
        Some("tools/list") => {
            json!({"tools": [{"name": "echo", "inputSchema": {"type": "object"}}, {"name": "huge", "inputSchema": {"type": "object"}}]})
        }
        Some("tools/call") if message["params"]["name"] == "huge" => json!({"content": [{"type": "text", "text": "x".repeat(200_000)}]}),
        Some("tools/call") => json!({"content": [{"type": "text", "text": "hi"}]}),
        _ => Value::Null,
    };
    let (status, body) = match (message.get("id"), result) {
        (Some(id), Value::Null) => ("200 OK", json!({"jsonrpc": "2.0", "id": id, "error": {"code": -32601, "message": "no"}}).to_string()),
        (Some(id), result) => ("200 OK", json!({"jsonrpc": "2.0", "id": id, "result": result}).to_string()),
        (None, _) => ("202 Accepted", String::new()),
    };
    let head = format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    stream.write_all(format!("{head}{body}").as_bytes()).await?;
    stream.shutdown().await
}

fn upstreams(url: String) -> Arc<Upstreams> {
    let headers = BTreeMap::from([("x-secret".to_owned(), "hidden".to_owned())]);
    let config = ServerConfig::new(name("web"), Transport::Http { url, headers });
    Upstreams::new(vec![config], None, upstream::Lock::in_memory(), &Limits { reply_bytes: 100_000, ..Limits::default() })
}

#[tokio::test]
async fn an_endpoint_is_listed_and_called_with_its_headers() {
    let (url, seen) = endpoint().await;
    let upstreams = upstreams(url);
    let catalog = upstreams.catalog(&[name("web")]).await;
    let tools = &catalog.servers[&name("web")].tools;
    let call = |tool: &str| upstreams.call(&tools[tool], serde_json::Map::new(), Duration::from_secs(10));
    assert_eq!(call("echo").await.unwrap().content, [Block::Text("hi".to_owned())]);
    assert_eq!(error(call("huge").await), "reply_too_large: the reply of web.huge is larger than 100000 bytes; it took effect, but ask it for less");
    assert_eq!(call("echo").await.unwrap().content, [Block::Text("hi".to_owned())]);
    let seen = seen.lock().unwrap();
    assert!(seen.len() >= 5 && seen.iter().all(|value| value == "hidden"), "{seen:?}");
    assert!(!format!("{:?}", upstreams.status()).contains("hidden"));
}

#[tokio::test]
async fn an_endpoint_that_is_not_there_is_told_without_its_secrets() {
    let upstreams = upstreams("http://127.0.0.1:9/mcp?key=hidden".to_owned());
    let catalog = upstreams.catalog(&[name("web")]).await;
    assert_eq!(catalog.servers[&name("web")].state, policy::ServerState::Failed("its URL cannot be reached or does not speak MCP".to_owned()));
    assert!(!format!("{:?}", upstreams.status()).contains("hidden"));
}
