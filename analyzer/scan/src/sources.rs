//! Which objects a location holds for a window, and what their lines are.
//!
//! Knows the hour layout of endpoint capture and the manifests of batch-transform capture (contract §1.2, §1.4).
//! Does not decode records.

use crate::error::{EngineError, ErrorKind};
use capture::decode::RecordFormat;
use capture::time::{TimeWindow, days_from_civil};
use serde::Deserialize;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use store::{Location, ObjectStore, StoreOptions, open_store, strip_root};

/// An object to read.
#[derive(Debug, Clone)]
pub struct Source {
    /// The store it is in.
    pub store: Arc<dyn ObjectStore>,
    /// Its key in that store.
    pub key: String,
    /// The key as documents name it: below the location that was asked for, or whole for a manifest's objects.
    pub shown_key: String,
    /// Its size as stored.
    pub size: u64,
    /// First second of the hour its key names.
    pub hour: Option<i64>,
    /// When it was last written, where the store keeps that.
    pub modified: Option<SystemTime>,
    /// Its entity tag, where a listing tells it.
    pub etag: Option<String>,
    /// Whether a batch-transform manifest named it.
    pub from_manifest: bool,
    /// What its lines are, where that was said and is not to be found out.
    pub format: Option<RecordFormat>,
}

impl Source {
    /// Second it was last written, where the store keeps that.
    pub fn written(&self) -> Option<i64> {
        let since = self.modified?.duration_since(UNIX_EPOCH).ok()?;
        i64::try_from(since.as_secs()).ok()
    }

    /// Whether it is a Parquet table, by its name: such objects are read as a whole, not by lines.
    pub fn is_parquet(&self) -> bool {
        let name = self.shown_key.to_ascii_lowercase();
        name.ends_with(".parquet") || name.ends_with(".pq")
    }
}

/// What a location holds.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// Objects to read, by key.
    pub objects: Vec<Source>,
    /// The window they were looked for in.
    pub window: TimeWindow,
    /// Objects whose hour lies outside the window.
    pub n_outside_window: usize,
    /// Objects that are no data (hidden files, markers).
    pub n_ignored: usize,
}

/// Lists `location`, leaving out hours that `window` cannot reach.
pub async fn discover(
    location: &Location,
    options: &StoreOptions,
    window: &TimeWindow,
) -> Result<Sources, EngineError> {
    let (store, root) = open_store(location, options).await?;
    let listed = store.list(&root).await?;
    let mut sources = Sources {
        window: *window,
        ..Sources::default()
    };
    for meta in listed {
        let shown_key = strip_root(&root, &meta.key).to_owned();
        let name = shown_key.rsplit('/').next().unwrap_or_default();
        if name.is_empty() || name.starts_with(['.', '_']) || shown_key.starts_with('.') {
            sources.n_ignored += 1;
            continue;
        }
        let hour = hour_of_key(&shown_key).or_else(|| hour_of_key(&meta.key));
        if hour.is_some_and(|hour| !window.may_hold_hour(hour)) {
            sources.n_outside_window += 1;
            continue;
        }
        let store = Arc::clone(&store);
        sources.objects.push(Source {
            store,
            key: meta.key,
            shown_key,
            size: meta.size,
            hour,
            modified: meta.last_modified,
            etag: meta.etag,
            from_manifest: false,
            format: None,
        });
    }
    sources.objects = follow_manifests(sources.objects, options).await?;
    Ok(sources)
}

impl Sources {
    /// Leaves out objects of other variants than `variants`: those whose key, below the location, names another one in front
    /// of its hours. None named: all stay.
    pub fn keep_variants(&mut self, variants: &[String]) {
        if variants.is_empty() {
            return;
        }
        self.objects.retain(|source| {
            variant_of_key(&source.shown_key).is_none_or(|name| variants.iter().any(|kept| kept == name))
        });
    }
}

/// The variant that `…/variant/yyyy/mm/dd/hh/name` names.
pub fn variant_of_key(key: &str) -> Option<&str> {
    hour_of_key(key)?;
    key.rsplit('/').nth(5)
}

/// The hour that `…/yyyy/mm/dd/hh/name` names.
pub fn hour_of_key(key: &str) -> Option<i64> {
    let mut parts = key.rsplit('/').skip(1);
    let (hour, day, month, year) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let number = |text: &str, n_digits: usize, max: i64| {
        let fits = text.len() == n_digits && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<i64>().ok().filter(|n| fits && *n <= max)
    };
    let (year, month, day, hour) = (
        number(year, 4, 9999)?,
        number(month, 2, 12)?,
        number(day, 2, 31)?,
        number(hour, 2, 23)?,
    );
    (month > 0 && day > 0).then(|| days_from_civil(year, month, day) * 86_400 + hour * 3600)
}

