//! `--require-sandbox` and what `doctor` says, on this machine and on ones that lack a protection: a filter around the whole command answers
//! as their kernels do.

use crate::connection::{Connection, Era};
use crate::place::{Place, built};
use serde_json::{Value, json};
use std::process::{Command, Output, Stdio};

/// The exit code that says so.
const UNPROTECTED: i32 = 6;

/// Cofferdam on a machine without `what`.
fn without(place: &Place, what: &str, arguments: &[&str]) -> Command {
    let ordinary = place.command();
    let mut command = Command::new(built("examples/without"));
    command.arg(what).arg(ordinary.get_program()).args(arguments).current_dir(place.path()).env_clear();
    command.envs(ordinary.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command
}

fn output(place: &Place, what: &str, arguments: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = without(place, what, arguments).stdin(Stdio::null()).output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

/// Which protections `doctor` says are in force, and its exit code.
fn doctor(place: &Place, what: &str, arguments: &[&str]) -> (Option<i32>, Vec<(String, bool)>, Value) {
    let (code, out, _) = output(place, what, &[&["doctor", "--json"], arguments].concat());
    let document: Value = serde_json::from_str(&out).unwrap();
    let each = document["protections"].as_array().unwrap().iter();
    let each = each.map(|one| (one["name"].as_str().unwrap().to_owned(), one["in_force"].as_bool().unwrap())).collect();
    (code, each, document)
}

fn all_but(missing: &str) -> Vec<(String, bool)> {
    let names = ["WebAssembly", "worker process", "seccomp", "no privileges", "Landlock", "own network"];
    names.map(|name| (name.to_owned(), name != missing)).to_vec()
}

#[test]
fn where_everything_is_in_force_all_is_served() {
    let place = Place::new();
    assert_eq!(doctor(&place, "nothing", &["--require-sandbox"]).1, all_but(""));
    assert_eq!(output(&place, "nothing", &["run", "--require-sandbox", "-e", "6 * 7"]), (Some(0), "42\n".to_owned(), String::new()));
    let mut server = place.serve(Era::Modern, &["--require-sandbox"]);
    assert_eq!(server.run("python", "6 * 7"), "42");
}

/// Without the flag everything goes on and doctor tells; with it, or with the key, nothing is started.
fn refuses_without(what: &str, name: &str, detail: &str, mend: &str) {
    let place = Place::new();
    let (code, in_force, document) = doctor(&place, what, &[]);
    assert_eq!((code, in_force), (Some(0), all_but(name)), "{document}");
    let note = format!("{name} is not in force: {detail}; to mend it, {mend}");
    assert!(document["notes"].as_array().unwrap().contains(&json!(note)), "{document}");
    assert_eq!(output(&place, what, &["run", "-e", "6 * 7"]), (Some(0), "42\n".to_owned(), String::new()));
    let child = without(&place, what, &["serve"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    assert_eq!(Connection::open(child, Era::Modern).run("python", "6 * 7"), "42");

    let (code, _, document) = doctor(&place, what, &["--require-sandbox"]);
    assert_eq!(code, Some(1));
    assert_eq!(document["problems"], json!([{"what": format!("{name} is not in force: {detail}"), "mend": mend}]));
    let told = "cofferdam: nothing is started, since --require-sandbox (or require in [sandbox]) asks for protections that are not in force here";
    let told = format!("{told}\n  {name}: {detail}\n    mend: {mend}\n");
    let refused = (Some(UNPROTECTED), String::new(), told);
    for arguments in [&["--require-sandbox"][..], &["serve", "--require-sandbox"], &["run", "--require-sandbox", "-e", "1"]] {
        assert_eq!(output(&place, what, arguments), refused, "{arguments:?}");
    }
    place.write(".config/cofferdam/cofferdam.toml", "[sandbox]\nrequire = true\n");
    assert_eq!(output(&place, what, &["serve"]), refused);
    assert_eq!(doctor(&place, what, &[]).0, Some(1));
}

#[test]
fn without_landlock_nothing_is_started_where_it_is_required() {
    refuses_without(
        "landlock",
        "Landlock",
        "a worker that was confined to one directory could read another: only WebAssembly holds it there",
        "use Linux 5.13 or later with landlock in its lsm= list; in a container, let its profile allow landlock_create_ruleset, \
         landlock_add_rule and landlock_restrict_self",
    );
}

#[test]
fn without_namespaces_nothing_is_started_where_they_are_required() {
    refuses_without(
        "namespaces",
        "own network",
        "the kernel refuses one (Operation not permitted (os error 1)); the system-call filter still gives workers no socket",
        "allow namespaces of users: sysctl kernel.unprivileged_userns_clone=1, kernel.apparmor_restrict_unprivileged_userns=0, \
         user.max_user_namespaces above 0, as far as they are there; in a container, let its profile allow unshare()",
    );
}
