//! Both writers, asserted together from one model: structure, escaping, size, determinism, text alternatives.

use super::{MAX_PAGE_BYTES, ReportModel, fixture, html, text};

#[test]
fn the_page_fits_and_repeats() {
    for model in [
        ReportModel::default(),
        fixture::bike(),
        fixture::wide(2000),
        fixture::hostile(),
    ] {
        let page = html(&model);
        assert!(page.len() <= MAX_PAGE_BYTES, "{} bytes", page.len());
        assert_eq!(page, html(&model));
        assert_eq!(text(&model), text(&model));
    }
}
