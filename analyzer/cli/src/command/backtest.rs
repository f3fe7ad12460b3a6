//! `driftline backtest`.

use crate::progress::Bar;
use crate::{exit, message, settings};
use baselines::calibrate::FalseAlarmBudget;
use capture::time::TimeWindow;
use clap::Args;
use engine::backtest::{BacktestRequest, backtest};
use engine::scan::ScanSettings;
use engine::{EngineError, ErrorKind};
use store::StoreOptions;

#[derive(Debug, Args)]
pub(crate) struct BacktestArguments {
    /// The monitor's settings (docs/monitor.md).
    #[arg(long, value_name = "FILE")]
    monitor: String,
    /// First time replayed: RFC 3339, or a date.
    #[arg(long, value_name = "TIME")]
    from: String,
    /// First time not replayed.
    #[arg(long, value_name = "TIME")]
    to: String,
    /// False-alarm budgets to try, with commas between them; the monitor's own without it.
    #[arg(long, value_name = "BUDGETS")]
    budgets: Option<String>,
    /// What windows are held against, instead of the monitor's `drift.reference`: baseline, previous, trailing:K or season;
    /// earlier windows are those replayed, from --from on.
    #[arg(long, value_name = "REFERENCE")]
    reference: Option<String>,
    /// Where backtest.html and backtest.json go.
    #[arg(long, value_name = "LOCATION")]
    output: Option<String>,
    /// Worker threads; all cores without it.
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Print backtest.json instead of the table.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(arguments: BacktestArguments) -> anyhow::Result<u8> {
    let options = StoreOptions::default();
    let output = arguments
        .output
        .as_deref()
        .map(|text| settings::location("--output", text))
        .transpose()?;
    let span = TimeWindow {
        start: Some(settings::time_or_date("--from", &arguments.from)?),
        end: Some(settings::time_or_date("--to", &arguments.to)?),
    };
    if span.start >= span.end {
        let wrong = EngineError::new(
            ErrorKind::Usage,
            "--from is not before --to, so there is nothing to replay",
        );
        return Err(wrong
            .with_hint("windows follow one another from --from on")
            .into());
    }
    let mut monitor = settings::monitor(&arguments.monitor, &options).await?;
    if let Some(text) = &arguments.reference {
        monitor.drift.reference = settings::reference(text, "trailing:24")?;
    }
    let schema = settings::schema_at(monitor.schema.as_ref(), &options).await?;
    let request = BacktestRequest {
        schema,
        monitor,
        span,
        budgets: budgets(arguments.budgets.as_deref())?,
        settings: ScanSettings {
            n_threads: settings::threads(arguments.threads)?,
            ..ScanSettings::default()
        },
        options: options.clone(),
    };
    let replayed = backtest(&request, &Bar::default()).await?;
    let written = match &output {
        Some(output) => replayed.write(output, &options).await?,
        None => Vec::new(),
    };
    if arguments.json {
        message::data(&String::from_utf8(replayed.document()?)?);
    } else {
        message::data(&replayed.text());
        for place in &written {
            message::data(&format!("wrote {place}\n"));
        }
    }
    Ok(exit::DONE)
}

fn budgets(text: Option<&str>) -> Result<Vec<FalseAlarmBudget>, EngineError> {
    let parts = text.into_iter().flat_map(|text| text.split(','));
    parts.map(|part| settings::budget("--budgets", part)).collect()
}
