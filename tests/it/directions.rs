//! Who may reach whom (DESIGN §3), asked of Cargo itself with inverted trees.
//!
//! `cargo tree -p A -e normal -i B` fails when A does not reach B, but fails the same way when B is misspelt. So each
//! forbidden edge has a positive control: the same question about a package that must reach it. Dev-dependencies are
//! left out on purpose (`-e normal`): a test may use what the crate may not.

use std::process::Command;

use tests::repository;

/// `library` must not be reachable from `from`, and is reachable from `control`.
struct Forbidden {
    library: &'static str,
    from: &'static [&'static str],
    control: &'static str,
}

const FORBIDDEN: &[Forbidden] = &[
    // Minutes of compiling: the default build, and with it the demo, does without.
    Forbidden {
        library: "aws-sdk-sagemaker",
        from: &["baselines", "capture", "store", "scan", "engine", "cli"],
        control: "sagemaker",
    },
    // Receivers on AWS are the functions', and the command line's with its feature.
    Forbidden {
        library: "aws-sdk-sns",
        from: &["baselines", "capture", "store", "scan", "pipeline"],
        control: "functions",
    },
    Forbidden {
        library: "alert",
        from: &["baselines", "capture", "store", "scan", "pipeline"],
        control: "engine",
    },
    Forbidden {
        library: "tokio",
        from: &["baselines", "capture", "pipeline"],
        control: "store",
    },
    Forbidden {
        library: "aws-config",
        from: &["baselines", "capture", "pipeline"],
        control: "store",
    },
    Forbidden {
        library: "aws-sdk-s3",
        from: &["baselines", "capture", "pipeline"],
        control: "store",
    },
    Forbidden {
        library: "aws-smithy-types",
        from: &["baselines", "capture", "pipeline"],
        control: "store",
    },
    Forbidden {
        library: "baselines",
        from: &["store", "pipeline"],
        control: "capture",
    },
    Forbidden {
        library: "capture",
        from: &["baselines", "store", "alert", "pipeline"],
        control: "engine",
    },
    Forbidden {
        library: "store",
        from: &["baselines", "capture"],
        control: "engine",
    },
    Forbidden {
        library: "scan",
        from: &["baselines", "capture", "store", "pipeline"],
        control: "engine",
    },
    Forbidden {
        library: "parts",
        from: &["baselines", "capture", "store", "scan", "pipeline"],
        control: "engine",
    },
    Forbidden {
        library: "parquet",
        from: &["baselines", "capture", "store", "scan", "pipeline"],
        control: "parts",
    },
    Forbidden {
        library: "engine",
        from: &[
            "baselines",
            "capture",
            "store",
            "scan",
            "parts",
            "alert",
            "pipeline",
        ],
        control: "cli",
    },
    Forbidden {
        library: "pipeline",
        from: &["baselines", "capture", "store", "scan", "engine", "sagemaker"],
        control: "cli",
    },
];
/// Nothing of ours may depend on these at all.
const LEAVES: &[&str] = &["cli", "functions", "tests"];
const LIBRARIES: &[&str] = &[
    "baselines",
    "capture",
    "store",
    "scan",
    "parts",
    "alert",
    "engine",
    "pipeline",
    "sagemaker",
];

/// Whether `package` reaches `library` through normal dependencies.
fn reaches(package: &str, library: &str) -> bool {
    reaches_with(&[], package, library)
}

/// The same with features chosen.
fn reaches_with(features: &[&str], package: &str, library: &str) -> bool {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--locked",
            "--offline",
            "-p",
            package,
            "-e",
            "normal",
            "--prefix",
            "none",
            "-i",
            library,
        ])
        .args(features)
        .current_dir(repository::root())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() || said.contains("did not match any packages"),
        "cargo tree -p {package} -i {library}: {said}"
    );
    // A package that Cargo does not know is only a warning on the way to an empty answer.
    assert!(
        !said.contains("not found in workspace"),
        "cargo tree -p {package}: {said}"
    );
    let tree = String::from_utf8_lossy(&output.stdout);
    output.status.success() && tree.lines().any(|line| line.starts_with(&format!("{package} v")))
}

#[test]
fn no_forbidden_edge() {
    for rule in FORBIDDEN {
        assert!(
            reaches(rule.control, rule.library),
            "control: {} no longer reaches {}",
            rule.control,
            rule.library
        );
        for package in rule.from {
            assert!(
                !reaches(package, rule.library),
                "{package} must not reach {}",
                rule.library
            );
        }
    }
}

#[test]
fn doors_and_tests_are_leaves() {
    for package in LIBRARIES.iter().chain(LEAVES) {
        for leaf in LEAVES.iter().filter(|leaf| *leaf != package) {
            assert!(!reaches(package, leaf), "{package} must not reach {leaf}");
        }
    }
    // The control of the names themselves: each package is known to Cargo and finds itself.
    for package in LIBRARIES.iter().chain(LEAVES) {
        assert!(
            reaches(package, package),
            "{package} is not a package of the workspace"
        );
    }
}

#[test]
fn polars_stays_in_the_engine() {
    let lock = repository::text(std::path::Path::new("Cargo.lock")).unwrap();
    let names = lock
        .lines()
        .filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'));
    let crates: Vec<&str> = names.filter(|name| name.starts_with("polars")).collect();
    assert!(
        crates.iter().any(|polars| reaches("engine", polars)),
        "control: engine reaches no polars crate"
    );
    for package in ["baselines", "capture", "store", "scan", "parts", "pipeline"] {
        for polars in &crates {
            assert!(!reaches(package, polars), "{package} must not reach {polars}");
        }
    }
}

/// The function that takes objects in starts in milliseconds because of what it does not link.
#[test]
fn ingest_alone_links_no_engine_and_no_polars() {
    let alone = ["--no-default-features", "--features", "ingest"];
    for needed in ["parts", "aws-sdk-sqs", "lambda_runtime"] {
        assert!(reaches_with(&alone, "functions", needed), "control: {needed}");
    }
    assert!(
        reaches("functions", "engine"),
        "control: the other functions link the engine"
    );
    for heavy in ["engine", "polars-core", "polars-parquet", "plotters"] {
        assert!(
            !reaches_with(&alone, "functions", heavy),
            "ingest must not link {heavy}"
        );
    }
}
