//! `cofferdam policy show`: everything that holds, defaults included.

use super::limits::rows;
use crate::config::Config;
use crate::output::{self, plain};
use crate::units::show_duration;
use policy::{
    Addresses, Condition, Effect, ErrorTexts, Facts, FileAccess, HttpRule, JudgeWhen, LabelKind, Limits, Mode, Pattern, Policy, Rule, ServerName,
    ToolName, Verdict, Who,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Write;
use upstream::{Document, Lock};

/// What holds where no rule matches.
const WITHOUT_A_RULE: &str =
    "what was accepted as a read is allowed (if it is external, it asks once private data of another origin was read), everything else asks";

/// Shows what holds.
pub(super) fn show(config: &Config, lock: &Lock, json: bool) {
    let document = lock.document();
    if json {
        output::print_json(&as_document(config, &document));
    } else {
        output::print(&plain(&as_text(config, &document)));
    }
}

/// For people.
fn as_text(config: &Config, document: &Document) -> String {
    let policy = &config.policy;
    // Writing to a String cannot fail.
    let mut text = String::from("configuration\n");
    for file in &config.files {
        let _infallible = writeln!(text, "  {}", file.display());
    }
    if config.files.is_empty() {
        text.push_str("  no file was read: everything below is the default\n");
    }
    let _infallible = writeln!(text, "\nmode\n  {}: {}", mode_name(policy.mode), mode_words(policy.mode));
    text.push_str("\nrules, of which the first that matches decides\n");
    for (at, rule) in policy.rules.iter().enumerate() {
        let _infallible = writeln!(text, "  {:<5} {}", at + 1, rule_line(rule));
    }
    let _infallible = writeln!(text, "  {:<5} {WITHOUT_A_RULE}", if policy.rules.is_empty() { "none" } else { "else" });
    text.push_str("\nfetch, where the first rule that matches decides\n");
    for (at, rule) in policy.http.iter().enumerate() {
        let _infallible = writeln!(text, "  {:<5} {}", at + 1, http_line(rule));
    }
    let _infallible = writeln!(text, "  {:<5} every request is denied", if policy.http.is_empty() { "none" } else { "else" });
    let forbidden: Vec<&str> = policy.forbidden.iter().map(|kind| kind.name()).collect();
    let forbidden = if forbidden.is_empty() { "nothing (what is flagged is recorded)".to_owned() } else { forbidden.join(", ") };
    let _infallible = writeln!(text, "\nforbidden in programs\n  {forbidden}");
    text.push_str(&judge(policy));
    text.push_str(&granted(policy));
    let accepted = Accepted::of(document);
    let place = config.lockfile.as_ref().map_or_else(|| "nowhere".to_owned(), |place| place.display().to_string());
    let _infallible = writeln!(text, "\naccepted tools ({place})\n  {}", accepted.text());
    for (title, tools) in undecided(config, document).named() {
        if !tools.is_empty() {
            let _infallible = writeln!(text, "  {title}: {}", tools.join(", "));
        }
    }
    text.push_str("\nlabels of what servers reply\n");
    let shown = |errors| if errors == ErrorTexts::Withheld { "; error texts are withheld" } else { "" };
    for (name, kinds, default) in data(config) {
        let kinds = if kinds.is_empty() { "none".to_owned() } else { kinds.join(", ") };
        let errors = shown(policy.errors_of.get(name).copied().unwrap_or(policy.errors));
        let _infallible = writeln!(text, "  {:<16}{kinds}{}{errors}", name.as_str(), if default { " (default)" } else { "" });
    }
    if config.servers.is_empty() && config.failed.is_empty() {
        text.push_str("  no servers are configured\n");
    }
    text.push_str("\nlimits\n");
    for ((key, amount), (_, default)) in rows(&policy.limits).into_iter().zip(rows(&Limits::default())) {
        let which = if amount == default { "(default)".to_owned() } else { format!("instead of {}", default.text()) };
        let _infallible = writeln!(text, "  {key:<18}{:<10}{which}", amount.text());
    }
    text
}

/// Who else looks at programs and outcomes; nothing where nobody does.
fn judge(policy: &Policy) -> String {
    let Some(judge) = &policy.judge else { return String::new() };
    let who = match &judge.who {
        Who::Command(line) => line.join(" "),
        Who::Url(url) => url.clone(),
    };
    let when = match judge.when {
        JudgeWhen::Before => "before a program runs",
        JudgeWhen::After => "before an outcome is shown",
        JudgeWhen::Both => "before a program runs and before its outcome is shown",
    };
    format!("\njudge\n  asked {when}, within {}: {who}\n", show_duration(judge.timeout))
}

/// Directories and variables that programs are given; nothing when there are none.
fn granted(policy: &Policy) -> String {
    let mut text = String::new();
    if !policy.files.is_empty() {
        text.push_str("\ndirectories that programs may use\n");
    }
    for grant in &policy.files {
        let access = if grant.access == FileAccess::Write { "write" } else { "read" };
        let _infallible = writeln!(text, "  {:<16}{access:<6} {}; labels: {}", grant.mount, grant.path.display(), grant.labels());
    }
    if !policy.env.is_empty() {
        text.push_str("\nvariables that programs see\n");
    }
    for (name, value) in &policy.env {
        let _infallible = writeln!(text, "  {name}={value}");
    }
    text
}

/// For scripts. Rules are counted from 1, as people do.
fn as_document(config: &Config, document: &Document) -> Value {
    let policy = &config.policy;
    let rules = policy.rules.iter().enumerate().map(|(at, rule)| {
        json!({
            "rule": at + 1,
            "line": rule.line,
            "tools": rule.tools.iter().map(Pattern::to_string).collect::<Value>(),
            "effect": rule.effect,
            "when": rule.when.as_ref().map(Condition::text),
            "guard": (rule.effect == Verdict::Allow).then_some(&rule.guard),
        })
    });
    let http = policy.http.iter().enumerate().map(|(at, rule)| {
        json!({
            "rule": at + 1,
            "line": rule.line,
            "allow": rule.allow.iter().map(ToString::to_string).collect::<Value>(),
            "private_addresses": rule.addresses == Addresses::All,
            "headers": rule.headers.0.keys().collect::<Vec<_>>(),
            "data": rule.data,
            "guard": rule.guard,
        })
    });
    let data = data(config).map(|(name, kinds, default)| (name.to_string(), json!({"labels": kinds, "default": default})));
    let limits = rows(&policy.limits).into_iter().zip(rows(&Limits::default())).map(|((key, amount), (_, default))| {
        let mut row = amount.document();
        row["default"] = Value::from(amount == default);
        (key.to_owned(), row)
    });
    let Undecided { asked, asked_after_private } = undecided(config, document);
    let accepted = Accepted::of(document);
    json!({
        "files": config.files.iter().map(|file| file.display().to_string()).collect::<Value>(),
        "mode": mode_name(policy.mode),
        "rules": rules.collect::<Value>(),
        "without_a_rule": WITHOUT_A_RULE,
        "http": http.collect::<Value>(),
        "forbidden": policy.forbidden,
        "errors": {"default": policy.errors, "servers": policy.errors_of},
        "judge": policy.judge.as_ref().map(|judge| json!({"who": judge.who, "when": judge.when, "timeout": {"seconds": judge.timeout.as_secs_f64()}})),
        "granted": policy.files,
        "env": policy.env,
        "lockfile": {
            "path": config.lockfile.as_ref().map(|place| place.display().to_string()),
            "read": accepted.read,
            "write": accepted.write,
            "unreviewed": accepted.unreviewed,
            "external": accepted.external,
        },
        "asked_without_a_rule": asked,
        "asked_after_private_data": asked_after_private,
        "data": Value::Object(data.collect()),
        "limits": Value::Object(limits.collect()),
        "hash": policy.hash,
    })
}

fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::ByRules => "by-rules",
        Mode::ReadOnly => "read-only",
    }
}

