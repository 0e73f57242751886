//! Listing tools: pages, names, changes, failures; and what is found and described.

use crate::bench::{bench, config, error, name, with};
use policy::{Guest, ServerState};
use std::sync::Arc;
use std::time::{Duration, Instant};

#[tokio::test]
async fn all_pages_are_followed_but_not_without_end() {
    let bench = bench(&["pages", "endless_pages"]);
    let catalog = bench.catalog().await;
    let pages = &catalog.servers[&name("pages")];
    assert_eq!(pages.tools.keys().filter(|tool| tool.starts_with("page_")).count(), 3);
    assert!(pages.tools.contains_key("echo"));
    assert_eq!(catalog.servers[&name("endless_pages")].state, ServerState::Failed("its list of tools has more than 100 pages".to_owned()));
}

#[tokio::test]
async fn bad_names_are_quarantined() {
    let bench = bench(&["bad_names"]);
    let catalog = bench.catalog().await;
    assert_eq!(catalog.servers[&name("bad_names")].tools.keys().collect::<Vec<_>>(), ["good", "odd_schema"]);
    let quarantined: Vec<String> = bench.status("bad_names").quarantined.into_iter().map(|tool| tool.raw_name).collect();
    assert_eq!(quarantined, ["\\u{202e}evil", "read-file", "readFile"]);
}

#[tokio::test]
async fn nothing_starts_unasked_and_nothing_changes_unasked() {
    let bench = bench(&["legacy", "normal"]);
    let catalog = bench.upstreams.catalog(&[name("legacy")]).await;
    assert_eq!(catalog.servers[&name("normal")].state, ServerState::Unknown);
    assert_eq!(bench.log("normal"), [""; 0]);
    assert!(Arc::ptr_eq(&catalog, &bench.upstreams.catalog(&[name("legacy")]).await));
}

#[tokio::test]
async fn a_change_is_seen_by_the_next_catalog() {
    let bench = bench(&["legacy"]);
    assert!(!bench.catalog().await.servers[&name("legacy")].tools.contains_key("extra"));
    bench.call("legacy.change").await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let catalog = bench.catalog().await;
    let server = &catalog.servers[&name("legacy")];
    let quarantined: Vec<(&str, &str)> = server.quarantined.iter().map(|(tool, reason)| (tool.as_str(), reason.reason.as_str())).collect();
    assert_eq!((server.tools.contains_key("extra"), &*quarantined), (false, &[("extra", "it is new, and was not accepted")][..]));
    assert!(server.tools.contains_key("echo"));
}

#[tokio::test]
async fn failures_to_start_are_told_and_backed_off() {
    let directory = tempfile::tempdir().unwrap();
    let mut silent = config("never_answers", &directory);
    silent.start_timeout = Duration::from_millis(700);
    let mut missing = config("missing", &directory);
    if let upstream::Transport::Stdio { command, .. } = &mut missing.transport {
        *command = "/nowhere/at-all".to_owned();
    }
    let bench = with(vec![config("crash_at_start", &directory), silent, missing, config("garbage", &directory)], directory);
    let catalog = bench.catalog().await;
    let state = |server: &str| catalog.servers[&name(server)].state.clone();
    assert_eq!(state("crash_at_start"), ServerState::Failed("it ended while it started (exit status: 3)".to_owned()));
    assert_eq!(state("never_answers"), ServerState::Failed("it did not start within 0.7 s".to_owned()));
    assert_eq!(state("missing"), ServerState::Failed("its command cannot be started".to_owned()));
    assert_eq!(state("garbage"), ServerState::Listed);
    let status = bench.status("crash_at_start");
    assert_eq!(status.last_error.as_deref(), Some("it ended while it started (exit status: 3): fatal: no configuration[0m"));
    assert_eq!(status.stderr_tail, "starting\nfatal: no configuration\u{1b}[0m\n");

    let starts = || bench.log("crash_at_start").iter().filter(|line| line.starts_with("start")).count();
    assert_eq!(starts(), 1);
    let begin = Instant::now();
    let tool =
        policy::Tool { name: policy::ToolName::parse("crash_at_start.echo").unwrap(), ..catalog.servers[&name("garbage")].tools["echo"].clone() };
    let result = bench.upstreams.call(&tool, serde_json::Map::new(), Duration::from_secs(5)).await;
    assert!(begin.elapsed() < Duration::from_millis(900));
    assert_eq!(
        error(result),
        "upstream_unavailable: crash_at_start is not available: it ended while it started (exit status: 3); nothing was called"
    );
    assert_eq!(starts(), 1);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    bench.catalog().await;
    assert_eq!(starts(), 2);
}

#[tokio::test]
async fn nobody_waits_long_for_an_upstream_that_answers_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let mut silent = config("never_answers", &directory);
    silent.start_timeout = Duration::from_secs(14);
    let bench = with(vec![silent, config("legacy", &directory)], directory);
    let state = |catalog: &policy::Catalog, server: &str| catalog.servers[&name(server)].state.clone();
    let begin = Instant::now();
    let catalog = bench.catalog().await;
    assert!(begin.elapsed() < Duration::from_secs(13), "{:?}", begin.elapsed());
    let starting = ServerState::Failed("it is still starting after 12 s; try again later".to_owned());
    assert_eq!((state(&catalog, "never_answers"), state(&catalog, "legacy")), (starting.clone(), ServerState::Listed));
    // The next run does not wait at all, and the start comes to its own end.
    let begin = Instant::now();
    assert_eq!(state(&*bench.catalog().await, "never_answers"), starting);
    assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
    let settled = bench.upstreams.settled_catalog(&[name("never_answers")]).await;
    assert_eq!(state(&settled, "never_answers"), ServerState::Failed("it did not start within 14 s".to_owned()));
    assert_eq!(bench.log("never_answers").iter().filter(|line| line.starts_with("start")).count(), 1);
}

#[tokio::test]
async fn tools_are_found_and_described() {
    let bench = bench(&["legacy"]);
    let catalog = bench.catalog().await;
    let hits = bench.upstreams.search(&catalog, "echoes", 3, Guest::Python);
    assert_eq!(hits.len(), 0);
    let hits = bench.upstreams.search(&catalog, "echo", 3, Guest::Python);
    assert_eq!((hits[0].tool.as_str(), hits[0].signature.as_str()), ("legacy.echo", "legacy.echo(text: str = ...) -> Any"));
    bench.upstreams.learn(&catalog.servers[&name("legacy")].tools["echo"].name, upstream::Shape::of(&serde_json::json!({"text": "hi"})));
    let described = bench.upstreams.describe(&catalog, "legacy.echo", Guest::JavaScript).unwrap();
    assert_eq!(described.lines().next(), Some("legacy.echo(args?: { text?: string }): Promise<{ text: string }>"));
}
