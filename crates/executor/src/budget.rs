//! The output budget: what a run has to say, made to fit what the model is shown. What is left out is kept as an artifact first, and the
//! text says where; text is shown as head and tail, values as rows or keys, never cut inside one.

use crate::{
    artifacts::Record,
    present::{Presented, Printed, Said},
    summary,
};
use std::borrow::Cow;

/// What is to be kept of a run because it is not shown whole.
#[derive(Debug)]
pub(crate) struct Overflow<'a> {
    /// `output` or `value`.
    pub(crate) name: &'static str,
    pub(crate) media_type: &'static str,
    pub(crate) text: Cow<'a, str>,
    /// Whether nothing of it was dropped before.
    pub(crate) is_whole: bool,
}

/// How much of each part of a run is shown.
#[derive(Debug)]
pub(crate) struct Budget<'a> {
    presented: &'a Presented,
    /// In bytes; `None` when the part is shown whole.
    printed: Option<usize>,
    said: Option<usize>,
}

impl<'a> Budget<'a> {
    /// Shares `shown_bytes` out, roughly: some words about what is left out come on top. Both parts are whole where they fit; else the
    /// smaller is if it takes at most half, and the other gets the rest.
    pub(crate) fn of(presented: &'a Presented, shown_bytes: usize) -> Self {
        let size = |text: &str, dropped_bytes| gate::screen(text, usize::MAX, dropped_bytes).total_bytes;
        let sizes = [size(&presented.printed.text, presented.printed.dropped_bytes), size(presented.value.text(), 0)];
        let fits = sizes[0].saturating_add(sizes[1]) <= shown_bytes;
        let shares = if fits { [usize::MAX; 2] } else { shares(sizes, shown_bytes) };
        let cut = |part: usize| (sizes[part] > shares[part]).then_some(shares[part]);
        Budget { presented, printed: cut(0), said: cut(1) }
    }

    /// What is to be kept of the printed text, and of the value. An error's text is of no use to programs.
    pub(crate) fn overflow(&self) -> [Option<Overflow<'a>>; 2] {
        let value = |media_type, text: &'a str| Overflow { name: "value", media_type, text: text.into(), is_whole: true };
        let of = &self.presented.printed;
        let printed = || Overflow { name: "output", media_type: "text/plain", text: with_gap(of), is_whole: of.dropped_bytes == 0 };
        let said = match (self.said, &self.presented.value) {
            (Some(_), Said::Text(text)) => Some(value("text/plain", text)),
            (Some(_), Said::Json(json)) => Some(value("application/json", json.get())),
            (Some(_), Said::Words(_)) | (None, _) => None,
        };
        [self.printed.map(|_| printed()), said]
    }

    /// The text that is shown; `places` says where what is left out of either part is kept.
    pub(crate) fn text(&self, places: [&str; 2]) -> String {
        let Printed { text, dropped_bytes, .. } = &self.presented.printed;
        let printed = gate::screen_kept(text, self.printed.unwrap_or(usize::MAX), *dropped_bytes, places[0]).text;
        let said = match (self.said, &self.presented.value) {
            (Some(bytes), Said::Json(json)) => gate::screen(&summary::summary(json.get(), bytes, places[1]), usize::MAX, 0).text,
            (bytes, value) => gate::screen_kept(value.text(), bytes.unwrap_or(usize::MAX), 0, places[1]).text,
        };
        let gap = if said.is_empty() || printed.is_empty() || printed.ends_with('\n') { "" } else { "\n" };
        format!("{printed}{gap}{said}")
    }
}

/// How many bytes each of two parts gets.
fn shares(sizes: [usize; 2], all: usize) -> [usize; 2] {
    let half = all / 2;
    match sizes {
        [one, _] if one <= half => [one, all - one],
        [_, other] if other <= half => [all - other, other],
        _ => [half, half],
    }
}

/// Printed text, saying where its middle was dropped.
fn with_gap(printed: &Printed) -> Cow<'_, str> {
    let Printed { text, gap, dropped_bytes } = printed;
    match text.split_at_checked(*gap) {
        Some((head, tail)) if *dropped_bytes > 0 => format!("{head}\n... [{dropped_bytes} bytes were not kept] ...\n{tail}").into(),
        _ => text.into(),
    }
}

/// Where all of it is, or what there was still to keep of it.
pub(crate) fn place(kept: Result<&Record, String>, is_whole: bool) -> String {
    let what = if is_whole { "all of it" } else { "what was kept of it" };
    match kept {
        Ok(record) => format!("{what}: {}, in programs artifacts.load(\"{}\")", record.uri(), record.id),
        Err(reason) => format!("the rest was not kept: {reason}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::present::Ending;
    use serde_json::value::RawValue;

    /// What is shown within 20 bytes, and what was to be kept.
    #[track_caller]
    fn check(printed: &str, value: Said, shown: &str, kept: [Option<(&str, &str, &str)>; 2]) {
        let printed = Printed { text: printed.to_owned(), gap: 0, dropped_bytes: 0 };
        let presented = Presented { printed, value, ending: Ending::Value };
        let budget = Budget::of(&presented, 20);
        let overflow = budget.overflow();
        let asked = overflow.each_ref().map(|one| one.as_ref().map(|one| (one.name, one.media_type, &*one.text)));
        assert_eq!((&*budget.text(["A", "B"]), asked), (shown, kept));
    }

    #[test]
    fn each_part_that_is_cut_is_kept() {
        let json = |text: &str| Said::Json(RawValue::from_string(text.to_owned()).unwrap());
        let text = |text: &str| Said::Text(text.to_owned());
        check("printed", text("value"), "printed\nvalue", [None, None]);
        check("", json("[1]"), "[1]", [None, None]);
        let letters = "abcdefghijklmnopqrstuvwxyz";
        // The value's 10 bytes leave 10 to the printed text: 6 for its head, 2 for its tail.
        let output = ("output", "text/plain", letters);
        check(letters, text("0123456789"), "abcdef\n... [18 of 26 bytes not shown; A] ...\nyz\n0123456789", [Some(output), None]);
        let value = ("value", "text/plain", letters);
        check("short\n", text(letters), "short\nabcdefghi\n... [14 of 26 bytes not shown; B] ...\nxyz", [None, Some(value)]);
        let both = "abcdef\n... [18 of 26 bytes not shown; A] ...\nyz\nabcdef\n... [18 of 26 bytes not shown; B] ...\nyz";
        check(letters, text(letters), both, [Some(output), Some(value)]);
        let words = Said::Words(format!("ValueError: {letters}"));
        check("", words, "ValueError: abc\n... [18 of 38 bytes not shown; B] ...\nvwxyz", [None, None]);
        let numbers = "[1,2,3,4,5,6,7,8,9,10,11]";
        check("", json(numbers), "list of 11 integers, 25 bytes of JSON\nB", [None, Some(("value", "application/json", numbers))]);
    }

    #[test]
    fn what_was_dropped_before_is_told_in_what_is_kept() {
        let printed = Printed { text: "headtail".to_owned(), gap: 4, dropped_bytes: 100 };
        assert_eq!(with_gap(&printed), "head\n... [100 bytes were not kept] ...\ntail");
    }
}
