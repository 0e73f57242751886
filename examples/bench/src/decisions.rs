//! What the decision about one call costs: a hundred rules with conditions, arguments and labels, without a client or a guest around it.

use crate::report::Row;
use anyhow::{Context, Result, ensure};
use policy::{
    Annotations, Asked, Condition, Effect, Facts, Label, LabelKind, Labels, LoweredLimits, Pattern, Policy, Principal, Rule, Tool, ToolName, Verdict,
};
use serde_json::{Value, json};
use std::{hint::black_box, sync::Arc, time::Instant};

const RULES: usize = 100;

/// Decisions per sample: one alone is too short for the clock.
const DECISIONS: usize = 500;

const SAMPLES: usize = 50;

/// What a decision may take, in microseconds.
const TARGET_US: f64 = 20.0;

/// Conditions as they are in the cookbook; each is false of the call that is decided.
const CONDITIONS: [&str; 5] = [
    r#"args.repo.startsWith("other/")"#,
    r#"has(args.limit) && args.limit > 500"#,
    r#"args.labels.exists(l, l == "p0") || args.repo == "acme/secret""#,
    r#""private:payroll" in labels && args.body.contains("salary")"#,
    r#"principal == "nightly" || args.repo.matches("^other/[a-z0-9-]+$")"#,
];

/// A decision among rules for ten servers, ten each, and one where every rule is about the tool, so that every condition is evaluated.
pub(crate) fn measure() -> Result<Vec<Row>> {
    let of_ten = timed(|n| format!("server{}.*", n / 10))?;
    let of_all = timed(|_| "*".to_owned())?;
    Ok(vec![
        Row::new("decision, 100 rules for 10 servers, 9 conditions evaluated", "us", of_ten).below(TARGET_US),
        Row::new("decision, 100 rules that are all about the tool, 99 conditions evaluated", "us", of_all),
    ])
}

/// Microseconds per decision when rule `n` has the pattern `pattern(n)`. The last rule decides.
fn timed(pattern: impl Fn(usize) -> String) -> Result<Vec<f64>> {
    let rules: Vec<Rule> = (0..RULES)
        .map(|n| {
            let condition = CONDITIONS.get(n % CONDITIONS.len()).filter(|_| n + 1 < RULES);
            let when = condition.map(|text| Condition::parse(text)).transpose()?;
            let tools = vec![Pattern::parse(&pattern(n))?];
            Ok(Rule { tools, effect: Verdict::Allow, when, guard: LabelKind::ALL.into(), line: n + 1 })
        })
        .collect::<Result<_>>()?;
    let policy = Arc::new(Policy { rules, ..Policy::default() });
    let grant = policy.grant(&Principal::local(), &LoweredLimits::default());
    let labels: Labels = ["private:server9", "untrusted:server9", "private:crm", "untrusted:http:api.example.com"]
        .into_iter()
        .map(Label::parse)
        .collect::<Result<_, _>>()?;
    let args = json!({"repo": "acme/app", "title": "It breaks", "body": "When it is started. ".repeat(50), "labels": ["bug", "p1"], "limit": 20});
    let Value::Object(args) = args else { return Ok(Vec::new()) };
    let tool = Tool {
        name: ToolName::parse("server9.create_issue")?,
        original: "create_issue".to_owned(),
        description: None,
        input_schema: json!({}),
        output_schema: None,
        annotations: Annotations::default(),
        facts: Facts { effect: Effect::Write, external: true },
        hash: String::new(),
    };
    let asked = Asked { tool: &tool, args: &args, labels: &labels, session: None };
    let words = grant.decide(&asked).in_words(&policy.rules);
    let expected = "ask: rule 100 (line 100) allows it, but its guard asks because of untrusted (http:api.example.com), private (crm)";
    ensure!(words == expected, "the decision is {words}");
    let mut samples = Vec::new();
    for _ in 0..SAMPLES {
        let began = Instant::now();
        for _ in 0..DECISIONS {
            black_box(grant.decide(black_box(&asked)));
        }
        let decisions = u32::try_from(DECISIONS).context("a few")?;
        samples.push(began.elapsed().as_secs_f64() * 1e6 / f64::from(decisions));
    }
    Ok(samples)
}
