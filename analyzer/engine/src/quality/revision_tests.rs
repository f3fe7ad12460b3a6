//! A run that ends between any two of its writes leaves nothing that readers can see, and nothing that confuses the next
//! run. Does not test what documents say.

use super::*;
use crate::progress::Silent;
use crate::quality::{
    Attribute, BiasSettings, ClassSettings, QualityBaselineRequest, QualityColumns, QualityRequest,
    QualityRun, make_quality_baseline, run,
};
use crate::scan::ScanSettings;
use async_trait::async_trait;
use baselines::quality::{Problem, QualityOptions, QualityPolicy};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use store::{MemoryStore, ObjectMeta, ObjectReader, StoreError};

/// How a put that fails leaves the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Loss {
    /// Nothing was written.
    Write,
    /// It was written, and the answer was lost.
    Answer,
}

/// Lets so many puts through, and fails all that follow, as a run does that was killed.
#[derive(Debug)]
struct Failing {
    inner: Arc<MemoryStore>,
    n_good: usize,
    loss: Loss,
    n_puts: AtomicUsize,
}

impl Failing {
    fn over(inner: &Arc<MemoryStore>, n_good: usize, loss: Loss) -> Arc<Self> {
        Arc::new(Self {
            inner: Arc::clone(inner),
            n_good,
            loss,
            n_puts: AtomicUsize::new(0),
        })
    }
}

#[async_trait]
impl ObjectStore for Failing {
    async fn list(&self, prefix: &str) -> Result<Vec<ObjectMeta>, StoreError> {
        self.inner.list(prefix).await
    }
    async fn open(&self, key: &str) -> Result<ObjectReader, StoreError> {
        self.inner.open(key).await
    }
    async fn put(&self, key: &str, bytes: Bytes, mode: PutMode) -> Result<String, StoreError> {
        let n = self.n_puts.fetch_add(1, Ordering::Relaxed);
        if n < self.n_good {
            return self.inner.put(key, bytes, mode).await;
        }
        if n == self.n_good && self.loss == Loss::Answer {
            self.inner.put(key, bytes, mode).await?;
        }
        // The error of a missing object stands for a connection that is gone.
        Err(self.inner.head("gone").await.unwrap_err())
    }
    async fn head(&self, key: &str) -> Result<ObjectMeta, StoreError> {
        self.inner.head(key).await
    }
    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.inner.delete(key).await
    }
    fn locate(&self, key: &str) -> String {
        self.inner.locate(key)
    }
}

async fn objects(store: &MemoryStore) -> BTreeMap<String, Bytes> {
    let mut found = BTreeMap::new();
    for meta in store.list("").await.unwrap() {
        let object = store.get(&meta.key, 1 << 30).await.unwrap();
        found.insert(meta.key, object.bytes);
    }
    found
}

async fn store_of(objects: &BTreeMap<String, Bytes>) -> Arc<MemoryStore> {
    let store = MemoryStore::new();
    for (key, bytes) in objects {
        store.put(key, bytes.clone(), PutMode::Overwrite).await.unwrap();
    }
    Arc::new(store)
}

/// What a reader finds who follows the pointer: documents by their names in the revision's folder.
fn seen(objects: &BTreeMap<String, Bytes>) -> (Latest, BTreeMap<String, Bytes>) {
    let latest: Latest = serde_json::from_slice(&objects[LATEST_FILE]).unwrap();
    let folder = format!("{}/", latest.folder);
    let documents = objects.iter().filter_map(|(key, bytes)| {
        let name = key.strip_prefix(&folder)?;
        (name != REVISION_FILE).then(|| (name.to_owned(), bytes.clone()))
    });
    let documents = documents.collect();
    (latest, documents)
}

fn captured(n: usize) -> String {
    format!(
        "{{\"captureData\":{{\"endpointInput\":{{\"observedContentType\":\"text/csv\",\"mode\":\"INPUT\",\"data\":\"{}\",\"encoding\":\"CSV\"}},\"endpointOutput\":{{\"observedContentType\":\"text/csv\",\"mode\":\"OUTPUT\",\"data\":\"0.{:02}\",\"encoding\":\"CSV\"}}}},\"eventMetadata\":{{\"eventId\":\"e{n}\",\"inferenceTime\":\"2026-11-01T0{}:00:00Z\"}},\"eventVersion\":\"0\"}}\n",
        n % 5,
        (n * 37) % 100,
        n % 2
    )
}

