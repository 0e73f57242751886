//! What the suite prints, and its JSON.
#![expect(clippy::print_stdout, reason = "the suite prints")]

use crate::suite::{ClassResult, RUNS, VariantResult};
use serde_json::{Value, json};

/// One line when a class is done, so that whoever waits sees that something happens; each miss with what was seen.
pub(crate) fn progress(result: &ClassResult) {
    let ClassResult { threat, variants, took } = result;
    let verdict = if result.holds() { "holds" } else { "DOES NOT HOLD" };
    let mut text = format!("{:<5} {verdict}: {} variants, {:.1} s", threat.id(), variants.len(), took.as_secs_f64());
    for (variant, run, why) in misses(variants) {
        text.push_str(&format!("\n      {}, {run}: NO: {why}", variant.name));
    }
    println!("{text}");
}

fn misses(variants: &[VariantResult]) -> impl Iterator<Item = (&VariantResult, &'static str, &String)> {
    variants.iter().flat_map(|variant| RUNS.iter().enumerate().filter_map(move |(at, run)| Some((variant, *run, variant.runs[at].as_ref().err()?))))
}

/// The table.
pub(crate) fn print(results: &[ClassResult]) {
    let mut text = format!("\n{:<5}  {:<52}  {:>8}  {:>6}  {:>5}  {:>7}  {:>5}\n", "class", "", "variants", "landed", "alone", "blocked", "twins");
    for result in results {
        let [landed, alone, blocked, twins] = [0, 1, 2, 3].map(|run| result.shown(run));
        let (id, title, all) = (result.threat.id(), result.threat.title(), result.variants.len());
        text.push_str(&format!("{id:<5}  {title:<52}  {all:>8}  {landed:>6}  {alone:>5}  {blocked:>7}  {twins:>5}\n"));
    }
    let [landed, alone, blocked, twins] = [0, 1, 2, 3].map(|run| results.iter().map(|result| result.shown(run)).sum::<usize>());
    let (all, hold) = (results.iter().map(|result| result.variants.len()).sum::<usize>(), results.iter().filter(|result| result.holds()).count());
    println!(
        "{text}\nlanded: with every layer off; alone: blocked by the one layer that is named, or with every layer off where none can be taken away;\n\
         blocked: with all on; twins: benign twins that passed"
    );
    println!("overall: {hold} of {} classes hold; of {all} variants {landed} landed, {alone} alone, {blocked} blocked, {twins} twins", results.len());
}

/// All of it.
pub(crate) fn json(results: &[ClassResult]) -> Value {
    let variant = |variant: &VariantResult| {
        let runs: Value = RUNS.iter().zip(&variant.runs).map(|(run, shown)| ((*run).to_owned(), json!(shown.as_ref().err()))).collect();
        json!({"name": variant.name, "layer": variant.layer, "misses": runs})
    };
    let class = |result: &ClassResult| {
        let variants: Vec<Value> = result.variants.iter().map(variant).collect();
        let (id, title) = (result.threat.id(), result.threat.title());
        json!({"class": id, "title": title, "holds": result.holds(), "seconds": result.took.as_secs_f64(), "variants": variants})
    };
    json!({"holds": results.iter().all(ClassResult::holds), "classes": results.iter().map(class).collect::<Vec<_>>()})
}
