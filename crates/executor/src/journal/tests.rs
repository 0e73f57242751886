use super::*;
use event::{Asked, Which};
use policy::{Labels, Language, Principal, Reason};
use std::{collections::BTreeSet, fs::OpenOptions, io::Write as _, path::PathBuf};
use tempfile::TempDir;
use verify::{Finding, What};

fn journal(state: &TempDir) -> Journal {
    Journal::open(state.path(), "0", gate::Secrets::of(["1234567890123".to_owned()]).unwrap()).unwrap()
}

fn entry(run: u8, event: Event) -> Entry {
    Entry { at_ms: 1, run: Some(RunId::from_random([run; 16])), session: None, event }
}

fn call(call: usize, read_only: bool) -> Which {
    Which { call, tool: "a.b".to_owned(), read_only }
}

fn sent(number: usize) -> Event {
    Event::Sent { call: call(number, false), reason: Reason::AcceptedRead, arguments: "00".to_owned() }
}

fn done(number: usize, read_only: bool) -> Event {
    Event::Done { call: call(number, read_only), ok: Some(true), code: None, bytes: 3, reply: None, ms: 1, layer: None, wording: BTreeSet::new() }
}

fn path(state: &TempDir, journal: &Journal) -> PathBuf {
    state.path().join("journal").join(journal.place().file)
}

/// Sound lines, faults with their lines, and notes.
type Found = (u64, Vec<(What, Option<u64>)>, Vec<What>);

fn found(state: &TempDir) -> Found {
    let Verified { lines, faults, notes, .. } = Log::new(state.path()).verify().unwrap();
    let short = |finding: &Finding| (finding.what, finding.line);
    (lines, faults.iter().map(short).collect(), notes.iter().map(|finding| finding.what).collect())
}

#[test]
fn what_could_not_be_written_is_written_later_but_for_what_was_not_sent() {
    let state = TempDir::new().unwrap();
    let journal = journal(&state);
    let place = journal.place();
    journal.append(&entry(1, sent(0))).unwrap();
    // A file that cannot be written to, as on a full disk.
    let read_only = File::open(path(&state, &journal)).unwrap();
    let writable = journal.inner.tail().file.replace(read_only);
    assert!(journal.append(&entry(1, done(0, false))).is_err());
    journal.append(&entry(1, done(1, true))).unwrap();
    assert!(journal.append(&entry(1, sent(2))).is_err());
    // Not even what changes nothing is sent unrecorded.
    let read = Event::Sent { call: call(3, true), reason: Reason::AcceptedRead, arguments: "00".to_owned() };
    assert!(journal.append(&entry(1, read)).is_err());
    journal.inner.tail().file = writable;
    journal.append(&entry(1, sent(4))).unwrap();
    let expected = [sent(0), done(0, false), done(1, true), sent(4)].map(|event| entry(1, event));
    assert_eq!(journal.of_run(&place, RunId::from_random([1; 16])), expected);
    journal.inner.settle().unwrap();
    assert_eq!(found(&state), (5, vec![], vec![]));
}

#[test]
fn a_runs_lines_are_found_again_from_its_place() {
    let state = TempDir::new().unwrap();
    let journal = journal(&state);
    journal.append(&entry(1, sent(0))).unwrap();
    let place = journal.place();
    for (run, event) in [(2, sent(0)), (1, sent(0)), (2, done(0, false))] {
        journal.append(&entry(run, event)).unwrap();
    }
    journal.inner.settle().unwrap();
    // Half a line, as a killed process leaves it.
    OpenOptions::new().append(true).open(path(&state, &journal)).unwrap().write_all(b"{\"seq\":6,\"at_ms\":1,\"ru").unwrap();
    let other = self::journal(&state);
    assert_eq!(other.of_run(&place, RunId::from_random([2; 16])), [entry(2, sent(0)), entry(2, done(0, false))]);
    assert_eq!(other.of_run(&Place { file: "gone".to_owned(), offset: 0 }, RunId::from_random([2; 16])), []);
    assert_eq!(found(&state), (5, vec![], vec![What::Torn]));
}

