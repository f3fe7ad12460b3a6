//! CSV payloads (RFC 4180): one or many rows, quoted fields, an optional header row, any line ending, or none at the
//! end. Does not know column names beyond comparing a header with them.

use crate::batch::SideWriter;
use crate::cell::{classify, plain_number};
use crate::reject::RejectReason;
use memchr::memchr;

/// Decodes `text` into positional rows.
pub fn decode(text: &[u8], writer: &mut SideWriter<'_>) -> Result<(), RejectReason> {
    let mut rest = text;
    if let Some(after) = skip_header(text, writer) {
        rest = after;
    }
    let trimmed = rest.trim_ascii_end();
    if writer.is_one_field_each() && !trimmed.is_empty() && memchr(b'\n', trimmed).is_none() {
        return one_field_each(trimmed, writer);
    }
    let single = writer.layout().width(writer.side()) == 1;
    let mut unquoted = Vec::new();
    while !rest.is_empty() {
        if let Some(after) = blank_line(rest)
            && (!single || after.is_empty())
        {
            rest = after;
            continue;
        }
        rest = row(rest, writer, &mut unquoted)?;
    }
    Ok(())
}

/// A lone line that holds one answer for each row of the other side, as XGBoost's container writes them.
fn one_field_each(text: &[u8], writer: &mut SideWriter<'_>) -> Result<(), RejectReason> {
    for field in fields(text) {
        let (class, number) = classify(field.as_bytes());
        writer.positional(class, number, field.as_bytes())?;
        writer.end_row()?;
    }
    Ok(())
}

/// What follows an empty line at the beginning of `text`.
fn blank_line(text: &[u8]) -> Option<&[u8]> {
    match text {
        [b'\n', rest @ ..] | [b'\r', b'\n', rest @ ..] => Some(rest),
        [b'\r'] => Some(&[]),
        _ => None,
    }
}

/// One row; gives what follows it.
fn row<'t>(
    text: &'t [u8],
    writer: &mut SideWriter<'_>,
    unquoted: &mut Vec<u8>,
) -> Result<&'t [u8], RejectReason> {
    let mut rest = text;
    loop {
        if let Some((class, number, end)) = plain_number(rest) {
            writer.positional(class, number, &rest[..end])?;
            match rest.get(end) {
                Some(b',') => {
                    rest = &rest[end + 1..];
                    continue;
                }
                after => {
                    writer.end_row()?;
                    return Ok(if after.is_some() { &rest[end + 1..] } else { &[] });
                }
            }
        }
        let (end, field) = if rest.first() == Some(&b'"') {
            let end = quoted_field(rest, unquoted)?;
            (end, unquoted.as_slice())
        } else {
            let end = rest
                .iter()
                .position(|byte| matches!(byte, b',' | b'\n'))
                .unwrap_or(rest.len());
            let field = &rest[..end];
            let at_line_end = rest.get(end) != Some(&b',');
            (
                end,
                if at_line_end {
                    field.strip_suffix(b"\r").unwrap_or(field)
                } else {
                    field
                },
            )
        };
        let (class, number) = classify(field);
        writer.positional(class, number, field)?;
        match rest.get(end) {
            Some(b',') => rest = &rest[end + 1..],
            Some(_) => {
                writer.end_row()?;
                return Ok(&rest[end + 1..]);
            }
            None => {
                writer.end_row()?;
                return Ok(&[]);
            }
        }
    }
}

/// The content of a quoted field into `unquoted`; gives where the field's delimiter is.
fn quoted_field(text: &[u8], unquoted: &mut Vec<u8>) -> Result<usize, RejectReason> {
    unquoted.clear();
    let mut at = 1;
    loop {
        let quote = at + memchr(b'"', &text[at..]).ok_or(RejectReason::InvalidCsv)?;
        unquoted.extend_from_slice(&text[at..quote]);
        at = quote + 1;
        match text.get(at) {
            Some(b'"') => {
                unquoted.push(b'"');
                at += 1;
            }
            Some(b',' | b'\n') | None => return Ok(at),
            Some(b'\r') if matches!(text.get(at + 1), Some(b'\n') | None) => {
                return Ok(at + usize::from(at + 1 < text.len()));
            }
            Some(_) => {
                // Text behind a closing quote belongs to the field, as Python's csv module reads it.
                let end = text[at..]
                    .iter()
                    .position(|byte| matches!(byte, b',' | b'\n'))
                    .map_or(text.len(), |n| at + n);
                unquoted.extend_from_slice(&text[at..end]);
                return Ok(end);
            }
        }
    }
}

/// What follows the first line, where that line is the header: every field is the name of the column at its place.
fn skip_header<'t>(text: &'t [u8], writer: &SideWriter<'_>) -> Option<&'t [u8]> {
    let end = memchr(b'\n', text)?;
    // Headers begin with a name: a digit or a sign ends the question at once.
    if matches!(text.first(), Some(b'0'..=b'9' | b'-' | b'+' | b'.')) {
        return None;
    }
    let layout = writer.layout();
    let names = fields(&text[..end]);
    let is_header = names.len() == layout.width(writer.side())
        && names.iter().enumerate().all(|(position, name)| {
            let column = layout.column_at(writer.side(), position).flatten();
            column.is_some_and(|column| layout.columns()[column as usize].name == *name)
        });
    is_header.then(|| &text[end + 1..])
}

/// The fields of one line, unquoted; lenient.
pub fn fields(line: &[u8]) -> Vec<String> {
    let mut rest = line.strip_suffix(b"\n").unwrap_or(line);
    rest = rest.strip_suffix(b"\r").unwrap_or(rest);
    let mut fields = Vec::new();
    let mut unquoted = Vec::new();
    loop {
        let (end, field) = match rest.first() {
            Some(b'"') => match quoted_field(rest, &mut unquoted) {
                Ok(end) => (end, unquoted.as_slice()),
                Err(_) => (rest.len(), rest),
            },
            _ => {
                let end = memchr(b',', rest).unwrap_or(rest.len());
                (end, &rest[..end])
            }
        };
        fields.push(String::from_utf8_lossy(field).into_owned());
        if rest.get(end) != Some(&b',') {
            return fields;
        }
        rest = &rest[end + 1..];
    }
}
