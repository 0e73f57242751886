//! A configuration that changes while servers run: authority counts from the next run on, in every one of them, or nothing runs.

use crate::approvals::{Home, accept, legacy};
use crate::connection::{Connection, Era};
use crate::place::Place;
use serde_json::{Value, json};
use std::fs;

const ECHO: &str = "try:\n    print((await faulty.echo(text='a'))['text'])\nexcept ToolError as e:\n    print(e.code)";

/// The home's configuration with this in front.
fn with(home: &Home, original: &str, rules: &str) {
    fs::write(&home.configuration, format!("{rules}{original}")).unwrap();
}

fn rule(effect: &str) -> String {
    format!("[[rules]]\ntools = [\"faulty.echo\"]\neffect = \"{effect}\"\n")
}

#[test]
fn a_rule_counts_from_the_next_run_on_in_both_directions_and_in_every_server() {
    let home = Home::new("");
    let original = fs::read_to_string(&home.configuration).unwrap();
    let mut servers = [Era::Modern, Era::Legacy].map(|era| Connection::open(home.child(), era));
    for (rules, says) in [
        (String::new(), "needs_approval\n"),
        (rule("allow"), "a\n"),
        (rule("deny"), "denied\n"),
        (rule("allow"), "a\n"),
        (String::new(), "needs_approval\n"),
    ] {
        with(&home, &original, &rules);
        for server in &mut servers {
            assert_eq!(server.run("python", ECHO), says, "{rules}");
        }
    }
    assert_eq!(home.echoes(), 4);
}

#[test]
fn under_a_configuration_that_cannot_be_used_nothing_runs() {
    let home = Home::new("");
    let original = fs::read_to_string(&home.configuration).unwrap();
    let mut server = Connection::open(home.child(), Era::Modern);
    assert_eq!(server.run("python", "1"), "1");
    let refused = |place: &str| {
        format!(
            "refused before it ran (policy_invalid): the operator changed the configuration to something that cannot be used ({place}), so nothing runs \
             until it is corrected; `cofferdam doctor` tells the operator what is wrong"
        )
    };
    // Not even what was denied before, or needs nothing.
    with(&home, &original, &rule("allow").replace("effect", "efect"));
    for language in ["python", "javascript"] {
        let shown = server.execute(json!({"language": language, "code": "1"}));
        assert_eq!((shown.text, shown.is_error), (refused("cofferdam.toml:3:1"), true));
    }
    let journal = home.cofferdam(&["log", "--json"]).output().unwrap();
    let runs: Value = serde_json::from_slice(&journal.stdout).unwrap();
    let invalid = json!({"fate": "refused", "code": "policy_invalid"});
    assert_eq!(runs.as_array().unwrap().iter().filter(|run| run["fate"] == invalid).count(), 2, "{runs}");
    // A file that is gone says nothing either, and least of all that there are no rules.
    fs::remove_file(&home.configuration).unwrap();
    assert_eq!(server.execute(json!({"code": "1"})).text, refused("cofferdam.toml"));
    with(&home, &original, "");
    assert_eq!(server.run("python", "2"), "2");
}

#[test]
fn the_users_own_file_counts_when_it_is_made_and_is_missed_when_it_is_gone() {
    let place = Place::new();
    let file = place.path().join(".config/cofferdam/cofferdam.toml");
    fs::remove_file(&file).unwrap();
    let mut server = place.serve(Era::Modern, &[]);
    let code = "import os\nos.environ.get('A')";
    assert_eq!(server.run("python", code), "(no output: the program printed nothing and its last expression has no value)");
    fs::write(&file, "env.A = \"1\"").unwrap();
    assert_eq!(server.run("python", code), "1");
    let mut other = place.serve(Era::Modern, &[]);
    assert_eq!(other.run("python", code), "1");
    fs::remove_file(&file).unwrap();
    assert!(other.execute(json!({"code": code})).text.starts_with("refused before it ran (policy_invalid): "));
}

