//! `driftline analyze`.

use crate::args::{AnalyzeArguments, FailOn, Position};
use crate::progress::Bar;
use crate::{exit, message, settings};
use baselines::judge::{Policy, Status};
use bytes::Bytes;
use engine::analyze::{Analysis, AnalyzeRequest, analyze_with};
use engine::baseline::load;
use engine::plan::OutputPosition;
use engine::reference::ReferenceRequest;
use engine::scan::ScanSettings;
use engine::{EngineError, ErrorKind};
use serde::Serialize;
use store::{Location, PutMode, StoreOptions, join_key, open_store};

/// Refused lines a rejects file can list; more are counted but not listed.
const MAX_LISTED_REJECTS: usize = 10_000_000;

pub(crate) async fn run(arguments: AnalyzeArguments) -> anyhow::Result<u8> {
    let options = StoreOptions::default();
    let output = settings::location("--output", &arguments.output)?;
    let rejects = arguments
        .rejects
        .as_deref()
        .map(|text| settings::location("--rejects", text))
        .transpose()?;
    let mut scan = settings::scan_settings(&arguments.reading)?;
    if rejects.is_some() {
        scan = ScanSettings {
            max_kept_rejects: MAX_LISTED_REJECTS,
            keep_payloads: arguments.rejects_payload,
            ..scan
        };
    }
    let request = AnalyzeRequest {
        capture: settings::location("--capture", &arguments.capture)?,
        baseline: settings::location("--baseline", &arguments.baseline)?,
        schema: settings::schema(arguments.reading.schema.as_deref(), &options).await?,
        output_position: match arguments.output_columns_position {
            Position::Start => OutputPosition::Start,
            Position::End => OutputPosition::End,
        },
        settings: scan,
        policy: Policy::default(),
        options: options.clone(),
        title: arguments.title.clone(),
    };
    let reference = reference(&arguments)?;
    let baseline = load(&request.baseline, &options).await?;
    let analysis = analyze_with(&request, &baseline, &reference, &Bar::default()).await?;
    if let Some(place) = &rejects {
        write_rejects(&analysis, place, &options).await?;
    }
    let written = analysis.write(&output, &options).await?;
    if arguments.json {
        message::data(&String::from_utf8(analysis.verdict_bytes()?)?);
    } else {
        message::data(&analysis.text());
        let choices = &analysis.verdict.judged.choices;
        if let Some(windows) = choices.get("reference_windows") {
            message::data(&format!("held against {}: {windows}\n", choices["reference"]));
        }
        for place in &written {
            message::data(&format!("wrote {place}\n"));
        }
    }
    Ok(match (analysis.verdict.status, arguments.fail_on) {
        (Status::Violated, Some(_)) => exit::VIOLATED,
        (Status::NotEvaluated, Some(FailOn::NotEvaluated)) => exit::NOT_EVALUATED,
        _ => exit::DONE,
    })
}

fn reference(arguments: &AnalyzeArguments) -> Result<ReferenceRequest, EngineError> {
    Ok(ReferenceRequest {
        reference: arguments.reference.parse().map_err(|error| {
            EngineError::new(
                ErrorKind::Usage,
                format!("--reference is `{}`: {error}", arguments.reference),
            )
            .with_hint("for example --reference trailing:24 --history runs")
        })?,
        history: arguments
            .history
            .as_deref()
            .map(|text| settings::location("--history", text))
            .transpose()?,
    })
}

#[derive(Serialize)]
struct RejectLine<'a> {
    object: &'a str,
    line: u64,
    byte_offset: u64,
    bytes: u64,
    reason: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<String>,
}

async fn write_rejects(analysis: &Analysis, place: &Location, options: &StoreOptions) -> anyhow::Result<()> {
    let mut lines = Vec::new();
    for reject in &analysis.scan.rejects {
        let line = RejectLine {
            object: &analysis.scan.objects[reject.object_idx as usize].key,
            line: reject.line,
            byte_offset: reject.byte_offset,
            bytes: reject.n_bytes,
            reason: reject.reason.name(),
            payload: reject
                .payload
                .as_ref()
                .map(|bytes| String::from_utf8_lossy(bytes).into_owned()),
        };
        serde_json::to_writer(&mut lines, &line)?;
        lines.push(b'\n');
    }
    let (Some(folder), Some(name)) = (place.parent(), place.file_name()) else {
        return Err(
            EngineError::new(ErrorKind::Usage, format!("--rejects {place} names no file"))
                .with_hint("for example --rejects out/rejects.jsonl")
                .into(),
        );
    };
    let (store, root) = open_store(&folder, options).await.map_err(EngineError::from)?;
    let key = join_key(&root, name);
    store
        .put(&key, Bytes::from(lines), PutMode::Overwrite)
        .await
        .map_err(EngineError::from)?;
    Ok(())
}