#[test]
fn a_chain_goes_on_in_further_files() {
    let state = TempDir::new().unwrap();
    let journal = journal(&state);
    journal.inner.tail().file_bytes = 1000;
    let place = journal.place();
    for n in 0..20 {
        journal.append(&entry(1, sent(n))).unwrap();
    }
    journal.inner.settle().unwrap();
    let calls: Vec<usize> = journal.of_run(&place, RunId::from_random([1; 16])).iter().filter_map(|entry| Some(entry.event.call()?.call)).collect();
    assert_eq!(calls, (0..20).collect::<Vec<_>>());
    let files = fs::read_dir(state.path().join("journal")).unwrap().count();
    assert!(files > 3, "{files}");
    let (lines, faults, notes) = found(&state);
    // Twenty lines, the first of the process, and one at the head of each further file.
    assert_eq!((lines, faults, notes), (20 + files as u64, vec![], vec![]));
    let first = state.path().join("journal").join(&place.file);
    let second = first.with_extension("2.jsonl");
    fs::remove_file(&second).unwrap();
    assert_eq!(found(&state).1, [(What::MissingFile, None)]);
    fs::remove_file(&first).unwrap();
    assert_eq!(found(&state).1, [(What::MissingFile, None), (What::MissingFile, None)]);
}

#[test]
fn every_byte_and_every_line_counts() {
    let state = TempDir::new().unwrap();
    let journal = journal(&state);
    let asked = Asked { principal: Principal::local(), context: "c".to_owned(), language: Language::Python, program: "00".to_owned(), intent: None };
    journal.append(&entry(1, Event::Begun { asked, policy: "0".to_owned(), labels: Labels::default(), flags: Vec::new() })).unwrap();
    journal.append(&entry(1, sent(0))).unwrap();
    journal.append(&entry(1, done(0, false))).unwrap();
    journal.inner.settle().unwrap();
    assert_eq!(found(&state), (4, vec![], vec![]));
    let path = path(&state, &journal);
    let whole = fs::read(&path).unwrap();
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        fs::write(&path, &changed).unwrap();
        let (_, faults, _) = found(&state);
        let line = whole[..at].iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
        assert!(!faults.is_empty() && faults[0].1.is_none_or(|at| at == line || at == line + 1), "byte {at} in line {line}: {faults:?}");
        fs::write(&path, &whole[..at]).unwrap();
        let (_, faults, _) = found(&state);
        assert_eq!(faults, [(What::Truncated, None)], "cut at {at}");
    }
    let lines: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').collect();
    let with = |order: &[usize]| {
        fs::write(&path, order.iter().flat_map(|n| lines[*n]).copied().collect::<Vec<u8>>()).unwrap();
        found(&state).1
    };
    assert_eq!(with(&[0, 1, 3]), [(What::Removed, Some(3))]);
    assert_eq!(with(&[1, 2, 3]), [(What::Removed, Some(1))]);
    assert_eq!(with(&[0, 1, 1, 2, 3]), [(What::Moved, Some(3))]);
    assert_eq!(with(&[0, 1, 2]), [(What::Truncated, None)]);
    assert_eq!(with(&[0, 1, 2, 3]), []);
}

#[test]
fn secrets_are_taken_out_of_texts_and_a_line_stays_one() {
    let state = TempDir::new().unwrap();
    let journal = journal(&state);
    let which = Which { call: 0, tool: "a.1234567890123".to_owned(), read_only: true };
    let with = |call| Event::Done { call, ok: None, code: None, bytes: 1_234_567_890_123, reply: None, ms: 1, layer: None, wording: BTreeSet::new() };
    journal.append(&entry(1, with(which.clone()))).unwrap();
    journal.inner.settle().unwrap();
    let text = fs::read_to_string(path(&state, &journal)).unwrap();
    assert!(!text.contains("a.1234567890123") && text.contains("\"tool\":\"a.[secret removed]\""), "{text}");
    assert_eq!(found(&state), (2, vec![], vec![]));
    let run = RunId::from_random([1; 16]);
    let cleaned = with(Which { tool: "a.[secret removed]".to_owned(), ..which });
    assert_eq!(Log::new(state.path()).show(run).unwrap(), [entry(1, cleaned)]);
}

