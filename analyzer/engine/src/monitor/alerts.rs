//! `[alerts]`: who is told of what, and how much of it.
//!
//! Values are checked where their place in the file is known. Types and meaning are the crate `alert`'s; secrets are names of
//! environment variables, whose values this does not look at.

use super::length::Length;
use alert::send::check_url;
use alert::settings::{
    AlertSettings, BATCH_NAMESPACES, BUS_ROUTE, ENDPOINT_NAMESPACES, Form, MetricSettings, PAGERDUTY_URL,
    Place, RateLimit, Route, Target, Webhook,
};
use baselines::decide::{QuietHours, UtcOffset};
use baselines::document::verdict::SeverityV1;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;

/// Shortest time between reminders.
const SHORTEST_REMINDER: i64 = 600;

/// `[alerts]` as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    #[serde(default, deserialize_with = "routes")]
    routes: BTreeMap<String, WrittenRoute>,
    #[serde(default, deserialize_with = "at_least_one")]
    recover_after: Option<u32>,
    #[serde(default, deserialize_with = "reminder")]
    remind_every: Option<Length>,
    #[serde(default, deserialize_with = "rate_limit")]
    rate_limit: Option<Rate>,
    #[serde(default, deserialize_with = "mute_hours")]
    mute_hours: QuietHours,
    #[serde(default, deserialize_with = "utc_offset")]
    utc_offset: UtcOffset,
    #[serde(default, deserialize_with = "report_url")]
    report_url: Option<String>,
    metrics: Option<WrittenMetrics>,
}

