//! A request that is sent twice runs once.

use crate::connection::{Connection, Era};
use crate::place::Place;
use serde_json::{Value, json};

/// Sends a call of `execute` under a key; its id.
fn call(server: &mut Connection, key: &Value, arguments: &Value) -> u64 {
    server.request("tools/call", json!({"name": "execute", "arguments": arguments, "_meta": {"cofferdam/idempotency": key}}))
}

#[test]
fn a_repeated_request_gets_the_first_ones_reply() {
    let place = Place::new();
    for era in [Era::Modern, Era::Legacy] {
        let mut server = place.serve(era, &[]);
        let begun = server.execute(json!({"code": "n = 0", "session": "new"})).text;
        let session = begun.split_once("[session ").unwrap().1.trim_end_matches(']').to_owned();
        let count = json!({"code": "import time\ntime.sleep(0.3)\nn += 1\nn", "session": session});

        let [first, at_once] = [(); 2].map(|()| call(&mut server, &json!("a"), &count));
        let first = server.answer(first)["result"].clone();
        assert_eq!(first["content"][0]["text"], "1");
        assert_eq!(server.answer(at_once)["result"], first);
        let later = call(&mut server, &json!("a"), &count);
        assert_eq!(server.answer(later)["result"], first);

        let other = call(&mut server, &json!("a"), &json!({"code": "n += 100", "session": session}));
        let refused = "refused before it ran (idempotency_conflict): another request was made under this idempotency key; \
                       use a key of its own for each request";
        assert_eq!(server.shown(other).text, refused);
        let second = call(&mut server, &json!("b"), &count);
        assert_eq!(server.shown(second).text, "2");
    }
}

#[test]
fn a_run_that_was_cancelled_is_not_run_again_by_its_repetition() {
    let place = Place::new();
    let mut server = place.serve(Era::Modern, &[]);
    let endless = json!({"code": "while True: pass"});
    let first = call(&mut server, &json!("a"), &endless);
    let second = call(&mut server, &json!("a"), &endless);
    server.notify("notifications/cancelled", &json!({"requestId": first}));
    let cancelled = server.shown(second);
    assert!(cancelled.is_error);
    // It may have been cancelled before or after it began.
    assert!(cancelled.text.starts_with("cancelled: the run was ended at the client's request"), "{}", cancelled.text);
    server.still_serves();
}

#[test]
fn a_request_that_was_refused_is_tried_anew() {
    let place = Place::new();
    let mut server = place.serve(Era::Modern, &[]);
    let begun = server.execute(json!({"code": "n = 0", "session": "new"})).text;
    let session = begun.split_once("[session ").unwrap().1.trim_end_matches(']').to_owned();
    let busy = server.call(json!({"code": "import time\ntime.sleep(2)", "session": session}));
    let next = json!({"code": "n += 1\nn", "session": session, "timeout_ms": 200});
    let refused = call(&mut server, &json!("a"), &next);
    assert!(server.shown(refused).text.starts_with("refused before it ran (session_busy): "));
    assert!(!server.shown(busy).is_error);
    let again = call(&mut server, &json!("a"), &next);
    assert_eq!(server.shown(again).text, "1");
}

#[test]
fn a_key_is_a_short_text() {
    let place = Place::new();
    let mut server = place.serve(Era::Modern, &[]);
    for key in [json!(1), json!(""), json!("x".repeat(201)), json!({})] {
        let refused = call(&mut server, &key, &json!({"code": "1"}));
        assert_eq!(server.shown(refused).text, "_meta[\"cofferdam/idempotency\"] must be a string of 1 to 200 characters", "{key}");
    }
    let absent = call(&mut server, &Value::Null, &json!({"code": "1"}));
    assert_eq!(server.shown(absent).text, "1");
}
