//! Throw-away: real servers.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::allow_attributes)]
use policy::*;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use upstream::*;
#[tokio::main]
async fn main() {
    let stdio = |name: &str, command: &str, args: &[&str]| ServerConfig::new(ServerName::mint(name).unwrap(), Transport::Stdio { command: command.into(), args: args.iter().map(|a| (*a).to_owned()).collect(), env: BTreeMap::new(), cwd: None });
    let bin = "/tmp/up/node_modules/.bin/";
    let mut configs = vec![
        stdio("everything", &format!("{bin}mcp-server-everything"), &["stdio"]),
        stdio("files", &format!("{bin}mcp-server-filesystem"), &["/tmp/up/data"]),
        stdio("memory", &format!("{bin}mcp-server-memory"), &[]),
        stdio("time", "/tmp/up/v/bin/mcp-server-time", &["--local-timezone", "UTC"]),
    ];
    configs.push(ServerConfig::new(ServerName::mint("web").unwrap(), Transport::Http { url: "http://127.0.0.1:3917/mcp".into(), headers: BTreeMap::new() }));
    let ups = Upstreams::new(configs, Some("/tmp/up/cache".into()), &Limits::default());
    let names: Vec<_> = ups.names().cloned().collect();
    let t = Instant::now();
    let catalog = ups.catalog(&names).await;
    println!("catalog in {:?}", t.elapsed());
    for s in ups.status() { println!("{} {:?} era {:?} tools {} quarantined {:?} start {:?} err {:?}", s.name, s.state, s.era, s.tools, s.quarantined, s.start_ms, s.last_error); }
    for (tool, args) in [
        ("everything.echo", serde_json::json!({"message": "hi"})), ("everything.get_structured_content", serde_json::json!({"location": "Chicago"})),
        ("everything.get_tiny_image", serde_json::json!({})), ("everything.get_resource_links", serde_json::json!({"count": 2})),
        ("everything.echo", serde_json::json!({})),
        ("files.read_text_file", serde_json::json!({"path": "/tmp/up/data/a.txt"})), ("files.read_text_file", serde_json::json!({"path": "/etc/passwd"})),
        ("files.list_directory", serde_json::json!({"path": "/tmp/up/data"})),
        ("memory.read_graph", serde_json::json!({})), ("time.get_current_time", serde_json::json!({"timezone": "UTC"})), ("time.get_current_time", serde_json::json!({"timezone": "Nowhere/No"})),
        ("web.echo", serde_json::json!({"message": "over http"})),
    ] {
        let name = ToolName::parse(tool).unwrap();
        let Some(t) = catalog.tool(&name) else { println!("NO {tool}"); continue };
        let b = Instant::now();
        let serde_json::Value::Object(args) = args else { unreachable!() };
        let r = ups.call(t, args, Duration::from_secs(20)).await;
        let mut text = format!("{r:?}"); text.truncate(text.floor_char_boundary(260));
        println!("{tool} {:?} -> {text}", b.elapsed());
    }
    let b = Instant::now();
    for _ in 0..100 { ups.call(catalog.tool(&ToolName::parse("everything.echo").unwrap()).unwrap(), serde_json::from_str("{\"message\":\"x\"}").unwrap(), Duration::from_secs(5)).await.unwrap(); }
    println!("100 echo calls {:?}", b.elapsed());
    for n in ["files", "files.edit_file", "time.convert_time"] { println!("{}", ups.describe(&catalog, n, Guest::Python).unwrap()); }
    println!("{}", ups.describe(&catalog, "files.edit_file", Guest::JavaScript).unwrap());
    println!("{}", ups.stubs(&catalog, &ServerName::mint("time").unwrap(), Guest::JavaScript));
    for q in ["read a file", "current time zone", "knowledge graph search"] { println!("{q}: {:?}", ups.search(&catalog, q, 3, Guest::Python).iter().map(|h| h.tool.clone()).collect::<Vec<_>>()); }
    let b = Instant::now();
    ups.shutdown().await;
    println!("shutdown {:?}", b.elapsed());
}
