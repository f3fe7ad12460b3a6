//! `[alerts]` of `monitor.toml` as types: who is told what, and how much of it.
//!
//! Secrets are names of environment variables, never values: the file may be shared. Does not read TOML
//! (`engine::monitor`), and does not read the environment.

use baselines::decide::{QuietHours, UtcOffset};
use baselines::document::verdict::SeverityV1;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// `[alerts]`.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertSettings {
    /// Receivers by name.
    pub routes: BTreeMap<String, Route>,
    /// Windows without an alarm, one after the other, that end an incident; at least 1.
    pub recover_after: u32,
    /// Seconds after which an open, unacknowledged incident is said again; never without it.
    pub remind_every: Option<i64>,
    /// Notices a route may get; unlimited without it.
    pub rate_limit: Option<RateLimit>,
    /// Hours of the week in which nothing is sent.
    pub mute_hours: QuietHours,
    /// Zone of those hours.
    pub utc_offset: UtcOffset,
    /// How people reach a report: `{location}` stands for the report's place in the store, `{key}` for its key alone.
    pub report_url: Option<String>,
    /// CloudWatch metrics; none without it.
    pub metrics: Option<MetricSettings>,
}

impl Default for AlertSettings {
    /// No routes; an incident ends with its first calm window; 20 notices an hour and route; no reminders.
    fn default() -> Self {
        Self {
            routes: BTreeMap::new(),
            recover_after: 1,
            remind_every: None,
            rate_limit: Some(RateLimit {
                n: 20,
                seconds: 3_600,
            }),
            mute_hours: QuietHours::default(),
            utc_offset: UtcOffset::default(),
            report_url: None,
            metrics: None,
        }
    }
}

impl AlertSettings {
    /// The severity from which a window is an alarm: the lowest that any route asks for; `violation` without routes.
    pub fn floor(&self) -> SeverityV1 {
        self.routes
            .values()
            .map(|route| route.severity)
            .min()
            .unwrap_or(SeverityV1::Violation)
    }

    /// These settings and one more route, which hears what any other hears: our own event bus.
    #[must_use]
    pub fn with_bus(mut self, bus: &str) -> Self {
        let route = Route {
            severity: self.floor(),
            target: Target::EventBridge { bus: bus.to_owned() },
            ..Route::default()
        };
        self.routes.insert(BUS_ROUTE.to_owned(), route);
        self
    }

    /// Whether the hours of the week are muted.
    pub fn is_muted_hour(&self, now: i64) -> bool {
        !self.mute_hours.is_empty() && self.mute_hours.open_from(now, self.utc_offset) != now
    }
}

/// Name of the route that [`AlertSettings::with_bus`] adds; no route of a file may have it.
pub const BUS_ROUTE: &str = "driftline-event-bus";

/// `[alerts.routes.NAME]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// Incidents below this severity are not said here.
    pub severity: SeverityV1,
    /// Whether recoveries are said.
    pub recoveries: bool,
    /// Whether reminders are sent.
    pub reminders: bool,
    /// Whether starts and ends of retrainings are said.
    pub retraining: bool,
    /// The receiver.
    pub target: Target,
}

impl Default for Route {
    fn default() -> Self {
        Self {
            severity: SeverityV1::Violation,
            recoveries: true,
            reminders: true,
            retraining: true,
            target: Target::EventBridge {
                bus: "default".to_owned(),
            },
        }
    }
}

impl Route {
    /// Environment variables that sending through it needs.
    pub fn variables(&self) -> Vec<&str> {
        let Target::Webhook(webhook) = &self.target else {
            return Vec::new();
        };
        let url = match &webhook.url {
            Place::Variable(name) => Some(name.as_str()),
            Place::Written(_) => None,
        };
        url.into_iter().chain(webhook.secret_env.as_deref()).collect()
    }
}

/// A receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// An HTTP endpoint.
    Webhook(Webhook),
    /// An Amazon SNS topic, e-mail among what may be subscribed to it.
    Sns {
        /// Its ARN.
        topic: String,
    },
    /// An Amazon EventBridge bus.
    EventBridge {
        /// Its name or ARN.
        bus: String,
    },
}

/// An HTTP endpoint and the form it reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// The form.
    pub form: Form,
    /// Where it is.
    pub url: Place,
    /// Environment variable with the secret: the signing key, or PagerDuty's routing key.
    pub secret_env: Option<String>,
}

/// A value in the file, or the environment variable that has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// As written.
    Written(String),
    /// In this variable: it is a secret.
    Variable(String),
}

