//! What a short run of a guest writes is learned once, and nothing else changes by it.

use crate::{
    fixture::{Fixture, settings},
    guests,
    seal::example,
};
use sandbox::{End, Sandbox};
use std::fs;

#[tokio::test]
async fn the_pages_that_a_short_run_writes_are_learned_once() {
    let directory = tempfile::tempdir().unwrap();
    let cache = directory.path().to_owned();
    let cache = cache.as_path();
    // The document is put at 70,000, which is on the page with index 17. This writes to those with indexes 19 and 20. It reads from that with index
    // 21, which no file holds, and from the first, which is the image's; its status is 0 if there are "hell" and zeros.
    let hell = i32::from_le_bytes(*b"hell");
    let read = format!("(i32.or (i32.xor (i32.load (i32.const 512)) (i32.const {hell})) (i32.load (i32.const 90000)))");
    guests::install(cache, &format!("(i32.store (i32.const 81918) (i32.const -1)) {read}"));
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
    let finished = Fixture { sandbox, directory, heard: Vec::new() }.run().await;
    assert_eq!(finished.end, End::Completed(0));
}

#[tokio::test]
async fn a_guest_that_does_not_run_teaches_nothing() {
    let directory = tempfile::tempdir().unwrap();
    guests::install(directory.path(), "unreachable");
    let failed = sandbox::learn(directory.path(), Some(example("zygote")), &|_| ()).await.unwrap_err().to_string();
    assert!(failed.starts_with("no worker could be made: the python guest did not run: Trapped"), "{failed}");
}
