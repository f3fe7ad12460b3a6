//! Law: whatever the split of records into objects, the order of deliveries, repeated and late ones, the documents of a
//! window from parts are byte for byte those of `driftline analyze` over the same capture.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use engine::analyze::{AnalyzeRequest, analyze_with};
use engine::baseline::{BaselineRequest, load, make};
use engine::monitor::Monitor;
use engine::progress::Silent;
use engine::reference::ReferenceRequest;
use engine::scan::ScanSettings;
use engine::windows::{Closed, Quiet, Windows};
use parts::ingest::Place;
use parts::layout::Span;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use store::{LocalStore, Location, StoreOptions};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// date -u -d 2026-01-01T00:00:00Z +%s (GNU coreutils 9.1)
const START: i64 = 1_767_225_600;
const FOREVER: i64 = START + 3 * 86_400;

/// A line of some object.
#[derive(Debug, Clone)]
struct Line {
    text: String,
}

fn row(idx: u32) -> String {
    let x = f64::from(idx * 7 % 200) / 20.0;
    let city = ["Reykjavik", "Ouagadougou", "Antananarivo"][(idx * 11 % 200 % 3) as usize];
    match idx % 17 {
        0 => format!("{x:.2},,{city}"),
        1 => format!("n/a,{},{city}", idx % 5),
        _ => format!("{x:.2},{},{city}", idx % 5),
    }
}

/// One record or one broken line.
fn line(idx: u32, second: i64, kind: u8) -> Line {
    let side = |mode: &str, data: &str| json!({"observedContentType": "text/csv", "mode": mode, "data": data, "encoding": "CSV"});
    let time = capture::time::format_rfc3339(START + second).unwrap();
    let mut record = json!({
        "captureData": {
            "endpointInput": side("INPUT", &row(idx)),
            "endpointOutput": side("OUTPUT", &format!("0.{:03}", idx * 13 % 200)),
        },
        "eventMetadata": {"eventId": format!("id-{idx}"), "inferenceTime": time},
        "eventVersion": "0",
    });
    match kind {
        0 => {
            return Line {
                text: "{\"captureData\":".to_owned(),
            };
        }
        1 => record["captureData"]["endpointInput"]["data"] = json!("1,2"),
        2 => record["captureData"]["endpointOutput"] = Value::Null,
        3 => record["eventMetadata"]["inferenceTime"] = json!("yesterday"),
        4 => record["eventMetadata"]["inferenceId"] = json!(format!("own-{idx}")),
        5 => record["eventMetadata"]["invocationSource"] = json!("ShadowExperiment"),
        6 => {
            record["captureData"]["endpointInput"]["data"] = json!(format!("{}\n{}", row(idx), row(idx + 1)));
        }
        7 => record["captureData"]["endpointInput"]["encoding"] = json!("ROT13"),
        8 => {
            record["captureData"]["endpointInput"]["encoding"] = json!("JSON");
            record["captureData"]["endpointInput"]["data"] =
                json!(json!({"x": 1.5, "n": 3, "city": "Reykjavik", "campaign": idx % 4}).to_string());
        }
        9 => return Line { text: String::new() },
        _ => {}
    }
    Line {
        text: record.to_string(),
    }
}

struct Ground {
    _folder: TempDir,
    baseline: PathBuf,
    moved: PathBuf,
}

fn runtime() -> &'static Runtime {
    static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap()
    });
    &RUNTIME
}

fn ground() -> &'static Ground {
    static GROUND: LazyLock<Ground> = LazyLock::new(|| {
        let folder = tempfile::tempdir().unwrap();
        let (baseline, moved) = (folder.path().join("baseline"), folder.path().join("moved"));
        runtime().block_on(async {
            for (place, n, step) in [(&baseline, 800u32, 1u32), (&moved, 900, 3)] {
                let mut table = String::from("score,x,n,city\n");
                for idx in 0..n {
                    writeln!(table, "0.{:03},{}", idx * 13 % 200, row(idx * step)).unwrap();
                }
                let data = place.with_extension("csv");
                std::fs::write(&data, table).unwrap();
                let request = BaselineRequest {
                    data: Location::local(data).unwrap(),
                    schema: None,
                    settings: ScanSettings::default(),
                    options: StoreOptions::default(),
                };
                let made = make(&request, &Silent).await.unwrap();
                let at = Location::local(place).unwrap();
                made.write(&at, &request.options).await.unwrap();
            }
        });
        Ground {
            _folder: folder,
            baseline,
            moved,
        }
    });
    &GROUND
}

struct Scene {
    folder: TempDir,
    monitor: String,
}

