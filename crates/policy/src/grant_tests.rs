//! The decision: a table of what is allowed, asked and denied, and what must hold for every policy.

use super::*;
use crate::{Annotations, Condition, Facts, Pattern, ToolName};
use proptest::prelude::*;
use serde_json::json;

const READ: Facts = Facts { effect: Effect::Read, external: false };
const READ_OUTSIDE: Facts = Facts { effect: Effect::Read, external: true };
const WRITE: Facts = Facts { effect: Effect::Write, external: false };
const POST: Facts = Facts { effect: Effect::Write, external: true };

fn tool(name: &str, facts: Facts) -> Tool {
    Tool {
        name: ToolName::parse(name).unwrap(),
        original: name.to_owned(),
        description: None,
        input_schema: json!({}),
        output_schema: None,
        annotations: Annotations::default(),
        facts,
        hash: String::new(),
    }
}

/// Labels as `private:github`, apart by commas.
fn labels(text: &str) -> Labels {
    let mut all = Labels::default();
    for label in text.split(',').filter(|label| !label.is_empty()) {
        let (kind, origin) = label.split_once(':').unwrap();
        let kind = if kind == "private" { LabelKind::Private } else { LabelKind::Untrusted };
        all.join(&Labels::of([kind], &Origin::from(origin.to_owned())));
    }
    all
}

fn rule(tools: &str, effect: Verdict, when: Option<&str>, guard: &[LabelKind]) -> Rule {
    let when = when.map(|when| Condition::parse(when).unwrap());
    Rule { tools: vec![Pattern::parse(tools).unwrap()], effect, when, guard: guard.iter().copied().collect(), line: 1 }
}

fn decide(rules: Vec<Rule>, mode: Mode, name: &str, facts: Facts, args: &Value, read: &Labels) -> Decision {
    let policy = Arc::new(Policy { rules, mode, ..Policy::default() });
    let grant = policy.grant(&Principal::local(), &LoweredLimits::default());
    let args = args.as_object().cloned().unwrap_or_default();
    grant.decide(&Asked { tool: &tool(name, facts), args: &args, labels: read, session: None })
}

#[test]
fn without_a_rule_accepted_reads_are_allowed_and_the_rest_asks() {
    for (facts, read, verdict, reason) in [
        (READ, "", Verdict::Allow, Reason::AcceptedRead),
        (READ, "private:crm,untrusted:crm", Verdict::Allow, Reason::AcceptedRead),
        (READ_OUTSIDE, "", Verdict::Allow, Reason::AcceptedRead),
        (READ_OUTSIDE, "untrusted:crm", Verdict::Allow, Reason::AcceptedRead),
        (READ_OUTSIDE, "private:chat", Verdict::Allow, Reason::AcceptedRead),
        (READ_OUTSIDE, "private:crm", Verdict::Ask, Reason::PrivateElsewhere { labels: labels("private:crm") }),
        (WRITE, "", Verdict::Ask, Reason::Write),
        (POST, "", Verdict::Ask, Reason::Write),
        (Facts::UNREVIEWED, "", Verdict::Ask, Reason::Unreviewed),
    ] {
        let decision = decide(vec![], Mode::ByRules, "chat.x", facts, &json!({}), &labels(read));
        assert_eq!(decision, Decision { verdict, reason }, "{facts:?} {read}");
    }
}

#[test]
fn an_allowed_call_still_asks_when_its_guard_says_so() {
    let both = LabelKind::ALL.as_slice();
    for (facts, guard, read, asks) in [
        (POST, both, "", ""),
        (POST, both, "untrusted:chat,private:chat", ""),
        (POST, both, "untrusted:crm,private:crm", "untrusted:crm,private:crm"),
        (POST, &[LabelKind::Private], "untrusted:crm,private:crm", "private:crm"),
        (POST, &[], "untrusted:crm,private:crm", ""),
        (WRITE, both, "untrusted:crm,private:crm", "untrusted:crm"),
        (READ_OUTSIDE, both, "untrusted:crm,private:crm", "private:crm"),
        (READ, both, "untrusted:crm,private:crm", ""),
        (Facts::UNREVIEWED, both, "untrusted:file:/data", "untrusted:file:/data"),
    ] {
        let decision = decide(vec![rule("chat.*", Verdict::Allow, None, guard)], Mode::ByRules, "chat.x", facts, &json!({}), &labels(read));
        let expected = match asks {
            "" => Decision { verdict: Verdict::Allow, reason: Reason::Rule { rule: 0 } },
            asks => Decision { verdict: Verdict::Ask, reason: Reason::Guard { rule: 0, labels: labels(asks) } },
        };
        assert_eq!(decision, expected, "{facts:?} {guard:?} {read}");
    }
}

