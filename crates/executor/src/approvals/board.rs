//! The questions that wait, and their answers, as files of the state directory: how a process that runs programs and the operator's own commands
//! find each other. Whoever can write here is the operator.

use super::question::{Answer, Question};
use serde::de::DeserializeOwned;
use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

/// Files that are older belong to a process that is gone.
const KEPT: Duration = Duration::from_secs(900);

/// The largest file that is read, in bytes: more than a question within all limits.
const FILE_BYTES: u64 = 64 << 20;

/// Where questions wait.
#[derive(Debug, Clone)]
pub struct Board(PathBuf);

/// Why an answer was not taken.
#[derive(Debug, thiserror::Error)]
pub enum BoardError {
    /// There is no such question, or not any more.
    #[error("there is no question {0}: it was answered, its time was over, or its run ended; `cofferdam approve` lists what waits")]
    Gone(String),
    /// Somebody else was faster.
    #[error("the question {0} was answered already")]
    Answered(String),
    /// The directory cannot be used.
    #[error("the answer cannot be written: {0}")]
    Disk(#[from] io::Error),
}

impl Board {
    /// Below the state directory.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn open(state: &Path) -> io::Result<Self> {
        let directory = state.join("approvals");
        crate::tree::private(&directory)?;
        Ok(Board(directory))
    }

    /// Everything that waits, the oldest first.
    #[must_use]
    pub fn questions(&self) -> Vec<Question> {
        let Ok(entries) = fs::read_dir(&self.0) else { return Vec::new() };
        let mut questions = Vec::new();
        for path in entries.flatten().map(|entry| entry.path()) {
            let age = path.metadata().and_then(|metadata| metadata.modified()).ok().and_then(|at| at.elapsed().ok());
            if age.is_some_and(|age| age > KEPT) {
                // Another process may have been faster.
                let _gone = fs::remove_file(&path);
            } else if path.extension().is_some_and(|extension| extension == "question")
                && let Some(question) = read::<Question>(&path)
                && !self.file(&question.id, "answer").exists()
            {
                questions.push(question);
            }
        }
        questions.sort_by(|a, b| (a.at_ms, &a.id).cmp(&(b.at_ms, &b.id)));
        questions
    }

    /// Answers a question.
    ///
    /// # Errors
    /// When it is not there, or was answered, or the disk is full.
    pub fn give(&self, id: &str, answer: &Answer) -> Result<(), BoardError> {
        if !is_id(id) || !self.file(id, "question").exists() {
            return Err(BoardError::Gone(id.to_owned()));
        }
        let text = serde_json::to_vec(answer).map_err(io::Error::other)?;
        // Written whole, then given its name: exactly one of two answers gets it.
        let new = self.0.join(format!("{id}.{}.new", std::process::id()));
        write(&new, &text)?;
        let named = fs::hard_link(&new, self.file(id, "answer"));
        let _gone = fs::remove_file(&new);
        match named {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(BoardError::Answered(id.to_owned())),
            named => Ok(named?),
        }
    }

    /// Puts a question up.
    pub(super) fn put(&self, question: &Question) -> io::Result<()> {
        let text = serde_json::to_vec(question).map_err(io::Error::other)?;
        let new = self.0.join(format!("{}.{}.new", question.id, std::process::id()));
        write(&new, &text)?;
        fs::rename(new, self.file(&question.id, "question"))
    }

    /// The answer to a question, if there is one.
    pub(super) fn answer(&self, id: &str) -> Option<Answer> {
        read(&self.file(id, "answer"))
    }

    /// Takes a question away, and its answer.
    pub(super) fn remove(&self, id: &str) {
        for kind in ["question", "answer"] {
            // It may never have been there.
            let _gone = fs::remove_file(self.file(id, kind));
        }
    }

    fn file(&self, id: &str, kind: &str) -> PathBuf {
        self.0.join(format!("{id}.{kind}"))
    }
}

/// Whether this can be the name of a question; anything else could name another file.
fn is_id(id: &str) -> bool {
    id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

fn write(path: &Path, text: &[u8]) -> io::Result<()> {
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?.write_all(text)
}

fn read<T: DeserializeOwned>(path: &Path) -> Option<T> {
    let size = fs::metadata(path).ok()?.len();
    let text = (size <= FILE_BYTES).then(|| fs::read(path).ok()).flatten()?;
    serde_json::from_slice(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use tempfile::TempDir;

    fn question(id: &str) -> Question {
        serde_json::from_value(json!({"id": id, "run": "0".repeat(32), "context": {"principal": "local", "name": "c"}, "session": null, "intent": null,
                                      "language": "python", "program": "1", "calls": [], "policy_hash": "p", "generation": 0, "at_ms": 1, "waits": true}))
        .unwrap()
    }

    #[test]
    fn of_two_answers_the_first_counts() {
        let state = TempDir::new().unwrap();
        let [broker, operator] = [(); 2].map(|()| Board::open(state.path()).unwrap());
        broker.put(&question("aaaaaaaaaaaaaaaa")).unwrap();
        assert_eq!(operator.questions().len(), 1);
        operator.give("aaaaaaaaaaaaaaaa", &Answer::Once).unwrap();
        let second = operator.give("aaaaaaaaaaaaaaaa", &Answer::Deny { reason: "no".to_owned() });
        assert!(matches!(second, Err(BoardError::Answered(_))), "{second:?}");
        assert_eq!(broker.answer("aaaaaaaaaaaaaaaa"), Some(Answer::Once));
        assert!(operator.questions().is_empty());
        broker.remove("aaaaaaaaaaaaaaaa");
        assert_eq!(fs::read_dir(&broker.0).unwrap().count(), 0);
    }

    #[test]
    fn what_is_no_question_is_not_answered() {
        let state = TempDir::new().unwrap();
        let board = Board::open(state.path()).unwrap();
        fs::write(state.path().join("key.question"), "").unwrap();
        for id in ["aaaaaaaaaaaaaaaa", "", "../key", "../../../../tmp/aa"] {
            assert!(matches!(board.give(id, &Answer::Once), Err(BoardError::Gone(_))), "{id}");
        }
        // Half a file, as a killed process leaves it, is neither a question nor an answer.
        fs::write(board.file("bbbbbbbbbbbbbbbb", "question"), "{").unwrap();
        fs::write(board.file("bbbbbbbbbbbbbbbb", "answer"), "").unwrap();
        assert!(board.questions().is_empty() && board.answer("bbbbbbbbbbbbbbbb").is_none());
    }
}
