use super::*;
use policy::{LabelKind, Origin, ServerName};
use tempfile::TempDir;

fn context(name: &str) -> Context {
    Context { principal: Principal::local(), name: name.to_owned() }
}

fn private(server: &str) -> Labels {
    Labels::of([LabelKind::Private], &Origin::Server(ServerName::mint(server).unwrap()))
}

fn join(contexts: &Contexts, context: &Context, labels: &Labels) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(contexts.join(context, labels))
}

#[test]
fn labels_outlive_the_process_and_belong_to_one_context() {
    let state = TempDir::new().unwrap();
    let first = Contexts::open(state.path()).unwrap();
    join(&first, &context("one"), &private("a")).unwrap();
    join(&first, &context("one"), &private("b")).unwrap();
    let next = Contexts::open(state.path()).unwrap();
    assert_eq!(next.labels(&context("one")).unwrap().to_string(), "private (a), private (b)");
    assert_eq!(next.labels(&context("two")).unwrap(), Labels::default());
    let other = Context { principal: Principal::named("other".to_owned()), ..context("one") };
    assert_eq!(next.labels(&other).unwrap(), Labels::default());
    let list: Vec<(String, usize)> = next.list().unwrap().into_iter().map(|seen| (seen.name, seen.labels.len())).collect();
    assert_eq!(list, [("one".to_owned(), 2)]);
}

#[test]
fn what_the_operator_clears_is_cleared_in_every_process_and_what_comes_later_stays() {
    let state = TempDir::new().unwrap();
    let [broker, other, operator] = [(); 3].map(|()| Contexts::open(state.path()).unwrap());
    let one = context("one");
    join(&broker, &one, &private("a")).unwrap();
    assert_eq!(other.labels(&one).unwrap(), private("a"));
    let limits = Limits { failures_in_a_row: 1, ..Limits::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async { broker.ended(&one, true) });
    assert!(broker.paused(&one, &limits).is_some());
    assert!(operator.clear(&one.principal, "one").unwrap());
    assert!(!operator.clear(&one.principal, "two").unwrap());
    assert_eq!((broker.labels(&one).unwrap(), other.labels(&one).unwrap()), (Labels::default(), Labels::default()));
    assert_eq!(broker.paused(&one, &limits), None);
    join(&other, &one, &private("b")).unwrap();
    assert_eq!(broker.labels(&one).unwrap(), private("b"));
}

#[test]
fn a_file_that_was_swept_clears_nothing_and_is_written_again() {
    let state = TempDir::new().unwrap();
    let contexts = Contexts::open(state.path()).unwrap();
    let one = context("one");
    join(&contexts, &one, &private("a")).unwrap();
    let path = contexts.path(&one);
    let old = std::time::SystemTime::now() - KEPT - Duration::from_secs(1);
    File::options().write(true).open(&path).unwrap().set_modified(old).unwrap();
    Contexts::open(state.path()).unwrap();
    assert!(!path.exists());
    assert_eq!(contexts.labels(&one).unwrap(), private("a"));
    join(&contexts, &one, &private("a")).unwrap();
    assert_eq!(Contexts::open(state.path()).unwrap().labels(&one).unwrap(), private("a"));
}

#[test]
fn a_damaged_file_is_an_error_until_the_operator_clears_it() {
    let state = TempDir::new().unwrap();
    let contexts = Contexts::open(state.path()).unwrap();
    let one = context("one");
    join(&contexts, &one, &private("a")).unwrap();
    fs::write(contexts.path(&one), "{").unwrap();
    assert_eq!(contexts.labels(&one).unwrap_err().kind(), io::ErrorKind::InvalidData);
    assert_eq!(join(&contexts, &one, &private("b")).unwrap_err().kind(), io::ErrorKind::InvalidData);
    assert!(contexts.clear(&one.principal, "one").unwrap());
    join(&contexts, &one, &private("b")).unwrap();
    assert!(contexts.labels(&one).unwrap().contains(&private("b")));
}

#[test]
fn processes_that_join_at_the_same_time_lose_nothing() {
    let state = TempDir::new().unwrap();
    let names: Vec<String> = (0..8).map(|n| format!("server{n}")).collect();
    std::thread::scope(|scope| {
        for name in &names {
            let contexts = Contexts::open(state.path()).unwrap();
            scope.spawn(move || join(&contexts, &context("one"), &private(name)).unwrap());
        }
    });
    let all = Contexts::open(state.path()).unwrap().labels(&context("one")).unwrap();
    assert!(names.iter().all(|name| all.contains(&private(name))), "{all}");
}
