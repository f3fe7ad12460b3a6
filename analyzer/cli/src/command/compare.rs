//! `driftline compare`.

use crate::progress::Bar;
use crate::{exit, message, settings};
use baselines::compare::{Convention, Method, UnknownName};
use baselines::multivariate::{DatasetMethod, Sampling};
use capture::limits::Limits;
use clap::Args;
use engine::compare::{CompareRequest, Methods, compare};
use engine::dataset::DatasetRequest;
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
    /// Also look at all columns together: domain_classifier, pca_reconstruction, mmd, association_change, comma
    /// separated, or `all`.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    dataset: Option<Vec<String>>,
    /// A column that holds arrays of numbers, or the beginning of the names of a group of columns; can be repeated.
    #[arg(long, value_name = "COLUMN", requires = "dataset")]
    embedding: Vec<String>,
    /// Rows of each side that --dataset takes at most; more are sampled.
    #[arg(long, value_name = "N", default_value_t = Sampling::default().max_rows, requires = "dataset")]
    dataset_rows: usize,
    /// Seed of the sample, the folds and the permutations of --dataset.
    #[arg(long, value_name = "N", default_value_t = Sampling::default().seed, requires = "dataset")]
    seed: u64,
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
    let convention = known("--convention", &arguments.convention, Convention::from_str)?;
    let dataset = dataset(&arguments, convention)?;
    let request = CompareRequest {
        dataset,
        baseline: settings::location("--baseline", &arguments.baseline)?,
        current: settings::location("--current", &arguments.current)?,
        columns: arguments.columns.map(|names| trimmed(&names)),
        methods: methods(arguments.method.as_deref())?,
        convention,
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

/// What is asked over all columns together. Errors: an unknown method, no rows, an embedding named twice.
fn dataset(
    arguments: &CompareArguments,
    convention: Convention,
) -> Result<Option<DatasetRequest>, EngineError> {
    let Some(named) = &arguments.dataset else {
        return Ok(None);
    };
    let named = trimmed(named);
    let mut methods: Vec<DatasetMethod> = Vec::new();
    for name in &named {
        if name == "all" {
            methods = DatasetMethod::ALL.to_vec();
            break;
        }
        let method = known("--dataset", name, DatasetMethod::from_str)?;
        if !methods.contains(&method) {
            methods.push(method);
        }
    }
    if arguments.dataset_rows == 0 {
        return Err(EngineError::new(
            ErrorKind::Usage,
            "--dataset-rows is 0, expected at least 1",
        ));
    }
    let embeddings = trimmed(&arguments.embedding);
    let is_usable = |(idx, name): (usize, &String)| !name.is_empty() && !embeddings[..idx].contains(name);
    if let Some((_, name)) = embeddings.iter().enumerate().find(|named| !is_usable(*named)) {
        let error = EngineError::new(
            ErrorKind::Usage,
            format!("--embedding names `{name}` twice or not at all"),
        );
        return Err(error.with_hint("give each embedding once, by the name of its column"));
    }
    Ok(Some(DatasetRequest {
        methods,
        embeddings,
        sampling: Sampling {
            seed: arguments.seed,
            max_rows: arguments.dataset_rows,
        },
        nannyml: convention == Convention::Nannyml,
    }))
}

/// What `name` stands for, or an error that names the argument and lists what there is.
fn known<T>(
    argument: &str,
    name: &str,
    parse: impl Fn(&str) -> Result<T, UnknownName>,
) -> Result<T, EngineError> {
    parse(name).map_err(|UnknownName { what, known }| {
        let all = if what == "convention" { "" } else { ", or all" };
        EngineError::new(
            ErrorKind::Usage,
            format!("{argument} names an unknown {what}: `{name}`"),
        )
        .with_hint(format!("there are: {known}{all}"))
    })
}