fn truth(n: usize) -> String {
    format!(
        "{{\"groundTruthData\":{{\"data\":\"{}\",\"encoding\":\"CSV\"}},\"eventMetadata\":{{\"eventId\":\"e{n}\",\"eventTime\":\"2026-11-01T03:00:00Z\"}},\"eventVersion\":\"0\"}}\n",
        u8::from((n * 37) % 100 > 50 + n % 9)
    )
}

fn place(path: &Path) -> Location {
    Location::parse(path.to_str().unwrap()).unwrap()
}

/// A window with a baseline, below a folder; labels are for the first so many of 90 predictions.
async fn measured(folder: &Path, n_labels: usize) -> (QualityRequest, QualityRun) {
    let mut table = "score,label\n".to_owned();
    for n in 0..200 {
        writeln!(
            table,
            "0.{:02},{}",
            (n * 37) % 100,
            u8::from((n * 37) % 100 > 50 + n % 9)
        )
        .unwrap();
    }
    std::fs::write(folder.join("train.csv"), table).unwrap();
    let write = |name: &str, text: String| {
        std::fs::create_dir_all(folder.join(name)).unwrap();
        std::fs::write(folder.join(name).join("a.jsonl"), text).unwrap();
    };
    write("capture/2026/11/01/00", (0..90).map(captured).collect());
    write("truth/2026/11/01/03", (0..n_labels).map(truth).collect());
    let columns = |probability: Attribute| QualityColumns {
        probability: vec![probability],
        label: Some(Attribute::Name("label".to_owned())),
        ..QualityColumns::default()
    };
    let made = make_quality_baseline(
        &QualityBaselineRequest {
            data: place(&folder.join("train.csv")),
            problem: Problem::Binary,
            columns: columns(Attribute::Name("score".to_owned())),
            classes: ClassSettings::default(),
            schema: None,
            options: QualityOptions::default(),
            bias: BiasSettings::default(),
            evaluated_at: None,
            settings: ScanSettings::default(),
            store: StoreOptions::default(),
        },
        &Silent,
    )
    .await
    .unwrap();
    made.write(&place(&folder.join("base")), &StoreOptions::default())
        .await
        .unwrap();
    let request = QualityRequest {
        capture: place(&folder.join("capture")),
        ground_truth: place(&folder.join("truth")),
        baseline: place(&folder.join("base")),
        problem: Problem::Binary,
        columns: columns(Attribute::Index(0)),
        classes: ClassSettings::default(),
        schema: None,
        segments: Vec::new(),
        find_segments: false,
        bias: BiasSettings::default(),
        explain: None,
        sampling: None,
        options: QualityOptions::default(),
        policy: QualityPolicy::default(),
        as_of: None,
        history: None,
        merged: true,
        output: place(&folder.join("out")),
        settings: ScanSettings::default(),
        store: StoreOptions::default(),
        title: None,
    };
    let found = Box::pin(run(&request, &Silent)).await.unwrap();
    (request, found)
}

async fn write(
    (request, run): &(QualityRequest, QualityRun),
    store: Arc<dyn ObjectStore>,
) -> Result<Written, EngineError> {
    run.write_to(request, store, String::new()).await
}

