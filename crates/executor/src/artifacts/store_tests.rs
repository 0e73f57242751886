use super::super::Source;
use super::*;
use policy::{Labels, RunId, ServerName};
use tempfile::TempDir;

fn origin() -> Origin {
    Origin { principal: Principal::local(), run: RunId::from_random([7; 16]), program: "0".repeat(64), session: None }
}

fn new<'a>(name: &'a str, bytes: &'static [u8]) -> New<'a> {
    New { name, media_type: None, source: Source::Bytes(bytes), labels: Labels::default(), calls: Vec::new(), automatic: false }
}

fn limits(artifact_bytes: u64, artifacts_bytes: u64) -> Limits {
    Limits { artifact_bytes, artifacts_bytes, ..Limits::default() }
}

fn files(state: &TempDir, folder: &str) -> Vec<String> {
    let names = fs::read_dir(state.path().join("artifacts").join(folder)).unwrap();
    names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

async fn names(artifacts: &Artifacts) -> Vec<String> {
    artifacts.list(&Principal::local()).await.unwrap().into_iter().map(|record| record.name).collect()
}

#[tokio::test]
async fn what_was_saved_is_found_by_name_id_and_uri() {
    let state = TempDir::new().unwrap();
    let artifacts = Artifacts::open(state.path()).unwrap();
    let labels = Labels::of(policy::LabelKind::ALL, &policy::Origin::Server(ServerName::mint("github").unwrap()));
    let calls = vec!["github.list_issues x2".to_owned()];
    let saved = New { labels: labels.clone(), calls: calls.clone(), ..new("issues.json", b"[{\"id\": 1}]") };
    let old = artifacts.save(&origin(), &Limits::default(), saved).await.unwrap();
    assert_eq!(old.hash, blake3::hash(b"[{\"id\": 1}]").to_string());
    assert_eq!((old.size, &*old.media_type, &*old.preview), (11, "application/json", "list of 1 object; columns: id integer"));
    assert_eq!((&old.labels, &old.provenance.calls, old.provenance.run), (&labels, &calls, RunId::from_random([7; 16])));
    let new = artifacts.save(&origin(), &Limits::default(), new("issues.json", b"[]")).await.unwrap();
    // Another process sees the same.
    let artifacts = Artifacts::open(state.path()).unwrap();
    let find = async |reference: String| artifacts.find(&Principal::local(), &reference).await.unwrap();
    assert_eq!(find("issues.json".to_owned()).await, new);
    assert_eq!(find(old.id.clone()).await, old);
    assert_eq!(find(format!("{}?offset=3", old.uri())).await, old);
    assert_eq!(artifacts.list(&Principal::local()).await.unwrap(), [new, old.clone()]);
    assert_eq!(&artifacts.bytes(&old, 2..6).await.unwrap()[..], b"\"id\"");
    let nothing = artifacts.find(&Principal::local(), "nothing").await.unwrap_err();
    assert_eq!(nothing.to_string(), "there is no artifact \"nothing\"; artifacts.list() names those that there are");
}

#[tokio::test]
async fn what_a_power_failure_cut_short_is_in_nobodys_way() {
    let state = TempDir::new().unwrap();
    let artifacts = Artifacts::open(state.path()).unwrap();
    let save = async |name, bytes| artifacts.save(&origin(), &Limits::default(), new(name, bytes)).await.unwrap();
    let (one, two) = (save("one", b"first").await, save("two", b"second").await);
    let root = state.path().join("artifacts");
    fs::write(records(&root, &Principal::local()).join(format!("{}.json", one.id)), "").unwrap();
    fs::write(root.join(BLOBS).join(&two.hash), "").unwrap();
    // The content is written anew, not believed to be there.
    let anew = save("anew", b"second").await;
    assert_eq!(&artifacts.bytes(&anew, 0..6).await.unwrap()[..], b"second");
    artifacts.remove(&Principal::local(), vec![two.id]).await.unwrap();
    assert_eq!(names(&artifacts).await, ["anew"]);
    assert_eq!(files(&state, BLOBS), [anew.hash]);
}

#[tokio::test]
async fn bytes_go_with_the_last_artifact_that_has_them() {
    let state = TempDir::new().unwrap();
    let artifacts = Artifacts::open(state.path()).unwrap();
    let save = async |name, bytes| artifacts.save(&origin(), &Limits::default(), new(name, bytes)).await.unwrap();
    let (one, two, other) = (save("one", b"same").await, save("two", b"same").await, save("other", b"else").await);
    assert_eq!(files(&state, BLOBS).len(), 2);
    artifacts.remove(&Principal::local(), vec![one.id, other.id]).await.unwrap();
    assert_eq!(files(&state, BLOBS), *std::slice::from_ref(&two.hash));
    assert_eq!(&artifacts.bytes(&two, 0..4).await.unwrap()[..], b"same");
    artifacts.remove(&Principal::local(), vec![two.id.clone(), two.id, "../../x".to_owned()]).await.unwrap();
    assert!(files(&state, BLOBS).is_empty());
    assert!(files(&state, TEMPORARY).is_empty());
}

#[tokio::test]
async fn limits_hold_and_leave_nothing_behind() {
    let state = TempDir::new().unwrap();
    let artifacts = Artifacts::open(state.path()).unwrap();
    let limits = limits(4, 8);
    let save = async |name, bytes| artifacts.save(&origin(), &limits, new(name, bytes)).await.map_err(|error| error.to_string());
    assert_eq!(save("long", b"12345").await.unwrap_err(), "an artifact has at most 4 bytes; save less, or in parts");
    save("a", b"aaaa").await.unwrap();
    save("b", b"bbbb").await.unwrap();
    // The same content takes no room.
    save("again", b"aaaa").await.unwrap();
    let full = "there is no room: 8 bytes of artifacts are the most; `cofferdam artifacts rm` makes room";
    assert_eq!(save("c", b"c").await.unwrap_err(), full);
    assert_eq!(names(&artifacts).await, ["again", "b", "a"]);
    assert_eq!(files(&state, BLOBS).len(), 2);
    assert!(files(&state, TEMPORARY).is_empty());
}

#[tokio::test]
async fn what_nobody_asked_for_makes_room() {
    let state = TempDir::new().unwrap();
    let artifacts = Artifacts::open(state.path()).unwrap();
    let save = async |name, bytes, automatic| {
        let new = New { automatic, ..new(name, bytes) };
        artifacts.save(&origin(), &limits(8, 8), new).await.map(drop).map_err(|error| error.to_string())
    };
    save("output", b"111", true).await.unwrap();
    save("kept", b"222", false).await.unwrap();
    save("output", b"33", true).await.unwrap();
    save("more", b"44", false).await.unwrap();
    assert_eq!(names(&artifacts).await, ["more", "output", "kept"]);
    assert_eq!(files(&state, BLOBS).len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn saving_and_removing_the_same_bytes_at_once_loses_none() {
    let state = TempDir::new().unwrap();
    let tasks: Vec<_> = (0..4)
        .map(|task| {
            let path = state.path().to_owned();
            tokio::spawn(async move {
                // As different processes would.
                let artifacts = Artifacts::open(&path).unwrap();
                for round in 0..20 {
                    let kept = artifacts.save(&origin(), &Limits::default(), new("same", b"same")).await.unwrap();
                    assert_eq!(&artifacts.bytes(&kept, 0..4).await.unwrap()[..], b"same", "{task} {round}");
                    artifacts.remove(&Principal::local(), vec![kept.id]).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert!(files(&state, BLOBS).is_empty());
}

#[test]
fn the_directory_is_the_users_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let state = TempDir::new().unwrap();
    drop(Artifacts::open(state.path()).unwrap());
    assert_eq!(fs::metadata(state.path().join("artifacts")).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(fs::metadata(state.path().join("artifacts/blobs")).unwrap().permissions().mode() & 0o777, 0o700);
}

#[tokio::test]
async fn what_a_dead_process_left_half_written_is_removed() {
    let state = TempDir::new().unwrap();
    let living = Artifacts::open(state.path()).unwrap();
    fs::write(state.path().join("artifacts/temporary/half"), "x").unwrap();
    // However old it looks: it may be the living one's.
    drop(Artifacts::open(state.path()).unwrap());
    assert_eq!(files(&state, TEMPORARY), ["half"]);
    drop(living);
    drop(Artifacts::open(state.path()).unwrap());
    assert_eq!(files(&state, TEMPORARY), [""; 0]);
}

#[tokio::test]
async fn nothing_makes_room_in_vain() {
    let state = TempDir::new().unwrap();
    let artifacts = Artifacts::open(state.path()).unwrap();
    let save = async |name, bytes, automatic| {
        let new = New { automatic, ..new(name, bytes) };
        artifacts.save(&origin(), &limits(8, 8), new).await.map(drop).map_err(|error| error.to_string())
    };
    save("output", b"1", true).await.unwrap();
    save("kept", b"22222", false).await.unwrap();
    let full = "there is no room: 8 bytes of artifacts are the most; `cofferdam artifacts rm` makes room";
    assert_eq!(save("more", b"4444", false).await.unwrap_err(), full);
    assert_eq!(names(&artifacts).await, ["kept", "output"]);
}
