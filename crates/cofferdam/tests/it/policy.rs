//! `cofferdam policy`: what is said of a file, of a call, and of what holds, with the lockfile of the examples and no server started.

use crate::run;
use serde_json::{Value, json};
use std::path::Path;
use tempfile::TempDir;

const SERVERS: &str = r#"[servers.orders]
command = "shop"
args = ["--serve", "orders"]
data = ["private"]

[servers.crm]
command = "shop"
args = ["--serve", "crm"]
"#;

/// Begins on line 9 of the file.
const RULES: &str = r#"[[rules]]
tools = ["crm.delete_*"]
effect = "deny"

[[rules]]
tools = ["crm.add_note"]
effect = "allow"
when = 'args.author == "agent"'

[[rules]]
tools = ["orders.cancel_order"]
effect = "ask"
"#;

/// A home with `c.toml` and the lockfile of the examples beside it.
fn home(rules: &str) -> TempDir {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("c.toml"), format!("{SERVERS}{rules}")).unwrap();
    let lockfile = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/cofferdam.lock");
    std::fs::copy(lockfile, home.path().join("cofferdam.lock")).unwrap();
    home
}

/// `policy` with these words: exit code, standard output, standard error.
fn policy(home: &TempDir, words: &[&str]) -> (i32, String, String) {
    run(home.path(), &[&["--config", "c.toml", "policy"], words].concat())
}

fn out(code: i32, text: &str) -> (i32, String, String) {
    (code, text.to_owned(), String::new())
}

#[test]
fn a_valid_file_is_valid() {
    let home = home(RULES);
    assert_eq!(policy(&home, &["check", "--strict"]), out(0, "valid: 3 rules (~/c.toml)\n"));
    let (_, document, _) = policy(&home, &["check", "--json"]);
    let expected = json!({"valid": true, "files": [home.path().join("c.toml")], "rules": 3, "warnings": []});
    assert_eq!(serde_json::from_str::<Value>(&document.replace('~', home.path().to_str().unwrap())).unwrap(), expected);
}

#[test]
fn what_looks_like_a_mistake_is_a_warning() {
    let home = home(
        "[[rules]]\ntools = [\"crm.*\"]\neffect = \"ask\"\n\
         [[rules]]\ntools = [\"crm.delete_note\"]\neffect = \"deny\"\n\
         [[rules]]\ntools = [\"crm.*\"]\neffect = \"allow\"\n\
         [[rules]]\ntools = [\"orders.cancel_oder\", \"order.*\", \"*.nothing_yet\"]\neffect = \"deny\"\n",
    );
    let text = "valid: 4 rules (~/c.toml)\n\
        warning: rule 2 (line 12) never decides: rule 1 (line 9) comes first and takes every call that it matches\n\
        warning: rule 3 (line 15) never decides: rule 1 (line 9) comes first and says something else of the same calls\n\
        warning: rule 4 (line 18): \"orders.cancel_oder\" matches nothing, the lockfile has no such tool of this server; did you mean \
        \"orders.cancel_order\"?\n\
        warning: rule 4 (line 18): \"order.*\" matches nothing, no server of this name is configured; did you mean \"orders.*\"?\n";
    assert_eq!(policy(&home, &["check"]), out(0, text));
    assert_eq!(policy(&home, &["check", "--strict"]), out(1, text));
    // Who looks elsewhere is told as well.
    let (_, document, _) = run(home.path(), &["--config", "c.toml", "doctor", "--json"]);
    let notes = serde_json::from_str::<Value>(&document).unwrap()["notes"].to_string();
    assert!(notes.contains("rule 2 (line 12) never decides: rule 1 (line 9) comes first"), "{notes}");
    let (_, _, log) = run(home.path(), &["--config", "c.toml", "serve"]);
    assert!(log.contains("rule 2 (line 12) never decides: rule 1 (line 9) comes first"), "{log}");
}