/// A manifest's elements: where, then names below it.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum ManifestPart {
    Prefix { prefix: String },
    Name(String),
}

/// Replaces batch-transform manifests by the objects they name. Input manifests give way to output manifests of the
/// same location: a joined output holds the input too.
async fn follow_manifests(objects: Vec<Source>, options: &StoreOptions) -> Result<Vec<Source>, EngineError> {
    const MAX_MANIFEST_BYTES: u64 = 4 << 20;
    let mut plain = Vec::new();
    let mut manifests = Vec::new();
    for source in objects {
        if !source.shown_key.ends_with(".json") || source.size > MAX_MANIFEST_BYTES {
            plain.push(source);
            continue;
        }
        let object = source.store.get(&source.key, MAX_MANIFEST_BYTES).await?;
        match serde_json::from_slice::<Vec<ManifestPart>>(&object.bytes) {
            Ok(parts) if matches!(parts.first(), Some(ManifestPart::Prefix { .. })) => {
                manifests.push((source, parts));
            }
            _ => plain.push(source),
        }
    }
    let is_input = |source: &Source| format!("/{}", source.key).contains("/input/");
    if manifests.iter().any(|(source, _)| !is_input(source)) {
        manifests.retain(|(source, _)| !is_input(source));
    }
    for (manifest, parts) in manifests {
        let mut prefix = String::new();
        for part in parts {
            match part {
                ManifestPart::Prefix { prefix: named } => prefix = named,
                ManifestPart::Name(name) => {
                    let whole = format!("{prefix}{name}");
                    let location = Location::parse(&whole)?;
                    let (store, root) = open_store(&location, options).await?;
                    let listed = store.list(&root).await?;
                    if listed.is_empty() {
                        return Err(EngineError::new(
                            ErrorKind::Usage,
                            format!(
                                "manifest {} names {whole}, and nothing is there",
                                manifest.shown_key
                            ),
                        )
                        .with_hint(
                            "the transform job's output must still be where the capture manifest says",
                        ));
                    }
                    plain.extend(listed.into_iter().map(|meta| Source {
                        store: Arc::clone(&store),
                        shown_key: store.locate(&meta.key),
                        key: meta.key,
                        size: meta.size,
                        hour: manifest.hour,
                        modified: meta.last_modified,
                        etag: meta.etag,
                        from_manifest: true,
                        format: None,
                    }));
                }
            }
        }
    }
    plain.sort_by(|a, b| a.shown_key.cmp(&b.shown_key));
    Ok(plain)
}

/// What the lines of an object are, by its name and its first bytes; `None` where they tell nothing.
pub fn sniff_format(source: &Source, head: &[u8]) -> Option<RecordFormat> {
    if source.format.is_some() {
        return source.format;
    }
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let text = String::from_utf8_lossy(&head[..head.len().min(1 << 16)]);
    if text.contains("\"captureData\"") {
        return Some(RecordFormat::Capture);
    }
    let begins = text.trim_start().bytes().next()?;
    let name = source.shown_key.to_ascii_lowercase();
    let name = name
        .trim_end_matches(".gz")
        .trim_end_matches(".zst")
        .trim_end_matches(".out");
    match begins {
        b'{' | b'[' if source.from_manifest => Some(RecordFormat::BatchJson),
        b'{' => Some(RecordFormat::JsonLines),
        _ if source.from_manifest => Some(RecordFormat::BatchCsv),
        _ if name.ends_with(".csv") => Some(RecordFormat::CsvWithHeader),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_read_from_the_last_four_folders() {
        // date -u -d 2022-04-18T00:00:00Z +%s (GNU coreutils 9.1) = 1650240000
        assert_eq!(
            hour_of_key("ep/AllTraffic/2022/04/18/00/20-48-871-x.jsonl"),
            Some(1_650_240_000)
        );
        assert_eq!(
            hour_of_key("2022/04/18/23/x.jsonl"),
            Some(1_650_240_000 + 23 * 3600)
        );
        for key in [
            "x.jsonl",
            "2022/04/18/24/x",
            "2022/4/18/00/x",
            "a/b/c/d/x",
            "2022/00/18/00/x",
        ] {
            assert_eq!(hour_of_key(key), None, "{key}");
        }
    }
}
