//! What a conversation has seen: a theft that is split over two runs asks in the second, whatever became of the first.

use crate::connection::{Connection, Era, Shown};
use crate::place::{Place, built};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Output;

/// Allows reading customers and, unless the labels say otherwise, everything else. With `guard = []` after it, everything.
const GUARDED: &str = "[[rules]]\ntools = [\"crm.*\"]\neffect = \"allow\"\nguard = []\n[[rules]]\ntools = [\"*\"]\neffect = \"allow\"\n";

/// A shop whose customers are private and untrusted unless `data` says otherwise, and an upstream that takes what it is given.
fn configuration(place: &Place, rules: &str, data: &str) -> String {
    let _built = built("shop");
    let outbox = json!(built("examples/faulty_server"));
    let log = json!(place.path().join("outbox.log"));
    let servers = format!(
        "[servers.crm]\ncommand = \"shop\"\nargs = [\"--serve\", \"crm\"]\n{data}\n\
         [servers.outbox]\ncommand = {outbox}\nargs = [\"normal\"]\nenv = {{ TEST_LOG = {log} }}\n"
    );
    place.write("cofferdam.toml", format!("{rules}{servers}")).to_str().unwrap().to_owned()
}

fn serve(place: &Place, rules: &str) -> Connection {
    serve_in(Era::Modern, place, rules)
}

fn serve_in(era: Era, place: &Place, rules: &str) -> Connection {
    place.serve(era, &["--config", &configuration(place, rules, "")])
}

/// How often the outbox was called.
fn sent(place: &Place) -> usize {
    std::fs::read_to_string(place.path().join("outbox.log")).unwrap_or_default().lines().filter(|line| *line == "tools/call echo").count()
}

/// Runs a program; what is shown, and the name of the context.
fn run(server: &mut Connection, language: &str, code: &str) -> (String, String) {
    let id = server.call(json!({"language": language, "code": code}));
    let answer = server.answer(id);
    let result = &answer["result"];
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&result["content"][0]["text"]), text(&result["_meta"]["cofferdam/run"]["context"]))
}

fn context(place: &Place, arguments: &[&str]) -> Output {
    place.command().arg("context").args(arguments).output().unwrap()
}

/// The labels of a context as the operator is shown them.
fn labels(place: &Place, name: &str) -> Value {
    let output = context(place, &["show", name, "--json"]);
    let seen: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    seen["labels"].as_array().into_iter().flatten().map(|one| format!("{} {}", one["kind"], one["origin"]).replace('"', "")).collect()
}

/// In either language: reading customers, and sending a text that the model wrote itself. Each says how it ended.
const PROGRAMS: [(&str, &str, &str); 2] = [
    (
        "python",
        "len((await crm.list_customers(limit=1))['customers'])",
        "try:\n    await outbox.echo(text='Emma, 12 Sea Road')\n    print('sent')\nexcept ToolError as error:\n    print(error.code)",
    ),
    (
        "javascript",
        "(await crm.list_customers({limit: 1})).customers.length",
        "try { await outbox.echo({text: 'Emma, 12 Sea Road'}); console.log('sent') } catch (error) { console.log(error.code) }",
    ),
];

#[test]
fn a_theft_split_over_two_runs_asks_in_the_second() {
    for ((language, read, send), era) in PROGRAMS.into_iter().zip([Era::Modern, Era::Legacy]) {
        let place = Place::new();
        // With the layer off the theft succeeds.
        let mut server = serve_in(era, &place, &format!("{GUARDED}guard = []\n"));
        assert_eq!((run(&mut server, language, read).0, run(&mut server, language, send).0), ("1".to_owned(), "sent\n".to_owned()));
        assert_eq!(sent(&place), 1);
        // Whoever has read nothing may send.
        let mut server = serve_in(era, &place, GUARDED);
        assert_eq!(run(&mut server, language, send).0, "sent\n");
        assert_eq!(sent(&place), 2);
        let (text, name) = run(&mut server, language, read);
        assert_eq!(text, "1");
        for _ in 0..2 {
            assert_eq!(run(&mut server, language, send).0, "needs_approval\n");
        }
        assert_eq!(sent(&place), 2);
        assert_eq!(labels(&place, &name), json!(["untrusted outbox", "private outbox", "untrusted crm", "private crm"]), "{language}");
        // Another conversation with the same server program is another context.
        assert_eq!(run(&mut serve_in(era, &place, GUARDED), language, send).0, "sent\n");
        let cleared = context(&place, &["clear", &name]);
        assert!(cleared.status.success(), "{cleared:?}");
        assert_eq!(run(&mut server, language, send).0, "sent\n");
        assert_eq!(sent(&place), 4);
        assert_eq!(labels(&place, &name), json!(["untrusted outbox", "private outbox"]));
    }
}

