//! An object that has arrived: taken in, and counted for every monitor that watches it.
//!
//! What is written is a function of the object's bytes, the monitor and its baseline: twice delivered, late or out of
//! order it is the same. The order of writing is columns, head, parts, and last the word that a window got something: a
//! run that ends in between is done again by the next delivery. Does not judge.

use crate::count::{Ids, count};
use crate::layout::{MonitorKeys, Span, whole};
use crate::object::{ObjectHead, TakenIn, place_of, take_in};
use crate::part::Part;
use crate::watch::{Prepared, layout_digest};
use bytes::Bytes;
use capture::decode::RecordFormat;
use capture::layout::Layout;
use scan::plan::{ScanColumns, for_baseline};
use scan::probe::{Look, combine, look, read_head};
use scan::sources::{Source, hour_of_key, sniff_format};
use scan::table::NoParquet;
use scan::{EngineError, ErrorKind, ScanSettings};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use store::{Location, ObjectStore, PutMode, StoreErrorKind, StoreOptions, open_store};

const MAX_HEAD_BYTES: u64 = 256 << 20;

/// Where things are written, and how things are read.
#[derive(Debug, Clone)]
pub struct Place {
    /// The store.
    pub store: Arc<dyn ObjectStore>,
    /// Its root.
    pub root: String,
    /// How to read.
    pub settings: ScanSettings,
    /// How to reach stores.
    pub options: StoreOptions,
}

/// What became of an object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ingested {
    /// Lines of the object.
    pub n_lines: u64,
    /// Those refused without a look at the time.
    pub n_rejected: u64,
    /// Monitors that watch it.
    pub monitors: Vec<String>,
    /// Parts written for them.
    pub n_parts: usize,
}

/// The source at a location, and its entity tag where the store tells it without reading.
pub async fn source_at(location: &Location, options: &StoreOptions) -> Result<(Source, String), EngineError> {
    let (Some(folder), Some(name)) = (location.parent(), location.file_name()) else {
        return Err(EngineError::new(
            ErrorKind::Usage,
            format!("{location} names no object"),
        ));
    };
    let (store, root) = open_store(&folder, options).await?;
    let key = store::join_key(&root, name);
    let meta = store.head(&key).await?;
    let etag = match meta.etag {
        Some(etag) => etag,
        // A folder of this machine tells the tag of what it has read.
        None => {
            let mut reader = store.open(&key).await?;
            while let Some(bytes) = reader.next_chunk().await {
                bytes?;
            }
            reader.etag().unwrap_or_default().to_owned()
        }
    };
    let shown_key = whole(&store.locate(&key));
    let source = Source {
        store,
        hour: hour_of_key(&shown_key),
        shown_key,
        key,
        size: meta.size,
        modified: meta.last_modified,
        etag: Some(etag.clone()),
        from_manifest: false,
        format: None,
    };
    Ok((source, etag))
}

/// What the first records look like; refuses what is no captured traffic.
async fn look_at(source: &Source) -> Result<Look, EngineError> {
    if source.is_parquet() {
        return Err(no_capture(source, "a Parquet table"));
    }
    let head = read_head(source).await?;
    let format = sniff_format(source, &head);
    if matches!(format, Some(RecordFormat::Csv | RecordFormat::CsvWithHeader)) {
        return Err(no_capture(source, "a CSV table"));
    }
    let looks = look(std::slice::from_ref(source), &Layout::default(), &NoParquet).await?;
    Ok(looks.into_iter().next().unwrap_or_default())
}

fn no_capture(source: &Source, found: &str) -> EngineError {
    EngineError::new(
        ErrorKind::Usage,
        format!(
            "{} is {found}, expected captured records as JSON Lines",
            source.shown_key
        ),
    )
    .with_hint("tables are analyzed with `driftline analyze`")
}

