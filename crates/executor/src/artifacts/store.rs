//! The directory of artifacts: saving, finding and removing, by any number of processes at once.

use super::{
    ArtifactError, New, Origin, Provenance, Record, Size, Source, preview,
    record::{bare, check_media_type, check_name, is_id},
};
use bytes::Bytes;
use gate::Secrets;
use object_store::{MultipartUpload as _, ObjectStoreExt as _, local::LocalFileSystem, path::Path as Key};
use policy::{Limits, Principal};
use std::{
    borrow::Borrow,
    collections::HashSet,
    fs::{self, DirBuilder, File},
    io::{self, Read as _},
    ops::Range,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime},
};

/// How much is held of an artifact on its way to the disk or from it, in bytes.
const CHUNK_BYTES: usize = 1 << 18;
/// How many artifacts a principal may have. Guards the time that a look at all of them takes.
const MOST: usize = 4096;
/// Every process that may write holds this file's lock, together with the others.
const WRITERS: &str = "writers";

const BLOBS: &str = "blobs";
const RECORDS: &str = "records";
const TEMPORARY: &str = "temporary";

/// The artifacts of all principals below one state directory.
#[derive(Debug)]
pub struct Artifacts {
    root: PathBuf,
    pub(super) secrets: Secrets,
    store: LocalFileSystem,
    _writer: File,
}

/// Bytes that were written and have no name yet. They are removed unless they are moved away.
struct Written {
    path: PathBuf,
    hash: String,
    size: Size,
}

impl Drop for Written {
    fn drop(&mut self) {
        // Usually it was moved.
        let _moved = fs::remove_file(&self.path);
    }
}

impl Artifacts {
    /// Opens the directory below `state`, making it if need be, and removes what dead processes left half written.
    ///
    /// # Errors
    /// When it cannot be made or written to.
    pub fn open(state: &Path) -> io::Result<Self> {
        let root = state.join("artifacts");
        for name in [BLOBS, RECORDS, TEMPORARY] {
            DirBuilder::new().recursive(true).mode(0o700).create(root.join(name))?;
        }
        let writer = File::options().create(true).truncate(false).write(true).open(root.join(WRITERS))?;
        // Nobody else is there, so what is half written is of the dead. Their age says nothing: clocks jump.
        if writer.try_lock().is_ok() {
            for entry in fs::read_dir(root.join(TEMPORARY))?.flatten() {
                let _gone = fs::remove_file(entry.path());
            }
            writer.unlock()?;
        }
        writer.lock_shared()?;
        let store = LocalFileSystem::new_with_prefix(&root).map_err(io::Error::other)?;
        Ok(Artifacts { root, secrets: Secrets::default(), store, _writer: writer })
    }

    /// The same, removing these values from what is kept and read.
    pub(crate) fn without(self, secrets: Secrets) -> Self {
        Artifacts { secrets, ..self }
    }

    /// Keeps an artifact. Nothing is there of it unless it is there whole.
    pub(crate) async fn save(&self, origin: &Origin, limits: &Limits, new: New<'_>) -> Result<Record, ArtifactError> {
        let name = self.secrets.remove(new.name);
        check_name(&name)?;
        new.media_type.map_or(Ok(()), check_media_type)?;
        let written = self.write(new.source, limits.artifact_bytes).await?;
        let provenance = Provenance {
            run: origin.run,
            program: origin.program.clone(),
            session: origin.session.clone(),
            calls: new.calls,
            made_at_us: SystemTime::UNIX_EPOCH.elapsed().ok().and_then(|since| u64::try_from(since.as_micros()).ok()).unwrap_or(0),
        };
        let mut record = Record {
            id: crate::execute::random::<8>().iter().map(|byte| format!("{byte:02x}")).collect(),
            name: name.into_owned(),
            media_type: new.media_type.unwrap_or("application/octet-stream").to_owned(),
            size: written.size,
            hash: written.hash.clone(),
            preview: String::new(),
            labels: new.labels,
            provenance,
            automatic: new.automatic,
        };
        let (path, name, told, size) = (written.path.clone(), record.name.clone(), new.media_type.map(str::to_owned), written.size);
        let looked = blocking(move || {
            let media_type = told.unwrap_or_else(|| preview::media_type(&path, &name).to_owned());
            Ok((preview::preview(&path, &media_type, size)?, media_type))
        });
        // The reader of images may fail on a hostile one in any way; the bytes are kept all the same.
        match looked.await {
            Ok((preview, media_type)) => (record.preview, record.media_type) = (self.secrets.remove(&preview).into_owned(), media_type),
            Err(error) => tracing::warn!(%error, "an artifact has no preview"),
        }
        let (root, principal, most) = (self.root.clone(), origin.principal.clone(), limits.artifacts_bytes);
        blocking(move || commit(&root, &principal, record, &written, most)).await
    }

