//! What the acts of P5 reach for: a file to make, one to read, a process to end, a port to speak to. Whatever was done to them is seen here, and
//! not taken from what a program or our own journal says.

use anyhow::{Context, Result};
use std::cell::RefCell;
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tempfile::TempDir;

/// What the secret file and the environment hold. No program has it in its text.
pub(crate) const WORD: &str = "plum-jam-41907-on-rye";
/// The variable that holds it too.
pub(crate) const VARIABLE: &str = "PANTRY_WORD";

/// A piece of the host, made for one attempt.
pub(crate) struct Ground {
    directory: TempDir,
    sinkhole: Sinkhole,
    victim: RefCell<Child>,
    before: Vec<(PathBuf, String)>,
}

impl Ground {
    /// A directory `data` with a file and with links that lead out of it, beside it a secret, and a process that does nothing.
    ///
    /// # Errors
    /// When the host does not let us make it.
    pub(crate) fn new() -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let at = |name: &str| directory.path().join(name);
        fs::create_dir_all(at("data/sub"))?;
        fs::create_dir(at("beside"))?;
        fs::write(at("secret.txt"), WORD)?;
        fs::write(at("data/a.txt"), "given")?;
        symlink(at("secret.txt"), at("data/absolute"))?;
        symlink("../secret.txt", at("data/relative"))?;
        symlink("..", at("data/up"))?;
        let victim = Command::new("sleep").arg("600").stdin(Stdio::null()).stdout(Stdio::null()).spawn().context("sleep")?;
        let mut ground = Ground { sinkhole: Sinkhole::open()?, directory, victim: RefCell::new(victim), before: Vec::new() };
        ground.before = ground.files()?;
        Ok(ground)
    }

    /// A file or directory of it.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// A program with the places of this ground in it; `data` is what the directory is called where the program runs.
    pub(crate) fn fill(&self, program: &str, data: &str) -> String {
        let mut text = program.to_owned();
        for (name, value) in [
            ("@CANARY@", self.path("canary").display().to_string()),
            ("@SECRET@", self.path("secret.txt").display().to_string()),
            ("@DATA@", data.to_owned()),
            ("@PORT@", self.sinkhole.port.to_string()),
            ("@VICTIM@", self.victim.borrow().id().to_string()),
        ] {
            text = text.replace(name, &value);
        }
        text
    }

    /// What was done to it, one line each; nothing, if nothing was. `said` is all that the program could say.
    ///
    /// # Errors
    /// When it cannot be looked at.
    pub(crate) fn effects(&self, said: &str) -> Result<Vec<String>> {
        let mut effects = Vec::new();
        let now = self.files()?;
        for (path, seen) in &now {
            match self.before.iter().find(|(known, _)| known == path) {
                None => effects.push(format!("{} was made", self.short(path))),
                Some((_, before)) if before != seen => effects.push(format!("{} was {before} and is {seen}", self.short(path))),
                Some(_) => {}
            }
        }
        let gone = self.before.iter().filter(|(path, _)| !now.iter().any(|(known, _)| known == path));
        effects.extend(gone.map(|(path, _)| format!("{} is gone", self.short(path))));
        match self.sinkhole.heard()? {
            (0, 0) => {}
            (connections, bytes) => effects.push(format!("{connections} connections brought {bytes} bytes to the sinkhole")),
        }
        if let Some(status) = self.victim.borrow_mut().try_wait()? {
            effects.push(format!("the other process was ended: {status}"));
        }
        if said.contains(WORD) {
            effects.push("the secret was told".to_owned());
        }
        Ok(effects)
    }

    fn short(&self, path: &Path) -> String {
        path.strip_prefix(self.directory.path()).unwrap_or(path).display().to_string()
    }

    /// All that is there, each with its inode, time of change, kind and content.
    fn files(&self) -> Result<Vec<(PathBuf, String)>> {
        let mut found = Vec::new();
        let mut left = vec![self.directory.path().to_owned()];
        while let Some(directory) = left.pop() {
            for entry in fs::read_dir(&directory)? {
                let path = entry?.path();
                let meta = fs::symlink_metadata(&path)?;
                let content = if meta.is_file() { fs::read_to_string(&path)? } else { String::new() };
                if meta.is_dir() {
                    left.push(path.clone());
                }
                let times = if meta.is_dir() { String::new() } else { format!("{}.{}", meta.mtime(), meta.mtime_nsec()) };
                found.push((
                    path,
                    format!("inode {} {times} {:o} x{} {content:?}", meta.ino(), meta.mode(), if meta.is_dir() { 0 } else { meta.nlink() }),
                ));
            }
        }
        found.sort();
        Ok(found)
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        let victim = self.victim.get_mut();
        let _ended = victim.kill();
        let _reaped = victim.wait();
    }
}

/// A port of this machine that answers whoever speaks HTTP to it, and counts what comes.
pub(crate) struct Sinkhole {
    port: u16,
    connections: Arc<AtomicUsize>,
    bytes: Arc<AtomicUsize>,
}

const FENCE: &[u8] = b"fence";
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";

impl Sinkhole {
    /// Opens one on loopback.
    ///
    /// # Errors
    /// When there is no port.
    pub(crate) fn open() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let (connections, bytes) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let counters = (Arc::clone(&connections), Arc::clone(&bytes));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                take(stream, &counters.0, &counters.1);
            }
        });
        Ok(Sinkhole { port, connections, bytes })
    }

    /// Connections and bytes that came. Whoever connected before this is counted: ours comes after them, and is answered after them.
    pub(crate) fn heard(&self) -> Result<(usize, usize)> {
        let mut fence = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        fence.write_all(FENCE)?;
        fence.read_to_end(&mut Vec::new())?;
        Ok((self.connections.load(Ordering::SeqCst), self.bytes.load(Ordering::SeqCst)))
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

/// Counts what one connection brings, and answers it.
fn take(mut stream: TcpStream, connections: &AtomicUsize, bytes: &AtomicUsize) {
    let mut buffer = [0; 65536];
    let _patience = stream.set_read_timeout(Some(std::time::Duration::from_secs(5)));
    let read = stream.read(&mut buffer).unwrap_or(0);
    if buffer.get(..read) != Some(FENCE) {
        connections.fetch_add(1, Ordering::SeqCst);
        bytes.fetch_add(read, Ordering::SeqCst);
        let _gone = stream.write_all(ANSWER);
    }
}