impl Place {
    /// Takes an object in for `monitors`, those of them that watch it; for none of them, its columns only.
    pub async fn ingest(&self, location: &Location, monitors: &[Prepared]) -> Result<Ingested, EngineError> {
        let (source, etag) = source_at(location, &self.options).await?;
        let watching: Vec<&Prepared> = monitors
            .iter()
            .filter(|monitor| monitor.watched.watches(&source.shown_key))
            .collect();
        let look = look_at(&source).await?;
        let mut ingested = Ingested::default();
        if watching.is_empty() {
            let (columns, _) = for_baseline(None, &combine(std::slice::from_ref(&look)));
            let taken = self.taken(&source, &etag, &look, &columns).await?;
            ingested.note(&taken.head);
            return Ok(ingested);
        }
        let probe = combine(std::slice::from_ref(&look));
        // Monitors of one endpoint mostly share a layout: then the object is read once.
        let mut by_layout: BTreeMap<String, Vec<(&Prepared, ScanColumns)>> = BTreeMap::new();
        for monitor in watching {
            let columns = monitor.columns(&probe);
            by_layout
                .entry(layout_digest(&columns))
                .or_default()
                .push((monitor, columns));
        }
        for group in by_layout.values() {
            let Some((_, columns)) = group.first() else {
                continue;
            };
            let taken = self.taken(&source, &etag, &look, columns).await?;
            ingested.note(&taken.head);
            for (monitor, columns) in group {
                let spans = self.spans(&taken, monitor.watched.window).await?;
                let none = Ids::new();
                for spans in spans.chunks(32) {
                    let parts = count(&taken, columns, spans, monitor.digest(), &none, &self.store).await?;
                    ingested.n_parts += parts.len();
                    self.write_parts(monitor, &parts).await?;
                }
                ingested.monitors.push(monitor.watched.name.clone());
            }
        }
        Ok(ingested)
    }

    /// The object's columns, which are there already if it was delivered before.
    pub async fn taken(
        &self,
        source: &Source,
        etag: &str,
        look: &Look,
        columns: &ScanColumns,
    ) -> Result<TakenIn, EngineError> {
        let (content, place) = place_of(&self.root, &source.shown_key, Some(etag), source.hour, columns);
        if let Some(head) = read_object_head(&self.store, &place).await? {
            return Ok(TakenIn { content, place, head });
        }
        take_in(
            source,
            Some(etag),
            look.clone(),
            columns,
            &self.settings,
            &self.store,
            &self.root,
        )
        .await
    }

    /// Windows that the object may have records of: those a listing would find it for.
    pub(crate) async fn spans(&self, taken: &TakenIn, length: i64) -> Result<Vec<Span>, EngineError> {
        match taken.head.hour {
            Some(hour) => Ok(Span::reached_from(hour, length).collect()),
            None => self.spans_of_rows(taken, length).await,
        }
    }

    async fn spans_of_rows(&self, taken: &TakenIn, length: i64) -> Result<Vec<Span>, EngineError> {
        let mut spans = BTreeSet::new();
        for number in 0..taken.head.n_files {
            let key = taken.file(number);
            let bytes = self.store.get(&key, 1 << 30).await?.bytes;
            crate::columns::read_rows(bytes, &key, taken.head.columns.len(), |batch| {
                let seconds = (0..batch.n_rows()).filter_map(|row| batch.second(row));
                spans.extend(seconds.map(|second| Span::of(second, length)));
            })?;
        }
        Ok(spans.into_iter().collect())
    }

    /// Writes parts, then the word that their windows got something.
    pub async fn write_parts(&self, monitor: &Prepared, parts: &[Part]) -> Result<(), EngineError> {
        let keys = MonitorKeys::new(&self.root, &monitor.watched.name);
        let marker = format!("{}{}", keys.baselines(), monitor.digest());
        self.put(&marker, Bytes::from_static(b"{}\n")).await?;
        for part in parts {
            let key = keys.part(monitor.digest(), part.span(), &part.head.content);
            self.put(&key, Bytes::from(part.to_bytes()?)).await?;
        }
        for part in parts {
            let key = keys.pending_object(part.span(), &part.head.content);
            self.put(&key, Bytes::from_static(b"{}\n")).await?;
        }
        Ok(())
    }

    async fn put(&self, key: &str, bytes: Bytes) -> Result<(), EngineError> {
        self.store.put(key, bytes, PutMode::Overwrite).await?;
        Ok(())
    }
}

impl Ingested {
    fn note(&mut self, head: &ObjectHead) {
        self.n_lines = head.n_lines;
        self.n_rejected = head.rejects.iter().map(|reject| reject.n).sum();
    }
}

/// The head of an object at `place`, where it was taken in.
pub async fn read_object_head(
    store: &Arc<dyn ObjectStore>,
    place: &str,
) -> Result<Option<ObjectHead>, EngineError> {
    let key = format!("{place}.json");
    match store.get(&key, MAX_HEAD_BYTES).await {
        // A head that cannot be read is written anew.
        Ok(object) => Ok(serde_json::from_slice(&object.bytes)
            .ok()
            .filter(|head: &ObjectHead| head.version == "1")),
        Err(error) if error.kind() == StoreErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}
