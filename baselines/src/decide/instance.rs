//! How many GPUs a SageMaker instance type has, so that hours of a training job become GPU hours.
//!
//! From AWS's instance type pages (g4dn, g5, g6, g6e, p3, p4d, p4de, p5, p5e, p5en). Does not know prices, and says nothing of
//! types it does not know.

/// GPUs of `instance_type` (`ml.` in front or not); 0 for the families without one that are known, `None` for unknown types.
pub fn gpus_of(instance_type: &str) -> Option<u32> {
    let name = instance_type.strip_prefix("ml.").unwrap_or(instance_type);
    let (family, size) = name.split_once('.')?;
    match (family, size) {
        ("g4dn" | "g5" | "g6" | "g6e", "xlarge" | "2xlarge" | "4xlarge" | "8xlarge" | "16xlarge")
        | ("p3", "2xlarge")
        | ("p5", "4xlarge") => Some(1),
        ("g4dn" | "g5" | "g6" | "g6e", "12xlarge")
        | ("g5" | "g6" | "g6e", "24xlarge")
        | ("p3", "8xlarge") => Some(4),
        ("g5" | "g6" | "g6e" | "p5" | "p5e" | "p5en", "48xlarge")
        | ("p3", "16xlarge")
        | ("p3dn" | "p4d" | "p4de", "24xlarge") => Some(8),
        (family, _)
            if [
                "m4", "m5", "m5d", "m6i", "m7i", "c4", "c5", "c5n", "c6i", "c7i", "r5", "r7i", "t3",
            ]
            .contains(&family) =>
        {
            Some(0)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_types_have_their_gpus_and_others_none() {
        for (name, gpus) in [
            ("ml.g5.2xlarge", Some(1)),
            ("g5.12xlarge", Some(4)),
            ("ml.g5.48xlarge", Some(8)),
            ("ml.p4d.24xlarge", Some(8)),
            ("ml.m5.xlarge", Some(0)),
            ("ml.trn1.2xlarge", None),
            ("g5", None),
        ] {
            assert_eq!(gpus_of(name), gpus, "{name}");
        }
    }
}