fn mode_words(mode: Mode) -> &'static str {
    match mode {
        Mode::ByRules => "the rules decide",
        Mode::ReadOnly => "what was not accepted as a read is denied, whatever the rules say",
    }
}

fn rule_line(rule: &Rule) -> String {
    let tools: Vec<String> = rule.tools.iter().map(Pattern::to_string).collect();
    let when = rule.when.as_ref().map(|when| format!(" when {}", when.text())).unwrap_or_default();
    let guard = if rule.effect == Verdict::Allow { guard_words(&rule.guard) } else { String::new() };
    format!("line {:<5} {:<6} {}{when}{guard}", rule.line, rule.effect.name(), tools.join(", "))
}

fn http_line(rule: &HttpRule) -> String {
    let allow: Vec<String> = rule.allow.iter().map(ToString::to_string).collect();
    let addresses = if rule.addresses == Addresses::All { "; to private addresses too" } else { "" };
    let names: Vec<&str> = rule.headers.0.keys().map(String::as_str).collect();
    let headers = if names.is_empty() { String::new() } else { format!("; adds {}", names.join(", ")) };
    format!("line {:<5} allow  {}{addresses}{headers}{}; replies are {}", rule.line, allow.join(", "), guard_words(&rule.guard), kinds(&rule.data))
}

