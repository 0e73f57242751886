//! What a short run of a guest writes is learned once, and nothing else changes by it.

use crate::{
    fixture::{Echo, settings, turn},
    guests,
    seal::example,
};
use policy::{Guest, Principal};
use sandbox::{Bind, End, Sandbox};
use std::{fs, time::Duration};
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn the_pages_that_a_short_run_writes_are_learned_once() {
    let directory = tempfile::tempdir().unwrap();
    let cache = directory.path();
    // The document is put at 70,000, which is on the page with index 17. This writes to those with indexes 19 and 20, and reads from that
    // with index 21, which no file holds.
    guests::install(cache, "(i32.store (i32.const 81918) (i32.const -1)) (i32.load (i32.const 90000))");
    let files = || fs::read_dir(cache.join("guests")).unwrap().map(|entry| entry.unwrap().path());
    let learned = || files().find(|path| path.extension().is_some_and(|ending| ending == "touched"));
    assert_eq!(learned(), None);
    sandbox::learn(cache, Some(example("zygote")), &|_| ()).await.unwrap();
    let file = learned().expect("nothing was learned");
    assert_eq!(fs::read_to_string(&file).unwrap(), "[[17,18],[19,22]]");
    // What is known is not learned again.
    fs::write(&file, "[[0,5],[21,22],[4000000000,4294967295],[9,3]]").unwrap();
    sandbox::learn(cache, None, &|_| panic!("it was learned again")).await.unwrap();
    assert_eq!(fs::read_to_string(&file).unwrap(), "[[0,5],[21,22],[4000000000,4294967295],[9,3]]");
    // Pages that are not there do no harm, and those that are hold what they held.
    let sandbox = Sandbox::start(settings(cache.to_owned())).await.unwrap();
    let mut worker = sandbox.worker(Guest::Python, &Principal::local()).await.unwrap();
    let workspace = tempfile::tempdir().unwrap();
    let bind = Bind {
        workspace: workspace.path().to_string_lossy().into_owned(),
        memory_bytes: 16 << 20,
        workspace_bytes: 1 << 20,
        workspace_files: 2,
        environment: vec![],
        files: Vec::new(),
    };
    let over = tokio::time::sleep(Duration::from_secs(20));
    let mut host = Echo(Vec::new());
    let finished = worker.run(&bind, turn("{}"), &mut host, over, &CancellationToken::new()).await;
    assert_eq!(finished.end, End::Completed(0));
}

#[tokio::test]
async fn a_guest_that_does_not_run_teaches_nothing() {
    let directory = tempfile::tempdir().unwrap();
    guests::install(directory.path(), "unreachable");
    let failed = sandbox::learn(directory.path(), Some(example("zygote")), &|_| ()).await.unwrap_err().to_string();
    assert!(failed.starts_with("no worker could be made: the python guest did not run: Trapped"), "{failed}");
}
