//! The hosts of the job: `resourceconfig.json` (contract §6.1, §6.7). Does not talk to them.

use super::settings::usage;
use crate::error::EngineError;
use serde::Deserialize;
use std::path::Path;

/// Hosts by name, and which of them this is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cluster {
    /// This host.
    pub(crate) current: String,
    /// All hosts; the first one merges and writes.
    pub(crate) hosts: Vec<String>,
}

#[derive(Deserialize)]
struct ResourceConfig {
    current_host: String,
    hosts: Vec<String>,
}

impl Cluster {
    /// Reads the text of `resourceconfig.json`; without one this host is alone.
    pub(crate) fn read(text: Option<&str>, file: &Path) -> Result<Self, EngineError> {
        let Some(text) = text else {
            return Ok(Self {
                current: "algo-1".to_owned(),
                hosts: vec!["algo-1".to_owned()],
            });
        };
        let wrong = |problem: String| {
            usage(
                format!("{} cannot be used: {problem}", file.display()),
                "SageMaker writes it: {\"current_host\": \"algo-1\", \"hosts\": [\"algo-1\", \"algo-2\"]}",
            )
        };
        let config: ResourceConfig = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
        if !config.hosts.contains(&config.current_host) {
            return Err(wrong(format!(
                "current_host {} is not among its {} hosts",
                config.current_host,
                config.hosts.len()
            )));
        }
        Ok(Self {
            current: config.current_host,
            hosts: config.hosts,
        })
    }

    /// The host that merges and writes.
    pub(crate) fn leader(&self) -> &str {
        self.hosts.first().map_or("", String::as_str)
    }

    /// Whether this host merges and writes.
    pub(crate) fn is_leader(&self) -> bool {
        self.current == self.leader()
    }

    /// The hosts that are not the leader, in their order.
    pub(crate) fn others(&self) -> &[String] {
        self.hosts.get(1..).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ages_of_the_file_are_read() {
        let read = |text: Option<&str>| Cluster::read(text, Path::new("resourceconfig.json"));
        let alone = read(None).unwrap();
        assert!(alone.is_leader() && alone.others().is_empty());
        let new = r#"{"current_host":"algo-2","hosts":["algo-1","algo-2"],"current_instance_type":"ml.m5.xlarge",
            "current_group_name":"homogeneousCluster","network_interface_name":"eth0","topology":null}"#;
        let second = read(Some(new)).unwrap();
        assert_eq!((second.leader(), second.is_leader()), ("algo-1", false));
        assert_eq!(second.others(), ["algo-2"]);
        let error = read(Some(r#"{"current_host":"algo-3","hosts":["algo-1"]}"#)).unwrap_err();
        assert!(
            error.to_string().contains("algo-3 is not among its 1 hosts"),
            "{error}"
        );
        assert!(read(Some("{")).is_err());
    }
}