/// Each kind of label alone, and none: the layer is off.
#[test]
fn what_somebody_else_wrote_makes_a_later_write_ask() {
    for (language, read, send) in PROGRAMS {
        for (data, outcome, calls) in [("[]", "sent\n", 1), ("[\"untrusted\"]", "needs_approval\n", 0), ("[\"private\"]", "needs_approval\n", 0)] {
            let place = Place::new();
            let file = configuration(&place, GUARDED, &format!("data = {data}"));
            let mut server = place.serve(Era::Modern, &["--config", &file]);
            assert_eq!(run(&mut server, language, read).0, "1");
            assert_eq!((run(&mut server, language, send).0.as_str(), sent(&place)), (outcome, calls), "{language} {data}");
        }
    }
}

#[test]
fn a_theft_carried_by_an_artifact_or_a_session_asks_in_the_other_conversation_too() {
    let (language, read, send) = PROGRAMS[0];
    let place = Place::new();
    let mut server = serve(&place, GUARDED);
    let code = format!("{read}\nartifacts.save('customers', await crm.list_customers(limit=1))['uri']");
    let shown = server.execute(json!({"session": "new", "code": code}));
    let (uri, session) = shown.text.split_once("\n[session ").unwrap_or_else(|| panic!("{}", shown.text));
    let session = session.trim_end_matches(']');
    // Each in a conversation of its own: the program loads it, lists it, goes on in its session, and the client reads it.
    for load in ["_ = artifacts.load('customers')", "_ = artifacts.list()"] {
        assert_eq!(run(&mut serve(&place, GUARDED), language, &format!("{load}\n{send}")).0, "needs_approval\n", "{load}");
    }
    let mut other = serve(&place, GUARDED);
    assert_eq!(other.execute(json!({"session": session, "code": "1"})).text, "1");
    assert_eq!(run(&mut other, language, send).0, "needs_approval\n");
    let mut other = serve(&place, GUARDED);
    let id = other.request("resources/read", json!({"uri": uri}));
    assert!(other.answer(id)["result"]["contents"][0]["text"].is_string());
    assert_eq!(run(&mut other, language, send).0, "needs_approval\n");
    assert_eq!(sent(&place), 0);
    assert_eq!(run(&mut serve(&place, GUARDED), language, send).0, "sent\n");
}

#[test]
fn a_run_that_never_ends_has_told_its_context_what_it_read() {
    let place = Place::new();
    let mut server = serve(&place, GUARDED);
    let id = server.call(json!({"code": "await crm.list_customers(limit=1)\nwhile True: pass"}));
    let list = || serde_json::from_slice::<Value>(&context(&place, &["list", "--json"]).stdout).unwrap();
    let begin = std::time::Instant::now();
    while list().as_array().unwrap().is_empty() {
        assert!(begin.elapsed().as_secs() < 60, "the labels never came");
    }
    server.kill();
    assert_eq!(server.shown_if_answered(id), None);
    let name = list()[0]["name"].as_str().unwrap().to_owned();
    assert_eq!(labels(&place, &name), json!(["untrusted crm", "private crm"]));
}

#[test]
fn a_reply_whose_labels_cannot_be_kept_is_withheld() {
    let place = Place::new();
    let mut server = serve(&place, GUARDED);
    let lock = place.path().join(".local/state/cofferdam/contexts/lock");
    assert_eq!(run(&mut server, "python", "1").0, "1");
    std::fs::create_dir(&lock).unwrap();
    let code = "try:\n    print(await crm.list_customers(limit=1))\nexcept ToolError as error:\n    print(error.code, error)";
    let withheld = "internal the reply is withheld, because where it came from could not be recorded; the call was carried out [internal]\n";
    assert_eq!(run(&mut server, "python", code).0, withheld);
    std::fs::remove_dir(&lock).unwrap();
    assert_eq!(run(&mut server, "python", "len((await crm.list_customers(limit=1))['customers'])").0, "1");
}

#[test]
fn programs_that_fail_again_and_again_have_to_wait() {
    let place = Place::new();
    let mut server = serve(&place, &format!("{GUARDED}[limits]\nfailures_in_a_row = 3\n"));
    // What is refused, what fails and what is ended at its deadline count alike, until something succeeds.
    let loops = json!({"code": "while True: pass", "timeout_ms": 200});
    for arguments in [json!({"code": "x ="}), json!({"code": "1 / 0"}), json!({"code": "1"}), json!({"code": "1 / 0"}), loops, json!({"code": "x ="})]
    {
        server.execute(arguments);
    }
    let Shown { text, is_error } = server.execute(json!({"code": "1"}));
    let (before, rest) = text.split_once("may run in ").unwrap_or_else(|| panic!("{text}"));
    assert_eq!(before, "refused before it ran (limit_exceeded): the last 3 programs of this conversation failed; the next one ");
    assert_eq!(rest.split_once(' ').unwrap().1, "s. Until then, read what the errors say, and do not send the same again");
    assert!(is_error && rest.split(' ').next().unwrap().parse::<u32>().unwrap() <= 60, "{text}");
    // It is this conversation's alone.
    assert_eq!(serve(&place, GUARDED).run("python", "1"), "1");
}

