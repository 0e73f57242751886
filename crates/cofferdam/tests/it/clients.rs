//! Real clients, real servers: agents' own MCP packages start `cofferdam serve`, and programs join what six servers answer.

use crate::place::{Place, legacy, modern, node, own};
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Six servers as their makers ship them, over data of this test.
pub(crate) fn configuration(place: &Place) -> String {
    place.write("files/stock.csv", "name,qty\nbolt,5\nnut,7\n");
    place.write("files/note.txt", "keep dry\n");
    commit(&place.path().join("repo"));
    let server = |name: &str| node(&format!("@modelcontextprotocol/server-{name}/dist/index.js"));
    let path = |name: &str| place.path().join(name);
    let servers = json!({
        "filesystem": {"command": "node", "args": [server("filesystem"), path("files")]},
        "memory": {"command": "node", "args": [server("memory")], "env": {"MEMORY_FILE_PATH": path("memory.jsonl")}},
        "everything": {"type": "stdio", "command": "node", "args": [server("everything"), "stdio"]},
        "time": {"command": modern("mcp-server-time"), "args": ["--local-timezone", "UTC"]},
        "git": {"command": modern("mcp-server-git"), "args": ["--repository", path("repo")]},
        "sqlite": {"command": legacy("mcp-server-sqlite"), "args": ["--db-path", path("stock.db")]}
    });
    place.servers(&servers).display().to_string()
}

/// A repository with one commit that is the same everywhere.
fn commit(repository: &Path) {
    std::fs::create_dir_all(repository).unwrap();
    let when = "2026-01-02T03:04:05Z";
    for arguments in [&["init", "--quiet"][..], &["-c", "commit.gpgsign=false", "commit", "--quiet", "--allow-empty", "--message", "First stone"]] {
        let mut git = Command::new("git");
        git.args(arguments).current_dir(repository).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
        for role in ["AUTHOR", "COMMITTER"] {
            git.env(format!("GIT_{role}_NAME"), "Ann").env(format!("GIT_{role}_EMAIL"), "ann@example.org").env(format!("GIT_{role}_DATE"), when);
        }
        assert!(git.status().unwrap().success());
    }
}

/// What the servers of the test answer to the two programs.
const JOINED: &str = "+9.0h | First stone | The sum of 2 and 3 is 5. | Light rain / drizzle | steel\n";

/// A Python program over all servers.
fn python(place: &Place) -> String {
    let home = place.path().display();
    format!(
        r#"
await sqlite.create_table(query="CREATE TABLE stock (name TEXT, qty INTEGER)")
stock, made, noon, log, total, weather = await asyncio.gather(
    filesystem.read_text_file(path="{home}/files/stock.csv"),
    memory.create_entities(entities=[{{"name": "bolt", "entityType": "part", "observations": ["steel"]}}]),
    time.convert_time(source_timezone="UTC", time="12:00", target_timezone="Asia/Tokyo"),
    git.git_log(repo_path="{home}/repo"),
    everything.get_sum(a=2, b=3),
    everything.get_structured_content(location="Chicago"),
)
subject = log.partition("Message: ")[2].strip()
print(noon["time_difference"], subject, total, weather["conditions"], made["entities"][0]["observations"][0], sep=" | ")
rows = [line.split(",") for line in stock["content"].splitlines()[1:]]
await asyncio.gather(*(sqlite.write_query(query=f"INSERT INTO stock VALUES ('{{name}}', {{qty}})") for name, qty in rows))
answer = await sqlite.read_query(query="SELECT sum(qty) AS total FROM stock")
{{"rows": rows, "total": answer}}
"#
    )
}

/// A TypeScript program over all servers, run after the other.
fn typescript(place: &Place) -> String {
    let home = place.path().display();
    format!(
        r#"
interface Row {{ name: string; qty: number }}
const [stock, known, noon, log, total, weather, answer] = await Promise.all([
  filesystem.read_text_file({{ path: "{home}/files/stock.csv" }}),
  memory.open_nodes({{ names: ["bolt"] }}),
  time.convert_time({{ source_timezone: "UTC", time: "12:00", target_timezone: "Asia/Tokyo" }}),
  git.git_log({{ repo_path: "{home}/repo" }}),
  everything.get_sum({{ a: 2, b: 3 }}),
  everything.get_structured_content({{ location: "Chicago" }}),
  sqlite.read_query({{ query: "SELECT sum(qty) AS total FROM stock" }}),
]);
const rows: Row[] = stock.content.trim().split("\n").slice(1).map((line: string) => {{
  const [name, qty] = line.split(",");
  return {{ name, qty: Number(qty) }};
}});
const subject: string = log.split("Message: ")[1].trim();
console.log([noon.time_difference, subject, total, weather.conditions, known.entities[0].observations[0]].join(" | "));
return {{ rows, total: answer }};
"#
    )
}

