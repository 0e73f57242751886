//! The demo: an MCP client that starts `cofferdam serve` over the two example upstreams, sends it one Python and one TypeScript program, and
//! shows what happened. `cargo xtask demo` builds everything and runs it.
//!
//! The figures come from the run's `_meta`, which clients do not show to the model.
#![expect(clippy::print_stdout, reason = "a demo prints")]

use anyhow::{Context, Result, bail};
use rmcp::{
    ClientHandler, ClientLifecycleMode, ClientServiceExt,
    model::{CallToolRequestParams, CallToolResult, ClientCapabilities, ClientConfig, Implementation, ProtocolVersion},
    transport::TokioChildProcess,
};
use serde_json::Map;
use std::{
    path::{Path, PathBuf},
    time::Instant,
};

struct Client;

impl ClientHandler for Client {
    fn get_info(&self) -> ClientConfig {
        ClientConfig::new(ClientCapabilities::default(), Implementation::new("cofferdam-demo", env!("CARGO_PKG_VERSION")))
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(cofferdam), Some(examples)) = (arguments.next(), arguments.next()) else {
        bail!("usage: demo COFFERDAM EXAMPLES; `cargo xtask demo` builds both and runs this");
    };
    // The example configuration names its upstream `shop`; it was built beside this program.
    let binaries = std::env::current_exe()?.parent().context("this program is in no directory")?.to_owned();
    let path = std::env::join_paths(std::iter::once(binaries).chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())))?;
    let state = tempfile::tempdir()?;
    let mut command = tokio::process::Command::new(&cofferdam);
    command.arg("serve").arg("--config").arg(examples.join("cofferdam.toml")).env("PATH", path).env("XDG_STATE_HOME", state.path());
    let started = Instant::now();
    let mode =
        ClientLifecycleMode::Auto { preferred_versions: vec![ProtocolVersion::V_2026_07_28], legacy_version: Some(ProtocolVersion::V_2025_11_25) };
    let client = Client.serve_with_lifecycle(TokioChildProcess::new(command)?, mode).await?;
    let tools = client.list_all_tools().await?;
    println!(
        "connected and listed {} tool in {:.0} ms: {} bytes of tool definitions for the model",
        tools.len(),
        milliseconds(started),
        serde_json::to_vec(&tools)?.len()
    );

    for (program, language) in [("top_customers.py", "python"), ("revenue_by_month.ts", "typescript")] {
        let code = std::fs::read_to_string(examples.join(program)).with_context(|| format!("cannot read {program}"))?;
        println!("\n──── {program} ────\n{}", code.trim_end());
        let mut arguments = Map::new();
        arguments.insert("code".to_owned(), code.into());
        arguments.insert("language".to_owned(), language.into());
        let started = Instant::now();
        let result = client.call_tool(CallToolRequestParams::new("execute").with_arguments(arguments)).await?;
        show(&result, milliseconds(started), &expected(&examples, program)?)?;
    }
    client.cancel().await?;
    println!("\nNext: connect your own client; see README.md.");
    Ok(())
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}

/// The answer that SQL over the same data gives (`examples/expected`).
fn expected(examples: &Path, program: &str) -> Result<String> {
    let file = examples.join("expected").join(Path::new(program).with_extension("txt"));
    std::fs::read_to_string(&file).with_context(|| file.display().to_string())
}

fn show(result: &CallToolResult, took: f64, expected: &str) -> Result<()> {
    let text: Vec<&str> = result.content.iter().filter_map(|block| block.as_text().map(|text| text.text.as_str())).collect();
    let text = text.join("\n");
    println!("──── what the model receives ────\n{text}");
    if result.is_error == Some(true) {
        bail!("the program failed");
    }
    if text.trim_end() != expected.trim_end() {
        bail!("the answer differs from what SQL says:\n{expected}");
    }
    let meta = serde_json::to_value(result)?["_meta"]["cofferdam/run"].clone();
    let figure = |name: &str| meta[name].as_u64().with_context(|| format!("no figure {name} in {meta}"));
    let calls = meta["calls"].as_object().context("no calls")?;
    let calls: Vec<String> = calls.iter().map(|(tool, n)| format!("{tool} x{n}")).collect();
    let (inside, shown) = (figure("bytes_inside")?, text.len() as u64);
    println!("──── what happened ────");
    println!("calls made:          {}", calls.join(", "));
    println!("stayed inside:       {inside} bytes");
    println!("the model received:  {shown} bytes (1/{:.0})", inside as f64 / (shown.max(1)) as f64);
    println!("time:                {took:.0} ms for the client, {} ms in the worker", meta["wall_ms"]);
    println!("the answer equals what SQL says of the same data: yes");
    Ok(())
}
