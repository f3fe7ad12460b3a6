//! The report in a real browser: it draws, says the verdict, and asks the network for nothing.
//!
//! Needs a Chromium (`./test` installs one where it can); without one the test says so and passes.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};

use tests::history::History;
use tests::synth::Synth;
use tests::world::World;

const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

fn browser() -> Option<&'static str> {
    let starts = |name: &&str| {
        Command::new(name)
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok()
    };
    NAMES.into_iter().find(|name| starts(name))
}

/// Runs the browser on a page without a window; gives its standard output.
fn visit(browser: &str, profile: &Path, page: &Path, arguments: &[&str]) -> String {
    let output = Command::new(browser)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
        ])
        .arg(format!("--user-data-dir={}", profile.display()))
        .args(arguments)
        .arg(format!("file://{}", page.display()))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{browser}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// Shades a PNG uses (enough of them, and it is no blank page), and the mean of its samples, 0 black … 255 white.
fn shades_and_brightness(png: &Path) -> (usize, u64) {
    let decoder = png::Decoder::new(std::io::BufReader::new(std::fs::File::open(png).unwrap()));
    let mut reader = decoder.read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    let n_samples = info.color_type.samples();
    let shades: BTreeSet<&[u8]> = pixels.chunks_exact(n_samples).collect();
    (
        shades.len(),
        pixels.iter().map(|sample| u64::from(*sample)).sum::<u64>() / pixels.len() as u64,
    )
}

#[test]
fn the_report_draws_in_light_and_dark_and_on_a_phone() {
    let Some(browser) = browser() else {
        eprintln!("skipped: no chromium");
        return;
    };
    let synth = Synth {
        n_records: 4_000,
        n_columns: 12,
        seed: 5,
        drift_from: Some(2_000),
    };
    let world = World::new().unwrap().with_data(&synth).unwrap();
    world
        .succeed("analyze --capture capture --baseline baseline --output out")
        .unwrap();
    let report = world.path("out/report.html");

    let html = std::fs::read_to_string(&report).unwrap();
    for outside in ["src=\"http", "href=\"http", "@import", "url(http", "<script src"] {
        assert!(
            !html.contains(outside),
            "the report asks for something outside itself: {outside}"
        );
    }
    let document = visit(browser, &world.path("profile"), &report, &["--dump-dom"]);
    assert!(document.contains("<svg"), "no chart is in the page");
    let verdict = world.json("out/verdict.json").unwrap();
    let findings = verdict["findings"].as_array().unwrap();
    let column = findings
        .iter()
        .find_map(|finding| finding["column"].as_str())
        .unwrap();
    assert!(
        document.contains(column),
        "the page does not name `{column}`, which has a finding"
    );

    let sizes = [("light", "1200,900"), ("dark", "1200,900"), ("phone", "390,844")];
    for (name, size) in sizes {
        let picture = world.path(&format!("{name}.png"));
        let screenshot = format!("--screenshot={}", picture.display());
        let window = format!("--window-size={size}");
        let mut arguments = vec![screenshot.as_str(), window.as_str()];
        if name == "dark" {
            arguments.push("--blink-settings=preferredColorScheme=0");
        }
        visit(browser, &world.path("profile"), &report, &arguments);
        let (n_shades, brightness) = shades_and_brightness(&picture);
        assert!(n_shades > 20, "{name}: the page shows only {n_shades} shades");
        assert_eq!(
            brightness < 128,
            name == "dark",
            "{name}: mean brightness {brightness}"
        );
    }
}

#[test]
fn the_backtest_draws_a_picture_per_budget() {
    let Some(browser) = browser() else {
        eprintln!("skipped: no chromium");
        return;
    };
    let world = crate::monitor::world(&History::usual());
    world
        .succeed(
            "backtest --monitor settings/monitor.toml --from 2026-01-21 --to 2026-02-02 --budgets 0.2,0.01 --output replay",
        )
        .unwrap();
    let page = world.path("replay/backtest.html");
    let document = visit(browser, &world.path("profile"), &page, &["--dump-dom"]);
    assert_eq!(document.matches("<svg class=\"chart states\"").count(), 2);
    for (name, size) in [("wide", "1200,1200"), ("phone", "390,844")] {
        let picture = world.path(&format!("{name}.png"));
        let screenshot = format!("--screenshot={}", picture.display());
        let window = format!("--window-size={size}");
        visit(browser, &world.path("profile"), &page, &[&screenshot, &window]);
        let (n_shades, _) = shades_and_brightness(&picture);
        assert!(n_shades > 20, "{name}: the page shows only {n_shades} shades");
    }
}

#[test]
fn the_timeline_draws_estimate_and_labels() {
    let Some(browser) = browser() else {
        eprintln!("skipped: no chromium");
        return;
    };
    let world = World::new().unwrap();
    world.succeed("demo --output demo --without-training").unwrap();
    for name in [
        "demo/timeline/timeline.html",
        "demo/quality/2011-05/r3/quality.html",
    ] {
        let page = world.path(name);
        let document = visit(browser, &world.path("profile"), &page, &["--dump-dom"]);
        assert!(document.matches("<svg class=\"chart\"").count() >= 2, "{name}");
        for (size, is_dark) in [("1200,1600", false), ("1200,1600", true), ("390,1600", false)] {
            let picture = world.path("picture.png");
            let screenshot = format!("--screenshot={}", picture.display());
            let window = format!("--window-size={size}");
            let mut arguments = vec![screenshot.as_str(), window.as_str()];
            if is_dark {
                arguments.push("--blink-settings=preferredColorScheme=0");
            }
            visit(browser, &world.path("profile"), &page, &arguments);
            let (n_shades, brightness) = shades_and_brightness(&picture);
            assert!(n_shades > 20, "{name} at {size}: {n_shades} shades");
            assert_eq!(
                brightness < 128,
                is_dark,
                "{name} at {size}: mean brightness {brightness}"
            );
        }
    }
}
