//! Schedule expressions and ISO 8601 durations as Model Monitor writes them (contract §7.1, §7.2).
//!
//! Only whole hours occur: anything else is not one of the documented forms.

const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

/// What a schedule expression says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Schedule {
    /// A run every so many seconds, over the time since the last.
    Every(i64),
    /// One run, now.
    Once,
}

/// Reads `cron(0 * ? * * *)` (hourly), `cron(0 H ? * * *)` (daily), `cron(0 H/N ? * * *)` (every N hours), `NOW`.
pub(super) fn schedule(text: &str) -> Option<Schedule> {
    if text.trim() == "NOW" {
        return Some(Schedule::Once);
    }
    let fields = text.trim().strip_prefix("cron(")?.strip_suffix(')')?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let [minute, hour, rest @ ..] = fields.as_slice() else {
        return None;
    };
    let daily = rest.len() == 4 && rest.iter().all(|field| matches!(*field, "?" | "*"));
    if *minute != "0" || !daily {
        return None;
    }
    let number =
        |text: &str, least: i64, most: i64| text.parse::<i64>().ok().filter(|n| (least..=most).contains(n));
    match hour.split_once('/') {
        None if *hour == "*" => Some(Schedule::Every(HOUR)),
        None => number(hour, 0, 23).map(|_| Schedule::Every(DAY)),
        Some((first, step)) => {
            let starts = first == "*" || number(first, 0, 23).is_some();
            number(step, 1, 24)
                .filter(|_| starts)
                .map(|step| Schedule::Every(step * HOUR))
        }
    }
}

/// Seconds of a duration such as `-PT7H`, `-P8D`, `P1DT2H30M`; negative ones point back.
pub(super) fn duration(text: &str) -> Option<i64> {
    let text = text.trim();
    let (sign, rest) = match text.as_bytes().first()? {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (1, text),
    };
    let rest = rest.strip_prefix('P')?;
    let (date, time) = rest.split_once('T').unwrap_or((rest, ""));
    let part = |text: &str, units: &[(char, i64)]| {
        let (mut seconds, mut digits) = (0i64, String::new());
        for letter in text.chars() {
            if letter.is_ascii_digit() {
                digits.push(letter);
                continue;
            }
            let (_, each) = units.iter().find(|(unit, _)| *unit == letter)?;
            let n: i64 = digits.parse().ok()?;
            seconds = seconds.checked_add(n.checked_mul(*each)?)?;
            digits.clear();
        }
        digits.is_empty().then_some(seconds)
    };
    if date.is_empty() && time.is_empty() {
        return None;
    }
    let date = part(date, &[('W', 7 * DAY), ('D', DAY)])?;
    let time = part(time, &[('H', HOUR), ('M', 60), ('S', 1)])?;
    Some(sign * date.checked_add(time)?)
}
