//! The screen on which an operator classifies tools: every tool that waits with a number, and a line of input that changes it. Pure: what is
//! typed comes in, what is shown goes out.

use super::{Accepted, show};
use crate::commands::words::{self, Names};
use executor::visible;
use policy::{Effect, Facts};
use std::fmt::Write;
use upstream::{Review, ReviewedTool};

/// What can be typed.
const HELP: &str = "\
  NUMBERS read|write|external|closed|skip    for example: 3 5-7 read closed
  NUMBER show    its whole definition
  accept         accept what is shown; what says skip stays as it is
  quit           accept nothing";

/// All tools that wait, as they would be accepted.
#[derive(Debug)]
pub(super) struct Screen<'a> {
    reviews: &'a [Review],
    names: Names,
    rows: Vec<Row<'a>>,
}

#[derive(Debug)]
struct Row<'a> {
    review: usize,
    name: &'a str,
    tool: &'a ReviewedTool,
    facts: Facts,
    skipped: bool,
}

/// What follows from a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The screen changed.
    Again,
    /// This is shown.
    Show(String),
    /// What is on the screen is accepted.
    Accept,
    /// Nothing is.
    Quit,
}

impl<'a> Screen<'a> {
    /// What waits of these reviews, each as it is proposed.
    pub(super) fn of(reviews: &'a [Review]) -> Self {
        let rows = reviews.iter().enumerate().filter(|(_, review)| review.failed.is_none()).flat_map(|(at, review)| {
            let waiting = review.tools.iter().filter(|(_, tool)| tool.waits());
            waiting.map(move |(name, tool)| Row { review: at, name, tool, facts: tool.proposed, skipped: false })
        });
        Screen { reviews, names: Names::of(reviews), rows: rows.collect() }
    }

    /// Whether there is nothing to decide.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty() && !self.reviews.iter().any(|review| review.failed.is_none() && review.waits())
    }

    /// The whole screen.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for (at, review) in self.reviews.iter().enumerate().filter(|(_, review)| review.waits() || review.failed.is_some()) {
            // Writing to a String cannot fail.
            let _infallible = writeln!(text, "{}", review.name);
            text.push_str(&show::launch(review));
            if let (Some(reason), None) = (&review.failed, &review.other_launch) {
                let _infallible = writeln!(text, "  could not be looked at: {reason}");
            }
            for (number, row) in self.rows.iter().enumerate().filter(|(_, row)| row.review == at) {
                let skip = if row.skipped { "skip" } else { "" };
                let _infallible = writeln!(text, "{:>4} {skip:<5}{}", number + 1, show::row(row.name, row.tool, row.facts));
                text.push_str(&words::told(&self.names.wording(&review.name, row.tool), 12));
                text.push_str(&show::diff(row.tool).unwrap_or_default());
            }
            for out in &review.kept_out {
                let _infallible = writeln!(text, "          {} cannot be accepted: {}", out.raw_name, out.reason);
            }
            text.push('\n');
        }
        text + HELP
    }

    /// Does what a line says.
    pub(super) fn take(&mut self, line: &str) -> Result<Step, String> {
        let words: Vec<&str> = line.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty()).collect();
        match words.as_slice() {
            [] => return Ok(Step::Again),
            ["accept" | "a"] => return Ok(Step::Accept),
            ["quit" | "q"] => return Ok(Step::Quit),
            ["help" | "?"] => return Ok(Step::Show(HELP.to_owned())),
            _ => {}
        }
        let split = words.iter().position(|word| !word.starts_with(|c: char| c.is_ascii_digit()) && *word != "all").unwrap_or(words.len());
        let (numbers, says) = words.split_at(split);
        let mut chosen = Vec::new();
        for word in numbers {
            chosen.extend(self.numbers(word)?);
        }
        match (chosen.as_slice(), says) {
            ([], _) => Err(format!("{line:?} names no number; for example: 3 5-7 read closed")),
            (_, []) => Err("say what is to become of them: read, write, external, closed, skip or show".to_owned()),
            ([one], ["show"]) => Ok(Step::Show(self.rows.get(*one).map(|row| visible(&row.tool.definition)).unwrap_or_default())),
            (_, says) => {
                let says: Vec<_> = says.iter().map(|word| change(word)).collect::<Result<_, _>>()?;
                for (at, row) in self.rows.iter_mut().enumerate() {
                    if chosen.contains(&at) {
                        says.iter().for_each(|change| change(row));
                    }
                }
                Ok(Step::Again)
            }
        }
    }

    /// `3`, `5-7` or `all`, as places among the rows.
    fn numbers(&self, word: &str) -> Result<std::ops::Range<usize>, String> {
        if word == "all" {
            return Ok(0..self.rows.len());
        }
        let (first, last) = word.split_once('-').unwrap_or((word, word));
        match (first.parse::<usize>(), last.parse::<usize>()) {
            (Ok(first), Ok(last)) if 1 <= first && first <= last && last <= self.rows.len() => Ok(first - 1..last),
            _ => Err(format!("{word:?} is not among 1 to {}", self.rows.len())),
        }
    }

    /// What is accepted of each server: servers that could not be looked at are not.
    pub(super) fn accepted(&self) -> Accepted<'a> {
        let servers = self.reviews.iter().enumerate().filter(|(_, review)| review.failed.is_none() && review.waits());
        let tools = |at: usize| {
            let rows = self.rows.iter().filter(move |row| row.review == at && !row.skipped);
            rows.map(|row| (row.name.to_owned(), row.facts)).collect()
        };
        servers.map(|(at, review)| (review, tools(at))).collect()
    }
}

/// What a word does to a row.
fn change(word: &str) -> Result<fn(&mut Row<'_>), String> {
    Ok(match word {
        "read" => |row| (row.facts.effect, row.skipped) = (Effect::Read, false),
        "write" => |row| (row.facts.effect, row.skipped) = (Effect::Write, false),
        "external" => |row| (row.facts.external, row.skipped) = (true, false),
        "closed" => |row| (row.facts.external, row.skipped) = (false, false),
        "skip" => |row| row.skipped = true,
        other => return Err(format!("{other:?} is none of read, write, external, closed, skip and show")),
    })
}
