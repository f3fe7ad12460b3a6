//! Both writers, asserted together from one model: structure, escaping, size, determinism, text alternatives.

mod contrast;

use textwrap::core::display_width;

use super::model::{
    ChangeCard, Chart, ColumnHealth, ColumnRow, Comparison, Distance, Fact, Finding, Method, NotEvaluated,
    PairedCategories, RejectRow, SchemaChange, Severity, Status,
};
use super::{MAX_PAGE_BYTES, ReportModel, TEXT_WIDTH, fixture, html, text};

fn all() -> [ReportModel; 4] {
    [
        ReportModel::default(),
        fixture::bike(),
        fixture::wide(2000),
        fixture::hostile(),
    ]
}

/// Every list long, every string as long as a string gets when it is escaped.
fn torture() -> ReportModel {
    let s = || "\"".repeat(800);
    let n = 400;
    let chart = Some(Chart::Categories(PairedCategories {
        labels: vec![s(); 100],
        baseline: vec![0.01; 100],
        current: vec![0.01; 100],
    }));
    let fact = Fact::new(s(), s()).noted(s());
    let mut model = fixture::bike();
    model.findings = (0..n)
        .map(|idx| Finding {
            severity: Severity::Violation,
            column: s(),
            check: format!("{idx}{}", s()),
            what: s(),
            value: s(),
            limit: s(),
            derivation: s(),
            remedy: s(),
        })
        .collect();
    let card = ChangeCard {
        column: s(),
        inferred_type: s(),
        status: Status::Violated,
        summary: s(),
        distances: vec![
            Distance {
                name: s(),
                value: s(),
                note: s(),
                exceeded: true
            };
            100
        ],
        comparison: vec![
            Comparison {
                label: s(),
                baseline: s(),
                current: s()
            };
            100
        ],
        chart: chart.clone(),
    };
    model.changes = vec![card; 30];
    let row = ColumnRow {
        name: s(),
        inferred_type: s(),
        status: Status::NotEvaluated,
        distance: s(),
        p_value: s(),
        detectable: String::new(),
        missing: s(),
        chart,
    };
    model.columns = vec![row; n];
    model.distance_heading = s();
    model.facts = vec![fact.clone(); n];
    model.health.counts = vec![fact; n];
    model.health.rejects = vec![
        RejectRow {
            reason: s(),
            count: s(),
            share: s(),
            example: s()
        };
        n
    ];
    let cells = ColumnHealth {
        column: s(),
        missing_baseline: s(),
        missing_current: s(),
        types: s(),
    };
    model.health.columns = vec![cells; n];
    model.health.notes = vec![s(); n];
    model.schema_changes = vec![
        SchemaChange {
            column: s(),
            what: s(),
            detail: s()
        };
        n
    ];
    model.not_evaluated = vec![
        NotEvaluated {
            what: s(),
            reason: s(),
            remedy: s()
        };
        n
    ];
    model.methods = vec![
        Method {
            name: s(),
            description: s(),
            limit: s(),
            derivation: s()
        };
        n
    ];
    model.footer = vec![s(); n];
    model
}

#[test]
fn any_page_fits() {
    for model in all().into_iter().chain([torture()]) {
        let page = html(&model);
        assert!(page.len() <= MAX_PAGE_BYTES, "{} bytes", page.len());
        assert!(page.ends_with("</html>\n") || page.ends_with("</html>"));
    }
}

#[test]
fn the_same_model_gives_the_same_bytes() {
    for model in all() {
        let again = model.clone();
        assert_eq!(html(&model), html(&again));
        assert_eq!(text(&model), text(&again));
    }
}

#[test]
fn both_writers_tell_the_same_story() {
    let model = fixture::bike();
    let (page, summary) = (html(&model), text(&model));
    let flat = summary.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(page.contains(model.status.label()) && summary.starts_with("VIOLATED"));
    let mut said = vec![
        model.title.clone(),
        model.subtitle.clone(),
        model.headline.clone(),
    ];
    said.extend(
        model
            .facts
            .iter()
            .flat_map(|f| [f.label.clone(), f.value.clone()]),
    );
    said.extend(
        model
            .findings
            .iter()
            .flat_map(|f| [f.what.clone(), f.check.clone(), f.remedy.clone()]),
    );
    said.extend(
        model
            .columns
            .iter()
            .take(12)
            .flat_map(|c| [c.name.clone(), c.distance.clone()]),
    );
    said.extend(
        model
            .health
            .rejects
            .iter()
            .flat_map(|r| [r.reason.clone(), r.share.clone()]),
    );
    said.extend(model.schema_changes.iter().map(|c| c.what.clone()));
    said.extend(
        model
            .not_evaluated
            .iter()
            .flat_map(|e| [e.what.clone(), e.reason.clone()]),
    );
    said.extend(model.footer.clone());
    for words in said {
        assert!(page.contains(&words), "page lacks {words:?}");
        assert!(flat.contains(&words), "summary lacks {words:?}");
    }
}

