//! What clients ask for, and what they may be answered. Every answer is either exactly right, or an error that a fault of this soak explains.

use crate::{
    hostile,
    random::Random,
    sessions::{self, Sessions, Step},
};
use serde_json::{Value, json};
use std::time::Instant;

/// What a request is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Quick,
    Session,
    Calls,
    BadServer,
    Artifact,
    Flood,
    Loop,
    Memory,
    Recursion,
}

impl Kind {
    pub(crate) const ALL: [Self; 9] =
        [Self::Quick, Self::Session, Self::Calls, Self::BadServer, Self::Artifact, Self::Flood, Self::Loop, Self::Memory, Self::Recursion];

    /// Those that a hostile program is.
    pub(crate) const HOSTILE: [Self; 4] = [Self::Loop, Self::Memory, Self::Flood, Self::Recursion];

    /// As the report calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Quick => "quick",
            Self::Session => "session",
            Self::Calls => "calls",
            Self::BadServer => "bad server",
            Self::Artifact => "artifact",
            Self::Flood => "flood",
            Self::Loop => "loop",
            Self::Memory => "memory",
            Self::Recursion => "recursion",
        }
    }

    /// One of them, as often as they are to come: of a hundred, 30 quick ones and 34 in sessions.
    pub(crate) fn draw(random: &mut Random) -> Self {
        const WEIGHTS: [usize; 9] = [30, 34, 12, 8, 4, 3, 4, 3, 2];
        let mut at = random.below(WEIGHTS.iter().sum());
        for (kind, weight) in Self::ALL.into_iter().zip(WEIGHTS) {
            match at.checked_sub(weight) {
                Some(rest) => at = rest,
                None => return kind,
            }
        }
        Self::Quick
    }
}

/// The time that a program which never ends is given, in milliseconds.
pub(crate) const LOOP_MS: f64 = 200.0;

/// A request and what is expected of it.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub(crate) kind: Kind,
    pub(crate) arguments: Value,
    expected: Expected,
    pub(crate) step: Option<Step>,
    pub(crate) sent: Instant,
    /// When it was cancelled.
    pub(crate) cancelled: Option<Instant>,
}

#[derive(Debug, Clone)]
enum Expected {
    /// Exactly this.
    Text(String),
    /// One of these texts, exactly.
    OneOf([&'static str; 3]),
    /// An error with one of these in it.
    Error(&'static [&'static str]),
    /// A text that begins so.
    Begins(&'static str),
    /// What the sessions know.
    Session,
}

/// What may be the matter, beside what the program itself did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Trouble {
    /// A worker or a zygote was killed.
    Killed,
    /// The disk was full.
    Disk,
    /// An upstream was killed, or killed itself.
    Upstream,
    /// More was asked than the machine can do.
    Busy,
}

/// How a request was answered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answered {
    /// As expected.
    Right,
    /// With an error that this explains, if it is so.
    Trouble(Trouble),
    /// By nothing that can be so.
    Wrong(String),
}

/// Programs of the examples that only read, with the answers that SQL gives.
const EXAMPLES: [(&str, &str, &str); 4] = [
    ("python", include_str!("../../top_customers.py"), include_str!("../../expected/top_customers.txt")),
    ("typescript", include_str!("../../revenue_by_month.ts"), include_str!("../../expected/revenue_by_month.txt")),
    ("javascript", include_str!("../../paging.js"), include_str!("../../expected/paging.txt")),
    ("typescript", include_str!("../../order_states.ts"), include_str!("../../expected/order_states.txt")),
];

/// The most sessions at a time.
const SESSIONS: usize = 32;

impl Job {
    /// A request of this kind.
    pub(crate) fn new(kind: Kind, random: &mut Random, sessions: &Sessions) -> Self {
        let python = random.once_in(2);
        let pick = |in_python: &'static str, in_javascript: &'static str| {
            if python { ("python", in_python.to_owned()) } else { ("javascript", in_javascript.to_owned()) }
        };
        let mut step = None;
        let ((language, code), expected) = match kind {
            Kind::Quick => quick(random),
            Kind::Session => {
                let next = next_step(random, sessions);
                let language = next.arguments().1;
                step = Some(next);
                ((language, sessions::step(language).to_owned()), Expected::Session)
            }
            Kind::Calls => {
                let (language, code, text) = EXAMPLES[random.below(EXAMPLES.len())];
                ((language, code.to_owned()), Expected::Text(text.trim_end().to_owned()))
            }
            Kind::BadServer => bad_server(random, python),
            Kind::Artifact => {
                let name = format!("soak-{:x}", random.next());
                let code = format!("artifacts.save('{name}', [{0}])\nartifacts.load('{name}')[0]", random.below(1000));
                let text = code.split(['[', ']']).nth(1).unwrap_or_default().to_owned();
                ((if python { "python" } else { "javascript" }, code), Expected::Text(text))
            }
            Kind::Flood => (pick("print('x' * 400_000)", "console.log('x'.repeat(400000))"), Expected::Begins("xxxxxxxx")),
            Kind::Loop => (pick("while True: pass", "for (;;) {}"), Expected::Error(&["deadline: "])),
            Kind::Memory => {
                let code = pick(
                    "held = []\nwhile True: held.append(bytearray(1 << 20))",
                    "const held = []; for (;;) held.push(new Uint8Array(1 << 20).fill(1))",
                );
                (code, Expected::Error(&["MemoryError", "out of memory", "want of memory"]))
            }
            Kind::Recursion => {
                let code = pick("def f(n): return f(n + 1) + 1\nf(0)", "const f = (n) => f(n + 1) + 1; f(0)");
                (code, Expected::Error(&["RecursionError", "stack", "recursion"]))
            }
        };
        let mut arguments = json!({"language": language, "code": code});
        if let Some(step) = &step {
            arguments["session"] = step.arguments().0.into();
        }
        if kind == Kind::Loop {
            arguments["timeout_ms"] = LOOP_MS.into();
        }
        Job { kind, arguments, expected, step, sent: Instant::now(), cancelled: None }
    }

