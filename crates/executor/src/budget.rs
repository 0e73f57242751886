//! The output budget: what a run has to say, made to fit what the model is shown. What is left out is kept as an artifact first, and the
//! text says where; text is shown as head and tail, values as rows or keys, never cut inside one.

use crate::{
    artifacts::Record,
    present::{Presented, Printed, Said},
    summary,
};
use gate::Cut;

/// What is to be kept of a run because it is not shown whole.
#[derive(Debug)]
pub(crate) struct Overflow<'a> {
    /// `output` or `value`.
    pub(crate) name: &'static str,
    pub(crate) media_type: &'static str,
    pub(crate) text: &'a str,
    /// Whether nothing of it was dropped before.
    pub(crate) is_whole: bool,
}

/// What is shown of each part of a run, but for the words on where the rest of it is.
#[derive(Debug)]
pub(crate) struct Budget {
    printed: Cut,
    said: Fitted,
}

#[derive(Debug)]
enum Fitted {
    Cut(Cut),
    /// Of a JSON value that is not shown whole.
    Summary(String),
}

impl Budget {
    /// Shares `shown_bytes` out, roughly: some words about what is left out come on top. Both parts are whole where they fit; else the
    /// smaller is if it takes at most half, and the other gets the rest.
    pub(crate) fn of(presented: &Presented, shown_bytes: usize) -> Self {
        let Printed { text, dropped_bytes, .. } = &presented.printed;
        let (printed, said) = (gate::clean(text), gate::clean(presented.value.text()));
        let sizes = [printed.bytes().saturating_add(usize::try_from(*dropped_bytes).unwrap_or(usize::MAX)), said.bytes()];
        let fits = sizes[0].saturating_add(sizes[1]) <= shown_bytes;
        let [printed_bytes, said_bytes] = if fits { [usize::MAX; 2] } else { shares(sizes, shown_bytes) };
        let said = match &presented.value {
            Said::Json(json) if sizes[1] > said_bytes => Fitted::Summary(summary::summary(json.get(), said_bytes)),
            _ => Fitted::Cut(said.cut(said_bytes, 0)),
        };
        Budget { printed: printed.cut(printed_bytes, *dropped_bytes), said }
    }

    /// What is to be kept of the printed text, and of the value. An error's text is of no use to programs.
    pub(crate) fn overflow<'a>(&self, presented: &'a mut Presented) -> [Option<Overflow<'a>>; 2] {
        let value = |media_type, text| Some(Overflow { name: "value", media_type, text, is_whole: true });
        let is_whole = presented.printed.dropped_bytes == 0;
        let printed = self.printed.is_cut().then(|| {
            tell_gap(&mut presented.printed);
            Overflow { name: "output", media_type: "text/plain", text: &presented.printed.text, is_whole }
        });
        let said = match (&self.said, &presented.value) {
            (Fitted::Summary(_), Said::Json(json)) => value("application/json", json.get()),
            (Fitted::Cut(cut), Said::Text(text)) if cut.is_cut() => value("text/plain", text),
            _ => None,
        };
        [printed, said]
    }

    /// The text that is shown; `places` says where what is left out of either part is kept.
    pub(crate) fn text(self, places: [&str; 2]) -> String {
        let printed = self.printed.screened(places[0]).text;
        let said = match self.said {
            Fitted::Cut(cut) => cut.screened(places[1]).text,
            Fitted::Summary(summary) => gate::screen(&format!("{summary}\n{}", places[1]), usize::MAX, 0).text,
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

/// Says in printed text where its middle was dropped.
fn tell_gap(printed: &mut Printed) {
    let Printed { text, gap, dropped_bytes } = printed;
    if *dropped_bytes > 0 && text.is_char_boundary(*gap) {
        text.insert_str(*gap, &format!("\n... [{dropped_bytes} bytes were not kept] ...\n"));
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
        let mut presented = Presented { printed, value, ending: Ending::Value };
        let budget = Budget::of(&presented, 20);
        let asked = budget.overflow(&mut presented).map(|one| one.map(|one| (one.name, one.media_type, one.text)));
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
        let mut printed = Printed { text: "headtail".to_owned(), gap: 4, dropped_bytes: 100 };
        tell_gap(&mut printed);
        assert_eq!(printed.text, "head\n... [100 bytes were not kept] ...\ntail");
    }
}
