//! What was measured: as a table for people and as JSON for comparisons over time.

use serde_json::{Value, json};

/// A figure with its distribution, what it should be, and what it is compared with.
pub(crate) struct Row {
    /// What was measured.
    pub(crate) name: String,
    /// Of every figure in the row.
    pub(crate) unit: &'static str,
    /// The samples, sorted.
    samples: Vec<f64>,
    target: Option<f64>,
    compared: Option<Compared>,
}

/// The same thing measured elsewhere in the same run.
struct Compared {
    with: String,
    median: f64,
    target: Option<f64>,
}

impl Row {
    /// A row of samples, of which there is at least one.
    pub(crate) fn new(name: impl Into<String>, unit: &'static str, mut samples: Vec<f64>) -> Self {
        samples.sort_by(f64::total_cmp);
        Row { name: name.into(), unit, samples, target: None, compared: None }
    }

    /// What the median must be below.
    pub(crate) fn below(mut self, target: f64) -> Self {
        self.target = Some(target);
        self
    }

    /// Puts a ratio beside the times: this row's median over the median of `other`.
    pub(crate) fn against(mut self, with: impl Into<String>, other: &Row, target: Option<f64>) -> Self {
        self.compared = Some(Compared { with: with.into(), median: other.median(), target });
        self
    }

    pub(crate) fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    fn quantile(&self, part: f64) -> f64 {
        let last = self.samples.len().saturating_sub(1);
        let (low, share) = {
            let place = part * last as f64;
            (place.floor(), place.fract())
        };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and the number of samples")]
        let low = low as usize;
        let at = |index: usize| self.samples.get(index.min(last)).copied().unwrap_or(f64::NAN);
        at(low) * (1.0 - share) + at(low + 1) * share
    }

    fn ratio(&self) -> Option<f64> {
        self.compared.as_ref().map(|other| self.median() / other.median)
    }

    /// Whether every target of the row holds; `None` when it has none.
    pub(crate) fn holds(&self) -> Option<bool> {
        let time = self.target.map(|target| self.median() < target);
        let ratio = self.compared.as_ref().and_then(|other| other.target).zip(self.ratio()).map(|(target, ratio)| ratio < target);
        match (time, ratio) {
            (None, None) => None,
            (time, ratio) => Some(time.unwrap_or(true) && ratio.unwrap_or(true)),
        }
    }

    fn wanted(&self) -> String {
        match (self.target, self.compared.as_ref().and_then(|other| other.target)) {
            (Some(target), _) => format!("< {target} {}", self.unit),
            (None, Some(target)) => format!("< {target} times"),
            (None, None) => String::new(),
        }
    }

    fn json(&self) -> Value {
        let mut row = json!({
            "name": self.name, "unit": self.unit, "samples": self.samples.len(),
            "min": rounded(self.quantile(0.0)), "median": rounded(self.median()), "p90": rounded(self.quantile(0.9)),
        });
        if let Some(target) = self.target {
            row["target"] = target.into();
        }
        if let (Some(other), Some(ratio)) = (&self.compared, self.ratio()) {
            row["compared_with"] = other.with.clone().into();
            row["ratio"] = rounded(ratio).into();
            if let Some(target) = other.target {
                row["ratio_target"] = target.into();
            }
        }
        if let Some(holds) = self.holds() {
            row["holds"] = holds.into();
        }
        row
    }
}

/// The rows for people.
pub(crate) fn table(rows: &[Row]) -> String {
    let mut lines = vec![["", "min", "median", "p90", "", "target", "", ""].map(str::to_owned)];
    for row in rows {
        let verdict = match row.holds() {
            Some(true) => "holds",
            Some(false) => "MISSED",
            None => "",
        };
        let ratio = row.compared.as_ref().zip(row.ratio()).map(|(other, ratio)| format!("{ratio:.2} times {}", other.with));
        lines.push([
            row.name.clone(),
            shown(row.quantile(0.0)),
            shown(row.median()),
            shown(row.quantile(0.9)),
            row.unit.to_owned(),
            row.wanted(),
            verdict.to_owned(),
            ratio.unwrap_or_default(),
        ]);
    }
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or_default();
    let widths: [usize; 8] = std::array::from_fn(width);
    let mut text = String::new();
    for line in &lines {
        let cells = line.iter().zip(widths).enumerate().map(|(column, (cell, width))| match column {
            1..=3 => format!("{cell:>width$}"),
            _ => format!("{cell:<width$}"),
        });
        text += cells.collect::<Vec<_>>().join("  ").trim_end();
        text += "\n";
    }
    text
}

/// The rows for programs, with the machine they were measured on.
pub(crate) fn json(machine: &Value, notes: &[String], rows: &[Row]) -> Value {
    json!({"machine": machine, "notes": notes, "rows": rows.iter().map(Row::json).collect::<Vec<_>>()})
}

/// Three significant digits or a little more: nobody reads the rest.
fn shown(figure: f64) -> String {
    match figure.abs() {
        f if f < 10.0 => format!("{figure:.2}"),
        f if f < 100.0 => format!("{figure:.1}"),
        _ => format!("{figure:.0}"),
    }
}

fn rounded(figure: f64) -> f64 {
    (figure * 1000.0).round() / 1000.0
}
