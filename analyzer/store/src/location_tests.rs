//! Locations as people type them, and as they are printed again.

use proptest::prelude::*;

use super::Location;
use crate::error::StoreErrorKind;

fn parse(text: &str) -> Location {
    Location::parse(text).unwrap()
}

#[test]
fn each_form_is_read() {
    let bucket_and_key = |text: &str| {
        let location = parse(text);
        location
            .as_bucket_and_key()
            .map(|(bucket, key)| (bucket.to_owned(), key.to_owned()))
            .unwrap()
    };
    let pair = |bucket: &str, key: &str| (bucket.to_owned(), key.to_owned());
    assert_eq!(bucket_and_key("s3://bucket"), pair("bucket", ""));
    assert_eq!(bucket_and_key("s3://bucket/"), pair("bucket", ""));
    assert_eq!(
        bucket_and_key("S3://my.bucket-1/a b/c+d/"),
        pair("my.bucket-1", "a b/c+d/")
    );
    assert_eq!(bucket_and_key("s3://bucket/a//b"), pair("bucket", "a//b"));
    for (text, path) in [
        ("data/train.csv", "data/train.csv"),
        ("./x", "./x"),
        ("/", "/"),
        ("file:///srv/x y", "/srv/x y"),
        ("file://localhost/tmp", "/tmp"),
        ("odd:name", "odd:name"),
        ("s3", "s3"),
        ("dir/s3://x", "dir/s3://x"),
    ] {
        assert_eq!(parse(text).as_path().unwrap().to_str(), Some(path), "{text}");
    }
}

#[test]
fn what_cannot_be_read_says_what_was_found_and_expected() {
    for (text, message) in [
        (
            "",
            "cannot use location ``: found nothing, expected a path or an s3:// URI",
        ),
        (
            "gs://bucket/x",
            "cannot use location `gs://bucket/x`: found scheme `gs`, expected s3 or file",
        ),
        (
            "s3:/bucket/x",
            "cannot use location `s3:/bucket/x`: found `s3:/` with one slash, expected s3://bucket/prefix",
        ),
        (
            "s3://",
            "cannot use location `s3://`: found nothing as bucket, expected 3 to 63 of a-z, 0-9, `.` and `-`",
        ),
        (
            "s3://My_Bucket/x",
            "cannot use location `s3://My_Bucket/x`: found `My_Bucket` as bucket, expected 3 to 63 of a-z, 0-9, `.` and `-`",
        ),
        (
            "file://host/x",
            "cannot use location `file://host/x`: found a file:// URI with a host or a relative path, expected file:///absolute/path",
        ),
    ] {
        let error = Location::parse(text).unwrap_err();
        assert_eq!(error.to_string(), message);
        assert_eq!(error.kind(), StoreErrorKind::InvalidLocation);
        assert!(error.hint().is_some(), "{text}");
    }
}

#[test]
fn parts_of_a_location() {
    for (text, parent, name) in [
        ("a/b/c.csv", Some("a/b"), Some("c.csv")),
        ("c.csv", Some("."), Some("c.csv")),
        ("/c", Some("/"), Some("c")),
        ("a/b/", Some("a"), Some("b")),
        ("/", None, None),
        (".", None, None),
        ("a/..", None, None),
        ("s3://bucket/a/b", Some("s3://bucket/a"), Some("b")),
        ("s3://bucket/a/", Some("s3://bucket"), Some("a")),
        ("s3://bucket", None, None),
    ] {
        let location = parse(text);
        assert_eq!(location.parent(), parent.map(parse), "{text}");
        assert_eq!(location.file_name(), name, "{text}");
    }
    for (base, joined) in [
        ("a", "a/x/y"),
        ("a/", "a/x/y"),
        ("/", "/x/y"),
        ("s3://bucket", "s3://bucket/x/y"),
        ("s3://bucket/p/", "s3://bucket/p/x/y"),
    ] {
        assert_eq!(parse(base).join("x/y").to_string(), joined);
    }
    for (text, folder) in [
        ("a/", true),
        ("a", false),
        (".", true),
        ("a/..", true),
        ("s3://bucket", true),
        ("s3://bucket/a", false),
    ] {
        assert_eq!(parse(text).is_folder_like(), folder, "{text}");
    }
}

#[test]
fn a_path_that_looks_like_a_uri_stays_a_path() {
    let location = Location::local("s3://bucket/x").unwrap();
    assert_eq!(location.as_path().unwrap().to_str(), Some("./s3://bucket/x"));
    assert_eq!(
        Location::local("").unwrap_err().kind(),
        StoreErrorKind::InvalidLocation
    );
}

proptest! {
    #[test]
    fn display_reads_back(text in "(s3://[a-z][a-z0-9.-]{1,20}[a-z0-9](/[^\0]{0,20})?|file:///[^\0]{0,20}|[^\0]{1,20})") {
        if let Ok(location) = Location::parse(&text) {
            prop_assert_eq!(Location::parse(&location.to_string()).unwrap(), location);
        }
    }

    #[test]
    fn parent_and_name_join_again(text in "(s3://bucket/|/|)[a-z.]{1,4}(/[a-z.]{1,4}){0,3}/?") {
        let location = Location::parse(&text).unwrap();
        if let (Some(parent), Some(name)) = (location.parent(), location.file_name()) {
            let again = parent.join(name);
            prop_assert_eq!(again.file_name(), location.file_name());
            prop_assert_eq!(again.parent(), location.parent());
        }
    }
}
