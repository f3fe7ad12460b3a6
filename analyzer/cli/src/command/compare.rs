//! `driftline compare`.

use crate::progress::Bar;
use crate::{exit, message, settings};
use baselines::compare::{Convention, Method, UnknownName};
use capture::limits::Limits;
use clap::Args;
use engine::compare::{CompareRequest, Methods, compare};
use engine::scan::ScanSettings;
use engine::{EngineError, ErrorKind};
use std::str::FromStr;
use store::StoreOptions;

#[derive(Debug, Args)]
pub(crate) struct CompareArguments {
    /// The table that says what normal is: a .csv, .parquet or .jsonl file.
    #[arg(long, value_name = "FILE")]
    baseline: String,
    /// The table to compare with it; its format may be another.
    #[arg(long, value_name = "FILE")]
    current: String,
    /// Columns, comma separated; all that both tables have without it.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    columns: Option<Vec<String>>,
    /// Methods, comma separated, or `all`; those that `analyze` measures without it.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    method: Option<Vec<String>>,
    /// By whose definition: house, scipy, sagemaker, evidently, nannyml, azureml, tfdv, scouter or deepchecks.
    #[arg(long, value_name = "NAME", default_value = "house")]
    convention: String,
    /// Column types, and which columns count (JSON).
    #[arg(long, value_name = "LOCATION")]
    schema: Option<String>,
    /// Worker threads; all cores without it.
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Refuse lines longer than this.
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().max_line_bytes)]
    max_line_bytes: usize,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(arguments: CompareArguments) -> anyhow::Result<u8> {
    let options = StoreOptions::default();
    let defaults = ScanSettings::default();
    if arguments.threads == Some(0) {
        return Err(EngineError::new(ErrorKind::Usage, "--threads is 0, expected at least 1").into());
    }
    let request = CompareRequest {
        baseline: settings::location("--baseline", &arguments.baseline)?,
        current: settings::location("--current", &arguments.current)?,
        columns: arguments.columns.map(|names| trimmed(&names)),
        methods: methods(arguments.method.as_deref())?,
        convention: known("--convention", &arguments.convention, Convention::from_str)?,
        schema: settings::schema(arguments.schema.as_deref(), &options).await?,
        settings: ScanSettings {
            n_threads: arguments.threads.unwrap_or(defaults.n_threads),
            limits: Limits {
                max_line_bytes: arguments.max_line_bytes.max(1),
                ..Limits::default()
            },
            ..defaults
        },
        options,
    };
    let comparison = compare(&request, &Bar::default()).await?;
    let text = if arguments.json {
        comparison.to_json()?
    } else {
        comparison.text()
    };
    message::data(&text);
    Ok(exit::DONE)
}

fn trimmed(names: &[String]) -> Vec<String> {
    names.iter().map(|name| name.trim().to_owned()).collect()
}

fn methods(named: Option<&[String]>) -> Result<Methods, EngineError> {
    let Some(named) = named else {
        return Ok(Methods::Default);
    };
    let named = trimmed(named);
    if named.iter().any(|name| name == "all") {
        return Ok(Methods::All);
    }
    let mut methods: Vec<Method> = Vec::new();
    for name in &named {
        let method = known("--method", name, Method::from_str)?;
        if !methods.contains(&method) {
            methods.push(method);
        }
    }
    Ok(Methods::Named(methods))
}

/// What `name` stands for, or an error that names the argument and lists what there is.
fn known<T>(
    argument: &str,
    name: &str,
    parse: impl Fn(&str) -> Result<T, UnknownName>,
) -> Result<T, EngineError> {
    parse(name).map_err(|UnknownName { what, known }| {
        let all = if what == "method" { ", or all" } else { "" };
        EngineError::new(
            ErrorKind::Usage,
            format!("{argument} names an unknown {what}: `{name}`"),
        )
        .with_hint(format!("there are: {known}{all}"))
    })
}
