//! Parts of one window to what a scan of all its objects would have found.
//!
//! Objects stand in the order of their keys. A record delivered in two objects counts in the first: the later one is
//! counted again from its columns without it. What the records look like is decided by the first objects, as a scan
//! decides it; a part that was counted with other columns, or for another baseline, is counted again from the object's
//! columns too, and only where the layout itself is another are the captured lines read. Profiles are held one at a time.
//! Does not judge.

use crate::count::{Ids, count};
use crate::ingest::{Place, read_object_head, source_at};
use crate::layout::Span;
use crate::object::{TakenIn, take_in};
use crate::part::{Head, Part};
use crate::watch::{Prepared, below, layout_digest, plan_digest};
use async_trait::async_trait;
use baselines::profile::Profile;
use baselines::summary::{DatasetSummary, Distinct};
use scan::plan::ScanColumns;
use scan::probe::combine;
use scan::{EngineError, ErrorKind, RecordCounts, ScanOutcome, ScannedObject};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use store::{Location, MemoryStore, ObjectStore, StoreErrorKind};

/// Gives parts by their content key, as often as asked: a profile is not kept between.
#[async_trait]
pub trait PartSource: Sync {
    /// The part.
    async fn part(&self, content: &str) -> Result<Part, EngineError>;
}

/// A window's objects, merged.
#[derive(Debug)]
pub struct Merged {
    /// As a scan gives it.
    pub outcome: ScanOutcome,
    /// Content keys of what went in, by object.
    pub contents: Vec<String>,
    /// Parts that had to be counted again.
    pub n_recounted: usize,
}

/// A part without its profile.
struct Known {
    content: String,
    head: Head,
    ids: Vec<(i64, u64)>,
    /// Where it is to be counted again: without these ids.
    again: Option<Ids>,
}

/// Merges the parts `contents` of the window `span`.
pub async fn merge(
    contents: &[String],
    parts: &dyn PartSource,
    monitor: &Prepared,
    span: Span,
    place: &Place,
) -> Result<Merged, EngineError> {
    let mut known = Vec::with_capacity(contents.len());
    for content in contents {
        let part = parts.part(content).await?;
        if part.span() != span {
            return Err(EngineError::new(
                ErrorKind::Usage,
                format!(
                    "the part of {} is of the window {}, and {} is merged",
                    part.head.location,
                    part.span().folder(),
                    span.folder()
                ),
            ));
        }
        known.push(Known {
            content: content.clone(),
            ids: part.hourly_ids().collect(),
            head: part.head,
            again: None,
        });
    }
    known.sort_by(|a, b| (&a.head.location, &a.content).cmp(&(&b.head.location, &b.content)));
    let known = current(known, place).await?;
    let looks: Vec<_> = known.iter().map(|part| part.head.look.clone()).collect();
    let columns = monitor.columns(&combine(&looks));
    let plan = plan_digest(&columns);
    let layout = layout_digest(&columns);
    let mut seen = Ids::new();
    let mut known = known;
    for part in &mut known {
        if part.head.layout != layout {
            // Which records there are depends on the layout: one of another width is refused.
            let again = recount(&part.head, &columns, monitor, &Ids::new(), place).await?;
            part.ids = again.hourly_ids().collect();
        }
        let ids = std::mem::take(&mut part.ids);
        let elsewhere: Ids = ids.iter().filter(|id| seen.contains(*id)).copied().collect();
        let is_counted_so = part.head.plan == plan && part.head.baseline == monitor.digest();
        part.again = (!is_counted_so || !elsewhere.is_empty()).then_some(elsewhere);
        seen.extend(ids);
    }
    drop(seen);
    let mut profile = Profile::new(&columns.plans);
    let mut outcome = empty(known.len());
    for (idx, part) in known.iter().enumerate() {
        let whole = match &part.again {
            Some(elsewhere) => recount(&part.head, &columns, monitor, elsewhere, place).await?,
            None => parts.part(&part.content).await?,
        };
        if !whole.profile.is_empty() {
            profile
                .merge_object(&whole.profile, idx as u32)
                .map_err(|error| {
                    EngineError::new(
                        ErrorKind::Storage,
                        format!("the part of {} cannot be merged: {error}", whole.head.location),
                    )
                    .with_hint("it was written by another version: delete it and analyze again")
                })?;
        }
        let mut counted = whole.head.counted;
        for object in &mut counted.objects {
            object.key = shown_key(&monitor.watched.capture, &object.key);
        }
        counted.add_to(&mut outcome, &[idx as u32]);
    }
    outcome.n_dropped_columns = profile.n_dropped_columns();
    outcome.summary = profile.finish();
    Ok(Merged {
        outcome,
        n_recounted: known.iter().filter(|part| part.again.is_some()).count(),
        contents: known.into_iter().map(|part| part.content).collect(),
    })
}

/// Of an object that was replaced under its key, the version that is there now.
async fn current(known: Vec<Known>, place: &Place) -> Result<Vec<Known>, EngineError> {
    let mut n_of: BTreeMap<String, usize> = BTreeMap::new();
    for part in &known {
        *n_of.entry(part.head.location.clone()).or_default() += 1;
    }
    let mut etags: HashMap<String, Option<String>> = HashMap::new();
    for location in n_of.iter().filter(|(_, n)| **n > 1).map(|(location, _)| location) {
        let found = match source_at(&Location::parse(location)?, &place.options).await {
            Ok((_, etag)) => Some(etag),
            // Removed since: the last by its content key, so that every run chooses the same.
            Err(error) if error.kind() == ErrorKind::Usage => None,
            Err(error) => return Err(error),
        };
        etags.insert(location.clone(), found);
    }
    let etag_of = |part: &Known| {
        part.head
            .counted
            .objects
            .first()
            .and_then(|object| object.etag.clone())
    };
    let mut kept: Vec<Known> = Vec::with_capacity(known.len());
    for part in known {
        match etags.get(&part.head.location) {
            Some(Some(etag)) if etag_of(&part).as_ref() != Some(etag) => continue,
            _ => {}
        }
        match kept.last() {
            // One object read with two layouts, or a removed one: the last stands.
            Some(last) if last.head.location == part.head.location => {
                kept.pop();
            }
            _ => {}
        }
        kept.push(part);
    }
    Ok(kept)
}

