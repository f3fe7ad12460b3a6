//! A run's documents, and where they go: the next revision, the pointer, what is known of label delays.

use super::maturity;
use super::merged;
use super::present::page;
use super::request::QualityRequest;
use super::revision::{Next, PointedWindow, Revision, Written};
use super::run::QualityRun;
use crate::error::{EngineError, ErrorKind};
use crate::report::quality::html;
use baselines::document::DocumentError;
use baselines::document::model_monitor::{STATISTICS_FILE, Statistics, VIOLATIONS_FILE, Violations};
use baselines::document::quality::QUALITY_FILE;
use baselines::document::verdict::VERDICT_FILE;
use std::sync::Arc;
use store::{ObjectStore, open_store};

/// The quality page's file name.
pub const PAGE_FILE: &str = "quality.html";

fn fault(error: DocumentError) -> EngineError {
    EngineError::new(ErrorKind::Internal, "a quality document cannot be written").with_source(error)
}

impl QualityRun {
    /// `quality.json`, which is also what `--json` prints.
    pub fn json(&self) -> Result<Vec<u8>, EngineError> {
        self.document.to_bytes().map_err(fault)
    }

    /// The documents of a revision, by their names in its folder; `verdict.json` last.
    pub fn documents(&self, request: &QualityRequest) -> Result<Vec<(String, Vec<u8>)>, EngineError> {
        let evaluated = self
            .document
            .maturity
            .as_ref()
            .map(|maturity| maturity.as_of.as_str());
        let statistics = Statistics::of_quality(&self.result, evaluated);
        let violations = self.verdict.as_ref().map(Violations::from).unwrap_or_default();
        Ok(vec![
            (STATISTICS_FILE.to_owned(), statistics.to_bytes().map_err(fault)?),
            (VIOLATIONS_FILE.to_owned(), violations.to_bytes().map_err(fault)?),
            (PAGE_FILE.to_owned(), html(&page(self, request)).into_bytes()),
            (QUALITY_FILE.to_owned(), self.json()?),
            (VERDICT_FILE.to_owned(), self.verdict_bytes(request)?),
        ])
    }

    /// Writes the next revision, unless nothing has changed.
    pub async fn write(&self, request: &QualityRequest) -> Result<Written, EngineError> {
        let (store, root) = open_store(&request.output, &request.store).await?;
        self.write_to(request, store, root).await
    }

    /// [`Self::write`] into a store that is open.
    pub(crate) async fn write_to(
        &self,
        request: &QualityRequest,
        store: Arc<dyn ObjectStore>,
        root: String,
    ) -> Result<Written, EngineError> {
        let window = PointedWindow {
            start: self.document.start.clone(),
            end: self.document.end.clone(),
        };
        let documents = self.documents(request)?;
        let next = Revision::next(Arc::clone(&store), root.clone(), &self.document.digest, window).await?;
        let mut revision = match next {
            Next::Same(written) => return Ok(written),
            Next::Write(revision) => *revision,
        };
        if let Some(labels) = &self.loaded.merge {
            merged::write(
                labels,
                &self.loaded,
                request,
                &self.document.digest,
                &mut revision,
            )
            .await?;
        }
        for (name, bytes) in documents {
            revision.put(&name, bytes).await?;
        }
        let (store, root) = match &request.history {
            Some(place) => open_store(place, &request.store).await?,
            None => (store, root),
        };
        maturity::write(&self.delays, &store, &root).await?;
        revision.commit().await
    }
}
