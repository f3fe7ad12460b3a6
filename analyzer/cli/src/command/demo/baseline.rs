//! Second act: what normal is, of the inputs and of the model's quality.

use super::{Stage, rides};
use crate::message;
use crate::progress::Bar;
use baselines::quality::{Problem, QualityOptions};
use capture::schema::Schema;
use engine::baseline::{BaselineRequest, make as make_baseline};
use engine::quality::{ClassSettings, QualityBaselineRequest, QualityColumns, make_quality_baseline};
use engine::report::format::{count, number};
use engine::scan::ScanSettings;

pub(super) async fn make(stage: &Stage) -> anyhow::Result<()> {
    stage.put("training.csv", rides::table(&stage.training)).await?;
    stage.put("schema.json", rides::schema()).await?;
    let data = stage.folder.join("training.csv");
    let schema = Some(Schema::parse(rides::schema().as_bytes())?);
    let quality = make_quality_baseline(
        &QualityBaselineRequest {
            data: data.clone(),
            problem: Problem::Regression,
            columns: QualityColumns::default(),
            classes: ClassSettings::default(),
            schema: schema.clone(),
            options: QualityOptions::default(),
            evaluated_at: None,
            settings: ScanSettings::default(),
            store: stage.options.clone(),
        },
        &Bar::default(),
    )
    .await?;
    quality.write(&stage.baseline(), &stage.options).await?;
    let made = make_baseline(
        &BaselineRequest {
            data,
            schema,
            settings: ScanSettings::default(),
            options: stage.options.clone(),
        },
        &Bar::default(),
    )
    .await?;
    made.write(&stage.baseline(), &stage.options).await?;
    let estimator = match &quality.estimator {
        Ok(_) => "an estimator for months without labels".to_owned(),
        Err(reason) => format!("no estimator: {reason}"),
    };
    let rmse = quality.document.metrics.get(super::quality::METRIC);
    message::data(&format!(
        "2  baseline  {} rows, {} columns, in {}\n             {}\n             {}; {estimator}\n",
        count(made.baseline.n_rows),
        made.baseline.monitored().count(),
        stage.baseline(),
        made.calibrated.sentence(),
        rmse.map_or_else(
            || "no quality without labels".to_owned(),
            |rmse| format!(
                "RMSE {} ({} to {})",
                number(rmse.value),
                number(rmse.low),
                number(rmse.high)
            )
        ),
    ));
    Ok(())
}