    /// Streams bytes to a temporary file, hashing them.
    async fn write(&self, source: Source<'_>, most: Size) -> Result<Written, ArtifactError> {
        let name: String = crate::execute::random::<16>().iter().map(|byte| format!("{byte:02x}")).collect();
        let mut upload = self.store.put_multipart(&Key::from_iter([TEMPORARY, name.as_str()])).await?;
        let mut hasher = blake3::Hasher::new();
        let mut size: Size = 0;
        let mut source = match source {
            Source::Bytes(bytes) => Chunks::Bytes(bytes.chunks(CHUNK_BYTES)),
            Source::File(file) => Chunks::File(file),
        };
        let mut pieces = Some(self.secrets.pieces());
        while let Some(mut passing) = pieces.take() {
            let chunk = match source.next().await? {
                Some(chunk) => {
                    let chunk = passing.push(Vec::from(chunk));
                    pieces = Some(passing);
                    chunk
                }
                None => passing.finish(),
            };
            if chunk.is_empty() {
                continue;
            }
            size += chunk.len() as Size;
            if size > most {
                upload.abort().await?;
                return Err(ArtifactError::Full(format!("an artifact has at most {most} bytes; save less, or in parts")));
            }
            hasher.update(&chunk);
            upload.put_part(chunk.into()).await?;
        }
        upload.complete().await?;
        Ok(Written { path: self.root.join(TEMPORARY).join(name), hash: hasher.finalize().to_string(), size })
    }

    /// All artifacts of a principal, the newest first.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub async fn list(&self, principal: &Principal) -> Result<Vec<Record>, ArtifactError> {
        let folder = records(&self.root, principal);
        blocking(move || Ok(read_records(&folder)?)).await
    }

    /// The artifact of this name, id or URI. A name means the newest artifact that has it.
    ///
    /// # Errors
    /// `Absent` when there is none, `Disk` when it cannot be read.
    pub async fn find(&self, principal: &Principal, reference: &str) -> Result<Record, ArtifactError> {
        let wanted = bare(reference).to_owned();
        let folder = records(&self.root, principal);
        blocking(move || {
            if is_id(&wanted)
                && let Ok(record) = read_record(&folder.join(format!("{wanted}.json")))
            {
                return Ok(record);
            }
            let found = read_records(&folder)?.into_iter().find(|record| record.name == wanted);
            found.ok_or_else(|| ArtifactError::Absent(wanted.chars().take(200).collect()))
        })
        .await
    }

    /// Bytes of an artifact.
    ///
    /// # Errors
    /// `Disk` when they cannot be read.
    pub async fn bytes(&self, record: &Record, range: Range<Size>) -> Result<Bytes, ArtifactError> {
        if range.is_empty() {
            return Ok(Bytes::new());
        }
        Ok(self.store.get_range(&Key::from_iter([BLOBS, record.hash.as_str()]), range).await?)
    }

    /// Writes all bytes of an artifact to a file; where the file system can, it shares them.
    pub(crate) async fn copy(&self, record: &Record, mut to: File) -> Result<(), ArtifactError> {
        let blob = self.root.join(BLOBS).join(&record.hash);
        blocking(move || Ok(io::copy(&mut File::open(blob)?, &mut to).map(drop)?)).await
    }

    /// Removes artifacts by id; their bytes go when no other artifact, of whatever principal, has the same.
    ///
    /// # Errors
    /// `Disk` when they cannot be removed.
    pub async fn remove(&self, principal: &Principal, ids: Vec<String>) -> Result<(), ArtifactError> {
        let (root, folder) = (self.root.clone(), records(&self.root, principal));
        blocking(move || {
            let _lock = lock(&root)?;
            for id in ids.iter().filter(|id| is_id(id)) {
                match fs::remove_file(folder.join(format!("{id}.json"))) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
                    _ => {}
                }
            }
            Ok(sweep(&root)?)
        })
        .await
    }
}

/// The bytes of a new artifact, a piece at a time.
enum Chunks<'a> {
    Bytes(std::slice::Chunks<'a, u8>),
    File(File),
}

impl Chunks<'_> {
    async fn next(&mut self) -> Result<Option<Bytes>, ArtifactError> {
        let file = match self {
            Chunks::Bytes(chunks) => return Ok(chunks.next().map(Bytes::copy_from_slice)),
            Chunks::File(file) => file.try_clone()?,
        };
        blocking(move || {
            let mut chunk = Vec::with_capacity(CHUNK_BYTES);
            file.take(CHUNK_BYTES as u64).read_to_end(&mut chunk)?;
            Ok(Some(chunk).filter(|chunk| !chunk.is_empty()).map(Bytes::from))
        })
        .await
    }
}