fn guard_words(guard: &BTreeSet<LabelKind>) -> String {
    if guard.is_empty() { "; no label asks".to_owned() } else { format!("; still asks for {}", kinds(guard)) }
}

fn kinds(kinds: &BTreeSet<LabelKind>) -> String {
    let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
    if names.is_empty() { "not labelled".to_owned() } else { names.join(", ") }
}

/// The labels of each configured server, and whether that is the default.
fn data(config: &Config) -> impl Iterator<Item = (&ServerName, Vec<&'static str>, bool)> {
    let names: BTreeSet<&ServerName> =
        config.servers.iter().map(|server| &server.name).chain(config.failed.iter().map(|failed| &failed.name)).collect();
    names.into_iter().map(|name| {
        let written = config.policy.data.get(name);
        let kinds = written.cloned().unwrap_or_else(|| LabelKind::ALL.into());
        (name, kinds.into_iter().map(LabelKind::name).collect(), written.is_none())
    })
}

/// How many tools were accepted as what.
#[derive(Default)]
struct Accepted {
    read: usize,
    write: usize,
    unreviewed: usize,
    /// Of all these.
    external: usize,
}

impl Accepted {
    fn of(document: &Document) -> Self {
        let mut counted = Accepted::default();
        for Facts { effect, external } in document.servers.values().flat_map(|server| server.tools.values()).map(|tool| tool.facts) {
            *match effect {
                Effect::Read => &mut counted.read,
                Effect::Write => &mut counted.write,
                Effect::Unreviewed => &mut counted.unreviewed,
            } += 1;
            counted.external += usize::from(external);
        }
        counted
    }

    fn text(&self) -> String {
        let Accepted { read, write, unreviewed, external } = self;
        format!("{read} reads, {write} writes, {unreviewed} unreviewed; {external} of them external")
    }
}

/// The tools of the lockfile of which no rule decides every call.
#[derive(Default)]
struct Undecided {
    /// They ask where no rule matches.
    asked: Vec<String>,
    /// They ask where no rule matches and private data of another origin was read.
    asked_after_private: Vec<String>,
}

impl Undecided {
    fn named(self) -> [(&'static str, Vec<String>); 2] {
        [
            ("ask where no rule matches", self.asked),
            ("ask where no rule matches, once private data of another origin was read", self.asked_after_private),
        ]
    }
}

fn undecided(config: &Config, document: &Document) -> Undecided {
    let mut found = Undecided::default();
    if config.policy.mode == Mode::ReadOnly {
        return found;
    }
    let tools = document
        .servers
        .iter()
        .flat_map(|(server, locked)| locked.tools.iter().map(move |(tool, locked)| (format!("{server}.{tool}"), locked.facts)));
    for (name, facts) in tools {
        let decided = ToolName::parse(&name).is_ok_and(|tool| config.policy.rules.iter().any(|rule| rule.when.is_none() && rule.names(&tool)));
        match facts {
            _ if decided => {}
            facts if facts.may_write() => found.asked.push(name),
            Facts { external: true, .. } => found.asked_after_private.push(name),
            Facts { external: false, .. } => {}
        }
    }
    found
}
