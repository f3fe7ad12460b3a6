//! Names in the store: of objects taken in, of the parts of a window, of what waits to be looked at.
//!
//! Pure. Every name is a function of what lies there, so that the same delivery twice writes the same object twice.

use capture::time::{TimeWindow, format_rfc3339, parse_rfc3339};
use store::join_key;

/// A window of a monitor: from the first second inside to the first outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// First second inside.
    pub start: i64,
    /// First second outside.
    pub end: i64,
}

impl Span {
    /// The window of `length` seconds that holds `second`; windows follow one another from 1970-01-01T00:00:00Z on.
    pub fn of(second: i64, length: i64) -> Self {
        let length = length.max(1);
        let start = second.div_euclid(length) * length;
        Self {
            start,
            end: start + length,
        }
    }

    /// As a scan takes it.
    pub fn window(self) -> TimeWindow {
        TimeWindow {
            start: Some(self.start),
            end: Some(self.end),
        }
    }

    /// Folder name, `2026-11-01T00:00:00Z--2026-11-02T00:00:00Z`.
    pub fn folder(self) -> String {
        let time = |second| format_rfc3339(second).unwrap_or_else(|| second.to_string());
        format!("{}--{}", time(self.start), time(self.end))
    }

    /// The window that a folder's name says.
    pub fn of_folder(name: &str) -> Option<Self> {
        let (start, end) = name.split_once("--")?;
        let (start, end) = (parse_rfc3339(start)?, parse_rfc3339(end)?);
        (start < end).then_some(Self { start, end })
    }

    /// Windows of `length` that an object whose key names `hour` may have records of.
    pub fn reached_from(hour: i64, length: i64) -> impl Iterator<Item = Self> {
        let first = Self::of(hour, length);
        let mut next = first.start;
        std::iter::from_fn(move || {
            let span = Self::of(next, length);
            next = span.end;
            span.window().may_hold_hour(hour).then_some(span)
        })
    }
}

/// A location as it is kept: of this machine, the whole path without `.` and `..`, so that one object has one name.
pub fn whole(location: &str) -> String {
    if location.contains("://") {
        return location.to_owned();
    }
    let Ok(path) = std::path::absolute(location) else {
        return location.to_owned();
    };
    let mut plain = std::path::PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain.display().to_string()
}

/// A short name of some bytes: their XXH3-128, as 32 hexadecimal digits.
pub fn digest(bytes: &[u8]) -> String {
    format!("{:032x}", xxhash_rust::xxh3::xxh3_128(bytes))
}

/// The name of an object's content, read with a layout: equal for equal location, entity tag and layout.
pub fn content_key(location: &str, etag: Option<&str>, layout: &str) -> String {
    digest(format!("{location}\n{}\n{layout}", etag.unwrap_or_default()).as_bytes())
}

/// Endpoint and variant that a capture key names, `…/endpoint/variant/yyyy/mm/dd/hh/name`; `_` for what it does not.
pub fn endpoint_of(location: &str, has_hour: bool) -> (String, String) {
    let below = location.split_once("://").map_or(location, |(_, rest)| rest);
    let mut folders: Vec<&str> = below.split('/').filter(|part| !part.is_empty()).collect();
    folders.pop();
    if has_hour {
        folders.truncate(folders.len().saturating_sub(4));
    }
    let variant = folders.pop().unwrap_or("_").to_owned();
    (folders.pop().unwrap_or("_").to_owned(), variant)
}

/// Folder of the objects of an hour below the store's root, with a `/` at the end.
pub fn index_folder(root: &str, endpoint: &str, variant: &str, hour: Option<i64>) -> String {
    let hour = hour.and_then(format_rfc3339).map_or_else(
        || "undated".to_owned(),
        |time| {
            format!(
                "{}/{}/{}/{}",
                &time[..4],
                &time[5..7],
                &time[8..10],
                &time[11..13]
            )
        },
    );
    join_key(root, &format!("index/{endpoint}/{variant}/{hour}/"))
}

/// Names below the store's root for one monitor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonitorKeys {
    folder: String,
}

impl MonitorKeys {
    /// Of the monitor `name`.
    pub fn new(root: &str, name: &str) -> Self {
        Self {
            folder: join_key(root, &format!("monitors/{name}")),
        }
    }

    /// The parts of a window under a baseline, with a `/` at the end.
    pub fn parts(&self, baseline: &str, span: Span) -> String {
        format!("{}/parts/{baseline}/{}/", self.folder, span.folder())
    }

    /// A part.
    pub fn part(&self, baseline: &str, span: Span, content: &str) -> String {
        format!("{}{content}.part", self.parts(baseline, span))
    }

    /// Baselines that parts were made under, with a `/` at the end.
    pub fn baselines(&self) -> String {
        format!("{}/baselines/", self.folder)
    }

    /// Windows that got something since they were last looked at, with a `/` at the end.
    pub fn pending(&self) -> String {
        format!("{}/pending/", self.folder)
    }

    /// Says that a window got an object.
    pub fn pending_object(&self, span: Span, content: &str) -> String {
        format!("{}{}/{content}", self.pending(), span.folder())
    }

    /// The documents of a window, `r<revision>/` below it, with a `/` at the end.
    pub fn window(&self, span: Span) -> String {
        format!("{}/windows/{}/", self.folder, span.folder())
    }

    /// The documents of all windows.
    pub fn windows(&self) -> String {
        format!("{}/windows", self.folder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_lie_on_a_grid_and_have_names() {
        // date -u -d 2026-11-01T10:07:30Z +%s (GNU coreutils 9.1)
        let span = Span::of(1_793_527_650, 300);
        assert_eq!(span.folder(), "2026-11-01T10:05:00Z--2026-11-01T10:10:00Z");
        assert_eq!(Span::of_folder(&span.folder()), Some(span));
        assert_eq!(Span::of_folder("a--b"), None);
        assert_eq!(Span::of(-1, 60), Span { start: -60, end: 0 });
    }

    #[test]
    fn an_hours_object_reaches_the_windows_that_a_listing_would_find_it_for() {
        let hour = 1_793_523_600;
        for length in [300, 420, 3_600, 7_200, 86_400] {
            let reached: Vec<Span> = Span::reached_from(hour, length).collect();
            let all = (-30..60).map(|n| Span::of(hour + n * length, length));
            let expected: Vec<Span> = all.filter(|span| span.window().may_hold_hour(hour)).collect();
            assert_eq!(reached, expected, "{length}");
        }
    }

    #[test]
    fn one_object_has_one_name() {
        for text in ["/a/b/../c/x", "/a/./c/x", "/a/c//x"] {
            assert_eq!(whole(text), "/a/c/x", "{text}");
        }
        assert_eq!(whole("s3://b/a/../x"), "s3://b/a/../x");
        assert!(whole("x").ends_with("/x") && whole("x").starts_with('/'));
    }

    #[test]
    fn keys_name_endpoint_and_variant() {
        let of = |text: &str, has_hour| {
            let (endpoint, variant) = endpoint_of(text, has_hour);
            format!("{endpoint} {variant}")
        };
        assert_eq!(
            of("s3://b/capture/ep/AllTraffic/2026/11/01/10/x.jsonl", true),
            "ep AllTraffic"
        );
        assert_eq!(of("s3://b/x.jsonl", false), "_ b");
        assert_eq!(of("x.jsonl", false), "_ _");
        assert_eq!(
            index_folder("r", "ep", "v", Some(0)),
            "r/index/ep/v/1970/01/01/00/"
        );
        assert_eq!(index_folder("", "ep", "v", None), "index/ep/v/undated/");
    }
}
