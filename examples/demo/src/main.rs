//! The demo: an MCP client that starts `cofferdam serve` over the two example upstreams, sends it one Python and one TypeScript program, then
//! several in one session, with the server killed in between, and shows what happened. `cargo xtask demo` builds everything and runs it.
//!
//! The figures come from the run's `_meta`, which clients do not show to the model.
#![expect(clippy::print_stdout, reason = "a demo prints")]

use anyhow::{Context, Result, bail};
use rmcp::{
    ClientHandler, ClientLifecycleMode, ClientServiceExt, RoleClient,
    model::{CallToolRequestParams, CallToolResult, ClientCapabilities, ClientConfig, Implementation, ProtocolVersion},
    service::RunningService,
};
use serde_json::{Map, Value};
use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::Stdio,
    time::Instant,
};
use tokio::process::{Child, Command};

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
    let place = Place { cofferdam, examples, path, state: tempfile::tempdir()? };
    let started = Instant::now();
    let mut server = place.start().await?;
    let tools = server.client.list_all_tools().await?;
    println!(
        "connected and listed {} tool in {:.0} ms: {} bytes of tool definitions for the model",
        tools.len(),
        milliseconds(started),
        serde_json::to_vec(&tools)?.len()
    );
    for (program, language) in [("top_customers.py", "python"), ("revenue_by_month.ts", "typescript")] {
        place.run(&server, program, language, None).await?;
    }

    println!("\n════ One session: variables that are still there, even after the server was killed ════");
    let session = place.run(&server, "session/load.py", "python", Some("new")).await?.context("no session")?;
    place.run(&server, "session/by_country.py", "python", Some(&session)).await?;
    server.process.kill().await?;
    let started = Instant::now();
    server = place.start().await?;
    println!("\n════ The server was killed (SIGKILL) and started again in {:.0} ms ════", milliseconds(started));
    place.run(&server, "session/best_month.py", "python", Some(&session)).await?;
    server.client.cancel().await?;
    println!("\nNext: connect your own client; see README.md.");
    Ok(())
}

/// What every server of this demo is started with.
struct Place {
    cofferdam: PathBuf,
    examples: PathBuf,
    path: OsString,
    state: tempfile::TempDir,
}

/// A running server and the connection to it.
struct Server {
    process: Child,
    client: RunningService<RoleClient, Client>,
}

impl Place {
    async fn start(&self) -> Result<Server> {
        let mut command = Command::new(&self.cofferdam);
        command.arg("serve").arg("--config").arg(self.examples.join("cofferdam.toml"));
        command.env("PATH", &self.path).env("XDG_STATE_HOME", self.state.path());
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let pipes = process.stdout.take().zip(process.stdin.take()).context("the server has no pipes")?;
        let (preferred_versions, legacy_version) = (vec![ProtocolVersion::V_2026_07_28], Some(ProtocolVersion::V_2025_11_25));
        let client = Client.serve_with_lifecycle(pipes, ClientLifecycleMode::Auto { preferred_versions, legacy_version }).await?;
        Ok(Server { process, client })
    }

    /// Runs a program of the examples, shows what happened, and compares the answer. Returns the session that it ran in.
    async fn run(&self, server: &Server, program: &str, language: &str, session: Option<&str>) -> Result<Option<String>> {
        let code = std::fs::read_to_string(self.examples.join(program)).with_context(|| format!("cannot read {program}"))?;
        println!("\n──── {program} ────\n{}", code.trim_end());
        let mut arguments = Map::new();
        arguments.insert("code".to_owned(), code.into());
        arguments.insert("language".to_owned(), language.into());
        if let Some(session) = session {
            arguments.insert("session".to_owned(), session.into());
        }
        let started = Instant::now();
        let result = server.client.call_tool(CallToolRequestParams::new("execute").with_arguments(arguments)).await?;
        show(&result, milliseconds(started), &expected(&self.examples, program)?)
    }
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}

/// The answer that SQL over the same data gives (`examples/expected`).
fn expected(examples: &Path, program: &str) -> Result<String> {
    let file = examples.join("expected").join(Path::new(program).with_extension("txt"));
    std::fs::read_to_string(&file).with_context(|| file.display().to_string())
}

fn show(result: &CallToolResult, took: f64, expected: &str) -> Result<Option<String>> {
    let text: Vec<&str> = result.content.iter().filter_map(|block| block.as_text().map(|text| text.text.as_str())).collect();
    let text = text.join("\n");
    println!("──── what the model receives ────\n{text}");
    for link in result.content.iter().filter_map(|block| block.as_resource_link()) {
        println!("link to {}: {} ({} bytes)", link.name, link.uri, link.size.unwrap_or_default());
    }
    if result.is_error == Some(true) {
        bail!("the program failed");
    }
    let meta = serde_json::to_value(result)?["_meta"]["cofferdam/run"].clone();
    let session = meta["session"].as_str().map(str::to_owned);
    // The reply ends with the handle of a session that is new.
    let handle = session.as_ref().map_or_else(String::new, |session| format!("\n[session {session}]"));
    let answer = text.strip_suffix(handle.as_str()).unwrap_or(&text);
    if answer.trim_end() != expected.trim_end() {
        bail!("the answer differs from what SQL says:\n{expected}");
    }
    let calls = meta["calls"].as_object().context("no calls")?;
    let calls: Vec<String> = calls.iter().map(|(tool, n)| format!("{tool} x{n}")).collect();
    let (inside, shown) = (meta["bytes_inside"].as_u64().context("no bytes")?, text.len() as u64);
    println!("──── what happened ────");
    if calls.is_empty() {
        println!("calls made:          none; the data was there already");
    } else {
        println!("calls made:          {}", calls.join(", "));
        println!("stayed inside:       {inside} bytes");
        println!("the model received:  {shown} bytes (1/{:.0})", inside as f64 / (shown.max(1)) as f64);
    }
    println!("time:                {took:.0} ms for the client, {} ms in the worker{}", meta["wall_ms"], of_session(&meta));
    println!("the answer equals what SQL says of the same data: yes");
    Ok(session)
}

/// What a session cost beside the run.
fn of_session(meta: &Value) -> String {
    let figure = |name: &str, what: &str| meta[name].as_f64().map(|ms| format!(", {ms:.0} ms {what}")).unwrap_or_default();
    figure("restored_ms", "to restore the session") + &figure("saved_ms", "to save it")
}
