//! Durations and sizes as people write them: `30s`, `1.5m`, `512MiB`.

use serde::{Deserialize, Deserializer, de};
use std::time::Duration;

/// The longest duration that is accepted: a year. Keeps every deadline far from the clock's end.
const LONGEST_SECS: f64 = 366.0 * 24.0 * 3600.0;

/// The largest size that is accepted: 1 PiB. Below 2^53, so that the arithmetic is exact.
const LARGEST_BYTES: f64 = 1024.0 * 1024.0 * 1024.0 * 1024.0 * 1024.0;

/// Reads a duration: a number and `ms`, `s`, `m` or `h`. Zero is refused: no limit means "nothing may happen".
///
/// # Errors
/// What is wrong with the text, and an example.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    const HOW: &str = "write a number with ms, s, m or h, for example \"30s\"";
    let (number, unit) = split(text).ok_or_else(|| format!("{text:?} is not a duration: {HOW}"))?;
    let seconds = match unit {
        "ms" => number / 1000.0,
        "s" | "sec" => number,
        "m" | "min" => number * 60.0,
        "h" => number * 3600.0,
        "" => return Err(format!("{text:?} has no unit: {HOW}")),
        _ => return Err(format!("{text:?} has an unknown unit {unit:?}: {HOW}")),
    };
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if duration.as_nanos() == 0 => Err(format!("{text:?} must be longer than zero")),
        Ok(duration) if seconds <= LONGEST_SECS => Ok(duration),
        _ => Err(format!("{text:?} is longer than a year")),
    }
}

/// Reads a size: a number and `B`, `KiB`, `MiB`, `GiB` (1024) or `KB`, `MB`, `GB` (1000). Zero is refused.
///
/// # Errors
/// What is wrong with the text, and an example.
pub(crate) fn parse_size(text: &str) -> Result<u64, String> {
    const HOW: &str = "write a number with B, KiB, MiB or GiB, for example \"512MiB\"";
    let (number, unit) = split(text).ok_or_else(|| format!("{text:?} is not a size: {HOW}"))?;
    let factor = match unit.to_ascii_lowercase().as_str() {
        "b" => 1.0,
        "kib" => 1024.0,
        "mib" => 1024.0 * 1024.0,
        "gib" => 1024.0 * 1024.0 * 1024.0,
        "kb" => 1e3,
        "mb" => 1e6,
        "gb" => 1e9,
        "" => return Err(format!("{text:?} has no unit: {HOW}")),
        _ => return Err(format!("{text:?} has an unknown unit {unit:?}: {HOW}")),
    };
    let bytes = (number * factor).round();
    if bytes < 1.0 {
        return Err(format!("{text:?} must be more than zero"));
    }
    if bytes > LARGEST_BYTES {
        return Err(format!("{text:?} is larger than a petabyte"));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and 2^50, whole")]
    Ok(bytes as u64)
}

/// A number and what follows it, without the blanks around either.
fn split(text: &str) -> Option<(f64, &str)> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let number = text[..end].parse().ok()?;
    Some((number, text[end..].trim()))
}

/// A duration in one unit, as short as it is exact enough: `850 ms`, `2.3 s`, `4 min`, `24 h`.
pub(crate) fn show_duration(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 0.9995 {
        format!("{:.0} ms", seconds * 1000.0)
    } else if seconds < 120.0 {
        format!("{} s", short(seconds))
    } else if seconds < 2.0 * 3600.0 {
        format!("{} min", short(seconds / 60.0))
    } else {
        format!("{} h", short(seconds / 3600.0))
    }
}

/// A size in one unit: `612 B`, `16 KiB`, `1.5 GiB`.
pub(crate) fn show_size(bytes: u64) -> String {
    let mut size = as_f64(bytes);
    let mut unit = "B";
    for larger in ["KiB", "MiB", "GiB"] {
        if size < 1024.0 {
            break;
        }
        size /= 1024.0;
        unit = larger;
    }
    format!("{} {unit}", short(size))
}

/// Loses precision above 2^53, which no shown size reaches.
fn as_f64(bytes: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
    {
        bytes as f64
    }
}

/// At most one decimal, none when it is zero.
fn short(number: f64) -> String {
    let text = format!("{number:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// A duration in the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span(pub(crate) Duration);

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Text("a duration such as \"30s\"", |text| parse_duration(text).map(Span)))
    }
}

/// A size in the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size(pub(crate) u64);

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Text("a size such as \"512MiB\"", |text| parse_size(text).map(Size)))
    }
}

/// Accepts a string and nothing else, and says what it should have been: a bare number is the usual mistake.
struct Text<T>(&'static str, fn(&str) -> Result<T, String>);

impl<T> de::Visitor<'_> for Text<T> {
    type Value = T;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        (self.1)(text).map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, read) in [
            ("30s", Ok(Duration::from_secs(30))),
            ("1.5m", Ok(Duration::from_secs(90))),
            (" 250 ms ", Ok(Duration::from_millis(250))),
            ("2h", Ok(Duration::from_secs(7200))),
            ("30", Err("\"30\" has no unit: write a number with ms, s, m or h, for example \"30s\"")),
            ("0s", Err("\"0s\" must be longer than zero")),
            ("soon", Err("\"soon\" is not a duration: write a number with ms, s, m or h, for example \"30s\"")),
            ("-1s", Err("\"-1s\" is not a duration: write a number with ms, s, m or h, for example \"30s\"")),
            ("3 days", Err("\"3 days\" has an unknown unit \"days\": write a number with ms, s, m or h, for example \"30s\"")),
            ("99999999h", Err("\"99999999h\" is longer than a year")),
        ] {
            assert_eq!(parse_duration(text), read.map_err(str::to_owned), "{text:?}");
        }
    }

    #[test]
    fn sizes() {
        for (text, read) in [
            ("512MiB", Ok(512 << 20)),
            ("16 kib", Ok(16 << 10)),
            ("1.5GiB", Ok(3 << 29)),
            ("1MB", Ok(1_000_000)),
            ("7B", Ok(7)),
            ("512", Err("\"512\" has no unit: write a number with B, KiB, MiB or GiB, for example \"512MiB\"")),
            ("0MiB", Err("\"0MiB\" must be more than zero")),
            ("9999999GiB", Err("\"9999999GiB\" is larger than a petabyte")),
            ("big", Err("\"big\" is not a size: write a number with B, KiB, MiB or GiB, for example \"512MiB\"")),
            ("1..2MiB", Err("\"1..2MiB\" is not a size: write a number with B, KiB, MiB or GiB, for example \"512MiB\"")),
        ] {
            assert_eq!(parse_size(text), read.map_err(str::to_owned), "{text:?}");
        }
    }

    #[test]
    fn shown() {
        for (millis, text) in [(0, "0 ms"), (850, "850 ms"), (1000, "1 s"), (2340, "2.3 s"), (240_000, "4 min")] {
            assert_eq!(show_duration(Duration::from_millis(millis)), text);
        }
        for (bytes, text) in [(612, "612 B"), (16 << 10, "16 KiB"), (3 << 29, "1.5 GiB")] {
            assert_eq!(show_size(bytes), text);
        }
    }
}