/// Everything that every client does, and what it must print for it after its first line.
fn steps(place: &Place) -> (Value, Vec<Value>) {
    let slowly = "progress(1, 2, 'half')\nawait asyncio.sleep(0.6)\nprogress(2, 2, 'whole')\nawait asyncio.sleep(0.6)\n'done'";
    let forever = "progress(1);\nawait new Promise((resolve) => setTimeout(resolve, 3600000))";
    let steps = json!([
        {"language": "python", "code": python(place)},
        {"language": "typescript", "code": typescript(place)},
        {"language": "python", "code": slowly, "progress": true},
        {"language": "javascript", "code": forever, "cancel": true},
        {"language": "python", "code": "await filesystem.read_text_file(path='/etc/passwd')"},
        {"language": "python", "code": "1 + 1"}
    ]);
    let answer = |text: &str, error: bool| json!({"text": [text], "error": error, "structured": null, "progress": []});
    let denied = format!(
        "Traceback (most recent call last):\n  File \"program.py\", line 1, in <module>\n    await filesystem.read_text_file(path='/etc/passwd')\n\
         ToolError: Access denied - path outside allowed directories: /etc/passwd not in {} [tool_failed]",
        place.path().join("files").canonicalize().unwrap().display()
    );
    let mut done = answer("done", false);
    done["progress"] = json!([[1, 2, "half"], [2, 2, "whole"]]);
    let printed = vec![
        answer(&format!("{JOINED}{}", r#"{"rows":[["bolt","5"],["nut","7"]],"total":"[{'total': 12}]"}"#), false),
        answer(&format!("{JOINED}{}", r#"{"rows":[{"name":"bolt","qty":5},{"name":"nut","qty":7}],"total":"[{'total': 12}]"}"#), false),
        done,
        json!({"cancelled": true}),
        answer(&denied, true),
        answer("2", false),
    ];
    (steps, printed)
}

/// Runs a client over the server; it must print exactly this.
fn drive(place: &Place, client: &mut Command, first: Value) {
    let (configuration, (steps, rest)) = (configuration(place), steps(place));
    let expected: Vec<Value> = std::iter::once(first).chain(rest).collect();
    // Python writes whole numbers of progress as 1.0.
    assert_eq!(whole(printed(place, client, &["--mcp-config", &configuration], &steps).into()), Value::from(expected));
}

/// Runs a client over `cofferdam serve` with these arguments; what it prints for the steps.
pub(crate) fn printed(place: &Place, client: &mut Command, arguments: &[&str], steps: &Value) -> Vec<Value> {
    client.arg(env!("CARGO_BIN_EXE_cofferdam")).arg("serve").args(arguments);
    client.env_clear().env("HOME", place.path()).env("PATH", std::env::var_os("PATH").unwrap()).current_dir(place.path());
    let mut child = client.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(steps.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    println!("{errors}");
    let lines = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{lines}");
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Floats that are whole as integers.
fn whole(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(whole).collect(),
        Value::Object(members) => Value::Object(members.into_iter().map(|(key, value)| (key, whole(value))).collect()),
        #[expect(clippy::cast_possible_truncation, reason = "whole and small")]
        Value::Number(number) if number.is_f64() => number.as_f64().map_or(Value::Null, |n| (n as i64).into()),
        other => other,
    }
}

/// The client over the newest Python `mcp` package.
pub(crate) fn in_python(mode: &str) -> Command {
    let mut client = Command::new(modern("python"));
    client.arg(own("clients/client.py")).arg(mode);
    client
}

/// The client over the TypeScript SDK.
pub(crate) fn in_typescript() -> Command {
    let mut client = Command::new("node");
    client.arg(own("clients/client.mjs")).arg(node("@modelcontextprotocol/sdk"));
    client
}

fn python_client(mode: &str, protocol: &str) {
    let place = Place::new();
    drive(&place, &mut in_python(mode), json!({"protocol": protocol, "server": "cofferdam", "tools": ["execute"]}));
}

#[test]
fn the_python_client_in_the_modern_era() {
    python_client("auto", "2026-07-28");
}

#[test]
fn the_python_client_in_the_legacy_era() {
    python_client("legacy", "2025-11-25");
}

#[test]
fn the_typescript_client() {
    let place = Place::new();
    drive(&place, &mut in_typescript(), json!({"server": "cofferdam", "tools": ["execute"]}));
}
