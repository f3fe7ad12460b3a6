//! `profile(keys) → part` and `merge(parts, manifest) → profile`: the contract for engines of other people.
//!
//! A bundle is a file of parts, each behind its length. A manifest names the bundles that a result needs; one that is
//! missing is an error with its name, since a driver may not see that a child of its has failed. A driver pipes keys in
//! and names of bundles out, and needs to know no more.

use crate::count::{Ids, count};
use crate::ingest::{Place, source_at};
use crate::layout::Span;
use crate::merge::{PartSource, windows_of};
use crate::part::Part;
use crate::watch::Prepared;
use async_trait::async_trait;
use capture::layout::Layout;
use scan::probe::{combine, look};
use scan::table::NoParquet;
use scan::{EngineError, ErrorKind};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use store::{Location, StoreErrorKind, StoreOptions, join_key, open_store};

const MAGIC: &[u8; 8] = b"DRIFTPT1";
const MAX_BUNDLE_BYTES: u64 = 8 << 30;
const MAX_MANIFEST_BYTES: u64 = 64 << 20;

/// What a merge needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Form: 1.
    pub version: u32,
    /// Locations of the bundles; relative ones are below the manifest's folder.
    pub parts: Vec<String>,
}

/// Profiles the objects at `keys`; with `span` only that window, else every window of the monitor they may hold.
pub async fn profile(
    keys: &[Location],
    monitor: &Prepared,
    span: Option<Span>,
    place: &Place,
) -> Result<Vec<Part>, EngineError> {
    let mut parts = Vec::new();
    let distinct: BTreeSet<String> = keys.iter().map(ToString::to_string).collect();
    for key in distinct {
        let (source, etag) = source_at(&Location::parse(&key)?, &place.options).await?;
        if !monitor.watched.watches(&source.shown_key) {
            return Err(EngineError::new(
                ErrorKind::Usage,
                format!(
                    "{key} is not below the capture of the monitor, {}",
                    monitor.watched.capture
                ),
            )
            .with_hint(
                "a key is a whole location, such as s3://bucket/prefix/endpoint/variant/yyyy/mm/dd/hh/name",
            ));
        }
        let looks = look(std::slice::from_ref(&source), &Layout::default(), &NoParquet).await?;
        let look = looks.into_iter().next().unwrap_or_default();
        let columns = monitor.columns(&combine(std::slice::from_ref(&look)));
        let taken = place.taken(&source, &etag, &look, &columns).await?;
        let spans = match (span, source.hour) {
            (Some(span), Some(hour)) if !span.window().may_hold_hour(hour) => Vec::new(),
            (Some(span), _) => vec![span],
            (None, _) => place.spans(&taken, monitor.watched.window).await?,
        };
        let none = Ids::new();
        parts.extend(count(&taken, &columns, &spans, monitor.digest(), &none, &place.store).await?);
    }
    Ok(parts)
}

/// The bytes of a bundle.
pub fn to_bytes(parts: &[Part]) -> Result<Vec<u8>, EngineError> {
    let mut bytes = MAGIC.to_vec();
    for part in parts {
        let part = part.to_bytes()?;
        bytes.extend((part.len() as u64).to_le_bytes());
        bytes.extend(part);
    }
    bytes.extend(u64::MAX.to_le_bytes());
    Ok(bytes)
}

/// Reads a bundle; `key` names it in errors.
pub fn from_bytes(bytes: &[u8], key: &str) -> Result<Vec<Part>, EngineError> {
    let damaged = |what: &str| {
        EngineError::new(
            ErrorKind::Usage,
            format!("{key} is no whole file of parts: {what}"),
        )
        .with_hint("profile its keys again with `driftline profile`")
    };
    let mut rest = bytes
        .strip_prefix(MAGIC)
        .ok_or_else(|| damaged("it begins otherwise"))?;
    let mut parts = Vec::new();
    loop {
        let (length, behind) = rest
            .split_first_chunk::<8>()
            .ok_or_else(|| damaged("it is cut"))?;
        let length = u64::from_le_bytes(*length);
        if length == u64::MAX {
            return Ok(parts);
        }
        let (part, behind) = usize::try_from(length)
            .ok()
            .and_then(|length| behind.split_at_checked(length))
            .ok_or_else(|| damaged("it is cut"))?;
        parts.push(Part::from_bytes(part, key)?);
        rest = behind;
    }
}

