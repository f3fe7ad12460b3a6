//! The analyze Lambda: log, context, run. Knows nothing else.

use functions::analyze::handle;
use functions::context::Context;
use functions::eventbridge::connect;
use functions::log;
use lambda_runtime::tracing::error;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;
use std::time::SystemTime;

/// The clock, read here and nowhere below.
fn seconds_since_1970() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs() as i64)
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    log::init();
    let mut context =
        Context::from_env().inspect_err(|error| error!(error_type = "usage", %error, "cannot start"))?;
    context.bus = connect(context.event_bus.as_deref(), &context.options).await;
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| {
        let now = seconds_since_1970();
        Box::pin(handle(event.payload, &context, now)).await
    }))
    .await
}
