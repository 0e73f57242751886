//! The guest's request `artifact` (`wasm-guests/abi.md`), and what one run did with artifacts.
//!
//! Files of the workspace are opened beneath its directory and without following links, because the guest chooses their names and may
//! change them at any moment; only regular files are read.

use super::{ArtifactError, Artifacts, New, Origin, Record, Size, Source};
use crate::reads::Reads;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use policy::{Labels, Limits};
use rustix::fs::{Mode, OFlags, ResolveFlags};
use serde::Deserialize;
use serde_json::{json, value::RawValue};
use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::Arc,
};

/// The most that travels inside a request or a reply, in bytes; more goes through a file of the workspace.
const INLINE_BYTES: usize = 1 << 20;
/// Images that one reply shows, and the size of each in bytes. Guards the model's context.
const SHOWN_IMAGES: usize = 4;
const SHOWN_IMAGE_BYTES: Size = 4 << 20;

/// One run's side of artifacts.
#[derive(Debug)]
pub(crate) struct OfRun {
    pub(crate) origin: Arc<Origin>,
    workspace: PathBuf,
    /// Bytes that were copied into the workspace; a guest's own writes are counted in its worker.
    copied_bytes: u64,
    copied_files: u64,
    /// What was made, in its order.
    pub(crate) made: Vec<Record>,
    /// What the model is to see as images.
    pub(crate) shown: Vec<Record>,
}

#[derive(Debug, Deserialize)]
struct Request<'a> {
    action: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    media_type: Option<String>,
    #[serde(default, borrow)]
    value: Option<&'a RawValue>,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    base64: Option<String>,
    #[serde(default)]
    path: Option<String>,
}

impl OfRun {
    /// Whether an artifact was put into the workspace as a file.
    pub(crate) fn has_copied(&self) -> bool {
        self.copied_files > 0
    }

    pub(crate) fn new(origin: Arc<Origin>, workspace: &Path) -> Self {
        OfRun { origin, workspace: workspace.to_owned(), copied_bytes: 0, copied_files: 0, made: Vec::new(), shown: Vec::new() }
    }

    /// Answers one request. What it saves gets the labels of what the run has read; what it loads joins them before the guest can reach it. `calls`
    /// were made by then.
    pub(crate) async fn answer(
        &mut self,
        artifacts: &Artifacts,
        limits: &Limits,
        request: &[u8],
        calls: Vec<String>,
        reads: &mut Reads,
    ) -> Result<String, ArtifactError> {
        let request: Request<'_> =
            serde_json::from_slice(request).map_err(|error| ArtifactError::Invalid(format!("the request is malformed: {error}")))?;
        let name = request.name.as_deref();
        let named = || name.ok_or_else(|| ArtifactError::Invalid("an artifact has a name".to_owned()));
        match request.action.as_str() {
            "save" => self.save(artifacts, limits, named()?, &request, reads.labels().clone(), calls).await,
            "list" => {
                let records = artifacts.list(&self.origin.principal).await?;
                let labels: Labels = records.iter().flat_map(|record| record.labels.iter().cloned()).collect();
                reads.join(&labels).await?;
                let told = |record: &Record| {
                    let mut told = record.told();
                    told["preview"] = record.preview.clone().into();
                    told
                };
                Ok(serde_json::Value::Array(records.iter().map(told).collect()).to_string())
            }
            action @ ("load" | "open" | "show") => {
                let record = artifacts.find(&self.origin.principal, named()?).await?;
                reads.join(&record.labels).await?;
                match action {
                    "load" => self.load(artifacts, limits, &record).await,
                    "open" => self.copy(artifacts, limits, &record).await.map(|path| json!(path).to_string()),
                    _ => self.show(record),
                }
            }
            other => Err(ArtifactError::Invalid(format!("there is no action {:?}", other.chars().take(40).collect::<String>()))),
        }
    }

    async fn save(
        &mut self,
        artifacts: &Artifacts,
        limits: &Limits,
        name: &str,
        request: &Request<'_>,
        labels: Labels,
        calls: Vec<String>,
    ) -> Result<String, ArtifactError> {
        let decoded;
        let (source, usual) = match (request.value, &request.text, &request.base64, &request.path) {
            (Some(value), None, None, None) => (Source::Bytes(value.get().as_bytes()), Some("application/json")),
            (None, Some(text), None, None) => (Source::Bytes(text.as_bytes()), Some("text/plain")),
            (None, None, Some(base64), None) => {
                decoded = STANDARD.decode(base64).map_err(|_| ArtifactError::Invalid("the bytes are not base64".to_owned()))?;
                (Source::Bytes(&decoded), None)
            }
            (None, None, None, Some(path)) => (Source::File(open(&self.workspace, path)?), None),
            _ => return Err(ArtifactError::Invalid("save takes one of value, text, base64 and path".to_owned())),
        };
        if let Source::Bytes(bytes) = source
            && bytes.len() > INLINE_BYTES
        {
            return Err(ArtifactError::Invalid(format!("a request carries at most {INLINE_BYTES} bytes; save a file of the workspace")));
        }
        let media_type = request.media_type.as_deref().or(usual);
        let record = artifacts.save(&self.origin, limits, New { name, media_type, source, labels, calls, automatic: false }).await?;
        let told = record.told().to_string();
        self.made.push(record);
        Ok(told)
    }