/// What an HTTP endpoint reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// `alert.v1.schema.json`.
    Generic,
    /// Slack's incoming webhooks: Block Kit.
    Slack,
    /// Microsoft Teams' workflows: an adaptive card.
    Teams,
    /// PagerDuty's Events API v2.
    PagerDuty,
}

impl Form {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Generic, Self::Slack, Self::Teams, Self::PagerDuty];

    /// The name in `monitor.toml`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Generic => "generic",
            Self::Slack => "slack",
            Self::Teams => "teams",
            Self::PagerDuty => "pagerduty",
        }
    }
}

/// PagerDuty's own endpoint.
pub const PAGERDUTY_URL: &str = "https://events.pagerduty.com/v2/enqueue";

/// At most `n` in any `seconds`, ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// Notices.
    pub n: u32,
    /// Length of the interval.
    pub seconds: i64,
}

/// The text is no rate limit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no rate limit, expected a number from 1 to 1000 and `per minute`, `per hour` or `per day`, such as `10 per hour`"
)]
pub struct RateLimitError(String);

impl FromStr for RateLimit {
    type Err = RateLimitError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || RateLimitError(text.to_owned());
        let (number, unit) = text.trim().split_once(" per ").ok_or_else(wrong)?;
        let seconds = match unit.trim() {
            "minute" => 60,
            "hour" => 3_600,
            "day" => 86_400,
            _ => return Err(wrong()),
        };
        let n = number.trim().parse().map_err(|_| wrong())?;
        if !(1..=1_000).contains(&n) {
            return Err(wrong());
        }
        Ok(Self { n, seconds })
    }
}

impl fmt::Display for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.seconds {
            60 => write!(f, "{} per minute", self.n),
            86_400 => write!(f, "{} per day", self.n),
            3_600 => write!(f, "{} per hour", self.n),
            seconds => write!(f, "{} per {seconds} seconds", self.n),
        }
    }
}

/// `[alerts.metrics]`: Model Monitor's metric names and dimensions, and Driftline's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricSettings {
    /// Dimension `Endpoint`; left out without it, as for batch.
    pub endpoint: Option<String>,
    /// Dimension `MonitoringSchedule`: the schedule's name, so that its alarms keep working.
    pub schedule: String,
    /// Namespace of data metrics; Model Monitor's by default.
    pub data_namespace: String,
    /// Namespace of model-quality metrics.
    pub model_namespace: String,
}

/// Model Monitor's namespaces for endpoints: data and model quality.
pub const ENDPOINT_NAMESPACES: (&str, &str) = (
    "aws/sagemaker/Endpoints/data-metrics",
    "aws/sagemaker/Endpoints/model-metrics",
);
/// The same without an endpoint.
pub const BATCH_NAMESPACES: (&str, &str) = (
    "aws/sagemaker/ModelMonitoring/data-metrics",
    "aws/sagemaker/ModelMonitoring/model-metrics",
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rate_limits_are_read_and_written_back() {
        for text in ["10 per hour", "1 per minute", "1000 per day"] {
            assert_eq!(text.parse::<RateLimit>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "10",
            "0 per hour",
            "1001 per hour",
            "10 per week",
            "-1 per day",
            "x per day",
        ] {
            assert!(
                text.parse::<RateLimit>()
                    .unwrap_err()
                    .to_string()
                    .contains("10 per hour"),
                "{text}"
            );
        }
    }

    #[test]
    fn the_floor_is_the_lowest_route() {
        let mut settings = AlertSettings::default();
        assert_eq!(settings.floor(), SeverityV1::Violation);
        settings.routes.insert(
            "a".to_owned(),
            Route {
                severity: SeverityV1::Warning,
                ..Route::default()
            },
        );
        settings.routes.insert("b".to_owned(), Route::default());
        assert_eq!(settings.floor(), SeverityV1::Warning);
        let with = settings.with_bus("bus");
        assert_eq!(with.routes[BUS_ROUTE].severity, SeverityV1::Warning);
    }

    /// 2026-11-21 is a Saturday (`date -d 2026-11-21 +%A`, GNU coreutils 9.1); 08:00 UTC of it is second 1795248000.
    #[test]
    fn muted_hours_are_of_the_zone() {
        let settings = AlertSettings {
            mute_hours: QuietHours::parse(["Sat 10:00-11:00"]).unwrap(),
            utc_offset: "+02:00".parse().unwrap(),
            ..AlertSettings::default()
        };
        assert!(settings.is_muted_hour(1_795_248_000));
        assert!(!settings.is_muted_hour(1_795_248_000 + 3_600));
        assert!(!AlertSettings::default().is_muted_hour(1_795_248_000));
    }
}
