//! The languages are the languages: small programs print in the sandbox what CPython and Node print for them (`tests/compat`).

use crate::connection::{Connection, Era, Shown};
use crate::place::{Place, own};
use serde_json::json;
use std::collections::VecDeque;
use std::fmt::Write as _;
use std::path::PathBuf;

/// The least number of programs of one language.
const LEAST: usize = 60;

/// How many run at the same time.
const TOGETHER: usize = 4;

/// Every program of one folder, with its language, in the order of names.
fn programs(folder: &str) -> Vec<(PathBuf, &'static str)> {
    let files = std::fs::read_dir(own("compat").join(folder)).unwrap().map(|entry| entry.unwrap().path());
    let mut programs: Vec<_> = files
        .filter_map(|path| {
            let language = match path.extension()?.to_str()? {
                "py" => "python",
                "js" => "javascript",
                "ts" => "typescript",
                _ => return None,
            };
            Some((path, language))
        })
        .collect();
    programs.sort();
    programs
}

fn name(program: &std::path::Path) -> String {
    program.file_name().unwrap().to_string_lossy().into_owned()
}

/// What differs, as the first line that does.
fn difference(expected: &str, shown: &Shown) -> Option<String> {
    if !shown.is_error && shown.text == expected {
        return None;
    }
    let (mut ours, mut theirs) = (shown.text.split('\n'), expected.split('\n'));
    for line in 1.. {
        let (our, their) = (ours.next(), theirs.next());
        if our != their || our.is_none() {
            return Some(format!("line {line}\n  expected {their:?}\n  got      {our:?}{}", if shown.is_error { "\n  and it failed" } else { "" }));
        }
    }
    None
}

fn compare(folder: &str) {
    let place = Place::new();
    let mut server = place.serve(Era::Modern, &[]);
    let programs = programs(folder);
    let list: Vec<String> = programs.iter().map(|(program, _)| name(program)).collect();
    assert!(programs.len() >= LEAST, "only {} programs: {list:?}", programs.len());
    let mut wrong = String::new();
    let mut under_way = VecDeque::new();
    let mut finish = |server: &mut Connection, (program, id): (PathBuf, u64)| {
        let expected = std::fs::read_to_string(program.with_extension("expected")).unwrap();
        if let Some(difference) = difference(&expected, &server.shown(id)) {
            writeln!(wrong, "{folder}/{}: {difference}", name(&program)).unwrap();
        }
    };
    for (program, language) in programs {
        if under_way.len() == TOGETHER {
            finish(&mut server, under_way.pop_front().unwrap());
        }
        let code = std::fs::read_to_string(&program).unwrap();
        let id = server.call(json!({"code": code, "language": language}));
        under_way.push_back((program, id));
    }
    under_way.into_iter().for_each(|one| finish(&mut server, one));
    assert!(wrong.is_empty(), "of {} programs ({}), these differ:\n{wrong}", list.len(), list.join(", "));
}

#[test]
fn python_is_python() {
    compare("python");
}

#[test]
fn javascript_and_typescript_are_javascript() {
    compare("javascript");
}