/// Counts a part again: from the object's columns, or where they are of another layout or gone, from the object.
pub async fn recount(
    head: &Head,
    columns: &ScanColumns,
    monitor: &Prepared,
    elsewhere: &Ids,
    place: &Place,
) -> Result<Part, EngineError> {
    let spans = [Span {
        start: head.start,
        end: head.end,
    }];
    let stored = read_object_head(&place.store, &head.place).await?;
    if let Some(object) = stored.filter(|object| object.layout == layout_digest(columns)) {
        let taken = TakenIn {
            content: head.content.clone(),
            place: head.place.clone(),
            head: object,
        };
        match count(&taken, columns, &spans, monitor.digest(), elsewhere, &place.store).await {
            Ok(parts) => return first(parts),
            Err(error) if error.kind() == ErrorKind::Usage => {}
            Err(error) => return Err(error),
        }
    }
    let (source, etag) = source_at(&Location::parse(&head.location)?, &place.options).await?;
    let memory: Arc<dyn ObjectStore> = Arc::new(MemoryStore::new());
    let settings = &place.settings;
    let taken = take_in(
        &source,
        Some(&etag),
        head.look.clone(),
        columns,
        settings,
        &memory,
        "",
    )
    .await?;
    let mut part = first(count(&taken, columns, &spans, monitor.digest(), elsewhere, &memory).await?)?;
    (part.head.content, part.head.place) = (head.content.clone(), head.place.clone());
    Ok(part)
}

fn first(parts: Vec<Part>) -> Result<Part, EngineError> {
    parts
        .into_iter()
        .next()
        .ok_or_else(|| EngineError::new(ErrorKind::Internal, "a window was not counted"))
}

/// A key as documents name it: below the location that was asked for.
pub fn shown_key(capture: &Location, location: &str) -> String {
    match below(capture, location) {
        Some(key) if key.is_empty() => location.rsplit('/').next().unwrap_or(location).to_owned(),
        Some(key) => key,
        None => location.to_owned(),
    }
}

fn empty(n_objects: usize) -> ScanOutcome {
    ScanOutcome {
        summary: DatasetSummary {
            n_rows: 0,
            columns: Vec::new(),
        },
        records: RecordCounts::default(),
        objects: vec![ScannedObject::default(); n_objects],
        volume: BTreeMap::new(),
        first_second: None,
        last_second: None,
        rejects: Vec::new(),
        event_ids: Vec::new(),
        n_dropped_columns: Distinct::Exact(0),
    }
}

/// Parts in a store, under the baseline that comes first among those they were made for.
#[derive(Debug)]
pub struct StoredParts {
    store: Arc<dyn ObjectStore>,
    keys: BTreeMap<String, String>,
}

/// A part is at most its event ids and a profile.
const MAX_PART_BYTES: u64 = 2 << 30;

impl StoredParts {
    /// Finds the parts of a window, under any baseline; those under the monitor's own are taken before others.
    pub async fn find(
        monitor: &Prepared,
        keys: &crate::layout::MonitorKeys,
        span: Span,
        place: &Place,
    ) -> Result<Self, EngineError> {
        let folder = keys.baselines();
        let mut digests: Vec<String> = list(place, &folder)
            .await?
            .into_iter()
            .filter_map(|key| key.strip_prefix(&folder).map(str::to_owned))
            .collect();
        digests.sort_by_key(|digest| digest == monitor.digest());
        let mut found = BTreeMap::new();
        for digest in digests {
            let folder = keys.parts(&digest, span);
            for key in list(place, &folder).await? {
                let content = key
                    .strip_prefix(&folder)
                    .and_then(|name| name.strip_suffix(".part"))
                    .map(str::to_owned);
                if let Some(content) = content {
                    found.insert(content, key);
                }
            }
        }
        Ok(Self {
            store: Arc::clone(&place.store),
            keys: found,
        })
    }

    /// Content keys, in order.
    pub fn contents(&self) -> Vec<String> {
        self.keys.keys().cloned().collect()
    }
}

#[async_trait]
impl PartSource for StoredParts {
    async fn part(&self, content: &str) -> Result<Part, EngineError> {
        let key = self.keys.get(content).map_or(content, String::as_str);
        let object = self.store.get(key, MAX_PART_BYTES).await?;
        Part::from_bytes(&object.bytes, &self.store.locate(key))
    }
}

/// Keys below `prefix`; none where the store is not there yet.
pub async fn list(place: &Place, prefix: &str) -> Result<Vec<String>, EngineError> {
    match place.store.list(prefix).await {
        Ok(found) => Ok(found.into_iter().map(|meta| meta.key).collect()),
        Err(error) if error.kind() == StoreErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}

/// Distinct windows of `parts`.
pub fn windows_of<'p>(parts: impl Iterator<Item = &'p Part>) -> Vec<Span> {
    let spans: HashSet<Span> = parts.map(Part::span).collect();
    let mut spans: Vec<Span> = spans.into_iter().collect();
    spans.sort();
    spans
}