/// Parts of bundles, held in memory.
#[derive(Debug, Default)]
pub struct Bundles {
    parts: BTreeMap<(Span, String), Part>,
}

impl Bundles {
    /// Reads the bundles a manifest names. Errors: one that is missing or cut, by name.
    pub async fn read(manifest: &Location, options: &StoreOptions) -> Result<Self, EngineError> {
        let (Some(folder), Some(name)) = (manifest.parent(), manifest.file_name()) else {
            return Err(EngineError::new(
                ErrorKind::Usage,
                format!("manifest {manifest} names no file"),
            ));
        };
        let (store, root) = open_store(&folder, options).await?;
        let bytes = store.get(&join_key(&root, name), MAX_MANIFEST_BYTES).await?.bytes;
        let form = |problem: String| {
            EngineError::new(
                ErrorKind::Usage,
                format!("manifest {manifest} cannot be used: {problem}"),
            )
            .with_hint("its form is {\"version\": 1, \"parts\": [\"a.part\", \"b.part\"]}")
        };
        let written: Manifest = serde_json::from_slice(&bytes).map_err(|error| form(error.to_string()))?;
        if written.version != 1 {
            return Err(form(format!("version {}, expected 1", written.version)));
        }
        if written.parts.is_empty() {
            return Err(form("it names no parts".to_owned()));
        }
        let mut bundles = Self::default();
        let mut missing = Vec::new();
        for text in &written.parts {
            let parsed = Location::parse(text)?;
            let is_relative = parsed.as_path().is_some_and(std::path::Path::is_relative);
            let at = if is_relative { folder.join(text) } else { parsed };
            match read_one(&at, options).await {
                Ok(parts) => {
                    for part in parts {
                        bundles
                            .parts
                            .insert((part.span(), part.head.content.clone()), part);
                    }
                }
                Err(error) if error.kind() == ErrorKind::Usage && is_missing(&error) => {
                    missing.push(text.clone());
                }
                Err(error) => return Err(error),
            }
        }
        if missing.is_empty() {
            return Ok(bundles);
        }
        Err(EngineError::new(
            ErrorKind::Usage,
            format!(
                "{} of {} parts of {manifest} are missing: {}",
                missing.len(),
                written.parts.len(),
                missing.join(", ")
            ),
        )
        .with_hint("run `driftline profile` for their keys again; a result without them would be of less than all records"))
    }

    /// Windows they have something of, in order.
    pub fn windows(&self) -> Vec<Span> {
        windows_of(self.parts.values())
    }

    /// The parts of one window.
    pub fn of(&self, span: Span) -> (Vec<String>, WindowParts<'_>) {
        let contents = self.parts.keys().filter(|(of, _)| *of == span);
        let contents = contents.map(|(_, content)| content.clone()).collect();
        (contents, WindowParts { bundles: self, span })
    }
}

const MISSING: &str = "is not there";

fn is_missing(error: &EngineError) -> bool {
    error.to_string().ends_with(MISSING)
}

async fn read_one(at: &Location, options: &StoreOptions) -> Result<Vec<Part>, EngineError> {
    let missing = || EngineError::new(ErrorKind::Usage, format!("{at} {MISSING}"));
    let (Some(folder), Some(name)) = (at.parent(), at.file_name()) else {
        return Err(missing());
    };
    let (store, root) = open_store(&folder, options).await?;
    match store.get(&join_key(&root, name), MAX_BUNDLE_BYTES).await {
        Ok(object) => from_bytes(&object.bytes, &at.to_string()),
        Err(error) if error.kind() == StoreErrorKind::NotFound => Err(missing()),
        Err(error) => Err(error.into()),
    }
}

/// The parts of one window of some bundles.
#[derive(Debug)]
pub struct WindowParts<'b> {
    bundles: &'b Bundles,
    span: Span,
}

#[async_trait]
impl PartSource for WindowParts<'_> {
    async fn part(&self, content: &str) -> Result<Part, EngineError> {
        self.bundles
            .parts
            .get(&(self.span, content.to_owned()))
            .cloned()
            .ok_or_else(|| EngineError::new(ErrorKind::Internal, format!("no part {content}")))
    }
}
