//! Reviews as people and scripts read them. What an upstream says of itself is one quoted line; how its definition changed is a diff.

use crate::commands::words::{self, Names};
use crate::config::Failed;
use executor::visible;
use policy::{Effect, Facts};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;
use upstream::{LaunchLine, Lock, Review, ReviewedTool, Standing};

/// How many lines of a diff are shown; `--json` has both definitions whole.
const DIFF_LINES: usize = 80;

/// Everything, for people.
pub(super) fn all(lock: &Lock, reviews: &[Review], failed: &[Failed]) -> String {
    let (mut text, names) = (String::new(), Names::of(reviews));
    for review in reviews {
        server(&mut text, review, &names);
    }
    // Writing to a String cannot fail.
    for failed in failed {
        let _infallible = writeln!(text, "{}: its configuration cannot be used: {}\n", failed.name, failed.reason);
    }
    let waiting = reviews.iter().filter(|review| review.waits()).count();
    let place = lock.place().map_or_else(|| "the lockfile".to_owned(), |place| place.display().to_string());
    let _infallible = match (reviews.is_empty() && failed.is_empty(), waiting) {
        (true, _) => write!(text, "no servers are configured; give --config FILE or --mcp-config FILE"),
        (false, 0) => write!(text, "nothing waits: {place} has all of this"),
        (false, _) => write!(
            text,
            "{waiting} of {} servers wait for you: `cofferdam lock` on a terminal asks, `cofferdam lock --accept NAME` or `--accept-all` accepts",
            reviews.len()
        ),
    };
    text
}

/// One server with what waits.
fn server(text: &mut String, review: &Review, names: &Names) {
    let _infallible = writeln!(text, "{}{}", review.name, if review.is_known { "" } else { "   not in the lockfile" });
    match &review.other_launch {
        Some(_) => text.push_str(&launch(review)),
        None => {
            let _infallible = writeln!(text, "  {}", line(&review.launch));
        }
    }
    if let (Some(reason), None) = (&review.failed, &review.other_launch) {
        let _infallible = writeln!(text, "  could not be looked at: {reason}");
    }
    for (name, tool) in &review.tools {
        let _infallible = writeln!(text, "  {}", row(name, tool, if tool.waits() { tool.proposed } else { tool.tool.facts }));
        if tool.waits() {
            text.push_str(&words::told(&names.wording(&review.name, tool), 6));
        }
        if let Some(diff) = diff(tool) {
            text.push_str(&diff);
        }
    }
    for out in &review.kept_out {
        let _infallible = writeln!(text, "  {} cannot be accepted: {}", out.raw_name, out.reason);
    }
    for name in &review.gone {
        let _infallible = writeln!(text, "  {name} is not listed any more");
    }
    text.push('\n');
}

/// One tool on one line: facts as they are, or as they are proposed.
pub(super) fn row(name: &str, tool: &ReviewedTool, facts: Facts) -> String {
    let told = if tool.words.is_empty() { String::new() } else { format!("\"{}\"", tool.words) };
    format!("{name:<28} {:<6} {:<9} {:<9} {told}", facts.effect.name(), external(facts), standing(tool)).trim_end().to_owned()
}

fn external(facts: Facts) -> &'static str {
    if facts.external { "external" } else { "" }
}

fn standing(tool: &ReviewedTool) -> &'static str {
    match tool.standing {
        Standing::Unknown | Standing::New => "new",
        Standing::Changed => "changed",
        Standing::Locked(facts) if facts.effect == Effect::Unreviewed => "waits",
        Standing::Locked(_) => "accepted",
    }
}

