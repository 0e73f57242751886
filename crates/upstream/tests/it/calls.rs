//! Every way in which a call can fail, with its exact error, and that the next call is served.

use crate::bench::{bench, error, eventually};
use policy::{Block, Reply};
use serde_json::json;
use std::time::{Duration, Instant};

async fn still_serves(bench: &crate::bench::Bench) {
    let reply = bench.call_within("legacy.echo", json!({"text": "hi"}), Duration::from_secs(20)).await.unwrap();
    assert_eq!(reply.structured, Some(json!({"text": "hi"})));
}

#[tokio::test]
async fn a_reply_comes_as_plain_data_with_its_size() {
    let bench = bench(&["legacy"]);
    let reply = bench.call_within("legacy.echo", json!({"text": "hi"}), Duration::from_secs(20)).await.unwrap();
    let wire = json!({"jsonrpc": "2.0", "id": 2, "result": {"content": [{"type": "text", "text": "echo"}], "structuredContent": {"text": "hi"}}});
    assert_eq!(
        reply,
        Reply {
            structured: Some(json!({"text": "hi"})),
            content: vec![Block::Text("echo".to_owned())],
            is_error: false,
            wire_bytes: wire.to_string().len(),
        }
    );
}

#[tokio::test]
async fn failures_of_the_tool_are_replies_and_protocol_errors_are_errors() {
    let bench = bench(&["legacy"]);
    let failed = bench.call("legacy.fail").await.unwrap();
    assert_eq!((failed.is_error, failed.content), (true, vec![Block::Text("no such issue".to_owned())]));
    assert_eq!(error(bench.call("legacy.reject").await), "invalid_arguments: text must be short");
    assert_eq!(error(bench.call("legacy.unknown").await), "tool_failed: Unknown tool: unknown");
    let odd = bench.call("legacy.odd").await.unwrap();
    assert_eq!(odd.content, [Block::Text("{\"type\":\"hologram\",\"data\":1}".to_owned()), Block::Text("t".to_owned())]);
}

#[tokio::test]
async fn an_unusable_answer_fails_its_own_call_at_once() {
    let bench = bench(&["legacy"]);
    let begin = Instant::now();
    assert_eq!(
        error(bench.call("legacy.huge").await),
        "reply_too_large: the reply of legacy.huge is larger than 1000000 bytes; it took effect, but ask it for less"
    );
    assert_eq!(error(bench.call("legacy.deep").await), "tool_output_invalid: the reply of legacy.deep is nested too deep; it took effect");
    assert_eq!(
        error(bench.call("legacy.malformed").await),
        "tool_output_invalid: the reply of legacy.malformed is not a valid answer of the protocol; it took effect"
    );
    assert!(begin.elapsed() < Duration::from_secs(10), "waited for a timeout");
    still_serves(&bench).await;
    assert_eq!(bench.log("legacy").iter().filter(|line| line.starts_with("start")).count(), 1);
}

#[tokio::test]
async fn every_failure_says_what_became_of_the_call() {
    let bench = bench(&["legacy"]);
    bench.catalog().await;
    // Whether it may be tried again, whether its fate is unknown, whether it was carried out.
    for (tool, expected) in [
        ("reject", (false, false, false)),
        ("huge", (false, false, true)),
        ("deep", (false, false, true)),
        ("malformed", (false, false, true)),
        ("slow", (true, true, false)),
        ("die", (true, true, false)),
    ] {
        let error = bench.call_within(&format!("legacy.{tool}"), json!({}), Duration::from_secs(2)).await.unwrap_err();
        assert_eq!((error.retryable, error.fate_unknown, error.carried_out), expected, "{tool}");
    }
}

#[tokio::test]
async fn a_slow_call_times_out_and_the_upstream_is_told() {
    let bench = bench(&["legacy"]);
    bench.catalog().await;
    assert_eq!(
        error(bench.call_within("legacy.slow", json!({}), Duration::from_millis(300)).await),
        "timeout: legacy.slow did not answer within 0.3 s; whether it took effect is unknown"
    );
    eventually("the upstream hears of the timeout", || bench.log("legacy").contains(&"notifications/cancelled".to_owned())).await;
    still_serves(&bench).await;
}

#[tokio::test]
async fn a_dropped_call_tells_the_upstream() {
    let bench = bench(&["legacy"]);
    bench.catalog().await;
    let slow = bench.call("legacy.slow");
    let dropped = tokio::time::timeout(Duration::from_millis(300), slow).await;
    assert!(dropped.is_err());
    eventually("the upstream hears of it", || bench.log("legacy").contains(&"notifications/cancelled".to_owned())).await;
    still_serves(&bench).await;
}

#[tokio::test]
async fn a_dying_upstream_fails_every_call_in_flight_at_once_and_is_not_asked_twice() {
    let bench = bench(&["legacy"]);
    bench.catalog().await;
    let begin = Instant::now();
    let (slow, died) = tokio::join!(bench.call("legacy.slow"), async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        bench.call("legacy.die").await
    });
    let ended = "upstream_unavailable: legacy is not available: it ended (exit status: 7); whether legacy";
    assert_eq!(error(slow), format!("{ended}.slow took effect is unknown"));
    assert_eq!(error(died), format!("{ended}.die took effect is unknown"));
    assert!(begin.elapsed() < Duration::from_secs(5), "waited for a timeout");
    let status = bench.status("legacy");
    assert_eq!((status.last_error.as_deref(), status.started), (Some("it ended (exit status: 7): panicked: out of ideas"), false));
    still_serves(&bench).await;
    let log = bench.log("legacy");
    assert_eq!(log.iter().filter(|line| *line == "tools/call die").count(), 1);
    assert_eq!(log.iter().filter(|line| line.starts_with("start")).count(), 2);
}

#[tokio::test]
async fn an_upstream_that_ended_between_two_calls_is_started_again() {
    let bench = bench(&["legacy"]);
    for _ in 0..3 {
        let reply = bench.call("legacy.die_quietly").await.unwrap();
        assert_eq!(reply.content, [Block::Text("bye".to_owned())]);
        // A call while it ends may have been received, and would not be sent again.
        eventually("it ended", || !bench.status("legacy").started).await;
    }
    assert_eq!(bench.log("legacy").iter().filter(|line| *line == "tools/call die_quietly").count(), 3);
}

#[tokio::test]
async fn an_upstream_may_ask_nothing_of_us() {
    let bench = bench(&["legacy"]);
    assert_eq!(bench.call("legacy.ask").await.unwrap().content, [Block::Text("asked".to_owned())]);
    let refused = || bench.log("legacy").iter().filter(|line| *line == "answer -32601").count();
    eventually("three refusals", || refused() == 3).await;
}

#[tokio::test]
async fn one_hanging_upstream_does_not_hold_up_another() {
    let bench = bench(&["legacy", "normal"]);
    bench.catalog().await;
    let (slow, quick) = tokio::join!(bench.call_within("normal.slow", json!({}), Duration::from_secs(2)), async {
        let begin = Instant::now();
        still_serves(&bench).await;
        begin.elapsed()
    });
    assert!(quick < Duration::from_millis(1500), "{quick:?}");
    assert_eq!(error(slow), "timeout: normal.slow did not answer within 2 s; whether it took effect is unknown");
}
