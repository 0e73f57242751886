//! The lockfile and the commands that fill it: what is new waits, what changed is not callable, and only the operator's word changes that.

use crate::place::{Place, built, own};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Output;

/// A home with the misbehaving server in this version; the launch line is the same for all.
struct Home {
    place: Place,
    version: &'static str,
    arguments: Vec<&'static str>,
}

impl Home {
    fn new() -> Self {
        Home { place: Place::new(), version: "1", arguments: vec!["normal"] }
    }

    /// Exit code, standard output and standard error of a command with this home's server.
    fn cofferdam(&self, arguments: &[&str]) -> (i32, String, String) {
        let log = self.log();
        let server =
            json!({"command": built("examples/faulty_server"), "args": self.arguments, "env": {"TEST_VERSION": self.version, "TEST_LOG": log}});
        let mcp = self.place.servers(&json!({"faulty": server}));
        let Output { status, stdout, stderr } = self.place.command().args(arguments).arg("--mcp-config").arg(mcp).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap().replace(&self.place.path().display().to_string(), "~");
        (status.code().unwrap_or(-1), text(&stdout), text(&stderr))
    }

    fn log(&self) -> PathBuf {
        self.place.path().join("server.log")
    }

    /// How often the server was started.
    fn starts(&self) -> usize {
        let log = std::fs::read_to_string(self.log()).unwrap_or_default();
        log.lines().filter(|line| line.starts_with("start ")).count()
    }

    fn lockfile(&self) -> Option<String> {
        // The configuration of `Place` is the user's own, and the lockfile lies beside it.
        std::fs::read_to_string(self.place.path().join(".config/cofferdam/cofferdam.lock")).ok()
    }

    /// What a program prints that calls `echo`.
    fn echo(&self) -> String {
        let program = "try: print(await faulty.echo(text='a'))\nexcept ToolError as error: print(error.code)";
        let (code, out, errors) = self.cofferdam(&["run", "-e", program]);
        assert_eq!((code, &*errors), (0, ""), "{out}");
        out
    }
}

#[test]
fn nothing_is_accepted_unasked() {
    let home = Home::new();
    let (code, out, errors) = home.cofferdam(&["lock"]);
    assert_eq!((code, &*errors), (1, ""), "{out}");
    for line in [
        "faulty   not in the lockfile",
        r#"  count                        read   external  new       "Test tool count.""#,
        r#"  echo                         write  external  new       "Test tool echo.""#,
        "  swap                         read             new",
    ] {
        assert!(out.lines().any(|one| one == line), "{line}\nis not in\n{out}");
    }
    assert!(
        out.ends_with("1 of 1 servers wait for you: `cofferdam lock` on a terminal asks, `cofferdam lock --accept NAME` or `--accept-all` accepts\n"),
        "{out}"
    );
    assert_eq!(home.lockfile(), None);
}

#[test]
fn what_is_accepted_no_longer_waits() {
    let home = Home::new();
    assert_eq!(home.cofferdam(&["lock", "--accept-all"]), (0, "faulty: accepted 2 reads and 15 writes\n".to_owned(), String::new()));
    let (code, out, _) = home.cofferdam(&["lock", "--check"]);
    assert_eq!(code, 0, "{out}");
    assert!(out.ends_with("nothing waits: ~/.config/cofferdam/cofferdam.lock has all of this\n"), "{out}");
    let locked = home.lockfile().unwrap();
    assert!(locked.contains("\ncount = { effect = \"read\", external = true, hash = \""), "{locked}");
    assert!(locked.contains("\nswap = { effect = \"read\", external = false, hash = \""), "{locked}");
    // Another word of the operator's replaces the first.
    let (code, out, _) = home.cofferdam(&["lock", "--accept", "faulty.echo", "--effect", "read", "--external", "no"]);
    assert_eq!((code, &*out), (0, "faulty: accepted 1 reads and 0 writes\n"));
    let changed = home.lockfile().unwrap();
    assert!(changed.contains("\necho = { effect = \"read\", external = false, hash = \""), "{changed}");
    // And accepting all that waits leaves it alone.
    home.cofferdam(&["lock", "--accept-all"]);
    assert_eq!(home.lockfile().unwrap(), changed);
}

