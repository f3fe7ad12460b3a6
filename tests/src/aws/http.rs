//! One HTTP request to a server of this machine, and the little encoding that AWS's protocols need.
//!
//! A connection serves one request. Does not know AWS.

use anyhow::{Context, Result};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::handshake;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::fmt::Write as _;
use std::net::SocketAddr;
use tokio::net::TcpStream;

/// Sends `request`, whose target is a path, and reads the whole answer.
pub(super) async fn send(to: SocketAddr, request: Request<Bytes>) -> Result<Response<Bytes>> {
    let stream = TcpStream::connect(to)
        .await
        .with_context(|| format!("connect to {to}"))?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let asked = format!("{} {}", request.method(), request.uri());
    let answer = sender
        .send_request(request.map(Full::new))
        .await
        .with_context(|| asked.clone())?;
    let (parts, body) = answer.into_parts();
    let body = body
        .collect()
        .await
        .with_context(|| format!("answer to {asked}"))?;
    Ok(Response::from_parts(parts, body.to_bytes()))
}

/// Everything but unreserved characters and `/` as `%XX`.
pub(super) fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _infallible = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// `%XX` undone; a text that holds a wrong one stays as it is there.
pub(super) fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let code = behind
            .get(..2)
            .filter(|_| *first == b'%')
            .and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        match code {
            Some(code) => {
                bytes.push(code);
                rest = &behind[2..];
            }
            None => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A value of a form or of a query.
pub(super) fn parameter(form: &str, name: &str) -> Option<String> {
    form.split('&').find_map(|pair| {
        let (found, value) = pair.split_once('=').unwrap_or((pair, ""));
        (found == name).then(|| percent_decoded(&value.replace('+', " ")))
    })
}

/// The texts of every element `tag` of an XML answer, in order.
pub(super) fn elements(xml: &str, tag: &str) -> Vec<String> {
    let (open, close) = (format!("<{tag}>"), format!("</{tag}>"));
    let behind = xml.split(open.as_str()).skip(1);
    behind
        .filter_map(|text| text.split_once(close.as_str()))
        .map(|(text, _)| {
            text.replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&quot;", "\"")
                .replace("&amp;", "&")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `python3 -c "from urllib.parse import quote; print(quote('a b+c=ü/%'))"`, CPython 3.11
    #[test]
    fn encoding_is_percent_encoding() {
        assert_eq!(percent_encoded("a b+c=ü/%"), "a%20b%2Bc%3D%C3%BC/%25");
        assert_eq!(percent_decoded("a%20b%2Bc%3D%C3%BC/%25"), "a b+c=ü/%");
        assert_eq!(percent_decoded("100%"), "100%");
        assert_eq!(
            parameter("Action=Publish&Message=a+b%26", "Message").as_deref(),
            Some("a b&")
        );
        assert_eq!(
            elements("<a><Key>x&amp;y</Key><Key>z</Key></a>", "Key"),
            ["x&y", "z"]
        );
    }
}
