//! Workers that crash, hang, flood and lie below an executor: the model reads a short typed text and nothing of ours, the journal tells of it, the
//! session is where it was saved, the next run is served, and nothing stays behind.
//!
//! Frames are written by hand from the format in `sandbox`'s `frame`: a length of four bytes, the message's number, its fields.

use crate::embedded::Embedded;
use executor::{Ending, Event, Fault, Handle, Reply, Wanted};
use policy::{Language, Layer, RunId};
use std::{path::PathBuf, time::Duration};
use tokio::time::sleep;

const DIED: &str = "crashed: the sandbox process ended unexpectedly; the program was stopped with it";
const DEADLINE: &str = "deadline: the program was ended after 1 s, its limit. Do less per run, or make calls side by side";
const NO_RESULT: &str = "crashed: the interpreter ended without a result; a value may have been too large for its memory";
const TRAPPED: &str = "crashed: the interpreter failed, most likely for want of memory (limit 512 MiB); hold less data at a time";
const DIED_SAVING: &str = "the sandbox process ended unexpectedly";
const UNDONE: &str = "\nSession: variables are as they were before this run; files are as it left them.";

/// What the model reads when a session could not be saved.
fn lost(reason: &str) -> String {
    format!("\nSession: what this run changed in variables could not be saved ({reason}) and is undone; files are as it left them.")
}

/// What the model reads of a fault of ours.
fn internal(run: RunId) -> String {
    format!("internal error: the run could not be carried out; the operator finds the reason in the log under {run}")
}

/// What a worker that lies puts where we would show it: in no text that a model reads.
const CANARY: &str = "/srv/canary \u{1b}[31m";

/// Numbers of a worker's messages.
const BOUND: u8 = 1;
const HOST_CALL: u8 = 2;
const ENDED: u8 = 3;
const TRAPPED_WITH: u8 = 4;
const PAGES: u8 = 5;
const SAVED: u8 = 6;
const NOT_SAVED: u8 = 7;
const FAULT: u8 = 10;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A frame with its true length.
fn frame(body: &[u8]) -> String {
    hex(&[&u32::try_from(body.len()).unwrap().to_le_bytes(), body].concat())
}

