//! Windows, settings and a courier that remembers.

use crate::desk::Desk;
use crate::fact::{Point, Series, WindowFact};
use crate::layout::Layout;
use crate::notice::{Kind, Subject};
use crate::retry::Patience;
use crate::send::{Courier, Message, SendError, SendErrorKind};
use crate::settings::{AlertSettings, Route, Target};
use async_trait::async_trait;
use baselines::document::verdict::{SeverityV1, StatusV1};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use store::{MemoryStore, ObjectStore};

pub(super) const HOUR: i64 = 3_600;
/// 2026-11-01T00:00:00Z (`date -u -d 2026-11-01 +%s`, GNU coreutils 9.1).
pub(super) const START: i64 = 1_793_491_200;

/// The hour `at` with this worst finding; `None` is a calm window.
pub(super) fn window(at: i64, revision: u32, severity: Option<SeverityV1>) -> WindowFact {
    let start = START + at * HOUR;
    let location = format!("s3://bucket/monitors/churn/windows/{at}/r{revision}/");
    WindowFact {
        series: Series::Traffic,
        start,
        end: start + HOUR,
        revision,
        status: if severity == Some(SeverityV1::Violation) {
            StatusV1::Violated
        } else {
            StatusV1::Pass
        },
        severity,
        n_findings: u64::from(severity.is_some()) * 2,
        rows: 1_000 + at.unsigned_abs(),
        top: severity.map(points).unwrap_or_default(),
        report: Some(format!("{location}report.html")),
        location,
    }
}

fn points(severity: SeverityV1) -> Vec<Point> {
    vec![
        Point {
            severity,
            column: Some("age <b> & [x](y) *_`ü".to_owned()),
            check: "drift".to_owned(),
            value: 0.123_456,
            limit: 0.02,
            description: "12.3 % of the rows must have moved, limit 2 %.".to_owned(),
            remedy: "Compare the column's histogram with the baseline's in the report.".to_owned(),
        },
        Point {
            severity: SeverityV1::Warning,
            column: None,
            check: "rejects".to_owned(),
            value: 3.0,
            limit: 0.0,
            description: "3 records could not be read.".to_owned(),
            remedy: "Run with --rejects to see their places.".to_owned(),
        },
    ]
}

pub(super) const VIOLATION: Option<SeverityV1> = Some(SeverityV1::Violation);
pub(super) const WARNING: Option<SeverityV1> = Some(SeverityV1::Warning);

pub(super) fn bus(severity: SeverityV1) -> Route {
    Route {
        severity,
        target: Target::EventBridge { bus: "b".to_owned() },
        ..Route::default()
    }
}

/// `team` from warnings on, `oncall` violations alone; no rate limit.
pub(super) fn settings() -> AlertSettings {
    let mut settings = AlertSettings {
        rate_limit: None,
        ..AlertSettings::default()
    };
    settings
        .routes
        .insert("oncall".to_owned(), bus(SeverityV1::Violation));
    settings
        .routes
        .insert("team".to_owned(), bus(SeverityV1::Warning));
    settings
}

pub(super) fn subject() -> Subject {
    Subject {
        monitor: "churn".to_owned(),
        endpoint: Some("churn-prod".to_owned()),
        variant: Some("AllTraffic".to_owned()),
        report_url: None,
    }
}

/// Remembers what arrived; fails as often as it is told.
#[derive(Default)]
pub(super) struct Memory {
    pub(super) arrived: Mutex<Vec<String>>,
    pub(super) failures: Mutex<u32>,
}

impl Memory {
    /// `kind.episode/route`-like ids in order.
    pub(super) fn ids(&self) -> Vec<String> {
        self.arrived.lock().unwrap().clone()
    }
}

#[async_trait]
impl Courier for Memory {
    async fn carry(&self, message: &Message, _timeout: Duration, _now: i64) -> Result<String, SendError> {
        // Others run here, as they do while a network is waited for.
        tokio::task::yield_now().await;
        let Message::Events { entry, .. } = message else {
            return Err(SendError::new(SendErrorKind::Settings, "not an event"));
        };
        {
            let mut failures = self.failures.lock().unwrap();
            if *failures > 0 {
                *failures -= 1;
                return Err(SendError::new(SendErrorKind::Unavailable, "down"));
            }
        }
        let detail: serde_json::Value = serde_json::from_str(&entry.detail).unwrap();
        self.arrived
            .lock()
            .unwrap()
            .push(detail["id"].as_str().unwrap().to_owned());
        Ok("ok".to_owned())
    }
}

pub(super) fn no_waiting() -> Patience {
    Patience {
        attempts: 1,
        first_wait: Duration::ZERO,
        longest_wait: Duration::ZERO,
        timeout: Duration::from_secs(5),
    }
}

pub(super) fn desk(store: Arc<dyn ObjectStore>, courier: Arc<dyn Courier>, settings: AlertSettings) -> Desk {
    Desk {
        store,
        layout: Layout::new("", "churn"),
        subject: subject(),
        settings,
        courier,
        secrets: Arc::new(|_| None),
        patience: no_waiting(),
        holder: "test".to_owned(),
    }
}

pub(super) fn memory_desk(settings: AlertSettings) -> (Desk, Arc<Memory>) {
    let courier = Arc::new(Memory::default());
    (
        desk(Arc::new(MemoryStore::new()), courier.clone(), settings),
        courier,
    )
}

/// The kind in a delivery's id.
pub(super) fn kind_of(id: &str) -> &str {
    id.split('.').nth(2).unwrap_or_default()
}

pub(super) const KINDS: [Kind; 4] = [Kind::Opened, Kind::Escalated, Kind::Reminder, Kind::Recovered];