impl Scene {
    fn new(window: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut scene = Self {
            folder,
            monitor: String::new(),
        };
        scene.monitor = scene.text(&ground().baseline, window);
        scene
    }

    fn text(&self, baseline: &Path, window: &str) -> String {
        let at = |name: &str| self.folder.path().join(name).display().to_string();
        format!(
            "name = \"m\"\ncapture = \"{}\"\nbaseline = \"{}\"\nwindow = \"{window}\"\nhistory = \"{}\"\n",
            at("capture"),
            baseline.display(),
            at("history"),
        )
    }

    fn monitor(&self) -> Monitor {
        Monitor::parse(
            "monitor.toml",
            &self.monitor,
            &Location::local(self.folder.path()).unwrap(),
        )
        .unwrap()
    }

    /// Writes an object; gives its place.
    fn object(&self, hour: i64, name: &str, lines: &[Line]) -> PathBuf {
        let place = self
            .folder
            .path()
            .join(format!("capture/ep/AllTraffic/2026/01/01/{hour:02}"));
        std::fs::create_dir_all(&place).unwrap();
        let text: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
        let file = place.join(format!("{name}.jsonl"));
        std::fs::write(&file, text.join("\n") + "\n").unwrap();
        file
    }

    async fn windows(&self, store: &str) -> Windows {
        let place = Place {
            store: Arc::new(
                LocalStore::new(&Location::local(self.folder.path().join(store)).unwrap()).unwrap(),
            ),
            root: String::new(),
            settings: ScanSettings::default(),
            options: StoreOptions::default(),
        };
        Windows::open(self.monitor(), place).await.unwrap()
    }

    async fn ingest(&self, store: &str, objects: &[PathBuf]) {
        let windows = self.windows(store).await;
        for object in objects {
            let at = Location::local(object).unwrap();
            let monitors = std::slice::from_ref(windows.prepared());
            windows.place().ingest(&at, monitors).await.unwrap();
        }
    }

    async fn close(&self, store: &str) -> Vec<Closed> {
        self.windows(store)
            .await
            .close_due(FOREVER, &Quiet)
            .await
            .unwrap()
    }

    /// What the whole capture gives for a window, by name.
    async fn recomputed(&self, span: Span) -> BTreeMap<String, Vec<u8>> {
        let monitor = self.monitor();
        let request = AnalyzeRequest {
            capture: monitor.capture.clone(),
            baseline: monitor.baseline.clone(),
            schema: None,
            output_position: monitor.output_position,
            settings: ScanSettings {
                window: span.window(),
                chunk_bytes: 700,
                ..ScanSettings::default()
            },
            policy: monitor.policy(),
            options: StoreOptions::default(),
            title: Some(monitor.name.clone()),
        };
        let reference = ReferenceRequest {
            reference: monitor.drift.reference,
            history: monitor.history.clone(),
            persistence: monitor.drift.persistence,
            invocations: None,
        };
        let baseline = load(&monitor.baseline, &request.options).await.unwrap();
        let analysis = analyze_with(&request, &baseline, &reference, &Silent)
            .await
            .unwrap();
        let documents = analysis.documents().unwrap();
        documents
            .into_iter()
            .map(|(name, bytes)| (name.to_owned(), bytes))
            .collect()
    }

    /// Holds every closed window against the whole capture's.
    async fn check(&self, closed: &[Closed]) {
        for window in closed {
            let span = Span {
                start: window.start,
                end: window.end,
            };
            for (name, expected) in self.recomputed(span).await {
                let found = std::fs::read(Path::new(&window.location).join(&name)).unwrap();
                if found != expected {
                    let (found, expected) = (
                        String::from_utf8_lossy(&found),
                        String::from_utf8_lossy(&expected),
                    );
                    let differ = found.lines().zip(expected.lines()).find(|(a, b)| a != b);
                    panic!("{name} of {}: {differ:?}", span.folder());
                }
            }
        }
    }
}

