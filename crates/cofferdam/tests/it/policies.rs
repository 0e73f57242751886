//! The cookbook: every policy of `examples/policies/` is read without a warning, says what it should of its calls, and some of them hold against
//! real servers.

use crate::place::{Place, built};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// One call: the tool, its arguments, what was read before, further words, and the verdict.
type Call = (&'static str, &'static str, &'static str, &'static [&'static str], &'static str);

/// What the operator would have accepted of tools that the examples' lockfile does not have.
const READ_OUTSIDE: &[&str] = &["--effect", "read", "--external"];
const WRITE_OUTSIDE: &[&str] = &["--effect", "write", "--external"];
const REPORTS: &[&str] = &["--principal", "reports"];
const DESK: &[&str] = &["--principal", "desk"];
const GUEST: &[&str] = &["--principal", "guest"];

const COOKBOOK: [(&str, &[Call]); 10] = [
    (
        "read_only",
        &[
            ("orders.list_orders", "{}", "", &[], "allow"),
            ("crm.find_customers", r#"{"query": "a"}"#, "private:orders,untrusted:orders", &[], "allow"),
            ("github.get_file_contents", r#"{"path": "README.md"}"#, "", READ_OUTSIDE, "allow"),
            ("github.get_file_contents", r#"{"path": "README.md"}"#, "private:crm", READ_OUTSIDE, "ask"),
            ("crm.add_note", r#"{"customer_id": 1, "text": "x"}"#, "", &[], "deny"),
            ("github.create_issue", r#"{"title": "x"}"#, "", WRITE_OUTSIDE, "deny"),
        ],
    ),
    (
        "one_repository",
        &[
            ("github.add_issue_comment", r#"{"owner": "acme", "repo": "app", "body": "x"}"#, "", WRITE_OUTSIDE, "allow"),
            ("github.add_issue_comment", r#"{"owner": "acme", "repo": "app", "body": "x"}"#, "untrusted:github", WRITE_OUTSIDE, "allow"),
            ("github.add_issue_comment", r#"{"owner": "acme", "repo": "app", "body": "x"}"#, "private:crm", WRITE_OUTSIDE, "ask"),
            ("github.add_issue_comment", r#"{"owner": "acme", "repo": "web", "body": "x"}"#, "", WRITE_OUTSIDE, "ask"),
            ("github.add_issue_comment", r#"{"repo": "app", "body": "x"}"#, "", WRITE_OUTSIDE, "deny"),
            ("github.merge_pull_request", r#"{"owner": "acme", "repo": "app"}"#, "", WRITE_OUTSIDE, "ask"),
        ],
    ),
    (
        "no_deletes",
        &[
            ("crm.add_note", r#"{"customer_id": 1, "text": "x"}"#, "", &[], "allow"),
            ("crm.add_note", r#"{"customer_id": 1, "text": "x"}"#, "untrusted:orders", &[], "ask"),
            ("crm.delete_note", r#"{"id": 1}"#, "", &[], "deny"),
            ("orders.cancel_order", r#"{"id": 1, "reason": "late"}"#, "", &[], "deny"),
            ("later.delete_everything", "{}", "", WRITE_OUTSIDE, "deny"),
        ],
    ),
    (
        "row_limits",
        &[
            ("orders.list_orders", r#"{"limit": 500}"#, "", &[], "allow"),
            ("orders.list_orders", r#"{"limit": 501}"#, "", &[], "deny"),
            ("orders.list_orders", "{}", "", &[], "deny"),
            ("db.read_query", r#"{"query": "SELECT a FROM t\nWHERE b = 'c' LIMIT 100"}"#, "", &["--effect", "read", "--external=false"], "allow"),
            ("db.read_query", r#"{"query": "SELECT a FROM t LIMIT 100000"}"#, "", &["--effect", "read"], "deny"),
            ("db.read_query", r#"{"query": "SELECT a FROM t -- LIMIT 100"}"#, "", &["--effect", "read"], "deny"),
            ("db.read_query", r#"{"query": "SELECT 1; DROP TABLE t LIMIT 1"}"#, "", &["--effect", "read"], "deny"),
            ("db.write_query", r#"{"query": "DELETE FROM t"}"#, "", &["--effect", "write"], "deny"),
        ],
    ),
    (
        "own_channel",
        &[
            ("slack.slack_post_message", r#"{"channel_id": "C0AGENTS", "text": "x"}"#, "", WRITE_OUTSIDE, "allow"),
            ("slack.slack_post_message", r#"{"channel_id": "C0AGENTS", "text": "x"}"#, "private:crm,untrusted:crm", WRITE_OUTSIDE, "allow"),
            ("slack.slack_post_message", r#"{"channel_id": "C0ALL", "text": "x"}"#, "", WRITE_OUTSIDE, "deny"),
            ("slack.slack_add_reaction", r#"{"channel_id": "C0ALL"}"#, "", WRITE_OUTSIDE, "ask"),
            ("slack.slack_get_users", "{}", "", READ_OUTSIDE, "allow"),
        ],
    ),
    (
        "internal_only",
        &[
            ("crm.add_note", r#"{"customer_id": 1, "text": "x"}"#, "", &[], "allow"),
            ("crm.add_note", r#"{"customer_id": 1, "text": "x"}"#, "private:orders", &[], "allow"),
            ("crm.add_note", r#"{"customer_id": 1, "text": "x"}"#, "untrusted:http:news.example", &[], "ask"),
            ("crm.delete_note", r#"{"id": 1}"#, "", &[], "ask"),
            ("orders.get_order", r#"{"id": 1}"#, "private:crm", &[], "allow"),
        ],
    ),
    (
        "public_api",
        &[
            ("weather.forecast", r#"{"city": "Berlin"}"#, "untrusted:weather", READ_OUTSIDE, "allow"),
            ("weather.forecast", r#"{"city": "Berlin"}"#, "private:crm,untrusted:crm", READ_OUTSIDE, "ask"),
            ("crm.add_note", r#"{"customer_id": 1, "text": "x"}"#, "untrusted:weather", &[], "ask"),
            ("crm.add_note", r#"{"customer_id": 1, "text": "x"}"#, "private:crm,untrusted:crm", &[], "allow"),
            ("crm.list_customers", "{}", "untrusted:weather", &[], "allow"),
        ],
    ),
    (
        "own_domain",
        &[
            ("mail.send", r#"{"to": ["ann@acme.example"], "text": "x"}"#, "private:crm", WRITE_OUTSIDE, "allow"),
            ("mail.send", r#"{"to": ["ann@acme.example"], "cc": ["bob@acme.example"]}"#, "untrusted:crm", WRITE_OUTSIDE, "ask"),
            ("mail.send", r#"{"to": ["ann@acme.example", "eve@evil.example"]}"#, "", WRITE_OUTSIDE, "ask"),
            ("mail.send", r#"{"to": ["eve@evil.example, ann@acme.example"]}"#, "", WRITE_OUTSIDE, "ask"),
            ("mail.send", r#"{"to": ["ann@acme.example"], "bcc": ["eve@acme.example.evil.example"]}"#, "", WRITE_OUTSIDE, "ask"),
            ("mail.forward_all", r#"{"to": ["ann@acme.example"]}"#, "", WRITE_OUTSIDE, "deny"),
        ],
    ),
    (
        "night_agent",
        &[
            ("orders.list_orders", "{}", "private:crm", &[], "allow"),
            ("crm.add_note", r#"{"author": "night agent", "text": "x"}"#, "private:orders,untrusted:orders,untrusted:crm", &[], "allow"),
            ("crm.add_note", r#"{"author": "night agent", "text": "x"}"#, "private:orders,untrusted:mail", &[], "deny"),
            ("crm.add_note", r#"{"author": "ann", "text": "x"}"#, "", &[], "deny"),
            ("orders.cancel_order", r#"{"id": 1}"#, "", &[], "deny"),
        ],
    ),
    (
        "per_principal",
        &[
            ("orders.list_orders", "{}", "", REPORTS, "allow"),
            ("crm.add_note", r#"{"text": "x"}"#, "", REPORTS, "deny"),
            ("crm.add_note", r#"{"text": "x"}"#, "", DESK, "allow"),
            ("orders.cancel_order", r#"{"id": 1}"#, "", DESK, "ask"),
            ("orders.list_orders", "{}", "", GUEST, "deny"),
            ("crm.add_note", r#"{"text": "x"}"#, "", &[], "ask"),
        ],
    ),
];

fn policies() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/policies")
}

fn file(name: &str) -> String {
    policies().join(format!("{name}.toml")).to_str().unwrap().to_owned()
}

#[test]
fn every_policy_is_in_the_cookbook_and_has_no_warning() {
    let home = tempfile::tempdir().unwrap();
    let files = std::fs::read_dir(policies()).unwrap().map(|entry| entry.unwrap().path());
    let files: BTreeSet<String> = files.filter(|path| path.extension().is_some_and(|ending| ending == "toml")).map(|path| stem(&path)).collect();
    assert_eq!(files, COOKBOOK.iter().map(|(name, _)| (*name).to_owned()).collect());
    for name in files {
        let (code, text, errors) = crate::run(home.path(), &["policy", "check", "--strict", "--config", &file(&name)]);
        assert_eq!((code, &*errors), (0, ""), "{name}: {text}");
    }
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap().to_str().unwrap().to_owned()
}

#[test]
fn every_policy_says_what_it_should() {
    let home = tempfile::tempdir().unwrap();
    for (name, calls) in COOKBOOK {
        assert!(calls.len() >= 4, "{name}");
        for (tool, args, labels, more, verdict) in calls {
            let config = file(name);
            let mut words = vec!["policy", "check", "--json", "--config", &config, "--tool", tool, "--args", args];
            words.extend(Some(["--labels", labels]).filter(|_| !labels.is_empty()).into_iter().flatten().chain(more.iter().copied()));
            let (code, text, errors) = crate::run(home.path(), &words);
            assert_eq!((code, &*errors), (0, ""), "{name} {tool}");
            let document: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(document["verdict"], *verdict, "{name} {tool} {args} {labels}: {}", document["text"]);
        }
    }
}

/// What a program gets to see under a policy: the value of a call, or the code of its error.
fn value(policy: &str, code: &str) -> Value {
    let _built = built("shop");
    let place = Place::new();
    let program = format!("async def tried(call):\n    try:\n        return await call\n    except ToolError as e:\n        return e.code\n{code}");
    let output = place.command().args(["run", "--json", "--locked", "--config", &file(policy), "-e", &program]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{policy}: {text}{}", String::from_utf8_lossy(&output.stderr)));
    assert_eq!(document["ok"], true, "{policy}: {document}");
    serde_json::from_str(document["text"].as_str().unwrap()).unwrap_or_else(|_| panic!("{policy}: {document}"))
}

#[test]
fn deletes_are_denied_and_notes_are_written() {
    let code = "note = await tried(crm.add_note(customer_id=1, text='called back'))\n\
                [note['text'], await tried(crm.delete_note(id=note['id'])), await tried(orders.cancel_order(id=1, reason='late')),\n \
                len((await crm.list_notes(customer_id=1))['notes']) > 0]";
    assert_eq!(value("no_deletes", code), json!(["called back", "denied", "denied", true]));
}

#[test]
fn orders_come_in_portions() {
    let code = "page = await tried(orders.list_orders(limit=500))\n\
                [len(page['orders']), await tried(orders.list_orders(limit=501)), await tried(orders.list_orders())]";
    assert_eq!(value("row_limits", code), json!([500, "denied", "denied"]));
}

#[test]
fn a_note_follows_from_orders_where_both_are_internal() {
    let code = "before = await orders.count_orders(group_by='category')\n\
                note = await tried(crm.add_note(customer_id=1, text='has orders'))\n\
                [note['text'] if isinstance(note, dict) else note]";
    assert_eq!(value("internal_only", code), json!(["has orders"]));
    // The same program where the orders' texts may be anybody's.
    assert_eq!(value("no_deletes", code), json!(["needs_approval"]));
}

#[test]
fn at_night_nothing_asks() {
    let code = "[len((await orders.list_orders(limit=3))['orders']),\n \
                (await tried(crm.add_note(customer_id=1, text='x', author='night agent')))['author'],\n \
                await tried(crm.add_note(customer_id=1, text='x', author='ann')),\n \
                await tried(crm.find_customers(query='a')), await tried(orders.cancel_order(id=1, reason='late'))]";
    assert_eq!(value("night_agent", code), json!([3, "night agent", "denied", "denied", "denied"]));
}
