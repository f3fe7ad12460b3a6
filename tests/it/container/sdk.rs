//! The SageMaker Python SDK 2.x reads what the container writes.
//!
//! `tests/reference/sdk` has the script and the pinned version. The environment is made once below the target folder
//! (about 300 MB from PyPI); where it cannot be made the test says so. `DRIFTLINE_SDK_PYTHON` names one that is there.

use super::{HOUR, baseline, traffic, window};
use std::path::{Path, PathBuf};
use std::process::Command;

#[expect(clippy::print_stdout, reason = "a test that skips says so")]
pub(crate) fn python() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("DRIFTLINE_SDK_PYTHON") {
        return Some(named.into());
    }
    let program = tests::program::built("driftline").unwrap();
    let folder = program.parent()?.parent()?.join("sagemaker-sdk");
    let python = folder.join("bin/python");
    let done = folder.join("installed");
    if done.is_file() {
        return Some(python);
    }
    let requirements = tests::repository::root().join("tests/reference/sdk/requirements.txt");
    let run = |program: &Path, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output();
        output.is_ok_and(|output| output.status.success())
    };
    let made = run(Path::new("python3"), &["-m", "venv", folder.to_str()?])
        && run(
            &python,
            &[
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "-r",
                requirements.to_str()?,
            ],
        );
    if made {
        std::fs::write(done, "").ok()?;
        return Some(python);
    }
    println!("skipped: no environment with the SageMaker Python SDK could be made");
    None
}

#[test]
fn the_sdk_loads_our_files() {
    let Some(python) = python() else { return };
    let baseline = baseline();
    baseline.succeed();
    let lines = traffic(0, 200) + &traffic(200, 50).replace(",pro", ",unheard-of");
    let window = window(&baseline).file(&format!("{HOUR}/00-00-000-a.jsonl"), lines);
    window.succeed();
    let script = tests::repository::root().join("tests/reference/sdk/load.py");
    for job in [&baseline, &window] {
        let output = Command::new(&python)
            .arg(&script)
            .arg(job.root().join("processing/output"))
            .env("AWS_DEFAULT_REGION", "us-east-1")
            .env("SAGEMAKER_TELEMETRY_OPT_OUT", "1")
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{errors}");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains("statistics: 4 features"), "{said}");
        assert!(
            said.contains("constraints: 4 features, plan switched off"),
            "{said}"
        );
    }
    let said = Command::new(&python)
        .arg(&script)
        .arg(window.root().join("processing/output"))
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&said.stdout);
    let n = window.violations().len();
    assert!(n > 0 && said.contains(&format!("violations: {n}")), "{said}");
}