#[test]
fn the_first_rule_that_matches_decides() {
    let rules = || {
        vec![
            rule("chat.delete", Verdict::Deny, None, &[]),
            rule("chat.*", Verdict::Allow, Some("args.to.startsWith(\"team-\")"), &[]),
            rule("chat.*", Verdict::Ask, None, &[]),
        ]
    };
    let missing = "there is no \"to\"; has(...) asks whether there is".to_owned();
    for (name, args, verdict, reason) in [
        ("chat.delete", json!({"to": "team-a"}), Verdict::Deny, Reason::Rule { rule: 0 }),
        ("chat.post", json!({"to": "team-a"}), Verdict::Allow, Reason::Rule { rule: 1 }),
        ("chat.post", json!({"to": "all"}), Verdict::Ask, Reason::Rule { rule: 2 }),
        ("chat.post", json!({}), Verdict::Deny, Reason::Condition { rule: 1, error: missing }),
        ("crm.add", json!({}), Verdict::Ask, Reason::Write),
    ] {
        assert_eq!(decide(rules(), Mode::ByRules, name, POST, &args, &Labels::default()), Decision { verdict, reason }, "{name} {args}");
    }
}

#[test]
fn an_explanation_names_what_was_passed_over_and_what_decided() {
    let rules = vec![
        rule("crm.*", Verdict::Deny, None, &[]),
        rule("chat.*", Verdict::Ask, Some("args.to == \"all\""), &[]),
        Rule { line: 14, ..rule("chat.post", Verdict::Allow, None, &[LabelKind::Private]) },
        rule("*", Verdict::Deny, None, &[]),
    ];
    let policy = Arc::new(Policy { rules, ..Policy::default() });
    let grant = policy.grant(&Principal::local(), &LoweredLimits::default());
    let args = json!({"to": "team"}).as_object().cloned().unwrap_or_default();
    let (read, post) = (labels("private:github"), tool("chat.post", POST));
    let explanation = grant.explain(&Asked { tool: &post, args: &args, labels: &read, session: None });
    assert_eq!(explanation.passed, [Passed::OtherTools { rule: 0 }, Passed::ConditionFalse { rule: 1 }]);
    let words = explanation.decision.in_words(&policy.rules);
    assert_eq!(words, "ask: rule 3 (line 14) allows it, but its guard asks because of private (github)");
}

#[test]
fn conditions_together_may_not_take_long_either() {
    // Each looks at a text of 16,000 steps, so that one alone may be evaluated.
    let args = json!({"text": "x".repeat(1 << 20)});
    let rules = |count: usize| (0..count).map(|_| rule("chat.*", Verdict::Allow, Some("args.text.contains(\"y\")"), &[])).collect();
    let of = |count: usize| decide(rules(count), Mode::ByRules, "chat.x", POST, &args, &Labels::default());
    assert_eq!(of(1).reason, Reason::Write);
    let Decision { verdict: Verdict::Deny, reason: Reason::Condition { rule: 1.., error } } = of(500) else { panic!("it was evaluated") };
    assert_eq!(error, "the arguments are so large that the condition could take too long");
}

#[test]
fn every_reason_has_words() {
    let rules = [rule("*", Verdict::Ask, None, &[])];
    let crm = || labels("private:crm");
    for (verdict, reason, words) in [
        (Verdict::Allow, Reason::Rule { rule: 0 }, "allow: rule 1 (line 1) allows it"),
        (Verdict::Ask, Reason::Rule { rule: 0 }, "ask: rule 1 (line 1) asks"),
        (Verdict::Deny, Reason::Rule { rule: 0 }, "deny: rule 1 (line 1) denies it"),
        (
            Verdict::Deny,
            Reason::Condition { rule: 0, error: "a division by zero".to_owned() },
            "deny: the condition of rule 1 (line 1) cannot be evaluated: a division by zero",
        ),
        (Verdict::Deny, Reason::ReadOnly, "deny: only reads are allowed, and it was not accepted as one"),
        (Verdict::Allow, Reason::AcceptedRead, "allow: no rule matches, and it was accepted as a read"),
        (
            Verdict::Ask,
            Reason::PrivateElsewhere { labels: crm() },
            "ask: no rule matches; it was accepted as a read, but it is external and its arguments could carry out private (crm)",
        ),
        (Verdict::Ask, Reason::Write, "ask: no rule matches, and it changes something"),
        (Verdict::Ask, Reason::Unreviewed, "ask: no rule matches, and the operator has not reviewed it"),
    ] {
        assert_eq!(Decision { verdict, reason }.in_words(&rules), words);
    }
}

