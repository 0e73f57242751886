//! `cofferdam run`: one program, from the command line.

use super::approve::prompt::Terminal;
use super::{Exit, UsageError, settings};
use crate::arguments::check_code;
use crate::cli::Run;
use crate::config::{Sources, load};
use crate::mcp::overdue;
use crate::output::{self, Spinner};
use crate::resources::one_line;
use crate::surroundings::Surroundings;
use executor::{Ending, Executor, Posed, Progress, Reply, Request};
use policy::{Context, Language, Principal};
use serde_json::json;
use std::io::{IsTerminal, Read};
use std::path::Path;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio_util::sync::CancellationToken;

/// How much of a program is read. More than any limit allows, so that the error can be the limit's.
const READ_BYTES: u64 = 16 * 1024 * 1024;

/// Runs it and prints what a model would see.
pub(crate) async fn run(run: Run, sources: &Sources, around: &Surroundings) -> anyhow::Result<Exit> {
    let config = load(sources, around)?;
    let language = run.language.unwrap_or_else(|| language_of(run.file.as_deref()));
    let code = program(&run, around)?;
    check_code(&code, &config.policy.limits).map_err(UsageError)?;
    let context = Context { principal: Principal::local(), name: format!("run-{}", std::process::id()) };
    let request = Request { context, code, language, session: run.session.clone(), timeout: run.timeout, intent: None, idempotency: None };
    let executor = Executor::start(settings(config, sources, around)?).await?;

    let cancel = CancellationToken::new();
    let (events, inbox) = tokio::sync::mpsc::unbounded_channel();
    let watch = tokio::spawn(watch(inbox));
    let questions = std::io::stderr().is_terminal().then(Terminal::open).flatten().map(|terminal| {
        let (questions, posed) = tokio::sync::mpsc::unbounded_channel();
        std::thread::spawn(move || answer(terminal, posed));
        questions
    });
    let interrupt = tokio::spawn({
        let cancel = cancel.clone();
        async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                cancel.cancel();
            }
        }
    });
    let result = tokio::select! {
        result = executor.execute(request, events, questions, cancel.clone()) => Some(result),
        // Dropping a run ends it too, wherever it is.
        () = overdue(&cancel) => None,
    };
    interrupt.abort();
    // Dropping it clears the line before anything is printed.
    watch.abort();
    let _cleared = watch.await;
    executor.shutdown().await;

    let Some(reply) = result.transpose()? else {
        output::complain("cancelled");
        return Ok(Exit::Program);
    };
    if run.json {
        let outcome = reply.stats.outcome;
        let ok = !reply.is_error;
        let artifacts: Vec<_> = reply.artifacts.iter().map(super::artifacts::document).collect();
        let (run, session) = (reply.run.to_string(), &reply.session);
        output::print_json(&json!({
            "run": run, "ok": ok, "text": reply.text, "artifacts": artifacts, "outcome": outcome, "session": session, "stats": reply.stats
        }));
    } else {
        output::print(&reply.text);
        for made in &reply.artifacts {
            let preview = one_line(&made.preview);
            output::print(&output::plain(&format!("{}  {}  {}  {} bytes  {preview}", made.uri(), made.name, made.media_type, made.size)));
        }
    }
    Ok(exit(&reply))
}

/// Asks the person on the terminal, one question after the other.
fn answer(mut terminal: Terminal, mut posed: UnboundedReceiver<Posed>) {
    while let Some(Posed { question, answer }) = posed.blocking_recv() {
        // Dropping the other end says that nobody was asked.
        if let Ok(Some(said)) = terminal.ask(&question) {
            let _late = answer.send(said);
        }
    }
}

/// Shows the program's own progress on a terminal.
async fn watch(mut inbox: UnboundedReceiver<Progress>) {
    let spinner = Spinner::start("running");
    while let Some(event) = inbox.recv().await {
        let count = match event.total {
            Some(total) => format!("{}/{total}", event.progress),
            None => event.progress.to_string(),
        };
        spinner.say(&format!("{count} {}", event.message.unwrap_or_default()));
    }
    // The sender may go before the run is over.
    std::future::pending::<()>().await;
}

/// The language of a file's ending, else python.
fn language_of(file: Option<&Path>) -> Language {
    let ending = file.and_then(Path::extension).and_then(|ending| ending.to_str());
    ending.and_then(Language::parse).unwrap_or_default()
}

/// The program's text.
fn program(run: &Run, around: &Surroundings) -> Result<String, UsageError> {
    let (name, read) = match (&run.code, run.file.as_deref()) {
        (Some(code), _) => return Ok(code.clone()),
        (None, None) => {
            let wanted = "give the program as FILE, as -e CODE, or - to read it from standard input; for example: cofferdam run -e '1 + 1'";
            return Err(UsageError(wanted.to_owned()));
        }
        (None, Some(file)) if file == Path::new("-") => ("standard input".to_owned(), text(std::io::stdin().lock())),
        (None, Some(file)) => (file.display().to_string(), std::fs::File::open(around.folder.join(file)).and_then(text)),
    };
    read.map_err(|error| UsageError(format!("{name} cannot be read: {error}")))
}

/// UTF-8 text, bounded.
fn text(from: impl Read) -> std::io::Result<String> {
    let mut text = String::new();
    from.take(READ_BYTES).read_to_string(&mut text)?;
    Ok(text)
}

/// How the process ends after this reply.
fn exit(reply: &Reply) -> Exit {
    if !reply.is_error {
        return Exit::Ok;
    }
    match reply.stats.outcome {
        Ending::Refused | Ending::Withheld | Ending::Stopped => Exit::Refused,
        // What crashes an interpreter is its memory or its stack.
        Ending::Deadline | Ending::Crashed => Exit::Limit,
        _ => Exit::Program,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_tells_the_language() {
        for (file, language) in [
            (Some("a.py"), Language::Python),
            (Some("b/a.js"), Language::JavaScript),
            (Some("a.mts"), Language::TypeScript),
            (Some("a.txt"), Language::Python),
            (Some("-"), Language::Python),
            (None, Language::Python),
        ] {
            assert_eq!(language_of(file.map(Path::new)), language, "{file:?}");
        }
    }
}
