//! Eras, and how upstreams end.

use crate::bench::{bench, config, eventually, name, runs, with};
use std::time::{Duration, Instant};
use upstream::Era;

fn unpinned(modes: &[&str]) -> crate::bench::Bench {
    let directory = tempfile::tempdir().unwrap();
    let configs = modes.iter().map(|mode| upstream::ServerConfig { era: None, ..config(mode, &directory) }).collect();
    with(configs, directory)
}

#[tokio::test]
async fn the_era_is_found_out() {
    let bench = unpinned(&["normal", "legacy", "exits_on_discover"]);
    bench.catalog().await;
    let era = |mode: &str| bench.status(mode).era;
    assert_eq!((era("normal"), era("legacy"), era("exits_on_discover")), (Some(Era::Modern), Some(Era::Legacy), Some(Era::Legacy)));
    let reply = bench.call_within("normal.echo", serde_json::json!({"text": "hi"}), Duration::from_secs(20)).await.unwrap();
    assert_eq!(reply.structured, Some(serde_json::json!({"text": "hi"})));
}

#[tokio::test]
async fn an_era_that_was_slow_to_find_out_is_remembered() {
    let directory = tempfile::tempdir().unwrap();
    let silent = || upstream::ServerConfig { era: None, ..config("silent_discover", &directory) };
    let cache = directory.path().join("cache");
    let first = upstream::Upstreams::new(vec![silent()], Some(cache.clone()), upstream::Lock::in_memory(), &policy::Limits::default());
    first.catalog(&[name("silent_discover")]).await;
    assert_eq!(first.status()[0].era, Some(Era::Legacy));
    first.shutdown().await;
    let begin = Instant::now();
    let second = upstream::Upstreams::new(vec![silent()], Some(cache.clone()), upstream::Lock::in_memory(), &policy::Limits::default());
    second.catalog(&[name("silent_discover")]).await;
    assert!(begin.elapsed() < Duration::from_secs(5), "asked again");
    assert_eq!(second.status()[0].era, Some(Era::Legacy));
    let remembered = std::fs::read_to_string(cache.join("eras.json")).unwrap();
    assert!(remembered.ends_with(":\"legacy\"}"), "{remembered}");
}

#[tokio::test]
async fn a_remembered_era_that_is_wrong_is_corrected() {
    let bench = unpinned(&["legacy"]);
    bench.catalog().await;
    bench.upstreams.shutdown().await;
    let file = bench.directory.path().join("cache/eras.json");
    let remembered = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, remembered.replace("legacy", "modern")).unwrap();
    let configs = vec![upstream::ServerConfig { era: None, ..config("legacy", &bench.directory) }];
    let again =
        upstream::Upstreams::new(configs, Some(bench.directory.path().join("cache")), upstream::Lock::in_memory(), &policy::Limits::default());
    let catalog = again.catalog(&[name("legacy")]).await;
    assert!(catalog.servers[&name("legacy")].tools.contains_key("echo"));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), remembered);
}

#[tokio::test]
async fn shutdown_leaves_no_process() {
    let bench = bench(&["legacy", "grandchild", "stubborn"]);
    bench.catalog().await;
    let pids: Vec<String> = ["legacy", "grandchild", "stubborn"]
        .iter()
        .flat_map(|mode| bench.log(mode))
        .filter_map(|line| line.strip_prefix("start ").or(line.strip_prefix("grandchild ")).map(str::to_owned))
        .collect();
    assert_eq!(pids.iter().filter(|pid| runs(pid)).count(), 4);
    let begin = Instant::now();
    bench.upstreams.shutdown().await;
    assert!(begin.elapsed() < Duration::from_secs(5));
    eventually("all processes are gone", || !pids.iter().any(|pid| runs(pid))).await;
    bench.catalog().await;
    assert_eq!(bench.log("legacy").iter().filter(|line| line.starts_with("start")).count(), 1);
}

#[tokio::test]
async fn an_upstream_that_dies_takes_its_children_along() {
    let bench = bench(&["grandchild"]);
    bench.catalog().await;
    let child = bench.log("grandchild").iter().find_map(|line| line.strip_prefix("grandchild ").map(str::to_owned)).unwrap();
    assert!(runs(&child));
    let _ = bench.call("grandchild.die").await;
    eventually("the grandchild is gone", || !runs(&child)).await;
}

#[tokio::test]
async fn a_child_sees_only_what_is_declared() {
    let bench = bench(&["legacy"]);
    bench.catalog().await;
    let pid = bench.log("legacy")[0].strip_prefix("start ").unwrap().to_owned();
    let environment = std::fs::read_to_string(format!("/proc/{pid}/environ")).unwrap();
    let names: Vec<&str> = environment.split('\0').filter_map(|entry| entry.split('=').next()).filter(|name| !name.is_empty()).collect();
    assert!(names.iter().all(|name| ["PATH", "HOME", "USER", "LANG", "TMPDIR", "TEST_LOG"].contains(name)), "{names:?}");
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some(), "nothing to hide: the test did not run");
}
