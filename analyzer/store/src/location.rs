//! Where objects are: a local path or an `s3://` URI, as people type it.
//!
//! Pure: nothing here looks whether the location exists.

use std::fmt;
use std::path::{Component, Path, PathBuf};
use std::str::FromStr;

use crate::error::{Operation, StoreError, StoreErrorKind};

/// A folder, file, bucket, prefix or object.
///
/// `Display` writes what [`str::parse`] reads back to the same location (an `s3://` URI, or a path without `file://`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Location(Place);

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Place {
    /// UTF-8, because keys and messages are; never empty.
    Local(String),
    /// `key` has no leading slash; empty names the whole bucket.
    S3 { bucket: String, key: String },
}

impl Location {
    /// Reads `s3://bucket[/prefix]`, `file:///path` or a local path.
    ///
    /// Errors ([`StoreErrorKind::InvalidLocation`]): empty text, another scheme, a bucket name that S3 does not allow.
    pub fn parse(text: &str) -> Result<Self, StoreError> {
        let invalid = |detail: String, hint: &'static str| {
            StoreError::new(
                StoreErrorKind::InvalidLocation,
                Operation::Parse,
                format!("`{text}`"),
                detail,
            )
            .with_hint(hint)
        };
        const FORMS: &str = "give a local path, or s3://bucket/prefix";
        if text.is_empty() {
            return Err(invalid(
                "found nothing, expected a path or an s3:// URI".into(),
                FORMS,
            ));
        }
        if text.contains('\0') {
            return Err(invalid("found a NUL character".into(), FORMS));
        }
        if let Some(rest) = strip_scheme(text, "s3") {
            let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
            check_bucket(bucket).map_err(|found| {
                invalid(
                    format!("found {found} as bucket, expected 3 to 63 of a-z, 0-9, `.` and `-`"),
                    "an S3 location looks like s3://bucket/prefix",
                )
            })?;
            return Ok(Self(Place::S3 {
                bucket: bucket.to_owned(),
                key: key.trim_start_matches('/').to_owned(),
            }));
        }
        if let Some(rest) = strip_scheme(text, "file") {
            let path = rest
                .strip_prefix("localhost")
                .filter(|path| path.starts_with('/'))
                .unwrap_or(rest);
            if !path.starts_with('/') {
                return Err(invalid(
                    "found a file:// URI with a host or a relative path, expected file:///absolute/path"
                        .into(),
                    "give the path without file://",
                ));
            }
            return Ok(Self(Place::Local(path.to_owned())));
        }
        if text
            .get(..4)
            .is_some_and(|start| start.eq_ignore_ascii_case("s3:/"))
        {
            return Err(invalid(
                "found `s3:/` with one slash, expected s3://bucket/prefix".into(),
                FORMS,
            ));
        }
        if let Some((scheme, _)) = text.split_once("://")
            && !scheme.is_empty()
            && scheme
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
        {
            return Err(invalid(
                format!("found scheme `{scheme}`, expected s3 or file"),
                FORMS,
            ));
        }
        Ok(Self(Place::Local(text.to_owned())))
    }

    /// A local path, whatever it looks like. Errors when it is empty or not UTF-8.
    pub fn local(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        match path.as_ref().to_str() {
            Some(text) if !text.is_empty() => {
                let plain = Self(Place::Local(text.to_owned()));
                let reads_back = Self::parse(text).is_ok_and(|location| location == plain);
                Ok(if reads_back {
                    plain
                } else {
                    Self(Place::Local(format!("./{text}")))
                })
            }
            _ => Err(StoreError::new(
                StoreErrorKind::InvalidLocation,
                Operation::Parse,
                format!("`{}`", path.as_ref().display()),
                "found a path that is empty or not UTF-8",
            )
            .with_hint("rename the file or folder")),
        }
    }

    /// Whether this is an `s3://` location.
    pub fn is_s3(&self) -> bool {
        matches!(self.0, Place::S3 { .. })
    }

    /// The local path, when it is one.
    pub fn as_path(&self) -> Option<&Path> {
        match &self.0 {
            Place::Local(path) => Some(Path::new(path)),
            Place::S3 { .. } => None,
        }
    }

    /// Bucket and key (possibly empty), when this is in S3.
    pub fn as_bucket_and_key(&self) -> Option<(&str, &str)> {
        match &self.0 {
            Place::S3 { bucket, key } => Some((bucket, key)),
            Place::Local(_) => None,
        }
    }

    /// The location `relative` (with `/` between its parts) under this one.
    #[must_use]
    pub fn join(&self, relative: &str) -> Self {
        let relative = relative.trim_start_matches('/');
        let joined = |base: &str| match base {
            "" => relative.to_owned(),
            base if base.ends_with('/') => format!("{base}{relative}"),
            base => format!("{base}/{relative}"),
        };
        Self(match &self.0 {
            Place::Local(path) => Place::Local(joined(path)),
            Place::S3 { bucket, key } => Place::S3 {
                bucket: bucket.clone(),
                key: joined(key),
            },
        })
    }

    /// The folder or prefix that holds this location; `None` for a bucket, `/`, `.` and whatever ends in `..`.
    pub fn parent(&self) -> Option<Self> {
        match &self.0 {
            Place::Local(path) => {
                Path::new(path).file_name()?;
                let parent = Path::new(path).parent()?;
                let parent = if parent == Path::new("") {
                    Path::new(".")
                } else {
                    parent
                };
                parent
                    .to_str()
                    .map(|parent| Self(Place::Local(parent.to_owned())))
            }
            Place::S3 { bucket, key } => {
                let key = key.trim_end_matches('/');
                if key.is_empty() {
                    return None;
                }
                let parent = key.rsplit_once('/').map_or("", |(parent, _)| parent);
                Some(Self(Place::S3 {
                    bucket: bucket.clone(),
                    key: parent.to_owned(),
                }))
            }
        }
    }

    /// The last part of the path or key; `None` where [`parent`](Self::parent) is.
    pub fn file_name(&self) -> Option<&str> {
        match &self.0 {
            Place::Local(path) => Path::new(path).file_name()?.to_str(),
            Place::S3 { key, .. } => key
                .trim_end_matches('/')
                .rsplit('/')
                .next()
                .filter(|name| !name.is_empty()),
        }
    }

    /// Whether it is written as a folder (`data/`, `.`, `s3://bucket`, `s3://bucket/prefix/`).
    pub fn is_folder_like(&self) -> bool {
        match &self.0 {
            Place::Local(path) => {
                path.ends_with('/')
                    || matches!(
                        Path::new(path).components().next_back(),
                        Some(Component::CurDir | Component::ParentDir | Component::RootDir)
                    )
            }
            Place::S3 { key, .. } => key.is_empty() || key.ends_with('/'),
        }
    }

    pub(crate) fn to_path_buf(&self) -> Option<PathBuf> {
        self.as_path().map(Path::to_path_buf)
    }
}