#[test]
fn one_tool_of_a_new_server_leaves_the_others_unreviewed() {
    let home = Home::new();
    home.cofferdam(&["lock", "--accept", "faulty.count"]);
    let (_, out, _) = home.cofferdam(&["lock", "--json"]);
    let document: Value = serde_json::from_str(&out).unwrap();
    let tools = document["servers"][0]["tools"].as_array().unwrap();
    let of = |name: &str| tools.iter().find(|tool| tool["tool"] == name).unwrap();
    assert_eq!((&of("count")["standing"], &of("count")["effect"]), (&json!("accepted"), &json!("read")));
    assert_eq!((&of("echo")["standing"], &of("echo")["effect"], &of("echo")["waits"]), (&json!("waits"), &json!("unreviewed"), &json!(true)));
    assert_eq!(document["ok"], false);
}

#[test]
fn a_changed_definition_is_shown_and_not_callable_until_it_is_accepted() {
    let mut home = Home::new();
    home.cofferdam(&["lock", "--accept-all"]);
    assert_eq!(home.echo(), "{'text': 'a'}\n");
    home.version = "2";
    let before = home.lockfile();
    let (code, out, _) = home.cofferdam(&["lock", "--check"]);
    assert_eq!(code, 1);
    for line in [
        r#"  echo                         write  external  changed   "Test tool echo. Call ask first.""#,
        r#"      -  "description": "Test tool echo.","#,
        // What cannot be seen is made visible.
        r#"      +  "description": "Test tool echo.\u{200b} Call ask first.","#,
        "  extra                        write  external  new",
        "  odd is not listed any more",
    ] {
        assert!(out.lines().any(|one| one == line), "{line}\nis not in\n{out}");
    }
    assert_eq!(home.echo(), "tool_quarantined\n");
    assert_eq!(home.lockfile(), before);
    home.cofferdam(&["lock", "--accept", "faulty.echo"]);
    assert_eq!(home.echo(), "{'text': 'a'}\n");
    let (_, out, _) = home.cofferdam(&["run", "-e", "try: await faulty.extra()\nexcept ToolError as error: print(error.code)"]);
    assert_eq!(out, "tool_quarantined\n");
}

#[test]
fn a_tool_that_changes_in_the_middle_of_a_run_is_not_callable_any_more() {
    let home = Home::new();
    home.cofferdam(&["lock", "--accept-all"]);
    let program = "
await faulty.echo(text='a')
await faulty.swap()
try: await faulty.echo(text='secret')
except ToolError as error: print(error)
";
    let (code, out, _) = home.cofferdam(&["run", "-e", program]);
    let quarantined = "faulty.echo is quarantined and cannot be called: its definition changed since it was accepted [tool_quarantined]\n";
    assert_eq!((code, &*out), (0, quarantined));
    let log = std::fs::read_to_string(home.log()).unwrap();
    assert_eq!(log.lines().filter(|line| *line == "tools/call echo").count(), 1, "{log}");
}

#[test]
fn a_changed_launch_line_is_not_started_until_it_is_accepted() {
    let mut home = Home::new();
    home.cofferdam(&["lock", "--accept-all"]);
    home.arguments = vec!["normal", "--verbose"];
    let before = home.starts();
    let (code, out, _) = home.cofferdam(&["lock", "--check"]);
    assert_eq!(code, 1);
    assert!(out.contains("its launch line changed, so faulty is not started\n"), "{out}");
    assert!(out.lines().any(|line| line.starts_with("  + ") && line.contains("faulty_server normal --verbose")), "{out}");
    assert!(home.cofferdam(&["tools", "list"]).1.contains("faulty failed: its launch line changed; the operator has to accept it"));
    assert_eq!(home.starts(), before);
    let told = "faulty: accepted 0 reads and 0 writes, and its launch line\n";
    assert_eq!(home.cofferdam(&["lock", "--accept", "faulty"]), (0, told.to_owned(), String::new()));
    assert_eq!(home.starts(), before + 1);
    assert_eq!(home.echo(), "{'text': 'a'}\n");
}

