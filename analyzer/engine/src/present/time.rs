//! Times as people read them, always in UTC. Text that is no RFC 3339 time is shown as it is.

use baselines::judge::Window;
use jiff::Timestamp;

/// `2011-07-01T00:00:00Z` → `1 July 2011 00:00`; with seconds where there are some.
pub(super) fn spoken(text: &str) -> String {
    let Ok(time) = text.parse::<Timestamp>() else {
        return text.to_owned();
    };
    let format = if time.as_second().rem_euclid(60) == 0 {
        "%-d %B %Y %H:%M"
    } else {
        "%-d %B %Y %H:%M:%S"
    };
    time.strftime(format).to_string()
}

/// The window in words.
pub(super) fn window(window: &Window) -> String {
    match (&window.start, &window.end) {
        (Some(start), Some(end)) => format!("{} to {} UTC", spoken(start), spoken(end)),
        (Some(start), None) => format!("from {} UTC on", spoken(start)),
        (None, Some(end)) => format!("until {} UTC", spoken(end)),
        (None, None) => match records(window) {
            Some((first, last)) => format!("all records, {first} to {last}"),
            None => "all records".to_owned(),
        },
    }
}

/// The times of the earliest and the latest record.
pub(super) fn records(window: &Window) -> Option<(String, String)> {
    let spoken = |text: &Option<String>| text.as_deref().map(|text| format!("{} UTC", spoken(text)));
    Some((
        spoken(&window.first_inference_time)?,
        spoken(&window.last_inference_time)?,
    ))
}

/// Seconds since 1970.
pub(super) fn second(text: &str) -> Option<i64> {
    text.parse::<Timestamp>().ok().map(Timestamp::as_second)
}