#[derive(Debug, Clone, Copy)]
enum Rate {
    Unlimited,
    Limited(RateLimit),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenMetrics {
    #[serde(default, deserialize_with = "dimension")]
    endpoint: Option<String>,
    #[serde(default, deserialize_with = "dimension")]
    schedule: Option<String>,
    #[serde(default, deserialize_with = "namespace")]
    data_namespace: Option<String>,
    #[serde(default, deserialize_with = "namespace")]
    model_namespace: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(try_from = "Keys")]
struct WrittenRoute(Route);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    #[serde(default)]
    severity: Option<WrittenSeverity>,
    form: Option<WrittenForm>,
    url: Option<String>,
    #[serde(default, deserialize_with = "variable")]
    url_env: Option<String>,
    #[serde(default, deserialize_with = "variable")]
    secret_env: Option<String>,
    #[serde(default, deserialize_with = "variable")]
    routing_key_env: Option<String>,
    #[serde(default, deserialize_with = "topic")]
    sns: Option<String>,
    #[serde(default, deserialize_with = "bus")]
    event_bus: Option<String>,
    recoveries: Option<bool>,
    reminders: Option<bool>,
    retraining: Option<bool>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum WrittenSeverity {
    Info,
    Warning,
    Violation,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum WrittenForm {
    Generic,
    Slack,
    Teams,
    Pagerduty,
}

impl Written {
    /// The settings; the monitor's name and endpoint are the dimensions of metrics unless the section says others.
    pub(super) fn settings(self, monitor: &str, endpoint: Option<&str>) -> AlertSettings {
        let defaults = AlertSettings::default();
        AlertSettings {
            routes: self
                .routes
                .into_iter()
                .map(|(name, route)| (name, route.0))
                .collect(),
            recover_after: self.recover_after.unwrap_or(defaults.recover_after),
            remind_every: self.remind_every.map(Length::seconds),
            rate_limit: match self.rate_limit {
                None => defaults.rate_limit,
                Some(Rate::Unlimited) => None,
                Some(Rate::Limited(limit)) => Some(limit),
            },
            mute_hours: self.mute_hours,
            utc_offset: self.utc_offset,
            report_url: self.report_url,
            metrics: self.metrics.map(|metrics| {
                let endpoint = metrics.endpoint.or_else(|| endpoint.map(str::to_owned));
                let (data, model) = if endpoint.is_some() {
                    ENDPOINT_NAMESPACES
                } else {
                    BATCH_NAMESPACES
                };
                MetricSettings {
                    endpoint,
                    schedule: metrics.schedule.unwrap_or_else(|| monitor.to_owned()),
                    data_namespace: metrics.data_namespace.unwrap_or_else(|| data.to_owned()),
                    model_namespace: metrics.model_namespace.unwrap_or_else(|| model.to_owned()),
                }
            }),
        }
    }
}

impl TryFrom<Keys> for WrittenRoute {
    type Error = String;

    fn try_from(keys: Keys) -> Result<Self, String> {
        let given = [
            ("form", keys.form.is_some()),
            ("sns", keys.sns.is_some()),
            ("event_bus", keys.event_bus.is_some()),
        ];
        let named: Vec<&str> = given
            .iter()
            .filter(|(_, is)| *is)
            .map(|(name, _)| *name)
            .collect();
        if named.len() != 1 {
            let found = if named.is_empty() {
                "none".to_owned()
            } else {
                named.join(" and ")
            };
            return Err(format!(
                "a route has one receiver, `form` (a webhook), `sns` or `event_bus`, found {found}"
            ));
        }
        let of_webhook = [
            ("url", keys.url.is_some()),
            ("url_env", keys.url_env.is_some()),
            ("secret_env", keys.secret_env.is_some()),
            ("routing_key_env", keys.routing_key_env.is_some()),
        ];
        if keys.form.is_none()
            && let Some((name, _)) = of_webhook.iter().find(|(_, is)| *is)
        {
            return Err(format!(
                "`{name}` is of webhooks, and this route has `{}`",
                named[0]
            ));
        }
        let target = match (keys.form, keys.sns, keys.event_bus) {
            (Some(form), _, _) => Target::Webhook(webhook(
                form,
                keys.url,
                keys.url_env,
                keys.secret_env,
                keys.routing_key_env,
            )?),
            (_, Some(topic), _) => Target::Sns { topic },
            (_, _, bus) => Target::EventBridge {
                bus: bus.unwrap_or_default(),
            },
        };
        let defaults = Route::default();
        Ok(Self(Route {
            severity: match keys.severity {
                None => defaults.severity,
                Some(WrittenSeverity::Info) => SeverityV1::Info,
                Some(WrittenSeverity::Warning) => SeverityV1::Warning,
                Some(WrittenSeverity::Violation) => SeverityV1::Violation,
            },
            recoveries: keys.recoveries.unwrap_or(defaults.recoveries),
            reminders: keys.reminders.unwrap_or(defaults.reminders),
            retraining: keys.retraining.unwrap_or(defaults.retraining),
            target,
        }))
    }
}

/// The endpoint of a form. Slack's and Teams' addresses are secrets themselves, so they are not taken from the file.
fn webhook(
    form: WrittenForm,
    url: Option<String>,
    url_env: Option<String>,
    secret_env: Option<String>,
    routing_key_env: Option<String>,
) -> Result<Webhook, String> {
    let form = match form {
        WrittenForm::Generic => Form::Generic,
        WrittenForm::Slack => Form::Slack,
        WrittenForm::Teams => Form::Teams,
        WrittenForm::Pagerduty => Form::PagerDuty,
    };
    let url = match (form, url, url_env) {
        (_, Some(_), Some(_)) => return Err("`url` and `url_env` exclude each other".to_owned()),
        (Form::Slack | Form::Teams, Some(_), None) => {
            return Err(format!(
                "the URL of a {} webhook is a secret: put it into an environment variable and name that with `url_env`",
                form.name()
            ));
        }
        (_, Some(url), None) => {
            check_url(&url).map_err(|problem| format!("`url` {problem}"))?;
            Place::Written(url)
        }
        (_, None, Some(name)) => Place::Variable(name),
        (Form::PagerDuty, None, None) => Place::Written(PAGERDUTY_URL.to_owned()),
        (_, None, None) => return Err(format!("a {} route needs `url_env`", form.name())),
    };
    let secret_env = match (form, secret_env, routing_key_env) {
        (Form::PagerDuty, None, Some(name)) => Some(name),
        (Form::PagerDuty, None, None) => {
            return Err(
                "a pagerduty route needs `routing_key_env`, the environment variable with the integration key".to_owned(),
            );
        }
        (Form::PagerDuty, Some(_), _) => {
            return Err("pagerduty has a routing key, not a signing secret: `routing_key_env`".to_owned());
        }
        (_, _, Some(_)) => return Err("`routing_key_env` is PagerDuty's".to_owned()),
        (_, secret, None) => secret,
    };
    Ok(Webhook {
        form,
        url,
        secret_env,
    })
}

fn routes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, WrittenRoute>, D::Error> {
    let routes = BTreeMap::<String, WrittenRoute>::deserialize(deserializer)?;
    let fits = |name: &str| {
        (1..=32).contains(&name.len())
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
    };
    match routes.keys().find(|name| !fits(name) || *name == BUS_ROUTE) {
        Some(name) => Err(D::Error::custom(format!(
            "`{name}` cannot name a route, expected 1 to 32 letters, digits, `-` or `_`, and not `{BUS_ROUTE}`"
        ))),
        None => Ok(routes),
    }
}

fn at_least_one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    let n = u32::deserialize(deserializer)?;
    if !(1..=100).contains(&n) {
        return Err(D::Error::custom(format!("{n} windows, expected 1 to 100")));
    }
    Ok(Some(n))
}

fn reminder<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Length>, D::Error> {
    let length = Length::deserialize(deserializer)?;
    if length.seconds() < SHORTEST_REMINDER {
        return Err(D::Error::custom(format!(
            "reminders every {length} are too many, expected at least {}",
            Length::from_seconds(SHORTEST_REMINDER)
        )));
    }
    Ok(Some(length))
}

fn rate_limit<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Rate>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.trim() == "none" {
        return Ok(Some(Rate::Unlimited));
    }
    let limit = text.parse().map_err(D::Error::custom)?;
    Ok(Some(Rate::Limited(limit)))
}

