//! The event bus of an account: Amazon EventBridge.
//!
//! Does not know what the events say.

use crate::bus::{BusError, EventBus, NoBus, SOURCE};
use alert::aws::AwsCourier;
use alert::render::events::EventEntry;
use async_trait::async_trait;
use serde_json::Value;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use store::StoreOptions;

/// One bus, by name or ARN.
#[derive(Debug, Clone)]
pub struct EventBridge {
    courier: AwsCourier,
    bus: String,
}

/// The bus called `name`, under the settings that reach the store; none without a name.
pub async fn connect(name: Option<&str>, options: &StoreOptions) -> Arc<dyn EventBus> {
    let Some(bus) = name else {
        return Arc::new(NoBus);
    };
    let shared = store::shared_config(options).await;
    Arc::new(EventBridge {
        courier: AwsCourier::new(&shared),
        bus: bus.to_owned(),
    })
}

#[async_trait]
impl EventBus for EventBridge {
    async fn put(&self, detail_type: &str, detail: &Value) -> Result<(), BusError> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let entry = EventEntry {
            source: SOURCE.to_owned(),
            detail_type: detail_type.to_owned(),
            detail: detail.to_string(),
            resources: Vec::new(),
            time: now.as_secs().cast_signed(),
        };
        let put = self.courier.put(&self.bus, &entry).await;
        put.map(|_id| ()).map_err(|error| BusError {
            detail_type: detail_type.to_owned(),
            problem: error.to_string(),
        })
    }
}