    /// Judges an answer. What became of a session is noted.
    pub(crate) fn judge(self, text: &str, is_error: bool, sessions: &Sessions) -> Answered {
        let right = match &self.expected {
            Expected::Text(expected) => !is_error && text == expected,
            Expected::OneOf(texts) => !is_error && texts.contains(&text),
            Expected::Error(words) => is_error && words.iter().any(|word| text.contains(word)),
            Expected::Begins(start) => !is_error && text.starts_with(start),
            Expected::Session => !is_error,
        };
        if let Some(step) = self.step {
            if right {
                return sessions.told(step, text).map_or_else(Answered::Wrong, |()| Answered::Right);
            }
            match NOTHING_RAN.iter().any(|words| text.contains(words)) {
                true => sessions.untouched(step),
                false => sessions.unsure(step),
            }
        }
        match TROUBLES.iter().find(|(words, _)| text.contains(words)) {
            _ if right => Answered::Right,
            // The code of a call that was not sent because that could not be recorded.
            _ if text == "internal" => Answered::Trouble(Trouble::Disk),
            Some((_, trouble)) => Answered::Trouble(*trouble),
            None => Answered::Wrong(format!("answered {:?}{}", head(text), if is_error { ", an error" } else { "" })),
        }
    }
}

/// Of a request that did not come to a run.
const NOTHING_RAN: [&str; 3] = ["nothing ran", "refused before it ran", "busy: "];

/// Words that only a trouble makes the answer have.
const TROUBLES: [(&str, Trouble); 12] = [
    ("crashed: the sandbox process ended unexpectedly", Trouble::Killed),
    ("internal error: the run could not be carried out", Trouble::Killed),
    ("nothing ran", Trouble::Disk),
    ("No space left on device", Trouble::Disk),
    ("no space left", Trouble::Disk),
    ("ENOSPC", Trouble::Disk),
    ("could not be recorded", Trouble::Disk),
    ("is full", Trouble::Disk),
    ("upstream_unavailable", Trouble::Upstream),
    ("busy: ", Trouble::Busy),
    ("(session_busy)", Trouble::Busy),
    ("deadline: ", Trouble::Busy),
];

/// As much of a text as a story needs.
pub(crate) fn head(text: &str) -> String {
    text.chars().take(400).collect()
}

fn quick(random: &mut Random) -> ((&'static str, String), Expected) {
    let (a, b) = (random.below(1000), random.below(1000));
    let code = match random.below(3) {
        0 => ("python", format!("print('run {a}')\nsum([{a}, {b}])")),
        1 => ("javascript", format!("console.log('run {a}'); {a} + {b}")),
        _ => ("typescript", format!("const a: number = {a}; console.log(`run ${{a}}`); return a + {b}")),
    };
    (code, Expected::Text(format!("run {a}\n{}", a + b)))
}

fn next_step(random: &mut Random, sessions: &Sessions) -> Step {
    let few = sessions.count() < SESSIONS;
    let session = if few && random.once_in(12) { None } else { sessions.take(random.below(SESSIONS)) };
    match session {
        Some(session) if few && random.once_in(20) => Step::Fork(session),
        Some(session) => Step::Next(session),
        None => Step::New(sessions::LANGUAGES[random.below(2)]),
    }
}

fn bad_server(random: &mut Random, python: bool) -> ((&'static str, String), Expected) {
    let (tool, codes) = hostile::TOOLS[random.below(hostile::TOOLS.len())];
    let code = if python {
        ("python", format!("try:\n    seen = await hostile.{tool}()\nexcept ToolError as error:\n    seen = error.code\nstr(seen)"))
    } else {
        ("javascript", format!("let seen; try {{ seen = await hostile.{tool}(); }} catch (error) {{ seen = error.code; }} String(seen)"))
    };
    // Other programs make it die, and keep it busy for longer than a call may take.
    (code, Expected::OneOf([codes.first().copied().unwrap_or("upstream_unavailable"), "upstream_unavailable", "timeout"]))
}