/// Lines by second, with which object of its hour each goes to.
fn lines() -> impl Strategy<Value = Vec<(u32, i64, u8, usize)>> {
    prop::collection::vec((0u32..400, 0i64..3 * 3600, 0u8..60, 0usize..3), 30..150)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn parts_say_what_the_whole_capture_says(
        lines in lines(),
        window in prop::sample::select(vec!["20 minutes", "1 hour", "1 day"]),
        order in prop::collection::vec(any::<prop::sample::Index>(), 12),
        again in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
        n_late in 0usize..5,
    ) {
        let scene = Scene::new(window);
        let mut objects: BTreeMap<(i64, usize), Vec<Line>> = BTreeMap::new();
        for (idx, second, kind, object) in lines {
            // A few of the last records of an hour stand in the next hour's object, as SageMaker writes them.
            let hour = (second / 3600 + i64::from(second % 3600 > 3500)).min(2);
            objects.entry((hour, object)).or_default().push(line(idx, second, kind));
        }
        let mut places: Vec<PathBuf> = objects.iter().map(|((hour, name), lines)| scene.object(*hour, &format!("o{name}"), lines)).collect();
        for (at, with) in order.iter().enumerate() {
            let n = places.len();
            places.swap(at % n, with.index(n));
        }
        runtime().block_on(async {
            let n_late = n_late.min(places.len() - 1);
            let (late, early) = places.split_at(n_late);
            let mut delivered = early.to_vec();
            delivered.extend(again.iter().map(|at| early[at.index(early.len())].clone()));
            scene.ingest("store", &delivered).await;
            let first = scene.close("store").await;
            prop_assert!(first.iter().all(|window| window.is_new && window.revision == 1));
            scene.ingest("store", late).await;
            let second = scene.close("store").await;
            // The first time early objects only were there, which no capture of now can tell; what is reopened is whole.
            let mut newest: BTreeMap<i64, Closed> = BTreeMap::new();
            for window in first.into_iter().chain(second) {
                newest.insert(window.start, window);
            }
            if late.is_empty() {
                prop_assert!(newest.values().all(|window| window.revision == 1));
            }
            let newest: Vec<Closed> = newest.into_values().collect();
            scene.check(&newest).await;
            // Everything once more changes nothing.
            scene.ingest("store", &places).await;
            let nothing = scene.close("store").await;
            prop_assert!(nothing.iter().all(|window| !window.is_new), "{nothing:?}");
            Ok(())
        })?;
    }
}

#[test]
fn a_baseline_that_moved_is_counted_from_columns_alone() {
    let mut scene = Scene::new("1 hour");
    let lines: Vec<Line> = (0..80).map(|idx| line(idx, i64::from(idx) * 40, 20)).collect();
    let object = scene.object(0, "a", &lines);
    runtime().block_on(async {
        scene.ingest("store", std::slice::from_ref(&object)).await;
        scene.monitor = scene.text(&ground().moved, "1 hour");
        let bytes = std::fs::read(&object).unwrap();
        std::fs::remove_file(&object).unwrap();
        let closed = scene.close("store").await;
        // The object may hold records of the next hour too, and has none: that window is judged as well.
        assert_eq!((closed[0].start, closed[0].n_rows), (START, 80), "{closed:?}");
        assert_eq!(closed[0].n_recounted, 1);
        std::fs::write(&object, bytes).unwrap();
        let verdict = std::fs::read(Path::new(&closed[0].location).join("statistics.json")).unwrap();
        let span = Span {
            start: START,
            end: START + 3600,
        };
        assert_eq!(verdict, scene.recomputed(span).await["statistics.json"]);
    });
}

#[test]
fn two_at_once_write_one_revision() {
    let scene = Scene::new("1 hour");
    let lines: Vec<Line> = (0..80).map(|idx| line(idx, i64::from(idx) * 40, 20)).collect();
    let object = scene.object(0, "a", &lines);
    runtime().block_on(async {
        scene.ingest("store", &[object]).await;
        let (one, other) = futures::future::join(scene.close("store"), scene.close("store")).await;
        assert!(one.iter().chain(&other).all(|closed| closed.revision == 1));
        let folder = scene
            .folder
            .path()
            .join("store/monitors/m/windows/2026-01-01T00:00:00Z--2026-01-01T01:00:00Z");
        let revisions: Vec<_> = std::fs::read_dir(folder).unwrap().collect();
        assert_eq!(revisions.len(), 1);
        scene.check(one.first().map_or(&other[..], |_| &one[..])).await;
    });
}

#[test]
fn a_run_that_died_is_finished_by_the_next() {
    let scene = Scene::new("1 hour");
    let lines: Vec<Line> = (0..80).map(|idx| line(idx, i64::from(idx) * 40, 20)).collect();
    let object = scene.object(0, "a", &lines);
    runtime().block_on(async {
        scene.ingest("store", std::slice::from_ref(&object)).await;
        let closed = scene.close("store").await;
        let folder = PathBuf::from(&closed[0].location);
        for document in ["verdict.json", "report.html"] {
            std::fs::remove_file(folder.join(document)).unwrap();
        }
        scene.ingest("store", &[object]).await;
        let again = scene.close("store").await;
        assert_eq!((again[0].revision, again[0].is_new), (1, true));
        scene.check(&again).await;
    });
}
