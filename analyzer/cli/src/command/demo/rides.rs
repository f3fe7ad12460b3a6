//! The demo's data: every hour of a year with what the model said and what came true, in months.
//!
//! Does not know what is done with them.

use anyhow::Context as _;
use capture::payload::csv::fields;
use capture::time::{days_from_civil, parse_rfc3339};
use std::fmt::Write as _;

const RIDES: &str = include_str!("../../../demo/Bikeshare.csv");
const PREDICTIONS: &str = include_str!("../../../demo/predictions.csv");
/// The first hour that was not in the training data.
const SERVED_FROM: &str = "2011-04";
/// What the endpoint is given. `season`, `mnth` and `day` name the time of year and are not among them.
pub(super) const INPUTS: [&str; 9] = [
    "hr",
    "holiday",
    "weekday",
    "workingday",
    "weathersit",
    "temp",
    "atemp",
    "hum",
    "windspeed",
];
const CATEGORICAL: [&str; 4] = ["holiday", "weekday", "workingday", "weathersit"];

/// One hour: what the model was asked, what it said, and what came true.
#[derive(Clone)]
pub(super) struct Ride {
    pub(super) time: String,
    pub(super) second: i64,
    pub(super) input: String,
    pub(super) prediction: String,
    /// Bikers in that hour.
    pub(super) demand: String,
}

/// A calendar month.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Month {
    year: i64,
    month: i64,
}

impl Month {
    fn of(time: &str) -> Option<Self> {
        Some(Self {
            year: time.get(..4)?.parse().ok()?,
            month: time.get(5..7)?.parse().ok()?,
        })
    }

    /// The month `n` later.
    pub(super) fn later(self, n: i64) -> Self {
        let months = self.year * 12 + self.month - 1 + n;
        Self {
            year: months.div_euclid(12),
            month: months.rem_euclid(12) + 1,
        }
    }

    /// Its first second.
    pub(super) fn start(self) -> i64 {
        days_from_civil(self.year, self.month, 1) * 86_400
    }

    /// `2011-04`.
    pub(super) fn name(self) -> String {
        format!("{:04}-{:02}", self.year, self.month)
    }
}

/// The training data, and what was served.
pub(super) fn read() -> anyhow::Result<(Vec<Ride>, Vec<Ride>)> {
    let mut lines = RIDES.lines();
    let header = fields(lines.next().unwrap_or_default().as_bytes());
    let at = |name: &str| {
        header
            .iter()
            .position(|column| column == name)
            .with_context(|| format!("the demo's data lack `{name}`"))
    };
    let (time_at, demand_at) = (at("timestamp")?, at("bikers")?);
    let inputs_at = INPUTS
        .iter()
        .map(|name| at(name))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let predictions = PREDICTIONS
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(','));
    let rides = lines.zip(predictions).map(|(line, (_, prediction))| {
        let row = fields(line.as_bytes());
        let cell = |idx: usize| row.get(idx).cloned().context("a row of the demo's data is short");
        let time = cell(time_at)?;
        let input: Vec<&str> = inputs_at
            .iter()
            .filter_map(|idx| row.get(*idx))
            .map(String::as_str)
            .collect();
        Ok(Ride {
            second: parse_rfc3339(&time).context("a time of the demo's data is none")?,
            time,
            input: input.join(","),
            prediction: prediction.to_owned(),
            demand: cell(demand_at)?,
        })
    });
    let mut training = rides.collect::<anyhow::Result<Vec<Ride>>>()?;
    let n_training = training.partition_point(|ride| ride.time.as_str() < SERVED_FROM);
    let served = training.split_off(n_training);
    Ok((training, served))
}

/// The months of some hours, in order.
pub(super) fn months(rides: &[Ride]) -> Vec<Month> {
    let mut months: Vec<Month> = rides.iter().filter_map(|ride| Month::of(&ride.time)).collect();
    months.dedup();
    months
}

/// The labelled table a baseline is made from.
pub(super) fn table(rides: &[Ride]) -> String {
    let mut table = format!("timestamp,bikers,prediction,{}\n", INPUTS.join(","));
    for ride in rides {
        let _infallible = writeln!(
            table,
            "{},{},{},{}",
            ride.time, ride.demand, ride.prediction, ride.input
        );
    }
    table
}

/// Which column is what.
pub(super) fn schema() -> String {
    let features: Vec<String> = INPUTS
        .iter()
        .map(|name| {
            let kind = if CATEGORICAL.contains(name) {
                "categorical"
            } else {
                "numeric"
            };
            format!("    {{\"name\": \"{name}\", \"type\": \"{kind}\"}}")
        })
        .collect();
    format!(
        "{{\n  \"task\": \"regression\",\n  \"features\": [\n{}\n  ],\n  \"label\": \"bikers\",\n  \"prediction\": \"prediction\",\n  \"timestamp\": \"timestamp\"\n}}\n",
        features.join(",\n")
    )
}

/// A labelled table as the training image reads it: no predictions.
pub(super) fn labelled(rides: &[Ride]) -> String {
    let mut table = format!("event_time,bikers,{}\n", INPUTS.join(","));
    for ride in rides {
        let _infallible = writeln!(table, "{},{},{}", ride.time, ride.demand, ride.input);
    }
    table
}

/// Its schema, which is the pipeline's and the endpoint's, too.
pub(super) fn training_schema() -> String {
    schema().replace("\"timestamp\": \"timestamp\"", "\"timestamp\": \"event_time\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use capture::time::format_rfc3339;

    #[test]
    fn months_follow_one_another_over_the_new_year() {
        let november = Month::of("2011-11-30T23:00:00Z").unwrap();
        let names: Vec<String> = (0..4).map(|n| november.later(n).name()).collect();
        assert_eq!(names, ["2011-11", "2011-12", "2012-01", "2012-02"]);
        assert_eq!(
            format_rfc3339(november.later(3).start()).as_deref(),
            Some("2012-02-01T00:00:00Z")
        );
    }

    #[test]
    fn the_data_are_whole() {
        let (training, served) = read().unwrap();
        assert_eq!(training.len() + served.len(), 8_645);
        assert_eq!(months(&served).len(), 9);
        assert!(
            training
                .iter()
                .chain(&served)
                .all(|ride| ride.input.split(',').count() == INPUTS.len())
        );
    }
}
