//! Structured logs: one JSON object a line on stdout, where Lambda takes them to CloudWatch.
//!
//! The request id stands on the span that `lambda_runtime` opens for each invocation. That crate logs the raw payload
//! at TRACE, and AWS clients log requests at DEBUG: neither level can be switched on here for any code but ours.

use lambda_runtime::tracing::Level;
use lambda_runtime::tracing::level_filters::LevelFilter;
use lambda_runtime::tracing::subscriber::filter::Targets;
use lambda_runtime::tracing::subscriber::layer::SubscriberExt as _;
use lambda_runtime::tracing::subscriber::util::SubscriberInitExt as _;
use lambda_runtime::tracing::subscriber::{fmt, registry};

/// Sends this process's log to stdout; our own lines from `AWS_LAMBDA_LOG_LEVEL` on, INFO without it. For binaries,
/// once, first thing.
pub fn init() {
    let ours = std::env::var("AWS_LAMBDA_LOG_LEVEL").map_or(LevelFilter::INFO, |name| level(&name));
    let lines = fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false);
    registry().with(lines).with(targets(ours)).init();
}

/// The level that Lambda's name means (it has FATAL, which is our ERROR); INFO for a name nobody knows.
fn level(name: &str) -> LevelFilter {
    if name.eq_ignore_ascii_case("fatal") {
        return LevelFilter::ERROR;
    }
    name.parse().unwrap_or(LevelFilter::INFO)
}

fn targets(ours: LevelFilter) -> Targets {
    Targets::new()
        .with_default(Level::WARN)
        .with_target("lambda_runtime", Level::INFO)
        .with_target(env!("CARGO_PKG_NAME"), ours)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_level_opens_the_payload_log_of_others() {
        let most = targets(LevelFilter::TRACE);
        let payload_logger = "lambda_runtime::layers::api_response";
        assert!(!most.would_enable(payload_logger, &Level::DEBUG));
        assert!(!most.would_enable("aws_smithy_runtime", &Level::INFO));
        // The span with the request id.
        let least = targets(LevelFilter::ERROR);
        assert!(least.would_enable("lambda_runtime::layers::trace", &Level::INFO));
        assert!(most.would_enable("functions::analyze", &Level::TRACE));
        assert!(!least.would_enable("functions::analyze", &Level::INFO));
    }

    #[test]
    fn levels_by_lambdas_names() {
        for (name, expected) in [
            ("FATAL", LevelFilter::ERROR),
            ("WARN", LevelFilter::WARN),
            ("debug", LevelFilter::DEBUG),
            ("loud", LevelFilter::INFO),
        ] {
            assert_eq!(level(name), expected, "{name}");
        }
    }
}