#[test]
fn a_session_that_waits_loses_a_directory_that_is_not_granted_any_more() {
    let place = Place::new();
    place.write("data/a.txt", "granted");
    let data = place.path().join("data");
    let grant = |files: bool, value: &str| {
        let files = if files { format!("[files]\n\"/data\" = {{ path = {data:?}, access = \"read\" }}\n") } else { String::new() };
        place.write(".config/cofferdam/cofferdam.toml", format!("env.A = \"{value}\"\n{files}"));
    };
    grant(true, "1");
    let mut server = place.serve(Era::Modern, &[]);
    let programs = [
        (
            "python",
            "import os\nn = 7\ndef look():\n    try: return [n, open('/data/a.txt').read()]\n    except OSError: return [n]\nkept = open('/data/a.txt')\nlook()",
            "look()",
        ),
        (
            "javascript",
            "globalThis.n = 7; globalThis.look = () => { try { return [n, require('fs').readFileSync('/data/a.txt', 'utf8')] } catch { return [n] } }; look()",
            "look()",
        ),
    ];
    for (language, first, then) in programs {
        grant(true, "1");
        let shown = server.execute(json!({"session": "new", "language": language, "code": first}));
        let session = crate::sessions::handle(&shown.text);
        assert!(shown.text.starts_with("[7,\"granted\"]"), "{}", shown.text);
        grant(false, "2");
        let shown = server.execute(json!({"session": session, "language": language, "code": then}));
        assert_eq!((shown.text.as_str(), shown.is_error), ("[7]", false), "{language}");
        if language == "python" {
            let kept = server.execute(json!({"session": session, "code": "try: print(kept.read())\nexcept OSError: print('closed')"}));
            assert_eq!(kept.text, "closed\n");
        }
        grant(true, "1");
        let shown = server.execute(json!({"session": session, "language": language, "code": then}));
        assert_eq!(shown.text, "[7,\"granted\"]", "{language}");
    }
}

#[test]
fn a_server_that_changed_is_not_called_as_it_was() {
    let home = Home::new("");
    let original = fs::read_to_string(&home.configuration).unwrap();
    let mut server = Connection::open(home.child(), Era::Modern);
    assert_eq!(server.run("python", "await faulty.count()"), "1");
    let calls = || fs::read_to_string(home.place.path().join("server.log")).unwrap().matches("tools/call count").count();
    for changed in [original.replace("args = [\"normal\"]", "args = [\"other\"]"), original.split("[servers.faulty]").next().unwrap().to_owned()] {
        fs::write(&home.configuration, changed).unwrap();
        let shown = server.execute(json!({"code": "await faulty.count()"}));
        assert!(shown.is_error && shown.text.contains("the operator changed how it is reached"), "{}", shown.text);
        assert_eq!(calls(), 1);
    }
    fs::write(&home.configuration, &original).unwrap();
    assert_eq!(server.run("python", "await faulty.count()"), "2");
}

#[test]
fn a_secret_that_is_new_needs_another_start() {
    let place = Place::new();
    let rule =
        |token: &str| format!("[[http.rules]]\nallow = [\"GET https://api.example.com/**\"]\nheaders = {{ authorization = \"Bearer {token}\" }}\n");
    place.write(".config/cofferdam/cofferdam.toml", rule("first-token-of-all"));
    let mut server = place.serve(Era::Modern, &[]);
    assert_eq!(server.run("python", "'first-token-of-all'"), "[secret removed]");
    place.write(".config/cofferdam/cofferdam.toml", format!("\n{}", rule("second-token-of-all")));
    let shown = server.execute(json!({"code": "'second-token-of-all'"}));
    assert!(shown.text.contains("(policy_invalid)") && shown.text.contains("(cofferdam.toml:2:1)"), "{}", shown.text);
}

#[test]
fn an_answer_lapses_with_the_policy_and_a_run_that_waits_keeps_its_own() {
    let home = Home::new("");
    let original = fs::read_to_string(&home.configuration).unwrap();
    let mut server = Connection::asking(home.child(), Era::Legacy);
    let echo = || json!({"code": "await faulty.echo(text='a')"});
    let sent = r#"{"text":"a"}"#;
    assert_eq!(legacy(&mut server, echo(), &accept("same-arguments")).0.text, sent);
    assert_eq!(server.execute(echo()).text, sent);
    with(&home, &original, "[[rules]]\ntools = [\"faulty.swap\"]\neffect = \"deny\"\n");
    assert_eq!(legacy(&mut server, echo(), &accept("once")).0.text, sent);
    // Asked under a policy that lets it ask; answered when another one would deny it.
    let id = server.call(echo());
    let question = server.asked();
    with(&home, &original, &rule("deny"));
    server.send_line(json!({"jsonrpc": "2.0", "id": question["id"], "result": accept("once")}).to_string().as_bytes());
    assert_eq!(server.shown(id).text, sent);
    assert!(server.execute(echo()).text.contains("the policy does not allow this call"));
    assert_eq!(home.echoes(), 4);
}
