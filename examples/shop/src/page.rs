//! Paging and the checks on arguments that both servers share.

use rmcp::schemars::Schema;
use serde_json::Value;

/// A page is at most this many rows: everything there is, in one reply of several megabytes.
pub(crate) const MAX_ROWS: u32 = 50_000;

/// Where a page starts and how long it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Page {
    /// The last id of the page before, 0 for the first page.
    pub(crate) after: u32,
    pub(crate) limit: u32,
}

impl Page {
    pub(crate) fn new(limit: Option<u32>, cursor: Option<&str>) -> Result<Self, String> {
        let limit = limit.unwrap_or(100);
        if !(1..=MAX_ROWS).contains(&limit) {
            return Err(format!("limit must be between 1 and {MAX_ROWS}, not {limit}"));
        }
        let after = match cursor {
            None => 0,
            Some(text) => text
                .strip_prefix("after:")
                .and_then(|id| id.parse().ok())
                .ok_or("cursor must be a next_cursor from an earlier page of the same list")?,
        };
        Ok(Self { after, limit })
    }

    /// Cuts the row too many that was read to see whether there is a next page, and says where that starts.
    pub(crate) fn cut<T>(self, rows: &mut Vec<T>, id: fn(&T) -> u32) -> Option<String> {
        let more = rows.len() > self.limit as usize;
        rows.truncate(self.limit as usize);
        rows.last().filter(|_| more).map(|last| format!("after:{}", id(last)))
    }
}

/// Accepts `2025-03-12`. Later code compares such texts letter by letter.
pub(crate) fn check_date(name: &str, date: Option<&str>) -> Result<(), String> {
    let Some(date) = date else { return Ok(()) };
    let mut parts = date.splitn(3, '-').map(|p| (p.len(), p.parse::<u32>().ok().filter(|_| p.bytes().all(|b| b.is_ascii_digit()))));
    match (parts.next(), parts.next(), parts.next()) {
        (Some((4, Some(_))), Some((2, Some(1..=12))), Some((2, Some(1..=31)))) => Ok(()),
        _ => Err(format!("{name} must be a date like 2025-03-12, not {date:?}")),
    }
}

/// Takes `"default": null` out of an argument schema: left out is what is meant, and null would not match the argument's type.
pub(crate) fn without_null_defaults(schema: &mut Schema) {
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    for property in properties.into_iter().flat_map(|all| all.values_mut()).filter_map(Value::as_object_mut) {
        if property.get("default").is_some_and(Value::is_null) {
            property.remove("default");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_cut_where_it_ends() {
        let page = Page::new(Some(2), Some("after:7")).unwrap();
        assert_eq!(page, Page { after: 7, limit: 2 });
        let mut rows = vec![8, 9, 10];
        assert_eq!(page.cut(&mut rows, |id| *id), Some("after:9".to_owned()));
        assert_eq!(rows, [8, 9]);
        assert_eq!(page.cut(&mut rows, |id| *id), None);
    }

    #[test]
    fn bad_arguments_are_named() {
        assert_eq!(Page::new(Some(0), None), Err("limit must be between 1 and 50000, not 0".to_owned()));
        assert_eq!(Page::new(None, Some("7")), Err("cursor must be a next_cursor from an earlier page of the same list".to_owned()));
        assert_eq!(check_date("placed_from", Some("2025-03-12")), Ok(()));
        for bad in ["2025-3-12", "12.03.2025", "2025-13-01", "2025-03-12T00:00:00Z", ""] {
            assert_eq!(check_date("placed_from", Some(bad)), Err(format!("placed_from must be a date like 2025-03-12, not {bad:?}")));
        }
    }
}
