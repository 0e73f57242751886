//! The server over standard input and output. Needs no guests as long as it only answers what it can answer by itself; where guests are
//! not built it does not start, and says so.

use crate::cofferdam;
use std::io::Write;
use std::process::Stdio;

#[test]
fn without_guests_the_server_says_what_to_do_and_keeps_standard_output_clean() {
    let home = tempfile::tempdir().unwrap();
    let mut child = cofferdam(home.path()).stdin(Stdio::piped()).spawn().unwrap();
    let _ended_already = child.stdin.take().unwrap().write_all(b"{}\n");
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), &*output.stdout), (Some(5), &b""[..]), "{errors}");
    assert!(errors.contains("cofferdam guests build") || errors.contains("cargo xtask guests"), "{errors}");
}
