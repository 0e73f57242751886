//! What people and scripts read: the one place that writes to standard output, which belongs to the protocol while serving.

use executor::Secrets;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;
use std::borrow::Cow;
use std::io::{IsTerminal, Write, stderr, stdout};
use std::sync::OnceLock;
use std::time::Duration;

/// Values that are taken out of all that is printed and logged, once the configuration was read.
static SECRETS: OnceLock<Secrets> = OnceLock::new();

/// Takes these values out of all that is printed and logged from here on.
pub(crate) fn hide(secrets: &Secrets) {
    let _kept = SECRETS.set(secrets.clone());
}

fn hidden(text: &str) -> Cow<'_, str> {
    SECRETS.get().map_or(Cow::Borrowed(text), |secrets| secrets.remove(text))
}

/// Standard error for the log, which writes each line at once.
pub(crate) fn errors() -> impl Write {
    Errors
}

struct Errors;

impl Write for Errors {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        stderr().lock().write_all(hidden(&String::from_utf8_lossy(line)).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        stderr().flush()
    }
}

/// Writes a text to standard output and ends its line. Whoever reads it may have gone: that is not an error of ours.
pub(crate) fn print(text: &str) {
    let mut out = stdout().lock();
    let text = hidden(text);
    let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    let _gone = write!(out, "{text}{end}").and_then(|()| out.flush());
}

/// Writes bytes to standard output as they are; false when nobody reads them any more.
///
/// # Errors
/// When they cannot be written for another reason, such as a full disk.
pub(crate) fn write(bytes: &[u8]) -> std::io::Result<bool> {
    let mut out = stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(false),
        written => written.map(|()| true),
    }
}

/// Writes a JSON document to standard output.
pub(crate) fn print_json(document: &Value) {
    print(&format!("{document:#}"));
}

/// Writes a message to standard error.
pub(crate) fn complain(text: &str) {
    let _gone = writeln!(stderr().lock(), "cofferdam: {}", hidden(text));
}

/// Writes a prompt to standard error, without an end of line.
pub(crate) fn ask(prompt: &str) {
    let mut out = stderr().lock();
    let _gone = write!(out, "{prompt}").and_then(|()| out.flush());
}

/// A text of somebody else made harmless for a terminal: control and direction characters would let it write over ours.
pub(crate) fn plain(text: &str) -> String {
    let harmless = |c: char| !c.is_control() && !matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().map(|c| if c == '\n' || c == '\t' || harmless(c) { c } else { '\u{fffd}' }).collect()
}

/// Something that is seen to go on: on standard error, and only if that is a terminal.
pub(crate) struct Spinner(Option<ProgressBar>);

impl Spinner {
    /// Shows `message` until it is dropped.
    pub(crate) fn start(message: &str) -> Self {
        let bar = stderr().is_terminal().then(|| {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg} {elapsed}") {
                bar.set_style(style);
            }
            bar.set_message(message.to_owned());
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        Spinner(bar)
    }

    /// Shows another message.
    pub(crate) fn say(&self, message: &str) {
        if let Some(bar) = &self.0 {
            bar.set_message(plain(message).replace('\n', " "));
        }
    }

    /// Shows a message; where nobody watches, as a line of its own.
    pub(crate) fn report(&self, message: &str) {
        match &self.0 {
            Some(_) => self.say(message),
            None => complain(&plain(message)),
        }
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_cannot_steer_a_terminal() {
        assert_eq!(plain("a\u{1b}[2Jb\r\u{202e}c\td\n"), "a\u{fffd}[2Jb\u{fffd}\u{fffd}c\td\n");
    }
}
