//! The lifecycle Lambda: log, context, run. Knows nothing else.

use functions::context::Context;
use functions::lifecycle::handle;
use functions::log;
use functions::reach::Reach;
use lambda_runtime::tracing::error;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;
use std::time::{SystemTime, UNIX_EPOCH};

#[tokio::main]
async fn main() -> Result<(), Error> {
    log::init();
    let context =
        Context::from_env().inspect_err(|error| error!(error_type = "usage", %error, "cannot start"))?;
    let reach = Reach::connect(context)
        .await
        .inspect_err(|error| error!(error_type = "usage", %error, "cannot start"))?;
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Box::pin(handle(event.payload, &reach, now.as_secs().cast_signed())).await
    }))
    .await
}
