//! What an artifact looks like, in some hundred characters, and what it is when nobody said.

use super::{Shape, Size};
use std::{
    fs::File,
    io::{BufReader, Read, Seek, SeekFrom},
    path::Path,
};

/// How much of a text is shown from its beginning, and from its end, in bytes.
const HEAD_BYTES: u64 = 400;
const TAIL_BYTES: u64 = 120;
/// The longest preview, in bytes.
const PREVIEW_BYTES: usize = 1200;
/// How much of a file tells what it is, in bytes.
const SNIFFED_BYTES: u64 = 4096;
/// The largest JSON document that is read for its shape, in bytes. Guards the time that a program waits for `save`.
const SHAPED_BYTES: Size = 64 << 20;

/// The media type of a file: by its first bytes if it is an image, else by the ending of its name, else text or not.
pub(super) fn media_type(file: &Path, name: &str) -> &'static str {
    let mut head = Vec::new();
    // What cannot be read now cannot be kept either, and that is told.
    let _unreadable = File::open(file).and_then(|file| file.take(SNIFFED_BYTES).read_to_end(&mut head));
    match imagesize::image_type(&head) {
        Ok(imagesize::ImageType::Png) => return "image/png",
        Ok(imagesize::ImageType::Jpeg) => return "image/jpeg",
        Ok(imagesize::ImageType::Gif) => return "image/gif",
        Ok(imagesize::ImageType::Webp) => return "image/webp",
        _ => {}
    }
    let text = match std::str::from_utf8(&head) {
        Ok(_) => true,
        // Only the last character may be cut.
        Err(error) => error.error_len().is_none(),
    } && !head.contains(&0);
    if !text {
        return "application/octet-stream";
    }
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("json") => "application/json",
        Some("jsonl" | "ndjson") => "application/x-ndjson",
        Some("csv") => "text/csv",
        Some("tsv") => "text/tab-separated-values",
        Some("md") => "text/markdown",
        Some("html" | "htm") => "text/html",
        Some("xml") => "application/xml",
        Some("svg") => "image/svg+xml",
        _ => "text/plain",
    }
}

/// A preview of what lies in `file`.
pub(super) fn preview(file: &Path, media_type: &str, size: Size) -> std::io::Result<String> {
    let mut from = File::open(file)?;
    if media_type.starts_with("image/")
        && let Ok(image) = imagesize::reader_size(BufReader::new(&from))
    {
        return Ok(format!("image, {} x {}", image.width, image.height));
    }
    from.rewind()?;
    let json = media_type == "application/json" || media_type.ends_with("+json");
    if json
        && size <= SHAPED_BYTES
        && let Some(shape) = Shape::of_reader(BufReader::new(&from))
    {
        let words = shape.words();
        // A number or a short text shows itself.
        if words.contains(' ') {
            return Ok(cut(&words));
        }
    }
    from.rewind()?;
    let mut head = Vec::new();
    (&from).take(HEAD_BYTES).read_to_end(&mut head)?;
    let mut tail = Vec::new();
    if size > HEAD_BYTES + TAIL_BYTES {
        from.seek(SeekFrom::Start(size - TAIL_BYTES))?;
        from.take(TAIL_BYTES).read_to_end(&mut tail)?;
    } else {
        from.read_to_end(&mut head)?;
    }
    if head.contains(&0) || (std::str::from_utf8(&head).is_err_and(|error| error.error_len().is_some())) {
        return Ok("binary".to_owned());
    }
    let gap = if tail.is_empty() { "" } else { " ... " };
    let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_matches('\u{fffd}').to_owned();
    Ok(cut(&format!("{}{gap}{}", lossy(&head).trim_end(), lossy(&tail))))
}

/// Cleaned and within bounds.
fn cut(text: &str) -> String {
    let clean = gate::screen(text, usize::MAX, 0).text;
    clean.get(..clean.floor_char_boundary(PREVIEW_BYTES)).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A PNG's signature and its header chunk.
    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\x02\x80\0\0\x01\xe0\x08\x02\0\0\0";

    #[track_caller]
    fn check(bytes: &[u8], name: &str, media: &str, shown: &str) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        assert_eq!(media_type(file.path(), name), media);
        assert_eq!(preview(file.path(), media, bytes.len() as u64).unwrap(), shown);
    }

    #[test]
    fn files_show_what_they_are() {
        check(PNG, "shot", "image/png", "image, 640 x 480");
        check(b"\x89PNG\r\n\x1a\n broken", "x", "image/png", "binary");
        check(b"a,b\n1,2\n", "t.csv", "text/csv", "a,b\n1,2");
        check(b"[{\"a\": 1}]", "t.json", "application/json", "list of 1 object; columns: a integer");
        check(b"{\"a\": ", "t.json", "application/json", "{\"a\":");
        check(b"17", "t.json", "application/json", "17");
        check(b"\0\x01\xff", "t.txt", "application/octet-stream", "binary");
        check(b"", "t", "text/plain", "");
        check("a\u{1b}[31mb\u{202e}".as_bytes(), "t", "text/plain", "ab\\u{202e}");
        let long: String = (0..200).map(|n| format!("{n:04} ")).collect();
        check(long.as_bytes(), "t", "text/plain", &format!("{} ... {}", long[..400].trim_end(), &long[880..]));
    }

    #[test]
    fn a_cut_character_is_left_out() {
        let text = format!("{}é{}", "x".repeat(399), "é".repeat(200));
        check(text.as_bytes(), "t", "text/plain", &format!("{} ... {}", "x".repeat(399), "é".repeat(60)));
    }
}