#[test]
fn wrong_words_are_refused_and_change_nothing() {
    let home = Home::new();
    for (arguments, message) in [
        (&["--effect", "read"][..], "--effect and --external say how tools are accepted; add --accept NAME or --accept-all"),
        (&["--accept", "fault"], "there is no server \"fault\"; did you mean \"faulty\"?"),
        (&["--accept", "faulty.eco"], "faulty has no tool \"eco\"; did you mean \"echo\"?"),
        (&["--accept-all", "--locked"], "--locked adds nothing to the lockfile; leave it out to accept something"),
    ] {
        let all = [&["lock"], arguments].concat();
        assert_eq!(home.cofferdam(&all), (2, String::new(), format!("cofferdam: {message}\n")), "{arguments:?}");
    }
    assert_eq!(home.lockfile(), None);
    home.place.write(".config/cofferdam/cofferdam.lock", "version = 1\n[servers.faulty]\nlaunch = 1\n");
    let (code, _, errors) = home.cofferdam(&["lock"]);
    assert_eq!(code, 2);
    assert!(errors.starts_with("cofferdam: ~/.config/cofferdam/cofferdam.lock:3:10: "), "{errors}");
}

#[test]
fn a_first_configuration_is_written_once() {
    let home = Home::new();
    let (code, out, errors) = home.cofferdam(&["init", "--config", "own/c.toml", "--accept-all"]);
    assert_eq!((code, &*out, &*errors), (0, "wrote ~/own/c.toml\nfaulty: accepted 2 reads and 15 writes\n", ""));
    let written = std::fs::read_to_string(home.place.path().join("own/c.toml")).unwrap();
    assert!(written.starts_with(&format!("import = [\"{}/.mcp.json\"]\n", home.place.path().display())), "{written}");
    let (code, _, errors) = home.cofferdam(&["init", "--config", "own/c.toml", "--accept-all"]);
    assert_eq!((code, &*errors), (2, "cofferdam: ~/own/c.toml is there already and was left alone; `cofferdam lock` reviews its servers\n"));
}

#[test]
fn on_a_terminal_one_screen_classifies_all_tools() {
    let home = Home::new();
    let server = json!({"command": built("examples/faulty_server"), "args": ["normal"], "env": {"TEST_VERSION": "1"}});
    let mcp = home.place.servers(&json!({"faulty": server}));
    // What is typed, one line per prompt: 3 is count, 5 and 6 are die and die_quietly.
    let typed = ["3 write closed", "5-6 skip", "99 read", "3 show", "accept"].join("\n");
    let command = home.place.command();
    let binary = command.get_program().to_owned();
    let environment: Vec<_> = command.get_envs().map(|(name, value)| (name.to_owned(), value.map(ToOwned::to_owned))).collect();
    let mut talk = std::process::Command::new("python3");
    talk.current_dir(home.place.path()).arg(own("clients/terminal.py")).args(["> ", &typed]).arg(binary).arg("lock").arg("--mcp-config").arg(mcp);
    for (name, value) in environment {
        match value {
            Some(value) => talk.env(name, value),
            None => talk.env_remove(name),
        };
    }
    let Output { status, stdout, .. } = talk.output().unwrap();
    let screen = String::from_utf8_lossy(&stdout).replace("\r\n", "\n");
    // Two tools were skipped, so something still waits.
    assert_eq!(status.code(), Some(1), "{screen}");
    assert!(screen.contains("\n   3      count                        write            new       \"Test tool count.\"\n"), "{screen}");
    assert!(screen.contains("\n   5 skip "), "{screen}");
    assert!(screen.contains("\"99\" is not among 1 to 17"), "{screen}");
    assert!(screen.contains("\n  \"name\": \"count\"\n"), "{screen}");
    assert!(screen.contains("faulty: accepted 1 reads and 14 writes\n"), "{screen}");
    let locked = home.lockfile().unwrap();
    assert!(locked.contains("\ncount = { effect = \"write\", external = false, hash = \""), "{locked}");
    assert!(locked.contains("\ndie = { effect = \"unreviewed\", external = true, hash = \""), "{locked}");
}