#[test]
fn the_head_and_the_key_are_guarded_too() {
    let state = TempDir::new().unwrap();
    let journal = journal(&state);
    journal.append(&entry(1, sent(0))).unwrap();
    journal.inner.settle().unwrap();
    let head = journal.inner.tail().head.clone();
    let (file, early) = (path(&state, &journal), fs::read(&head).unwrap());
    let short = fs::read(&file).unwrap();
    journal.append(&entry(1, done(0, false))).unwrap();
    // As a process that is killed between the two leaves it.
    assert_eq!(found(&state), (3, vec![], vec![What::HeadBehind]));
    journal.inner.settle().unwrap();
    let (late, whole) = (fs::read(&head).unwrap(), fs::read(&file).unwrap());
    // Whoever cuts the journal short and makes the head fit has to seal it.
    let mut forged: Head = serde_json::from_slice(&late).unwrap();
    forged.seq = 2;
    forged.mac = serde_json::from_slice::<Head>(&early).unwrap().mac;
    fs::write(&head, serde_json::to_vec(&forged).unwrap()).unwrap();
    fs::write(&file, &short).unwrap();
    assert_eq!(found(&state).1, [(What::EditedHead, None)]);
    fs::remove_file(&head).unwrap();
    assert_eq!(found(&state).1, [(What::MissingHead, None)]);
    fs::write(&head, &late).unwrap();
    assert_eq!(found(&state).1, [(What::Truncated, None)]);
    fs::remove_file(&file).unwrap();
    assert_eq!(found(&state).1, [(What::MissingFile, None)]);
    fs::write(&file, &whole).unwrap();
    assert_eq!(found(&state), (3, vec![], vec![]));
    fs::remove_file(state.path().join("journal.key")).unwrap();
    assert_eq!(found(&state).1, [(What::NoKey, None)]);
}

#[tokio::test]
async fn lines_come_to_the_disk_by_themselves_with_their_head() {
    let state = TempDir::new().unwrap();
    let journal = journal(&state);
    journal.append(&entry(1, done(0, true))).unwrap();
    let head = journal.inner.tail().head.clone();
    while !fs::read_to_string(&head).is_ok_and(|head| head.contains("\"seq\":2,")) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(found(&state), (2, vec![], vec![]));
    let calls = (0..16).map(|n| {
        let entry = entry(1, sent(n));
        let journal = &journal;
        async move { journal.append_synced(&entry).await.unwrap() }
    });
    for call in calls {
        call.await;
    }
    assert_eq!(*journal.inner.synced.lock().unwrap(), 18);
}

/// Lines from before a record named the layer.
#[test]
fn lines_without_a_layer_are_still_read() {
    let line = r#"{"at_ms":1,"event":"done","call":0,"tool":"a.b","read_only":false,"ok":false,"code":"tool_output_invalid","bytes":0,"ms":1}"#;
    let read: Entry = serde_json::from_str(line).unwrap();
    let code = Some(policy::ErrorCode::ToolOutputInvalid);
    assert_eq!(
        read.event,
        Event::Done { call: call(0, false), ok: Some(false), code, bytes: 0, reply: None, ms: 1, layer: None, wording: BTreeSet::new() }
    );
    assert_eq!(serde_json::to_string(&read).unwrap(), line);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 64, ..Default::default() })]

    #[test]
    fn whatever_is_added_to_a_journal_is_found(
        bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300),
        lines in "([{}\":,a0-9]{0,30}\n){0,3}",
    ) {
        let state = TempDir::new().unwrap();
        let journal = journal(&state);
        journal.append(&entry(1, sent(0))).unwrap();
        journal.inner.settle().unwrap();
        assert_eq!(found(&state), (2, vec![], vec![]));
        let added = [lines.as_bytes(), &bytes].concat();
        OpenOptions::new().append(true).open(path(&state, &journal)).unwrap().write_all(&added).unwrap();
        let (sound, faults, notes) = found(&state);
        // What was written is as it was, and nothing else is taken for it. Half a line at the end is what a killed process leaves.
        assert_eq!((sound, faults.is_empty()), (2, !added.contains(&b'\n')));
        assert_eq!(faults.is_empty() && notes.is_empty(), added.is_empty());
        assert!(Log::new(state.path()).runs(&Filter::default()).is_ok(), "what can be read is shown");
    }
}
