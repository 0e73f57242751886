//! Conditions: what they may say, what they are of a call, and that no call makes them cost much.

use super::*;
use crate::{LabelKind, Origin};
use proptest::prelude::*;
use serde_json::json;

fn holds(text: &str, args: &Value) -> Result<bool, String> {
    let (principal, tool) = (Principal::local(), ToolName::parse("github.create_issue").unwrap());
    let mut labels = Labels::of(LabelKind::ALL, &Origin::from("crm".to_owned()));
    labels.join(&Labels::of([LabelKind::Private], &Origin::from("file:/data".to_owned())));
    let args = args.as_object().unwrap();
    let inputs = Inputs { args, labels: &labels, session: None, principal: &principal, tool: &tool, left: &Cell::new(DECISION_COST) };
    Condition::parse(text).unwrap().holds(&inputs).map_err(|error| error.to_string())
}

fn refused(text: &str) -> String {
    Condition::parse(text).unwrap_err().to_string()
}

#[test]
fn conditions_are_true_or_false_of_a_call() {
    let args = json!({"repo": "acme/app", "labels": ["bug", "p1"], "count": 3, "ratio": 0.5, "dry": false, "to": {"name": "ann"}});
    for (text, truth) in [
        ("args.repo.startsWith(\"acme/\")", true),
        ("args[\"repo\"].endsWith(\"/web\")", false),
        ("args.repo.matches(\"^acme/[a-z]+$\")", true),
        ("args.repo.matches(\"^acme/[0-9]+$\")", false),
        ("args.count <= 3 && args.ratio < 1.0 && !args.dry", true),
        ("has(args.assignee)", false),
        ("!has(args.assignee) || args.assignee == \"me\"", true),
        ("args.labels.all(l, l in [\"bug\", \"p1\"])", true),
        ("args.labels.exists(l, l == \"p0\")", false),
        ("size(args.labels) == 2", true),
        ("args.to.name == \"ann\"", true),
        ("\"private:crm\" in labels && \"private\" in labels && \"private:file:/data\" in labels", true),
        ("\"untrusted:github\" in labels", false),
        ("session == null", true),
        ("principal == \"local\" && tool == \"github.create_issue\"", true),
    ] {
        assert_eq!(holds(text, &args), Ok(truth), "{text}");
    }
}

#[test]
fn what_cannot_be_evaluated_says_why_without_words_of_the_program() {
    let args = json!({"text": "SECRET", "n": 1});
    for (text, error) in [
        ("args.repo == \"x\"", "there is no \"repo\"; has(...) asks whether there is"),
        ("args.n / 0 == 1", "a division by zero"),
        ("args.n", "the condition is a int, not true or false"),
    ] {
        assert_eq!(holds(text, &args), Err(error.to_owned()), "{text}");
    }
    assert!(!holds("args.text > 1", &args).unwrap_err().contains("SECRET"));
}

#[test]
fn a_condition_names_only_what_exists() {
    assert_eq!(refused("arg.repo == \"x\""), "unknown variable \"arg\"; did you mean args?");
    assert_eq!(refused("args.repo.startWith(\"x\")"), "unknown function \"startWith\"; did you mean startsWith?");
    assert_eq!(refused("args.repo.matches(args.pattern)"), "matches takes a regular expression as a text in quotes: args.name.matches(\"^[a-z]+$\")");
    assert_eq!(refused(&format!("args.x == \"{}\"", "a".repeat(2000))), "a condition has at most 1024 bytes; split the rule");
    assert!(refused("args.repo ==").starts_with("is not a CEL expression"));
    assert!(refused("args.a.matches(\"(\")").contains("is not a regular expression that can be used"));
    assert!(refused("args.a.all(x, x.all(y, y.all(z, z == 1)))").contains("nest deeper than 2 levels"));
}

#[test]
fn a_large_call_is_not_evaluated_where_it_could_take_long() {
    let list: Value = (0..2_000).collect();
    let long = "the arguments are so large that the condition could take too long";
    assert_eq!(holds("args.a.all(x, args.a.exists(y, x == y))", &json!({"a": list})), Err(long.to_owned()));
    // What the condition does not look at costs nothing.
    assert_eq!(holds("args.n == 1", &json!({"a": "x".repeat(10 << 20), "n": 1})), Ok(true));
    assert_eq!(holds("args.a == \"\"", &json!({"a": "x".repeat(10 << 20)})), Err("the arguments are too large for a condition".to_owned()));
    let deep = (0..200).fold(json!(1), |inner, _| json!([inner]));
    assert_eq!(holds("size(args.a) == 1", &json!({"a": deep})), Err("the arguments nest too deep for a condition".to_owned()));
}

proptest! {
    #[test]
    fn no_text_panics(text in "[a-z.()\\[\\]\"=&|!<>+ 0-9,{}:?*/-]{0,60}") {
        let _ = Condition::parse(&text);
    }

    #[test]
    fn no_condition_of_its_words_panics(words in prop::collection::vec(prop::sample::select(vec![
        "args", ".", "a", "(", ")", "[", "]", "\"x\"", "==", "&&", "||", "!", "has", "all", "x", ",", "in", "labels", "size", "1", "+", "matches", "map",
    ]), 0..20)) {
        if let Ok(condition) = Condition::parse(&words.concat()) {
            let args = json!({"a": ["x", 1, {"a": null}], "x": "x"});
            let (principal, tool, labels) = (Principal::local(), ToolName::parse("a.b").unwrap(), Labels::default());
            let inputs = Inputs { args: args.as_object().unwrap(), labels: &labels, session: Some("s"), principal: &principal, tool: &tool, left: &Cell::new(DECISION_COST) };
            let _ = condition.holds(&inputs);
        }
    }
}