#[tokio::test]
async fn a_run_that_ends_anywhere_is_not_seen_and_does_not_confuse_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let first = Box::pin(measured(folder.path(), 50)).await;
    let second = Box::pin(measured(folder.path(), 80)).await;
    let store = Arc::new(MemoryStore::new());
    write(&first, Arc::clone(&store) as _).await.unwrap();
    let before = objects(&store).await;
    // Undisturbed, and how many writes that takes.
    let counted = Failing::over(&store_of(&before).await, usize::MAX, Loss::Write);
    write(&second, Arc::clone(&counted) as _).await.unwrap();
    let n_puts = counted.n_puts.load(Ordering::Relaxed);
    let (undisturbed, expected) = seen(&objects(&counted.inner).await);
    assert_eq!((undisturbed.revision, undisturbed.revisions), (2, vec![1, 2]));
    // Claim, two hours of merged records, five documents, label delays, pointer.
    assert_eq!((n_puts, expected.len()), (10, 7));
    for loss in [Loss::Write, Loss::Answer] {
        for n_good in 0..n_puts {
            let broken = Failing::over(&store_of(&before).await, n_good, loss);
            let inner = Arc::clone(&broken.inner);
            assert!(write(&second, broken).await.is_err(), "{loss:?} {n_good}");
            let after = objects(&inner).await;
            let (latest, documents) = seen(&after);
            let is_through = loss == Loss::Answer && n_good + 1 == n_puts;
            if is_through {
                assert_eq!((latest.revision, &documents), (2, &expected));
            } else {
                assert_eq!(latest.revisions, [1], "{loss:?} {n_good}");
                assert_eq!(
                    documents,
                    seen(&before).1,
                    "{loss:?} {n_good}: the first revision changed"
                );
            }
            let written = write(&second, Arc::clone(&inner) as _).await.unwrap();
            assert_eq!(written.is_new, !is_through, "{loss:?} {n_good}");
            let last = objects(&inner).await;
            let (latest, documents) = seen(&last);
            assert_eq!(documents, expected, "{loss:?} {n_good}: another result");
            assert_eq!(latest.revision, written.revision);
            assert_eq!(latest.revisions, [1, written.revision]);
            let folders = last.keys().filter(|key| key.contains('/'));
            for key in folders {
                let kept = latest
                    .revisions
                    .iter()
                    .any(|n| key.starts_with(&format!("r{n}/")));
                assert!(kept, "{loss:?} {n_good}: {key} was left behind");
            }
            assert!(!write(&second, inner as _).await.unwrap().is_new);
        }
    }
}

#[tokio::test]
async fn of_two_runs_at_once_one_gets_through_whole() {
    let folder = tempfile::tempdir().unwrap();
    let (early, late) = (
        Box::pin(measured(folder.path(), 50)).await,
        Box::pin(measured(folder.path(), 80)).await,
    );
    let store: Arc<dyn ObjectStore> = Arc::new(MemoryStore::new());
    let window = PointedWindow::default();
    let claim = Revision::next(Arc::clone(&store), String::new(), "of the early run", window);
    let Next::Write(mut slow) = claim.await.unwrap() else {
        panic!("nothing was there before")
    };
    slow.put("quality.json", b"half".to_vec()).await.unwrap();
    let written = write(&late, Arc::clone(&store)).await.unwrap();
    assert_eq!(written.revision, 2, "the folder of the run before is not shared");
    slow.put("verdict.json", b"half".to_vec()).await.unwrap();
    let error = slow.commit().await.unwrap_err();
    assert!(
        error.to_string().contains("another run moved latest.json"),
        "{error}"
    );
    let (latest, _) = pointer_in(&store, "").await.unwrap().unwrap();
    assert_eq!((latest.revision, latest.revisions), (2, vec![2]));
    // The early run's labels, tried again, are a revision of their own.
    assert_eq!(write(&early, store).await.unwrap().revision, 3);
}

/// A pointer written before revisions were listed: all up to the newest were finished.
#[tokio::test]
async fn a_pointer_without_a_list_is_still_read() {
    let folder = tempfile::tempdir().unwrap();
    let found = Box::pin(measured(folder.path(), 50)).await;
    let old = r#"{"version":"1","revision":3,"folder":"r3","digest":"xxh3-0","window":{}}"#;
    let store = Arc::new(MemoryStore::new());
    store
        .put(
            LATEST_FILE,
            Bytes::from_static(old.as_bytes()),
            PutMode::Overwrite,
        )
        .await
        .unwrap();
    assert_eq!(write(&found, Arc::clone(&store) as _).await.unwrap().revision, 4);
    assert_eq!(seen(&objects(&store).await).0.revisions, [1, 2, 3, 4]);
}
