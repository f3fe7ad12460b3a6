//! The palette against WCAG 2.2: text at least 4.5 : 1 (1.4.3), shapes at least 3 : 1 (1.4.11), in both themes; and
//! every sentinel colour a chart uses is mapped to the palette.

use std::collections::BTreeMap;

use crate::report::{fixture, html};

const CSS: &str = include_str!("../../../templates/report/page.css");

/// `--name: #rrggbb` pairs of the `nth` `:root` block.
fn palette(nth: usize) -> BTreeMap<&'static str, [f64; 3]> {
    let block = CSS
        .split(":root {")
        .nth(nth + 1)
        .unwrap()
        .split_once('}')
        .unwrap()
        .0;
    let colours = block
        .split(';')
        .filter_map(|line| line.trim().strip_prefix("--")?.split_once(": #"));
    colours
        .map(|(name, hex)| {
            let channel =
                |idx: usize| f64::from(u8::from_str_radix(&hex[2 * idx..2 * idx + 2], 16).unwrap()) / 255.0;
            (name, [channel(0), channel(1), channel(2)])
        })
        .collect()
}

/// WCAG 2.2, relative luminance.
fn luminance(colour: [f64; 3]) -> f64 {
    let linear = |c: f64| {
        if c <= 0.04045 {
            c / 12.92
        } else {
            ((c + 0.055) / 1.055).powf(2.4)
        }
    };
    0.2126 * linear(colour[0]) + 0.7152 * linear(colour[1]) + 0.0722 * linear(colour[2])
}

fn ratio(a: [f64; 3], b: [f64; 3]) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

// https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio: black on white is 21 : 1; #767676 on white is the well-known
// lightest grey that passes 4.5 : 1.
#[test]
fn the_ratio_is_wcags() {
    assert!((ratio([0.0; 3], [1.0; 3]) - 21.0).abs() < 1e-9);
    let grey = f64::from(0x76) / 255.0;
    assert!((4.5..4.6).contains(&ratio([grey; 3], [1.0; 3])));
}

#[test]
fn text_and_shapes_stand_out_in_both_themes() {
    for theme in 0..2 {
        let palette = palette(theme);
        let check = |front: &str, back: &str, least: f64| {
            let found = ratio(palette[front], palette[back]);
            assert!(
                found >= least,
                "theme {theme}: {front} on {back} is {found:.2}, needs {least}"
            );
        };
        for back in ["page", "surface"] {
            for front in ["ink", "muted", "link", "pass-ink", "violated-ink", "unknown-ink"] {
                check(front, back, 4.5);
            }
            for front in ["baseline", "current"] {
                check(front, back, 3.0);
            }
        }
        for status in ["pass", "violated", "unknown"] {
            check(&format!("{status}-ink"), &format!("{status}-fill"), 4.5);
            check("ink", &format!("{status}-fill"), 4.5);
        }
        check("baseline", "current", 2.0);
    }
}

#[test]
fn every_chart_colour_is_mapped() {
    let page = html(&fixture::bike());
    let body = page.split_once("</style>").unwrap().1;
    let mut n_seen = 0;
    for attribute in ["fill=\"#", "stroke=\"#"] {
        for hit in body.split(attribute).skip(1) {
            let selector = format!("[{attribute}{}\"]", &hit[..6]);
            assert!(CSS.contains(&selector), "{selector} has no rule");
            n_seen += 1;
        }
    }
    assert!(n_seen > 100);
}
