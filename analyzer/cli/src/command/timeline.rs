//! `driftline timeline`.

use crate::{exit, message, settings};
use clap::Args;
use engine::timeline::{TimelineRequest, read};
use store::StoreOptions;

#[derive(Debug, Args)]
pub(crate) struct TimelineArguments {
    /// Folder of the outputs of `driftline quality`, one folder per window.
    #[arg(long, value_name = "LOCATION")]
    quality: String,
    /// Folder of the outputs of `driftline analyze`, one folder per window; --quality's without it.
    #[arg(long, value_name = "LOCATION")]
    drift: Option<String>,
    /// The metric by which windows are compared, for example `rmse`; the problem's usual one without it.
    #[arg(long, value_name = "NAME")]
    metric: Option<String>,
    /// Where timeline.html and timeline.json go.
    #[arg(long, value_name = "LOCATION")]
    output: Option<String>,
    /// What the page calls it.
    #[arg(long)]
    title: Option<String>,
    /// Print timeline.json instead of a line per window.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(arguments: TimelineArguments) -> anyhow::Result<u8> {
    let store = StoreOptions::default();
    let place = |name: &str, text: &Option<String>| {
        text.as_deref()
            .map(|text| settings::location(name, text))
            .transpose()
    };
    let output = place("--output", &arguments.output)?;
    let timeline = read(&TimelineRequest {
        quality: settings::location("--quality", &arguments.quality)?,
        drift: place("--drift", &arguments.drift)?,
        metric: arguments.metric,
        title: arguments.title,
        store: store.clone(),
    })
    .await?;
    let written = match &output {
        Some(output) => timeline.write(output, &store).await?,
        None => Vec::new(),
    };
    if arguments.json {
        message::data(&String::from_utf8(timeline.document()?)?);
    } else {
        message::data(&timeline.text());
        for place in &written {
            message::data(&format!("wrote {place}\n"));
        }
    }
    Ok(exit::DONE)
}
