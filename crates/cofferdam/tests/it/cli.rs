//! The command line: help, exit codes, and what is said of a broken configuration.

use crate::run;
use std::path::Path;

/// Writes `files` into a new home, runs, and compares exit code and standard error with nothing on standard output.
fn refused(files: &[(&str, &str)], arguments: &[&str], code: i32, message: &str) {
    let home = tempfile::tempdir().unwrap();
    write(home.path(), files);
    assert_eq!(run(home.path(), arguments), (code, String::new(), message.to_owned()), "{arguments:?}");
}

fn write(home: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = home.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

/// What the attack build takes the defence apart with is no part of the binary that people use.
#[test]
fn no_layer_of_the_defence_has_a_switch() {
    let binary = std::fs::read(env!("CARGO_BIN_EXE_cofferdam")).unwrap();
    let holds = |word: &str| binary.windows(word.len()).any(|bytes| bytes == word.as_bytes());
    assert!(holds("XDG_STATE_HOME"), "no name of a variable is found in it: the search shows nothing");
    assert!(!holds("COFFERDAM_WITHOUT"));
}

#[test]
fn every_command_has_help_with_examples() {
    let home = tempfile::tempdir().unwrap();
    for command in [
        &[][..],
        &["serve"],
        &["run"],
        &["tools"],
        &["lock"],
        &["init"],
        &["guests"],
        &["artifacts"],
        &["policy"],
        &["policy", "check"],
        &["log"],
        &["replay"],
        &["doctor"],
    ] {
        let arguments = [command, &["--help"]].concat();
        let (code, help, errors) = run(home.path(), &arguments);
        assert_eq!((code, &*errors), (0, ""), "{command:?}");
        assert!(help.contains("\nExamples:\n  cofferdam"), "{help}");
    }
    let (_, help, _) = run(home.path(), &["--help"]);
    for line in ["  0  it worked", "  2  wrong usage, or an error in the configuration", "  5  Cofferdam itself failed"] {
        assert!(help.lines().any(|one| one == line), "{help}");
    }
}

#[test]
fn the_version() {
    let home = tempfile::tempdir().unwrap();
    assert_eq!(run(home.path(), &["--version"]), (0, format!("cofferdam {}\n", env!("CARGO_PKG_VERSION")), String::new()));
}

#[test]
fn a_broken_configuration_is_told_of_with_its_place() {
    let users = ".config/cofferdam/cofferdam.toml";
    refused(
        &[(users, "[limits]\nwal = \"30s\"\n")],
        &[],
        2,
        "cofferdam: ~/.config/cofferdam/cofferdam.toml:2:1: unknown key \"wal\" in [limits]; did you mean \"wall\"?\n",
    );
    refused(
        &[("c.toml", "[http]\nallow = [\"GET https://a.test\"]\n")],
        &["--config", "c.toml"],
        2,
        "cofferdam: ~/c.toml:2:10: http.allow: \"GET https://a.test\" has no path: end it with /** for all paths\n",
    );
    refused(
        &[("m.json", "{\"mcpServers\": {\n  \"a\": }}")],
        &["run", "-e", "1", "--mcp-config", "m.json"],
        2,
        "cofferdam: ~/m.json:2:8: unexpected close brace\n",
    );
    refused(&[], &["tools", "list", "--config", "c.toml"], 2, "cofferdam: ~/c.toml: cannot be read: No such file or directory (os error 2)\n");
}

#[test]
fn wrong_usage_is_told_of() {
    refused(&[], &["run", "nothing.py"], 2, "cofferdam: nothing.py cannot be read: No such file or directory (os error 2)\n");
    refused(&[], &["run", "-e", " "], 2, "cofferdam: the program is empty\n");
    refused(
        &[],
        &["run"],
        2,
        "cofferdam: give the program as FILE, as -e CODE, or - to read it from standard input; for example: cofferdam run -e '1 + 1'\n",
    );
    let home = tempfile::tempdir().unwrap();
    assert_eq!(run(home.path(), &["run", "-l", "ruby", "-e", "1"]).0, 2);
    assert_eq!(run(home.path(), &["run", "-e", "1", "--timeout", "30"]).0, 2);
    assert_eq!(run(home.path(), &["--log", "=[", "tools", "list"]).0, 2);
}

#[test]
fn a_server_that_cannot_be_used_is_listed_with_its_reason() {
    let home = tempfile::tempdir().unwrap();
    write(home.path(), &[("m.json", r#"{"mcpServers": {"a": {"command": "x", "env": {"K": "${NOT_SET}"}}, "self": {"command": "cofferdam"}}}"#)]);
    let reason = "env.K: the environment variable NOT_SET is not set; set it, or give a default: ${NOT_SET:-default}";
    let (code, out, errors) = run(home.path(), &["tools", "list", "--mcp-config", "m.json"]);
    assert_eq!((code, out, &*errors), (1, format!("a failed: {reason}\n"), ""));
    let (code, out, errors) = run(home.path(), &["tools", "list", "a", "--mcp-config", "m.json"]);
    assert_eq!((code, out, &*errors), (1, format!("a failed: {reason}\n"), ""));
    let (code, out, errors) = run(home.path(), &["tools", "list", "github", "--mcp-config", "m.json"]);
    let told = format!("cofferdam: there is no server \"github\"; there are: a\ncofferdam: a cannot be used: {reason}\n");
    assert_eq!((code, &*out, errors), (2, "", told));
    let (_, _, errors) = run(home.path(), &["tools", "search", "issues", "--mcp-config", "m.json"]);
    assert_eq!(errors, format!("cofferdam: a failed: {reason}\n"));
    let (code, out, _) = run(home.path(), &["doctor", "--json", "--mcp-config", "m.json"]);
    let document: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(code, 1);
    assert_eq!(document["servers"], serde_json::json!([{"server": "a", "ok": false, "reason": reason}]));
    assert_eq!(document["skipped"], serde_json::json!(["self"]));
    let problems = document["problems"].as_array().unwrap();
    assert!(problems.iter().any(|problem| problem["mend"] == "export NOT_SET=..."), "{problems:?}");
}

#[test]
fn doctor_says_what_to_look_at() {
    let home = tempfile::tempdir().unwrap();
    // Nobody listens on the discard port.
    write(
        home.path(),
        &[(
            "m.json",
            r#"{"mcpServers": {"gone": {"command": "no-such-program", "args": ["-y"]}, "web": {"url": "http://127.0.0.1:9/mcp?key=hidden"}}}"#,
        )],
    );
    let (_, out, _) = run(home.path(), &["doctor", "--json", "--mcp-config", "m.json"]);
    let document: serde_json::Value = serde_json::from_str(&out).unwrap();
    let notes = document["notes"].as_array().unwrap();
    assert!(notes.iter().any(|note| note.as_str().unwrap().contains("that is outside this protection")), "{notes:?}");
    let mends: Vec<&str> = document["problems"].as_array().unwrap().iter().map(|problem| problem["mend"].as_str().unwrap()).collect();
    let command = "try its command by hand: no-such-program -y";
    let url = "check its URL, its headers and whether this machine reaches it: http://127.0.0.1:9/mcp";
    assert!(mends.ends_with(&[command, url]), "{mends:?}");
}

#[test]
fn guests_that_are_not_there_are_told_of_with_the_command_that_builds_them() {
    let home = tempfile::tempdir().unwrap();
    let (code, out, errors) = run(home.path(), &["guests", "list"]);
    let expected = "python      is not there; run: cargo xtask guests\njavascript  is not there; run: cargo xtask guests\n";
    assert_eq!((code, &*out, &*errors), (1, expected, ""));
}
