//! Fourth act: at each month's end the model's quality is estimated; labels come weeks later, and each delivery that
//! changes what is known makes the next revision.

use super::endpoint::remove;
use super::labels::{Label, deliver, median_days, on_their_way, take_back};
use super::rides::Month;
use super::{ENDPOINT, Stage, drift};
use crate::message;
use crate::progress::Bar;
use baselines::quality::{Problem, QualityOptions, QualityPolicy};
use capture::time::TimeWindow;
use engine::quality::revision::LATEST_FILE;
use engine::quality::{ClassSettings, LABELS_FILE, QualityColumns, QualityRequest, run};
use engine::report::format::count;
use engine::scan::ScanSettings;
use engine::timeline::{TIMELINE_PAGE, Timeline, TimelineRequest, read};
use std::fmt::Write as _;
use store::Location;

/// The metric of the story.
pub(super) const METRIC: &str = "rmse";
/// Folder of the labels.
pub(super) const GROUND_TRUTH: &str = "ground-truth";
const FOLDER: &str = "quality";
/// Months after a window's end at which it is looked at again.
const LOOKS: [i64; 3] = [0, 1, 3];

/// Follows the months until their labels are there; gives where the page over all of them is.
pub(super) async fn follow(stage: &Stage) -> anyhow::Result<String> {
    let labels = on_their_way(&stage.served);
    begin_anew(stage, &labels)?;
    let delay_of = |month: Option<&Month>| {
        let span = month.map(|month| month.start()..month.later(1).start())?;
        median_days(
            &stage.served,
            labels
                .iter()
                .filter(|label| span.contains(&label.asked(&stage.served))),
        )
    };
    if let (Some(first), Some(last)) = (delay_of(stage.months.first()), delay_of(stage.months.last())) {
        message::data(&format!(
            "4  quality   labels come late: half of them within {first} days at first, within {last} days at last\n"
        ));
    }
    // Every moment at which a window is looked at, in the order of time.
    let mut looks: Vec<(Month, Month)> = stage
        .months
        .iter()
        .flat_map(|month| LOOKS.map(|n| (month.later(1 + n), *month)))
        .collect();
    looks.sort();
    let (mut delivered_until, mut n_delivered) = (i64::MIN, 0);
    for (moment, month) in looks {
        n_delivered += deliver(stage, &labels, delivered_until, moment.start())?;
        delivered_until = delivered_until.max(moment.start());
        Box::pin(look(stage, month, moment)).await?;
    }
    let timeline = read(&TimelineRequest {
        quality: stage.folder.join(FOLDER),
        drift: Some(stage.folder.join(drift::FOLDER)),
        metric: Some(METRIC.to_owned()),
        title: Some(format!("{ENDPOINT} / AllTraffic")),
        store: stage.options.clone(),
    })
    .await?;
    let output = stage.folder.join("timeline");
    timeline.write(&output, &stage.options).await?;
    for line in timeline.text().lines() {
        message::data(&format!("   {line}\n"));
    }
    message::data(&said(&timeline, n_delivered));
    Ok(output.join(TIMELINE_PAGE).to_string())
}

/// Forgets what an earlier run in the same folder knew: its labels would come before their time.
fn begin_anew(stage: &Stage, labels: &[Label]) -> anyhow::Result<()> {
    take_back(stage, labels)?;
    let folder = stage.path.join(FOLDER);
    for month in &stage.months {
        remove(&folder.join(month.name()).join(LATEST_FILE))?;
    }
    remove(&folder.join(LABELS_FILE))
}

/// Measures a window with the labels there are at a moment.
async fn look(stage: &Stage, month: Month, moment: Month) -> anyhow::Result<()> {
    let place = |name: &str| -> Location { stage.folder.join(name) };
    let name = month.name();
    let request = QualityRequest {
        capture: stage.capture(),
        ground_truth: place(GROUND_TRUTH),
        baseline: stage.baseline(),
        problem: Problem::Regression,
        columns: QualityColumns::default(),
        classes: ClassSettings::default(),
        schema: None,
        segments: Vec::new(),
        find_segments: false,
        facets: Vec::new(),
        explain: None,
        sampling: None,
        options: QualityOptions::default(),
        policy: QualityPolicy::default(),
        as_of: Some(moment.start()),
        history: Some(place(FOLDER)),
        merged: false,
        output: place(FOLDER).join(&name),
        settings: ScanSettings {
            window: TimeWindow {
                start: Some(month.start()),
                end: Some(month.later(1).start()),
            },
            ..ScanSettings::default()
        },
        store: stage.options.clone(),
        title: Some(format!("{ENDPOINT} / AllTraffic, {name}")),
    };
    let found = Box::pin(run(&request, &Bar::default())).await?;
    found.write(&request).await?;
    Ok(())
}

/// What the months say together.
fn said(timeline: &Timeline, n_delivered: u64) -> String {
    let windows = &timeline.windows;
    let first = || windows.iter().filter_map(|window| window.first_estimate(METRIC));
    let moved_first = first()
        .filter(|(revision, found)| {
            revision.status == "not_evaluated" && found.estimate_is_worse() == Some(true)
        })
        .count();
    let newest = || windows.iter().filter_map(|window| window.newest());
    let confirmed = newest().filter(|revision| revision.status == "violated").count();
    let blind = newest()
        .filter_map(|revision| {
            let metric = revision.metrics.get(METRIC)?;
            Some(metric.realised?.low > metric.estimated?.high)
        })
        .filter(|is_above| *is_above)
        .count();
    let mut text = format!(
        "   In {moved_first} of {} months the estimate was worse than the baseline before enough labels were there to judge by; {} labels later {confirmed} are violated.\n",
        windows.len(),
        count(n_delivered),
    );
    if blind > 0 {
        let _infallible = writeln!(
            text,
            "   In {blind} the error is above the estimate's band: not the inputs alone have changed, but what follows from them."
        );
    }
    text
}