    /// The artifact in the reply, or where its copy is.
    async fn load(&mut self, artifacts: &Artifacts, limits: &Limits, record: &Record) -> Result<String, ArtifactError> {
        let kind = match (record.is_json(), record.is_text()) {
            (true, _) => "json",
            (false, true) => "text",
            (false, false) => "bytes",
        };
        if record.size > INLINE_BYTES as Size {
            let path = self.copy(artifacts, limits, record).await?;
            return Ok(json!({"kind": kind, "path": path}).to_string());
        }
        let bytes = artifacts.bytes(record, 0..record.size).await?;
        Ok(match std::str::from_utf8(&bytes) {
            Ok(text) if kind != "bytes" => json!({"kind": kind, "text": text}),
            _ => json!({"kind": "bytes", "base64": STANDARD.encode(&bytes)}),
        }
        .to_string())
    }

    /// Copies the artifact to a fresh file of the workspace; where the guest finds it.
    async fn copy(&mut self, artifacts: &Artifacts, limits: &Limits, record: &Record) -> Result<String, ArtifactError> {
        let copied = self.copied_bytes.saturating_add(record.size);
        if copied > limits.workspace_bytes || self.copied_files >= limits.workspace_files {
            let (bytes, files) = (limits.workspace_bytes, limits.workspace_files);
            let most = format!("a run may copy {files} artifacts of {bytes} bytes in all into its workspace");
            return Err(ArtifactError::Full(format!("{:?} has {} bytes; {most}", record.name, record.size)));
        }
        self.copied_bytes = copied;
        self.copied_files += 1;
        let suffix: String = crate::execute::random::<8>().iter().map(|byte| format!("{byte:02x}")).collect();
        let name = format!(".artifact-{suffix}");
        let file = beneath(&self.workspace, &name, OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL, Mode::RUSR | Mode::WUSR)?;
        if let Err(error) = artifacts.copy(record, file).await {
            let _unfinished = std::fs::remove_file(self.workspace.join(&name));
            return Err(error);
        }
        Ok(format!("{MOUNTED}/{name}"))
    }

    fn show(&mut self, record: Record) -> Result<String, ArtifactError> {
        if !record.is_image() {
            return Err(ArtifactError::Invalid(format!("{:?} is {}, not an image; print what is needed of it", record.name, record.media_type)));
        }
        if record.size > SHOWN_IMAGE_BYTES || self.shown.len() >= SHOWN_IMAGES {
            let most = format!("a reply shows at most {SHOWN_IMAGES} images of at most {SHOWN_IMAGE_BYTES} bytes each");
            return Err(ArtifactError::Full(format!("{:?} has {} bytes; {most}", record.name, record.size)));
        }
        let told = record.told().to_string();
        self.shown.push(record);
        Ok(told)
    }
}

/// Where a guest sees its workspace.
const MOUNTED: &str = "/workspace";

/// Opens a regular file of the workspace for reading, by the path that the guest knows.
fn open(workspace: &Path, path: &str) -> Result<File, ArtifactError> {
    let relative = path.strip_prefix(MOUNTED).and_then(|rest| rest.strip_prefix('/')).unwrap_or(path);
    let file = beneath(workspace, relative, OFlags::RDONLY | OFlags::NONBLOCK, Mode::empty())?;
    if !file.metadata()?.is_file() {
        return Err(ArtifactError::Invalid(format!("{} is not a file", shown(path))));
    }
    Ok(file)
}

fn beneath(workspace: &Path, relative: &str, flags: OFlags, mode: Mode) -> Result<File, ArtifactError> {
    let directory = File::open(workspace)?;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    match rustix::fs::openat2(&directory, relative, flags | OFlags::CLOEXEC | OFlags::NOFOLLOW, mode, resolve) {
        Ok(file) => Ok(file.into()),
        Err(error @ (rustix::io::Errno::NOSPC | rustix::io::Errno::DQUOT | rustix::io::Errno::MFILE | rustix::io::Errno::NFILE)) => {
            Err(std::io::Error::from(error).into())
        }
        // Nothing is told of where a path would have led.
        Err(_) => Err(ArtifactError::Invalid(format!("{} is not a file in the workspace", shown(relative)))),
    }
}

fn shown(path: &str) -> String {
    format!("{:?}", path.chars().take(200).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn no_path_leads_out_of_the_workspace() {
        let place = tempfile::tempdir().unwrap();
        let (inside, outside) = (place.path().join("inside"), place.path().join("outside"));
        std::fs::create_dir_all(inside.join("folder")).unwrap();
        std::fs::write(inside.join("folder/file"), "in").unwrap();
        std::fs::write(&outside, "out").unwrap();
        symlink(&outside, inside.join("link")).unwrap();
        symlink(place.path(), inside.join("way")).unwrap();
        symlink("folder", inside.join("short")).unwrap();
        rustix::fs::mknodat(rustix::fs::CWD, inside.join("pipe"), rustix::fs::FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        for good in ["folder/file", "./folder/file", "/workspace/folder/file", "folder/../folder/file"] {
            assert_eq!(std::io::read_to_string(open(&inside, good).unwrap()).unwrap(), "in", "{good}");
        }
        let absolute = outside.to_str().unwrap();
        let long = "x".repeat(10_000);
        for bad in ["../outside", "link", "way/outside", "short/file", absolute, "/workspace/../outside", "a\0b", "", "nothing", &long] {
            let told = bad.strip_prefix("/workspace/").unwrap_or(bad);
            let expected = format!("{} is not a file in the workspace", shown(told));
            assert_eq!(open(&inside, bad).unwrap_err().to_string(), expected);
        }
        for bad in ["folder", "pipe", "."] {
            assert_eq!(open(&inside, bad).unwrap_err().to_string(), format!("{bad:?} is not a file"));
        }
    }
}