fn strip_scheme<'text>(text: &'text str, scheme: &str) -> Option<&'text str> {
    let (found, rest) = text.split_once("://")?;
    found.eq_ignore_ascii_case(scheme).then_some(rest)
}

/// S3's general-purpose bucket rules, as far as they protect from typing errors: length, alphabet, first and last
/// character ("Bucket naming rules", Amazon S3 User Guide). Access point ARNs and aliases are left to the service.
fn check_bucket(bucket: &str) -> Result<(), String> {
    if bucket.starts_with("arn:") {
        return Ok(());
    }
    let alphabet =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'.' || byte == b'-';
    let ends = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = bucket.as_bytes();
    if bytes.is_empty() {
        return Err("nothing".into());
    }
    let well_formed = (3..=63).contains(&bytes.len())
        && bytes.iter().copied().all(alphabet)
        && ends(bytes.first())
        && ends(bytes.last());
    if well_formed {
        Ok(())
    } else {
        Err(format!("`{bucket}`"))
    }
}

impl FromStr for Location {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        Self::parse(text)
    }
}

impl fmt::Display for Location {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Local(path) => formatter.write_str(path),
            Place::S3 { bucket, key } if key.is_empty() => write!(formatter, "s3://{bucket}"),
            Place::S3 { bucket, key } => write!(formatter, "s3://{bucket}/{key}"),
        }
    }
}

#[cfg(test)]
#[path = "location_tests.rs"]
mod tests;