/// Gives written bytes their place and their record, if there is room.
fn commit(root: &Path, principal: &Principal, mut record: Record, written: &Written, most: Size) -> Result<Record, ArtifactError> {
    let folder = records(root, principal);
    let _lock = lock(root)?;
    DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
    let mut known = read_records(&folder)?;
    // A clock may stand still or be set back: a name must mean what was saved last.
    let newest = known.first().map_or(0, |newest| newest.provenance.made_at_us);
    record.provenance.made_at_us = record.provenance.made_at_us.max(newest + 1);
    let asked_for: Vec<&Record> = known.iter().filter(|old| !old.automatic).collect();
    if let Some(what) = too_much(&asked_for, &record, most) {
        return Err(ArtifactError::Full(format!("there is no room: {what} are the most; `cofferdam artifacts rm` makes room")));
    }
    let mut evicted = false;
    while too_much(&known, &record, most).is_some()
        && let Some(oldest) = known.iter().rposition(|old| old.automatic)
    {
        fs::remove_file(folder.join(format!("{}.json", known.remove(oldest).id)))?;
        evicted = true;
    }
    if evicted {
        sweep(root)?;
    }
    let unnamed = root.join(TEMPORARY).join(&record.id);
    let placed = place(root, &folder, &record, written, &unnamed);
    if placed.is_err() {
        // Usually the disk is full: what was begun is taken back, as far as it was.
        let (_unnamed, _blob) = (fs::remove_file(&unnamed), sweep(root));
    }
    placed.map(|()| record)
}

/// Puts bytes and record where they are looked for.
fn place(root: &Path, folder: &Path, record: &Record, written: &Written, unnamed: &Path) -> Result<(), ArtifactError> {
    let blob = root.join(BLOBS).join(&record.hash);
    // One of another length was cut short by a power failure.
    if fs::metadata(&blob).map_or(true, |there| there.len() != record.size) {
        fs::rename(&written.path, &blob)?;
    }
    // Named in one step: a reader finds it whole or not at all.
    fs::write(unnamed, serde_json::to_vec(record).map_err(io::Error::other)?)?;
    Ok(fs::rename(unnamed, folder.join(format!("{}.json", record.id)))?)
}

/// The limit that one more would break.
fn too_much<R: Borrow<Record>>(known: &[R], more: &Record, most: Size) -> Option<String> {
    let mut seen = HashSet::new();
    let distinct = std::iter::once(more).chain(known.iter().map(Borrow::borrow)).filter(|record| seen.insert(&record.hash));
    let bytes = distinct.map(|record| record.size).fold(0, Size::saturating_add);
    if known.len() >= MOST { Some(format!("{MOST} artifacts")) } else { (bytes > most).then(|| format!("{most} bytes of artifacts")) }
}

/// Removes the bytes that no record refers to. Under the lock every other has one.
fn sweep(root: &Path) -> io::Result<()> {
    let mut referred = HashSet::new();
    for folder in fs::read_dir(root.join(RECORDS))? {
        for entry in fs::read_dir(folder?.path())? {
            let path = entry?.path();
            match read_record(&path) {
                Ok(record) => drop(referred.insert(record.hash)),
                // Cut short by a power failure. Under the lock nobody is writing it, and nobody can find what it named.
                Err(error) if error.kind() == io::ErrorKind::InvalidData => fs::remove_file(path)?,
                // It may refer to anything: then nothing is removed.
                Err(error) => return Err(error),
            }
        }
    }
    for blob in fs::read_dir(root.join(BLOBS))? {
        let blob = blob?;
        if !blob.file_name().to_str().is_some_and(|hash| referred.contains(hash)) {
            fs::remove_file(blob.path())?;
        }
    }
    Ok(())
}

/// How long the lock is waited for: another server may be stopped while it holds it.
const LOCK_WAIT: Duration = Duration::from_secs(10);
const LOCK_RETRY: Duration = Duration::from_millis(5);

/// Waits for the one who adds or removes artifacts; the lock is held as long as the file is open.
fn lock(root: &Path) -> io::Result<File> {
    let file = File::options().create(true).truncate(false).write(true).open(root.join("lock"))?;
    let deadline = Instant::now() + LOCK_WAIT;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(fs::TryLockError::WouldBlock) if Instant::now() < deadline => std::thread::sleep(LOCK_RETRY),
            Err(fs::TryLockError::WouldBlock) => {
                return Err(io::Error::new(io::ErrorKind::WouldBlock, "another process has held the artifacts' lock for too long"));
            }
            Err(fs::TryLockError::Error(error)) => return Err(error),
        }
    }
}

fn records(root: &Path, principal: &Principal) -> PathBuf {
    root.join(RECORDS).join(blake3::hash(principal.as_str().as_bytes()).to_string())
}

/// All records in a folder, the newest first.
fn read_records(folder: &Path) -> io::Result<Vec<Record>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut records = Vec::new();
    for entry in entries {
        let path = entry?.path();
        match read_record(&path) {
            Ok(record) => records.push(record),
            // Another process removed it just now.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => tracing::warn!(path = %path.display(), %error, "an artifact's record cannot be read"),
        }
    }
    records.sort_by_key(|record: &Record| std::cmp::Reverse(record.provenance.made_at_us));
    Ok(records)
}

fn read_record(path: &Path) -> io::Result<Record> {
    serde_json::from_slice(&fs::read(path)?).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// Work on the disk, away from the threads that answer.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, ArtifactError> + Send + 'static) -> Result<T, ArtifactError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|panicked| Err(ArtifactError::Disk(io::Error::other(panicked))))
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
