//! Labels that came: the quality of the windows they are for, once for what is known.
//!
//! A ground-truth object names its hour by its key, as Model Monitor's do; the windows that a captured object of that
//! hour may hold records of are measured. An object without an hour is for the latest windows. What was measured is
//! noted by what went in, so that a repeated delivery writes no revision. Does not measure (`quality`).

use super::Windows;
use crate::error::{EngineError, ErrorKind};
use crate::progress::Silent;
use crate::quality::{QualityRequest, run};
use crate::scan::ScanSettings;
use ::parts::labels::{LabelHead, folder, waiting_folder};
use ::parts::layout::{Span, digest};
use ::parts::merge::{StoredParts, list};
use baselines::quality::QualityOptions;
use bytes::Bytes;
use std::collections::BTreeSet;
use store::{Location, PutMode, StoreErrorKind, join_key};

const MAX_HEAD_BYTES: u64 = 1 << 20;
/// Windows that labels without an hour are looked for in.
const LATEST: usize = 7;

impl Windows {
    /// Measures the windows that waiting labels are for and that are over at `now`; gives where the documents are.
    pub async fn measure_due(&self, now: i64) -> Result<Vec<String>, EngineError> {
        if self.monitor.ground_truth.is_none() || self.monitor.problem.is_none() {
            return Ok(Vec::new());
        }
        let waiting = list(&self.place, &waiting_folder(&self.place.root, &self.monitor.name)).await?;
        if waiting.is_empty() {
            return Ok(Vec::new());
        }
        let closed = self.closed_windows().await?;
        let (mut spans, mut done) = (BTreeSet::new(), Vec::new());
        for word in waiting {
            let bytes = self.place.store.get(&word, MAX_HEAD_BYTES).await?.bytes;
            let reached: Vec<Span> = match serde_json::from_slice::<LabelHead>(&bytes)
                .ok()
                .and_then(|head| head.hour)
            {
                Some(hour) => Span::reached_from(hour, self.monitor.window.seconds()).collect(),
                None => closed.iter().rev().take(LATEST).copied().collect(),
            };
            // Labels of a window that is not over wait for it.
            if reached.iter().all(|span| self.is_over(*span, now)) {
                done.push(word);
            }
            spans.extend(reached.into_iter().filter(|span| closed.contains(span)));
        }
        let mut written = Vec::new();
        for span in spans {
            written.extend(self.measure(span).await?);
        }
        for word in done {
            self.place.store.delete(&word).await?;
        }
        Ok(written)
    }

    /// Windows that have documents, in order.
    pub(super) async fn closed_windows(&self) -> Result<BTreeSet<Span>, EngineError> {
        let names = match self
            .place
            .store
            .folders(&format!("{}/", self.keys.windows()))
            .await
        {
            Ok(names) => names,
            Err(error) if error.kind() == StoreErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        Ok(names.iter().filter_map(|name| Span::of_folder(name)).collect())
    }

    async fn measure(&self, span: Span) -> Result<Option<String>, EngineError> {
        let Some(request) = self.quality_request(span)? else {
            return Ok(None);
        };
        let parts = StoredParts::find(&self.prepared, &self.keys, span, &self.place).await?;
        let labels = list(&self.place, &folder(&self.place.root, &self.monitor.name)).await?;
        let inputs = digest(format!("{:?}\n{labels:?}", parts.contents()).as_bytes());
        let noted = join_key(
            &self.place.root,
            &format!(
                "monitors/{}/quality-inputs/{}/{inputs}",
                self.monitor.name,
                span.folder()
            ),
        );
        match self.place.store.head(&noted).await {
            Ok(_) => return Ok(None),
            Err(error) if error.kind() == StoreErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
        let place = match Box::pin(run(&request, &Silent)).await {
            Ok(found) => {
                let mut written = found.write(&request).await?;
                written.places.pop().filter(|_| written.is_new)
            }
            // No label of the window yet.
            Err(error) if error.kind() == ErrorKind::NothingToAnalyse => None,
            Err(error) => return Err(error),
        };
        let done = Bytes::from_static(b"{}\n");
        self.place.store.put(&noted, done, PutMode::Overwrite).await?;
        Ok(place)
    }

    fn quality_request(&self, span: Span) -> Result<Option<QualityRequest>, EngineError> {
        let monitor = &self.monitor;
        let (Some(ground_truth), Some(problem)) = (monitor.ground_truth.clone(), monitor.problem) else {
            return Ok(None);
        };
        let settings = monitor.quality.clone().unwrap_or_default();
        let key = join_key(
            &self.place.root,
            &format!("monitors/{}/quality/{}", monitor.name, span.folder()),
        );
        let output = Location::parse(&self.place.store.locate(&key))?;
        Ok(Some(QualityRequest {
            capture: monitor.capture.clone(),
            ground_truth,
            baseline: settings
                .baseline
                .clone()
                .unwrap_or_else(|| monitor.baseline.clone()),
            problem,
            columns: settings.columns,
            classes: settings.classes,
            schema: self.prepared.schema.clone(),
            segments: settings.segments,
            find_segments: settings.find_segments,
            bias: settings.bias,
            explain: settings.explain,
            sampling: settings.sampling,
            options: QualityOptions {
                min_labels: settings.policy.min_labels,
                value_matrix: settings.value_matrix,
                ..QualityOptions::default()
            },
            policy: settings.policy,
            as_of: None,
            history: settings.history,
            merged: settings.merged,
            output,
            settings: ScanSettings {
                window: span.window(),
                variants: monitor.variants.clone(),
                ..self.place.settings.clone()
            },
            store: self.place.options.clone(),
            title: Some(monitor.name.clone()),
        }))
    }
}