#[test]
fn the_verdict_comes_first() {
    let page = html(&fixture::bike());
    let places = [
        "class=\"verdict",
        "id=\"findings\"",
        "id=\"changes\"",
        "id=\"columns\"",
        "id=\"health\"",
        "id=\"unevaluated\"",
        "id=\"methods\"",
        "<footer>",
    ];
    let found: Vec<usize> = places.iter().map(|place| page.find(place).unwrap()).collect();
    assert!(found.is_sorted(), "{found:?}");
}

#[test]
fn foreign_text_stays_text() {
    let (page, summary) = (html(&fixture::hostile()), text(&fixture::hostile()));
    assert!(!page.contains("<script") && !page.contains("\" onload="));
    assert!(page.contains("&#60;script&#62;alert("));
    assert!(page.contains("درجة الحرارة") && summary.contains("درجة الحرارة"));
    assert!(page.contains("{{ model.title }}"));
    for written in [&page, &summary] {
        let strange = |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{202A}'..='\u{202E}');
        assert_eq!(written.chars().find(|c| strange(*c)), None);
    }
}

#[test]
fn the_summary_fits_a_terminal() {
    for model in all().into_iter().chain([torture()]) {
        for line in text(&model).lines() {
            assert!(
                display_width(line) <= TEXT_WIDTH,
                "{} columns: {line}",
                display_width(line)
            );
            assert_eq!(line, line.trim_end());
        }
    }
}

#[test]
fn every_picture_has_words() {
    for model in all() {
        let page = html(&model);
        for svg in page.split("<svg ").skip(1) {
            let tag = svg.split_once('>').unwrap().0;
            let label = tag
                .split_once("aria-label=\"")
                .map_or("", |(_, rest)| rest.split_once('"').unwrap().0);
            let described = tag.contains("role=\"img\"") && !label.is_empty();
            assert!(described || tag.contains("aria-hidden=\"true\""), "{tag}");
        }
    }
}

#[test]
fn nothing_comes_from_elsewhere() {
    for model in all() {
        let page = html(&model).to_lowercase();
        for loaded in [
            "http:", "https:", "url(", "@import", " src=", "<script", "<iframe", "<object", "xlink",
        ] {
            assert!(!page.contains(loaded), "{loaded}");
        }
    }
}

#[test]
fn tags_and_anchors_match() {
    for model in all() {
        let page = html(&model);
        for tag in [
            "svg", "section", "details", "table", "ul", "dl", "div", "article", "bdi", "p", "span", "text",
        ] {
            let opened =
                page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
            assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "{tag}");
        }
        for link in page.split("href=\"#").skip(1) {
            let id = link.split_once('"').unwrap().0;
            assert_eq!(page.matches(&format!("id=\"{id}\"")).count(), 1, "{id}");
        }
    }
}

#[test]
fn a_wide_page_says_what_it_leaves_out() {
    let page = html(&fixture::wide(2000));
    assert_eq!(page.matches("class=\"card\"").count(), 20);
    assert_eq!(
        page.matches("<tr><th scope=\"row\"><a href=\"#card-").count(),
        40,
        "20 findings, 20 rows"
    );
    assert!(page.contains("1,960 more columns, less changed than these"));
    assert!(page.contains("1,245 findings") && page.contains("1,185 further findings of this kind are in"));
    assert!(
        page.contains(
            "this page leaves out 1,185 findings, 1,225 charts in full size and 1,750 small charts."
        )
    );
    assert!(!html(&fixture::bike()).contains("leaves out"));
}

#[test]
fn a_report_of_nothing_is_still_a_report() {
    let model = ReportModel::default();
    let page = html(&model);
    assert!(page.contains("Not evaluated") && page.contains("No column was read."));
    assert!(page.contains("No record was read.") && !page.contains("NaN"));
    assert_eq!(text(&model), "NOT EVALUATED\n");
}