fn mute_hours<'de, D: Deserializer<'de>>(deserializer: D) -> Result<QuietHours, D::Error> {
    let lines = Vec::<String>::deserialize(deserializer)?;
    QuietHours::parse(lines.iter().map(String::as_str)).map_err(|error| match error {
        baselines::decide::QuietHoursError::Always => {
            D::Error::custom("mute_hours cover the whole week, so nothing could ever be sent")
        }
        error @ baselines::decide::QuietHoursError::Form(_) => D::Error::custom(error),
    })
}

fn utc_offset<'de, D: Deserializer<'de>>(deserializer: D) -> Result<UtcOffset, D::Error> {
    String::deserialize(deserializer)?
        .parse()
        .map_err(D::Error::custom)
}

fn report_url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let has_place = text.contains("{key}") || text.contains("{location}");
    if !text.starts_with("https://") || !has_place || text.contains(char::is_whitespace) {
        return Err(D::Error::custom(format!(
            "`{text}` is no report_url, expected an https URL with {{key}} or {{location}} in it, such as https://reports.example.com/{{key}}"
        )));
    }
    Ok(Some(text))
}

fn variable<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let name = String::deserialize(deserializer)?;
    let fits = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    // What does not look like a name may be the secret itself, so it is not repeated.
    if name.is_empty()
        || name.len() > 64
        || !name.chars().all(fits)
        || name.starts_with(|c: char| c.is_ascii_digit())
    {
        return Err(D::Error::custom(
            "this is no name of an environment variable, expected capital letters, digits and `_`, such as SLACK_URL; secrets do not belong into this file",
        ));
    }
    Ok(Some(name))
}

fn topic<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let arn = String::deserialize(deserializer)?;
    let parts: Vec<&str> = arn.split(':').collect();
    let is_topic = matches!(parts.as_slice(), ["arn", partition, "sns", region, account, name]
        if partition.starts_with("aws") && !region.is_empty() && !account.is_empty() && !name.is_empty());
    if !is_topic {
        return Err(D::Error::custom(format!(
            "`{arn}` is no topic, expected its ARN such as arn:aws:sns:eu-west-1:111122223333:drift"
        )));
    }
    Ok(Some(arn))
}

fn bus<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_./:".contains(c);
    if text.is_empty() || text.len() > 400 || !text.chars().all(fits) {
        return Err(D::Error::custom(format!(
            "`{text}` is no event bus, expected its name or its ARN, such as default"
        )));
    }
    Ok(Some(text))
}

fn dimension<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let fits = |c: char| c.is_ascii() && !c.is_ascii_control();
    if text.trim().is_empty() || text.len() > 1_024 || !text.chars().all(fits) {
        return Err(D::Error::custom(
            "this is no dimension's value, expected 1 to 1,024 ASCII characters",
        ));
    }
    Ok(Some(text))
}

fn namespace<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let fits = |c: char| c.is_ascii_alphanumeric() || ".-_/#: ".contains(c);
    if text.trim().is_empty()
        || text.len() > 255
        || !text.chars().all(fits)
        || text.starts_with(':')
        || text.starts_with("AWS/")
    {
        return Err(D::Error::custom(format!(
            "`{text}` is no namespace, expected 1 to 255 letters, digits, `.`, `-`, `_`, `/` or `#`, and not AWS/ in front, which is CloudWatch's own"
        )));
    }
    Ok(Some(text))
}

#[cfg(test)]
mod tests;
