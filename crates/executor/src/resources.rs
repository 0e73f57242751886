//! Artifacts as clients read them. Everything that is shown to a context joins its labels there first.

use crate::{ArtifactError, Executor, Range, Read, Record};
use policy::{Context, Labels};

impl Executor {
    /// All artifacts of the context's principal, the newest first. Their names and previews count as seen from `page` on, `length` of them.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn artifacts(&self, context: &Context, page: usize, length: usize) -> Result<Page, ArtifactError> {
        let mut all = self.store().list(&context.principal).await?;
        let more = all.len() > page.saturating_add(length);
        let records: Vec<Record> = all.drain(page.min(all.len())..page.saturating_add(length).min(all.len())).collect();
        let labels: Labels = records.iter().flat_map(|record| record.labels.iter().cloned()).collect();
        self.contexts().join(context, &labels).await?;
        Ok(Page { records, more })
    }

    /// Reads a piece of the artifact with this name, id or URI.
    ///
    /// # Errors
    /// When there is no such artifact, the range cannot be read at once, or the disk fails.
    pub async fn read_artifact(&self, context: &Context, reference: &str, range: Range) -> Result<Read, ArtifactError> {
        let record = self.store().find(&context.principal, reference).await?;
        self.contexts().join(context, &record.labels).await?;
        self.store().read(record, range).await
    }
}

/// Some artifacts of a longer list.
#[derive(Debug, Clone)]
pub struct Page {
    /// The artifacts.
    pub records: Vec<Record>,
    /// Whether there are more behind them.
    pub more: bool,
}