/// A text as it stands in a message.
fn text(text: &str) -> Vec<u8> {
    [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat()
}

/// What ends a worker, or has it taken for dead.
fn deaths() -> Vec<String> {
    vec![
        "segfault".to_owned(),
        "abort".to_owned(),
        "panic".to_owned(),
        "exit".to_owned(),
        "forbidden".to_owned(),
        format!("say-and-exit:{}", hex(&[10, 0, 0, 0, HOST_CALL, 8, 1])),
        // A length beyond every limit; a message that there is not; a count of 2^62 bytes; what is not due.
        format!("say-and-hang:{}", hex(&[0xff; 4])),
        format!("say-and-hang:{}", frame(&[99])),
        format!("say-and-hang:{}", frame(&[HOST_CALL, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3f])),
        format!("say-and-hang:{}", frame(&[BOUND])),
        format!("flood:{}", frame(&[PAGES, 0])),
        format!("say-and-hang:{}", frame(&[&[FAULT][..], &text(CANARY)].concat())),
    ]
}

/// What else goes wrong in a turn: the fault, what the model reads, how the journal says that it ended, and the layer that ended it.
fn in_turns() -> Vec<(String, &'static str, Ending, Option<Layer>)> {
    let died = deaths().into_iter().map(|word| (word, DIED, Ending::Crashed, None));
    // Traps with the canary as Wasmtime's words, without a tape; ends without a result.
    let trapped = format!("say-and-hang:{}", frame(&[&[TRAPPED_WITH, 2][..], &text(CANARY), &[1, 0]].concat()));
    let ended = format!("say-and-exit:{}", frame(&[ENDED, 0, 1, 0]));
    let others = [
        (trapped, TRAPPED, Ending::Crashed, None),
        (ended, NO_RESULT, Ending::Crashed, None),
        ("hang".to_owned(), DEADLINE, Ending::Deadline, Some(Layer::Limits)),
        // Calls without end that nobody reads the replies of; a frame of 40 MiB that never comes.
        (format!("flood:{}", frame(&[HOST_CALL, 2, b'{', b'}'])), DEADLINE, Ending::Deadline, Some(Layer::Limits)),
        (format!("say-and-hang:{}", hex(&(41_943_040_u32).to_le_bytes())), DEADLINE, Ending::Deadline, Some(Layer::Limits)),
    ];
    died.chain(others).collect()
}

/// A program that has its worker do this, and would do more.
fn program(language: Language, moment: &str, word: &str, more: &str) -> String {
    let declared = if language == Language::Python { "" } else { "var " };
    format!("{declared}fault = ' {moment}:{word} '\n{more}")
}

/// What the journal says of a run's end.
fn ended(embedded: &Embedded, reply: &Reply) -> (Option<Ending>, Option<Layer>) {
    let entries = embedded.log().show(reply.run).unwrap();
    match entries.last().map(|entry| &entry.event) {
        Some(Event::Finished { outcome, layer, .. }) => (*outcome, *layer),
        other => panic!("{other:?}"),
    }
}

async fn is_served(embedded: &Embedded, principal: &str, language: Language) {
    let reply = embedded.run(principal, language, None, "1 + 1").await.unwrap();
    assert_eq!((reply.text.as_str(), reply.is_error), ("2", false));
}

/// In one language: every fault in a turn without a session. Each principal is another one, so that none waits for the deaths of the others.
async fn whatever_happens_in_a_turn(language: Language) {
    let embedded = Embedded::new().await;
    for (word, says, ending, layer) in in_turns() {
        let code = program(language, "turn", &word, "1 + 1");
        let reply = embedded.run_for(&word, language, None, &code, Duration::from_secs(1)).await.unwrap();
        assert_eq!((reply.text.as_str(), reply.is_error), (says, true), "{word}");
        assert_eq!(ended(&embedded, &reply), (Some(ending), layer), "{word}");
        is_served(&embedded, &word, language).await;
    }
    assert_eq!(embedded.log().verify().unwrap().faults, []);
    // Directories of runs are removed after the reply; an empty one is kept for the next.
    let ours = std::fs::read_dir(embedded.directory.path().join("state/runs")).unwrap().next().unwrap().unwrap().path();
    let entries = |path: PathBuf| std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    let left = || entries(ours.clone()).into_iter().filter(|path| path.file_name() != Some("lock".as_ref())).collect::<Vec<_>>();
    until(|| matches!(left().as_slice(), [spare] if entries(spare.clone()).is_empty()), left).await;
}

#[tokio::test]
async fn whatever_happens_in_a_turn_of_python_is_a_short_text_and_a_line_of_the_journal() {
    whatever_happens_in_a_turn(Language::Python).await;
}

#[tokio::test]
async fn whatever_happens_in_a_turn_of_javascript_is_a_short_text_and_a_line_of_the_journal() {
    whatever_happens_in_a_turn(Language::JavaScript).await;
}

/// A session that begins with 1.
async fn session(embedded: &Embedded, principal: &str, language: Language) -> Handle {
    let code = if language == Language::Python { "n = 1\nn" } else { "var n = 1; n" };
    let reply = embedded.run(principal, language, Some(Wanted::New), code).await.unwrap();
    let session = reply.session.unwrap();
    assert_eq!(reply.text, format!("1\n[session {session}]"));
    session
}

async fn in_session(embedded: &Embedded, principal: &str, language: Language, session: &Handle, code: &str) -> Reply {
    embedded.run_for(principal, language, Some(Wanted::Continue(session.clone())), code, Duration::from_secs(1)).await.unwrap()
}

#[tokio::test]
async fn a_session_keeps_what_was_saved_before_a_fault() {
    let embedded = Embedded::new().await;
    for (language, (word, says, ending, layer)) in [Language::Python, Language::JavaScript].into_iter().cycle().zip(in_turns()) {
        let session = session(&embedded, &word, language).await;
        let reply = in_session(&embedded, &word, language, &session, &program(language, "turn", &word, "n = 2")).await;
        // One says that it is at rest, so that it is asked for a checkpoint.
        let kept = if says == NO_RESULT { lost(DIED_SAVING) } else { UNDONE.to_owned() };
        assert_eq!(reply.text, format!("{says}{kept}"), "{word}");
        assert_eq!(ended(&embedded, &reply), (Some(ending), layer), "{word}");
        assert_eq!(in_session(&embedded, &word, language, &session, "n").await.text, "1", "{word}");
    }
}

#[tokio::test]
async fn a_fault_while_a_session_is_saved_undoes_that_run_and_says_so() {
    let embedded = Embedded::new().await;
    let died = format!("2{}", lost(DIED_SAVING));
    let mut faults: Vec<(String, String)> =
        deaths().into_iter().filter(|word| !word.contains(&frame(&[PAGES, 0]))).map(|word| (word, died.clone())).collect();
    // What it says of why it does not save is its own word.
    let impossible = frame(&[&[NOT_SAVED, 1][..], &text(CANARY)].concat());
    faults.push((format!("say-and-hang:{impossible}"), format!("2{}", lost("its worker could not do it; the operator finds the reason in the log"))));
    for (language, (word, says)) in [Language::Python, Language::JavaScript].into_iter().cycle().zip(faults) {
        let session = session(&embedded, &word, language).await;
        let reply = in_session(&embedded, &word, language, &session, &program(language, "checkpoint", &word, "n += 1\nn")).await;
        assert_eq!((&reply.text, reply.is_error), (&says, false), "{word}");
        let entries = embedded.log().show(reply.run).unwrap();
        assert!(entries.iter().any(|entry| entry.event == Event::Settled { saved: false }), "{word}");
        assert_eq!(in_session(&embedded, &word, language, &session, "n").await.text, "1", "{word}");
    }
}

#[tokio::test]
async fn a_checkpoint_that_is_a_lie_costs_its_own_session_and_nobody_else() {
    let embedded = Embedded::new().await;
    let (principal, language) = ("liar", Language::Python);
    let [session, other] = [session(&embedded, principal, language).await, session(&embedded, principal, language).await];
    // Three bytes that are no checkpoint, and the word that this was one of a page.
    let lie = [frame(&[PAGES, 3, 1, 2, 3]), frame(&[SAVED, 0x80, 0x80, 4, 1, 0, 0])].concat();
    let code = program(language, "checkpoint", &format!("say-and-exit:{lie}"), "n += 1\nn");
    assert_eq!(in_session(&embedded, principal, language, &session, &code).await.text, "2");
    // The worker that was kept for the session is dead, which is found before the next run or by it.
    match embedded.run(principal, language, Some(Wanted::Continue(session.clone())), "n").await {
        Ok(reply) => assert_eq!(reply.text, format!("{DIED}{UNDONE}")),
        Err(fault) => assert!(matches!(fault, Fault::Workspace { .. }), "{fault:?}"),
    }
    // It is as it was written, so that the reason may be one that passes: the session waits for an operator, and does not silently go back.
    for _ in 0..2 {
        match embedded.run(principal, language, Some(Wanted::Continue(session.clone())), "n").await {
            Err(fault @ Fault::Workspace { run, .. }) => assert_eq!(fault.to_string(), internal(run)),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(in_session(&embedded, principal, language, &other, "n").await.text, "1");
    is_served(&embedded, principal, language).await;
}

#[tokio::test]
async fn a_worker_that_is_never_ready_is_a_fault_of_ours_without_detail_and_the_next_one_is_served() {
    for word in ["segfault", "exit", "panic"] {
        let embedded = Embedded::from(|directory| std::fs::write(directory.join("ready"), word).unwrap()).await;
        match embedded.run("a", Language::Python, None, "1 + 1").await {
            Err(fault @ Fault::Sandbox { run, .. }) => assert_eq!(fault.to_string(), internal(run)),
            other => panic!("{word}: {other:?}"),
        }
        std::fs::remove_file(embedded.directory.path().join("ready")).unwrap();
        is_served(&embedded, "a", Language::Python).await;
    }
}

/// Open descriptors of this process, and processes below it.
fn held() -> (usize, usize) {
    let ours = i32::try_from(std::process::id()).unwrap();
    let pids: Vec<i32> = std::fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect();
    // A process may end while it is looked at.
    let parent_of = |pid: i32| std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok();
    let below = |pid: &&i32| parent_of(**pid).is_some_and(|parent: i32| parent == ours || parent_of(parent) == Some(ours));
    (std::fs::read_dir("/proc/self/fd").unwrap().count(), pids.iter().filter(below).count())
}

/// Waits until this is so; gives up after a minute, with what is so instead.
async fn until<T: std::fmt::Debug>(so: impl Fn() -> bool, instead: impl Fn() -> T) {
    for _ in 0..1200 {
        if so() {
            return;
        }
        sleep(Duration::from_millis(50)).await;
    }
    panic!("{:?}", instead());
}

#[tokio::test]
async fn nothing_of_faulty_workers_stays_behind() {
    let embedded = Embedded::new().await;
    for language in [Language::Python, Language::JavaScript] {
        is_served(&embedded, "first", language).await;
    }
    // The zygote is left, which both languages share.
    until(|| held().1 == 1, held).await;
    let before = held();
    for (language, word) in [Language::Python, Language::JavaScript].into_iter().cycle().zip(deaths()) {
        let reply = embedded.run(&word, language, None, &program(language, "turn", &word, "1")).await.unwrap();
        assert_eq!(reply.text, DIED, "{word}");
    }
    until(|| held().0 <= before.0 && held().1 <= before.1, || (before, held())).await;
}
