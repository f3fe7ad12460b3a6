//! Charts: text alternatives say what is drawn, broken input is not drawn, long windows are merged.

use super::super::model::{Axis, Chart, PairedCategories, PairedHistogram, Volume, VolumeBar};
use super::{column, in_words, open_ends, sparkline, volume};

fn chart(axis: Axis, baseline: &[f64], current: &[f64]) -> Chart {
    Chart::Histogram(PairedHistogram {
        axis,
        baseline: baseline.to_vec(),
        current: current.to_vec(),
    })
}

fn edges(edges: &[f64], open_below: bool, open_above: bool) -> Axis {
    Axis::Edges {
        edges: edges.to_vec(),
        open_below,
        open_above,
    }
}

#[test]
fn words_name_the_largest_share() {
    let closed = chart(edges(&[0.0, 0.5, 1.0], false, false), &[0.75, 0.25], &[0.0, 1.0]);
    assert_eq!(
        in_words(&closed),
        "Baseline: largest share 75% at 0 to 0.5. Current: largest share 100% at 0.5 to 1."
    );
    let open = chart(
        edges(&[0.0, 10.0, 20.0, 30.0], true, true),
        &[0.5, 0.3, 0.2],
        &[0.0, 0.1, 0.9],
    );
    assert_eq!(
        in_words(&open),
        "Baseline: largest share 50% at below 10. Current: largest share 90% at from 20."
    );
    assert_eq!(
        open_ends(&open).unwrap(),
        "The first bar holds everything below 10, the last everything from 20 up."
    );
    let values = chart(Axis::Values(vec![1.0, 2.0]), &[0.5, 0.5], &[0.0, 0.0]);
    assert_eq!(
        in_words(&values),
        "Baseline: largest share 50% at 1. Current: no values."
    );
}

#[test]
fn what_does_not_fit_together_is_not_drawn() {
    let axis = || edges(&[0.0, 1.0, 2.0], false, false);
    assert!(column(&chart(axis(), &[0.5, 0.5], &[1.0, 0.0]), "x").is_some());
    let many = Axis::Values((0..500).map(f64::from).collect());
    let broken = [
        chart(axis(), &[], &[]),
        chart(axis(), &[0.5, 0.5], &[1.0]),
        chart(axis(), &[0.5, 0.5, 0.0], &[1.0, 0.0, 0.0]),
        chart(axis(), &[0.5, f64::NAN], &[1.0, 0.0]),
        chart(axis(), &[0.5, -0.1], &[1.0, 0.0]),
        chart(edges(&[], false, false), &[], &[]),
        chart(many, &[0.002; 500], &[0.002; 500]),
        Chart::Categories(PairedCategories {
            labels: vec![],
            baseline: vec![1.0],
            current: vec![1.0],
        }),
    ];
    for chart in broken {
        assert_eq!(column(&chart, "x"), None, "{chart:?}");
        assert_eq!(sparkline(&chart), None, "{chart:?}");
    }
}

#[test]
fn labels_are_escaped_in_text_and_alternative() {
    let categories = PairedCategories {
        labels: vec!["<b>\"'&".to_owned()],
        baseline: vec![1.0],
        current: vec![1.0],
    };
    let svg = column(&Chart::Categories(categories), "<i>\"").unwrap();
    assert!(!svg.contains("<b>") && !svg.contains("<i>"), "{svg}");
    assert!(svg.contains("&lt;b&gt;&quot;&apos;&amp;"), "{svg}");
    assert!(svg.contains("of &#60;i&#62;&#34;. Baseline"), "{svg}");
}

#[test]
fn long_windows_are_merged_without_losing_rows() {
    let bar = |n: u64| VolumeBar {
        label: format!("h{n}"),
        n_rows: 1,
    };
    let window = |n: u64| Volume {
        unit: ("hour".to_owned(), "hours".to_owned()),
        bars: (0..n).map(bar).collect(),
    };
    let (svg, span) = volume(&window(744)).unwrap();
    assert_eq!(span, "8 hours");
    assert!(
        svg.contains("from h0 to h736. The tallest bar has 8 rows; 0 of 93 bars are empty."),
        "{svg}"
    );
    assert_eq!(volume(&window(24)).unwrap().1, "hour");
    assert_eq!(volume(&window(0)), None);
}