#[test]
fn a_read_only_run_changes_nothing_whatever_the_rules_say() {
    let allow = || vec![rule("*", Verdict::Allow, None, &[])];
    for facts in [WRITE, POST, Facts::UNREVIEWED] {
        let decision = decide(allow(), Mode::ReadOnly, "chat.x", facts, &json!({}), &Labels::default());
        assert_eq!(decision, Decision { verdict: Verdict::Deny, reason: Reason::ReadOnly });
    }
    assert_eq!(decide(allow(), Mode::ReadOnly, "chat.x", READ, &json!({}), &Labels::default()).verdict, Verdict::Allow);
}

#[test]
fn replies_carry_both_labels_unless_the_operator_said_otherwise() {
    let [a, b] = ["a", "b"].map(|name| ServerName::mint(name).unwrap());
    let policy = Arc::new(Policy { data: BTreeMap::from([(a.clone(), BTreeSet::from([LabelKind::Untrusted]))]), ..Policy::default() });
    let grant = policy.grant(&Principal::local(), &LoweredLimits::default());
    assert_eq!(grant.labels_of(&a), labels("untrusted:a"));
    assert_eq!(grant.labels_of(&b), labels("untrusted:b,private:b"));
}

fn any_rule() -> impl Strategy<Value = Rule> {
    let tools = prop::sample::select(vec!["*", "chat.*", "crm.*", "*.x", "chat.x"]);
    let effect = prop::sample::select(vec![Verdict::Allow, Verdict::Ask, Verdict::Deny]);
    let when = prop::sample::select(vec![None, Some("has(args.to)"), Some("args.to == \"a\"")]);
    let guard = prop::sample::subsequence(LabelKind::ALL.to_vec(), 0..=2);
    (tools, effect, when, guard).prop_map(|(tools, effect, when, guard)| rule(tools, effect, when, &guard))
}

fn any_facts() -> impl Strategy<Value = Facts> {
    prop::sample::select(vec![READ, READ_OUTSIDE, WRITE, POST, Facts::UNREVIEWED])
}

fn any_labels() -> impl Strategy<Value = String> {
    let all = vec!["private:chat", "private:crm", "untrusted:crm", "untrusted:chat", "private:file:/d"];
    prop::sample::subsequence(all, 0..=5).prop_map(|some| some.join(","))
}

/// How much a verdict allows.
fn rank(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Deny => 0,
        Verdict::Ask => 1,
        Verdict::Allow => 2,
    }
}

proptest! {
    #[test]
    fn more_labels_never_allow_more(rules in prop::collection::vec(any_rule(), 0..5), facts in any_facts(), few in any_labels(), more in any_labels()) {
        let (few, mut all) = (labels(&few), labels(&few));
        all.join(&labels(&more));
        let args = json!({"to": "a"});
        let of = |labels: &Labels| rank(decide(rules.clone(), Mode::ByRules, "chat.x", facts, &args, labels).verdict);
        prop_assert!(of(&all) <= of(&few));
    }

    #[test]
    fn an_explanation_explains_the_decision(rules in prop::collection::vec(any_rule(), 0..6), facts in any_facts(), read in any_labels()) {
        let policy = Arc::new(Policy { rules, ..Policy::default() });
        let grant = policy.grant(&Principal::local(), &LoweredLimits::default());
        let (args, labels, tool) = (Map::new(), labels(&read), tool("chat.x", facts));
        let asked = Asked { tool: &tool, args: &args, labels: &labels, session: None };
        let explanation = grant.explain(&asked);
        prop_assert_eq!(&explanation.decision, &grant.decide(&asked));
        let decided = match explanation.decision.reason {
            Reason::Rule { rule } | Reason::Guard { rule, .. } | Reason::Condition { rule, .. } => rule,
            _ => policy.rules.len(),
        };
        prop_assert_eq!(explanation.passed.into_iter().map(Passed::rule).collect::<Vec<_>>(), (0..decided).collect::<Vec<_>>());
    }

    #[test]
    fn a_denial_in_front_denies(rules in prop::collection::vec(any_rule(), 0..5), facts in any_facts()) {
        let mut denied = rules;
        denied.insert(0, rule("chat.*", Verdict::Deny, None, &[]));
        let decision = decide(denied, Mode::ByRules, "chat.x", facts, &json!({"to": "a"}), &labels("private:crm"));
        prop_assert_eq!(decision, Decision { verdict: Verdict::Deny, reason: Reason::Rule { rule: 0 } });
    }
}
