//! Artifacts as MCP resources: links in replies, `resources/list`, `resources/templates/list` and `resources/read` with ranges.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use executor::{ArtifactError, Body, Executor, Range, Read, Record};
use policy::Context;
use rmcp::model::{
    CacheScope, ErrorData, ListResourceTemplatesResult, ListResourcesResult, MetaObject, ReadResourceResult, Resource, ResourceContents,
    ResourceTemplate,
};
use serde_json::json;

/// How many artifacts are listed at once.
const PAGE: usize = 100;
/// How much of a preview a link carries, in characters. Guards the model's context.
const PREVIEW_CHARS: usize = 200;
/// How long a client may keep a list. Any run may make an artifact.
const LIST_TTL_MS: u64 = 0;
/// How long a client may keep what it read. The bytes of an id never change.
const READ_TTL_MS: u64 = 3_600_000;

/// The link to an artifact.
pub(crate) fn link(record: &Record) -> Resource {
    let preview = one_line(&record.preview);
    let link = Resource::new(record.uri(), &record.name).with_mime_type(&record.media_type).with_size(record.size);
    if preview.is_empty() { link } else { link.with_description(preview) }
}

/// A preview in one line.
pub(crate) fn one_line(preview: &str) -> String {
    let words = preview.split_whitespace().collect::<Vec<_>>().join(" ");
    let cut: String = words.chars().take(PREVIEW_CHARS).collect();
    if cut.len() < words.len() { format!("{cut}...") } else { cut }
}

/// One page of the list; the cursor is the number of artifacts before it.
pub(crate) async fn list(executor: &Executor, context: &Context, cursor: Option<&str>) -> Result<ListResourcesResult, ErrorData> {
    let from: usize = match cursor {
        None => 0,
        Some(cursor) => cursor.parse().map_err(|_| ErrorData::invalid_params("the cursor is not one that this server gave", None))?,
    };
    let page = executor.artifacts(context, from, PAGE).await.map_err(told)?;
    let mut result = ListResourcesResult::with_all_items(page.records.iter().map(link).collect());
    result.next_cursor = page.more.then(|| from.saturating_add(PAGE).to_string());
    result.ttl_ms = Some(LIST_TTL_MS);
    result.cache_scope = Some(CacheScope::Private);
    Ok(result)
}

/// How an artifact's URI is made.
pub(crate) fn templates() -> ListResourceTemplatesResult {
    let template = ResourceTemplate::new("artifact://{id}{?offset,length}", "artifact")
        .with_description("A value that a program kept, or a range of its bytes; text begins and ends between characters");
    let mut result = ListResourceTemplatesResult::with_all_items(vec![template]);
    result.ttl_ms = Some(READ_TTL_MS);
    result.cache_scope = Some(CacheScope::Private);
    result
}

/// Reads an artifact or a range of it. `_meta` says which range it is and how to read on.
pub(crate) async fn read(executor: &Executor, context: &Context, uri: &str) -> Result<ReadResourceResult, ErrorData> {
    if !uri.starts_with("artifact://") {
        return Err(ErrorData::resource_not_found("the resources of this server begin with artifact://", None));
    }
    let query = uri.split_once('?').map_or("", |(_, query)| query);
    let range = Range::parse(query).map_err(told)?;
    let Read { record, offset, body, next } = executor.read_artifact(context, uri, range).await.map_err(told)?;
    let length = match &body {
        Body::Text(text) => text.len(),
        Body::Bytes(bytes) => bytes.len(),
    };
    let contents = match body {
        Body::Text(text) => ResourceContents::text(text, uri),
        Body::Bytes(bytes) => ResourceContents::blob(STANDARD.encode(bytes), uri),
    };
    let mut contents = contents.with_mime_type(&record.media_type);
    if offset > 0 || next.is_some() {
        let next = next.map(|offset| format!("{}{}", record.uri(), Range { offset, length: range.length }.query()));
        let mut meta = MetaObject::new();
        meta.insert("cofferdam/range".to_owned(), json!({"offset": offset, "length": length, "size": record.size, "next": next}));
        contents = contents.with_meta(meta);
    }
    Ok(ReadResourceResult::new(vec![contents]).with_ttl_ms(READ_TTL_MS).with_cache_scope(CacheScope::Private))
}

fn told(error: ArtifactError) -> ErrorData {
    let text = error.to_string();
    match error {
        ArtifactError::Absent(_) => ErrorData::resource_not_found("there is no such artifact", None),
        ArtifactError::Invalid(_) | ArtifactError::Full(_) => ErrorData::invalid_params(text, None),
        ArtifactError::Disk(source) => {
            tracing::error!(error = %source, "an artifact could not be read");
            ErrorData::internal_error(text, None)
        }
    }
}