/// How a tool's definition changed since it was accepted.
pub(super) fn diff(tool: &ReviewedTool) -> Option<String> {
    if tool.standing != Standing::Changed {
        return None;
    }
    let (before, now) = (tool.before.as_deref().map(visible), visible(&tool.definition));
    let Some(before) = before else {
        return Some("      the accepted definition is not kept on this machine; what it is now: `show`, or --json\n".to_owned());
    };
    let diff = similar::TextDiff::from_lines(before.as_str(), now.as_str());
    let mut unified = diff.unified_diff();
    let printed = unified.context_radius(2).header("accepted", "now").to_string();
    let mut lines: Vec<String> = printed.lines().map(|line| format!("      {line}\n")).collect();
    if let Some(more) = lines.len().checked_sub(DIFF_LINES).filter(|more| *more > 0) {
        lines.truncate(DIFF_LINES);
        lines.push(format!("      ... {more} more lines; --json has both definitions\n"));
    }
    Some(lines.concat())
}

/// How a server was and is started.
pub(super) fn launch(review: &Review) -> String {
    let mut text = String::new();
    if let Some(accepted) = &review.other_launch {
        let _infallible = writeln!(text, "  its launch line changed, so {} is not started", review.name);
        let _infallible = writeln!(text, "  - {}", line(accepted));
    }
    let _infallible = writeln!(text, "  + {}", line(&review.launch));
    if review.other_launch.as_ref().is_some_and(|accepted| line(accepted) == line(&review.launch)) {
        text.push_str("    (the difference is in a part that is not shown, because it may be a secret)\n");
    }
    text
}

fn line(launch: &LaunchLine) -> String {
    let names = if launch.names.is_empty() { String::new() } else { format!("   with {}", launch.names.join(", ")) };
    let cwd = launch.cwd.as_ref().map(|cwd| format!("   in {cwd}")).unwrap_or_default();
    format!("{}{names}{cwd}", launch.summary)
}

/// What was accepted, for people.
pub(super) fn accepted(accepted: &[(&Review, BTreeMap<String, Facts>)]) -> String {
    let mut text = String::new();
    for (review, tools) in accepted {
        let reads = tools.values().filter(|facts| facts.effect == Effect::Read).count();
        let launch = if review.other_launch.is_some() { ", and its launch line" } else { "" };
        let _infallible = writeln!(text, "{}: accepted {reads} reads and {} writes{launch}", review.name, tools.len() - reads);
    }
    if accepted.is_empty() {
        text.push_str("nothing could be accepted");
    }
    text
}

/// Everything, for scripts.
pub(super) fn document(lock: &Lock, reviews: &[Review], failed: &[Failed]) -> Value {
    let names = Names::of(reviews);
    let servers = reviews.iter().map(|review| {
        let tools = review.tools.iter().map(|(name, tool)| {
            let changed = tool.standing == Standing::Changed;
            json!({
                "tool": name,
                "standing": standing(tool),
                "waits": tool.waits(),
                "effect": tool.tool.facts.effect.name(),
                "external": tool.tool.facts.external,
                "proposed": {"effect": tool.proposed.effect.name(), "external": tool.proposed.external},
                "hash": tool.tool.hash,
                "wording": names.wording(&review.name, tool),
                "definition": changed.then(|| visible(&tool.definition)),
                "accepted_definition": tool.before.as_deref().map(visible),
            })
        });
        let kept_out = review.kept_out.iter().map(|out| json!({"tool": out.raw_name, "reason": out.reason}));
        json!({
            "server": review.name,
            "waits": review.waits(),
            "known": review.is_known,
            "launch": line(&review.launch),
            "accepted_launch": review.other_launch.as_ref().map(line),
            "failed": review.failed,
            "tools": tools.collect::<Value>(),
            "cannot_be_accepted": kept_out.collect::<Value>(),
            "gone": review.gone,
        })
    });
    let unusable = failed.iter().map(|failed| json!({"server": failed.name, "waits": false, "failed": failed.reason}));
    json!({
        "ok": !reviews.iter().any(|review| review.waits() || review.failed.is_some()) && failed.is_empty(),
        "lockfile": lock.place().map(|place| place.display().to_string()),
        "servers": servers.chain(unusable).collect::<Value>(),
    })
}