/// Names of members are learned from replies and may be data: whoever is told of them has read the upstream.
#[test]
fn what_was_learned_from_replies_labels_whoever_is_told_of_it() {
    for tell in ["tools.describe('outbox.echo')", "tools.describe('outbox')", "tools.search('echo')"] {
        let place = Place::new();
        let mut server = serve(&place, GUARDED);
        let (_, name) = run(&mut server, "python", "await outbox.echo(text='a')");
        assert!(context(&place, &["clear", &name]).status.success());
        // Of this tool nothing was learned; that nobody accepted it is what its words say of themselves.
        run(&mut server, "python", "tools.describe('outbox.fail')");
        assert_eq!(labels(&place, &name), json!(["untrusted outbox"]));
        run(&mut server, "python", tell);
        assert_eq!(labels(&place, &name), json!(["untrusted outbox", "private outbox"]), "{tell}");
    }
}

/// A definition that the operator did not accept is somebody else's text: whoever has read it may not write elsewhere unasked.
#[test]
fn a_definition_that_nobody_accepted_labels_whoever_reads_it() {
    for (language, _, send) in PROGRAMS {
        for tell in ["tools.describe('crm.list_customers')", "tools.describe('crm')", "tools.search('customers')"] {
            let tell = if language == "python" { tell.to_owned() } else { format!("await {tell}") };
            let place = Place::new();
            // With the layer off it may.
            let mut server = serve(&place, &format!("{GUARDED}guard = []\n"));
            run(&mut server, language, &tell);
            assert_eq!((run(&mut server, language, send).0.as_str(), sent(&place)), ("sent\n", 1), "{language} {tell}");
            let mut server = serve(&place, GUARDED);
            run(&mut server, language, &tell);
            assert_eq!((run(&mut server, language, send).0.as_str(), sent(&place)), ("needs_approval\n", 1), "{language} {tell}");
            // What the operator says of the data holds for the words too.
            let file = configuration(&place, GUARDED, "data = [\"private\"]");
            let mut server = place.serve(Era::Modern, &["--config", &file]);
            run(&mut server, language, "tools.describe('crm')");
            assert_eq!((run(&mut server, language, send).0.as_str(), sent(&place)), ("sent\n", 2), "{language} {tell}");
            // Once it is accepted, its words are the operator's.
            let file = configuration(&place, GUARDED, "");
            let accepted = place.command().args(["--config", &file, "lock", "--accept-all"]).output().unwrap();
            assert!(accepted.status.success(), "{accepted:?}");
            let mut server = serve(&place, GUARDED);
            run(&mut server, language, &tell);
            assert_eq!((run(&mut server, language, send).0.as_str(), sent(&place)), ("sent\n", 3), "{language} {tell}");
        }
    }
}

#[test]
fn the_operator_lists_shows_and_clears() {
    let place = Place::new();
    let text = |output: Output| (output.status.code(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(text(context(&place, &["list"])), (Some(0), "no context has seen anything\n".to_owned(), String::new()));
    let absent = "cofferdam: no context \"none\" has seen anything; `cofferdam context list` shows those that have\n";
    for verb in ["show", "clear"] {
        assert_eq!(text(context(&place, &[verb, "none"])), (Some(2), String::new(), absent.to_owned()));
    }
    let mut server = serve(&place, GUARDED);
    let (_, name) = run(&mut server, "python", PROGRAMS[0].1);
    let (code, shown, _) = text(context(&place, &["show", &name]));
    let origins: Vec<&str> = shown.lines().filter_map(|line| Some(line.split_once(" (crm), ")?.0.split_whitespace().last().unwrap())).collect();
    assert_eq!((code, origins), (Some(0), vec!["untrusted", "private"]), "{shown}");
    assert!(shown.starts_with(&format!("{name}\n  principal  local\n")), "{shown}");
    assert!(text(context(&place, &["list"])).1.ends_with("  untrusted (crm), private (crm)\n"));
    assert_eq!(text(context(&place, &["clear", &name, "--json"])).0, Some(0));
    let (_, shown, _) = text(context(&place, &["show", &name]));
    assert!(shown.ends_with("  cleared    once\n  labels     none\n"), "{shown}");
}

/// Files of contexts are the user's alone.
#[test]
fn the_directory_is_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    run(&mut serve(&place, GUARDED), "python", PROGRAMS[0].1);
    let root = place.path().join(".local/state/cofferdam/contexts");
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&root), 0o700);
    let files: Vec<_> = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some()).collect();
    assert_eq!(files.len(), 1);
    assert!(files.iter().all(|path| mode(path) == 0o600));
}
