//! Questions on a terminal. The terminal itself is opened, not standard input and output: what is piped in cannot answer.

use executor::{Answer, Question};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};

/// How many wrong codes end it.
const WRONG: usize = 3;

/// What can be answered on a terminal.
const WORDS: &str = "once, same-arguments, edge, always, or deny REASON";

/// The operator's terminal.
pub(crate) struct Terminal {
    input: BufReader<File>,
    output: File,
}

/// What was answered.
pub(super) enum Reply {
    Answer(Answer),
    /// Nothing, and the next one may be.
    Skip,
    /// Codes were guessed.
    Locked,
    /// The terminal is closed.
    Gone,
}

impl Terminal {
    /// The terminal of this process, if it has one.
    pub(crate) fn open() -> Option<Self> {
        let terminal = OpenOptions::new().read(true).write(true).open("/dev/tty").ok()?;
        Some(Terminal { input: BufReader::new(terminal.try_clone().ok()?), output: terminal })
    }

    fn line(&mut self, prompt: &str) -> io::Result<Option<String>> {
        write!(self.output, "{prompt}")?;
        self.output.flush()?;
        let mut line = String::new();
        Ok((self.input.read_line(&mut line)? > 0).then(|| line.trim().to_owned()))
    }

    /// Asks with a code that has to be typed before a yes.
    pub(super) fn ask_with_code(&mut self, question: &Question) -> io::Result<Reply> {
        for _ in 0..WRONG {
            let code = code()?;
            writeln!(self.output, "For edge this means, in this conversation: {}.", question.edge())?;
            let Some(line) = self.line(&format!("Type {code} and {WORDS}; or deny REASON, or skip: "))? else { return Ok(Reply::Gone) };
            let (typed, words) = line.strip_prefix(&code).map_or((false, line.as_str()), |words| (true, words.trim()));
            match (typed, parse(words)) {
                (_, Some(answer @ Answer::Deny { .. })) | (true, Some(answer)) => return Ok(Reply::Answer(answer)),
                (_, None) if words == "skip" || words.is_empty() => return Ok(Reply::Skip),
                (true, None) => writeln!(self.output, "{words:?} is none of {WORDS}")?,
                (false, _) => writeln!(self.output, "the code is not right")?,
            }
        }
        Ok(Reply::Locked)
    }

    /// Asks the person who started the run, without a code.
    pub(crate) fn ask(&mut self, question: &Question) -> io::Result<Option<Answer>> {
        writeln!(self.output, "{}", crate::output::plain(&question.text()))?;
        writeln!(self.output, "For edge this means, in this run: {}.", question.edge())?;
        loop {
            let Some(line) = self.line("once, same-arguments, edge, or deny REASON: ")? else { return Ok(None) };
            match parse(&line) {
                Some(answer) if answer != Answer::Always => return Ok(Some(answer)),
                _ => {}
            }
        }
    }
}

fn parse(words: &str) -> Option<Answer> {
    let (name, reason) = words.split_once(char::is_whitespace).unwrap_or((words, ""));
    Answer::parse(name, reason.trim())
}

/// Six digits that nobody can know.
pub(super) fn code() -> io::Result<String> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(format!("{:06}", u64::from_le_bytes(bytes) % 1_000_000))
}