#[test]
fn a_file_that_is_not_valid_is_told_of_with_its_place() {
    let wrong = home("[[rules]]\ntools = [\"crm.*\"]\neffect = \"allow\"\nwhen = 'arg.x == 1'\n");
    let message = "~/c.toml:12:8: rules.when: unknown variable \"arg\"; did you mean args?";
    assert_eq!(policy(&wrong, &["check"]), (2, String::new(), format!("cofferdam: {message}\n")));
    let (code, document, _) = policy(&wrong, &["check", "--json"]);
    assert_eq!((code, serde_json::from_str::<Value>(&document).unwrap()), (2, json!({"valid": false, "error": message})));
    let unreadable = home("");
    std::fs::write(unreadable.path().join("cofferdam.lock"), "version = 9\n").unwrap();
    let (code, _, error) = policy(&unreadable, &["check"]);
    assert_eq!(code, 2);
    assert!(error.starts_with("cofferdam: ~/cofferdam.lock:1:11: version 9 is not known to this program"), "{error}");
}

#[test]
fn a_call_is_decided_with_its_reason_and_the_rules_before() {
    let home = home(RULES);
    let check = |words: &[&str]| policy(&home, &[&["check", "--tool"], words].concat());
    assert_eq!(
        check(&["crm.add_note", "--args", r#"{"author": "agent"}"#, "--labels", "private:crm,untrusted:orders"]),
        out(
            0,
            "ask: rule 2 (line 13) allows it, but its guard asks because of untrusted (orders)\n  \
             crm.add_note: write; read before: untrusted (orders), private (crm)\n  \
             rule 1 (line 9) is about other tools\n"
        )
    );
    assert_eq!(
        check(&["crm.add_note", "--args", r#"{"author": "me"}"#]),
        out(
            0,
            "ask: no rule matches, and it changes something\n  \
             crm.add_note: write; read before: none\n  \
             rule 1 (line 9) is about other tools\n  \
             rule 2 (line 13) does not match: args.author == \"agent\" is false\n  \
             rule 3 (line 18) is about other tools\n"
        )
    );
    assert_eq!(
        check(&["crm.list_notes"]),
        out(
            0,
            "allow: no rule matches, and it was accepted as a read\n  \
             crm.list_notes: read; read before: none\n  \
             rules 1 to 3 are about other tools\n"
        )
    );
    assert_eq!(
        check(&["crm.delete_note", "--read-only"]),
        out(0, "deny: only reads are allowed, and it was not accepted as one\n  crm.delete_note: write; read before: none\n")
    );
    assert_eq!(
        check(&["crm.list_notes", "--external", "--labels", "private:file:/data"]).1.lines().next(),
        Some("ask: no rule matches; it was accepted as a read, but it is external and its arguments could carry out private (file:/data)")
    );
    assert_eq!(
        check(&["crm.list_note"]),
        out(
            0,
            "ask: no rule matches, and the operator has not reviewed it\n  \
             crm.list_note: unreviewed, external; read before: none\n  \
             rules 1 to 3 are about other tools\n\
             note: the lockfile does not have crm.list_note: until it is accepted it is quarantined, and a call of it fails whatever the rules say; \
             did you mean crm.list_notes?\n"
        )
    );
}

#[test]
fn a_decided_call_for_scripts() {
    let home = home(RULES);
    let (code, document, errors) = policy(&home, &["check", "--json", "--tool", "crm.add_note", "--expect", "allow"]);
    let expected = json!({
        "verdict": "deny",
        "because": "condition",
        "rule": 2,
        "line": 13,
        "labels": null,
        "text": "deny: the condition of rule 2 (line 13) cannot be evaluated: there is no \"author\"; has(...) asks whether there is",
        "tool": {"name": "crm.add_note", "effect": "write", "external": false},
        "read": [],
        "passed": [{"rule": 1, "line": 9, "because": "other_tools"}],
        "notes": [],
    });
    assert_eq!((code, serde_json::from_str::<Value>(&document).unwrap()), (1, expected));
    assert_eq!(errors, "cofferdam: expected allow, and it is deny\n");
    assert_eq!(policy(&home, &["check", "--tool", "crm.add_note", "--expect", "deny"]).0, 0);
}

#[test]
fn a_call_that_cannot_be_is_wrong_usage() {
    let home = home("");
    for (words, message) in [
        (&["crm.listNotes"][..], "cofferdam: \"crm.listNotes\" can match no tool: names of tools have no 'N'; did you mean \"crm.list_notes\"?\n"),
        (&["crm.*"], "cofferdam: \"crm.*\" is a pattern; name one tool\n"),
        (&["crm"], "cofferdam: \"crm\" is not of the form server.tool\n"),
    ] {
        assert_eq!(policy(&home, &[&["check", "--tool"], words].concat()), (2, String::new(), message.to_owned()));
    }
    for words in [&["--args", "[]"][..], &["--args", "{"], &["--labels", "private"], &["--effect", "reads"], &["--expect", "yes"]] {
        assert_eq!(policy(&home, &[&["check", "--tool", "crm.list_notes"], words].concat()).0, 2, "{words:?}");
    }
}

#[test]
fn what_holds_is_shown_with_the_defaults() {
    let http = "\n[[http.rules]]\nallow = [\"GET https://api.example.com/**\"]\nheaders = { Authorization = \"Bearer 0123456789abcdef\" }\n\
                data = [\"untrusted\"]\n";
    let home = home(&format!("{RULES}{http}\n[limits]\nwall = \"10s\"\n[programs]\nforbid = [\"escape_idiom\"]\n"));
    let (code, text, errors) = policy(&home, &["show"]);
    assert_eq!((code, &*errors), (0, ""));
    assert!(!text.contains("0123456789abcdef"), "{text}");
    let (beginning, limits) = text.split_once("\nlimits\n").unwrap();
    let expected = "\
configuration
  ~/c.toml

mode
  by-rules: the rules decide

rules, of which the first that matches decides
  1     line 9     deny   crm.delete_*
  2     line 13    allow  crm.add_note when args.author == \"agent\"; still asks for untrusted, private
  3     line 18    ask    orders.cancel_order
  else  what was accepted as a read is allowed (if it is external, it asks once private data of another origin was read), everything else asks

fetch, where the first rule that matches decides
  1     line 22    allow  GET https://api.example.com/**; adds authorization; still asks for untrusted, private; replies are untrusted
  else  every request is denied

forbidden in programs
  escape_idiom

accepted tools (~/cofferdam.lock)
  13 reads, 3 writes, 0 unreviewed; 0 of them external
  ask where no rule matches: crm.add_note

labels of what servers reply
  crm             untrusted, private (default)
  orders          private
";
    assert_eq!(beginning, expected);
    for line in
        ["  wall              10 s      instead of 30 s", "  memory            512 MiB   (default)", "  session_kept      24 h      (default)"]
    {
        assert!(limits.lines().any(|one| one == line), "{limits}");
    }
    let (_, document, _) = policy(&home, &["show", "--json", "--read-only"]);
    let document: Value = serde_json::from_str(&document).unwrap();
    let rule = json!({
        "rule": 2, "line": 13, "tools": ["crm.add_note"], "effect": "allow", "when": "args.author == \"agent\"", "guard": ["untrusted", "private"]
    });
    assert_eq!(document["rules"][1], rule);
    assert_eq!(document["mode"], "read-only");
    assert_eq!(document["forbidden"], json!(["escape_idiom"]));
    assert_eq!(
        document["data"],
        json!({"crm": {"labels": ["untrusted", "private"], "default": true}, "orders": {"labels": ["private"], "default": false}})
    );
    assert_eq!(document["limits"]["wall"], json!({"seconds": 10.0, "default": false}));
    assert_eq!(document["limits"]["memory"], json!({"bytes": 536_870_912, "default": true}));
    let lockfile = &document["lockfile"];
    assert_eq!((&lockfile["read"], &lockfile["write"], &lockfile["unreviewed"]), (&json!(13), &json!(3), &json!(0)));
}
