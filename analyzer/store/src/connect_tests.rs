//! Which store a location opens, and what the environment contributes.
//!
//! The environment belongs to a process, so each case about it runs this test binary again as a child of its own.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{StoreOptions, open_store};
use crate::location::Location;
use crate::s3::test_server::{BUCKET, TestServer};

/// Set for the child: the location it opens and lists.
const ASKED: &str = "DRIFTLINE_STORE_TEST_LOCATION";

async fn keys_at(location: &Location) -> (String, Vec<String>) {
    let (store, root) = open_store(location, &StoreOptions::default()).await.unwrap();
    let keys = store
        .list(&root)
        .await
        .unwrap()
        .into_iter()
        .map(|object| object.key)
        .collect();
    (root, keys)
}

#[tokio::test]
async fn a_local_file_lists_exactly_itself_and_a_folder_what_is_in_it() {
    let folder = tempfile::TempDir::new().unwrap();
    fs::create_dir_all(folder.path().join("capture/05")).unwrap();
    for name in ["train.csv", "train.csv.bak", "capture/05/x.jsonl"] {
        fs::write(folder.path().join(name), "x").unwrap();
    }
    let at = |name: &str| Location::local(folder.path().join(name)).unwrap();
    let expect = |root: &str, keys: &[&str]| {
        (
            root.to_owned(),
            keys.iter().map(|&key| key.to_owned()).collect::<Vec<_>>(),
        )
    };
    assert_eq!(
        keys_at(&at("train.csv")).await,
        expect("train.csv", &["train.csv"])
    );
    assert_eq!(keys_at(&at("capture")).await, expect("", &["05/x.jsonl"]));
    assert_eq!(keys_at(&at("capture/")).await, expect("", &["05/x.jsonl"]));
    let everything = ["capture/05/x.jsonl", "train.csv", "train.csv.bak"];
    assert_eq!(keys_at(&at("")).await, expect("", &everything));
}

#[test]
fn credentials_do_not_show_in_debug_output() {
    let key = super::AccessKey {
        id: "AKIDEXAMPLE".into(),
        secret: "hush".into(),
    };
    let options = StoreOptions {
        access_key: Some(key),
        ..StoreOptions::default()
    };
    let shown = format!("{options:?}");
    assert!(
        shown.contains("AKIDEXAMPLE") && !shown.contains("hush"),
        "{shown}"
    );
}

#[tokio::test]
async fn locations_opened_with_the_same_settings_share_a_client() {
    let server = TestServer::start().await;
    let options = server.options();
    for location in ["a/", "b", "c/d"] {
        let location = Location::parse(&format!("s3://{BUCKET}/{location}")).unwrap();
        open_store(&location, &options.clone()).await.unwrap();
    }
    assert_eq!(options.clients.0.lock().await.len(), 1);
    let other = StoreOptions {
        max_attempts: 1,
        ..options.clone()
    };
    open_store(&Location::parse(&format!("s3://{BUCKET}/a/")).unwrap(), &other)
        .await
        .unwrap();
    assert_eq!(options.clients.0.lock().await.len(), 2);
}

/// Not a test of its own: what the children of the tests below run. Prints one line that starts with `outcome: `.
#[tokio::test]
async fn child() {
    let Ok(location) = std::env::var(ASKED) else {
        return;
    };
    let opened = open_store(&Location::parse(&location).unwrap(), &StoreOptions::default()).await;
    let listed = match opened {
        Ok((store, root)) => store.list(&root).await,
        Err(error) => Err(error),
    };
    match listed {
        Ok(objects) => println!("outcome: {} objects", objects.len()),
        Err(error) => println!(
            "outcome: {:?}: {error}; hint: {}",
            error.kind(),
            error.hint().unwrap_or("none")
        ),
    }
}

async fn outcome(home: &Path, variables: &[(&str, &str)]) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "connect::tests::child", "--nocapture"])
        .env_clear()
        .env("HOME", home)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env(ASKED, format!("s3://{BUCKET}/"))
        .envs(variables.iter().copied());
    let output = tokio::task::spawn_blocking(move || command.output())
        .await
        .unwrap()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let line = text
        .split("outcome: ")
        .nth(1)
        .unwrap_or_else(|| panic!("no outcome in {text}"));
    line.lines().next().unwrap().to_owned()
}

const KEY: [(&str, &str); 2] = [
    ("AWS_ACCESS_KEY_ID", "test-id"),
    ("AWS_SECRET_ACCESS_KEY", "test-secret"),
];

#[tokio::test]
async fn without_a_region_the_error_says_which_variable_to_set() {
    let home = tempfile::TempDir::new().unwrap();
    assert_eq!(
        outcome(home.path(), &KEY).await,
        format!(
            "InvalidLocation: cannot open s3://{BUCKET}: found no AWS region, neither in the environment nor in a \
             profile; hint: set AWS_REGION to the bucket's region, for example AWS_REGION=eu-west-1"
        )
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_credentials_the_error_says_which_variables_to_set() {
    let home = tempfile::TempDir::new().unwrap();
    let server = TestServer::start().await;
    assert_eq!(
        outcome(home.path(), &[("AWS_ENDPOINT_URL", &server.url)]).await,
        format!(
            "Unauthorized: cannot list s3://{BUCKET}/: found no AWS credentials; hint: set AWS_ACCESS_KEY_ID and \
             AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or run where a role is attached"
        )
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_from_the_environment_is_used_by_path() {
    let home = tempfile::TempDir::new().unwrap();
    let server = TestServer::start().await;
    fs::write(server.folder.path().join(BUCKET).join("x"), "x").unwrap();
    let with_key = |variables: &[(&'static str, &str)]| -> Vec<(&'static str, String)> {
        KEY.iter()
            .chain(variables)
            .map(|&(name, value)| (name, value.to_owned()))
            .collect()
    };
    for variables in [
        with_key(&[("AWS_ENDPOINT_URL", &server.url)]),
        with_key(&[("AWS_ENDPOINT_URL", &server.url), ("AWS_REGION", "eu-west-1")]),
        with_key(&[
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
            ("AWS_ENDPOINT_URL_S3", &server.url),
        ]),
    ] {
        let variables: Vec<_> = variables
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        assert_eq!(
            outcome(home.path(), &variables).await,
            "1 objects",
            "{variables:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_brings_region_endpoint_and_credentials() {
    let home = tempfile::TempDir::new().unwrap();
    let server = TestServer::start().await;
    let profile = format!(
        "[profile staging]\nregion = eu-west-1\nendpoint_url = {}\naws_access_key_id = test-id\n\
         aws_secret_access_key = test-secret\n",
        server.url
    );
    fs::create_dir(home.path().join(".aws")).unwrap();
    fs::write(home.path().join(".aws/config"), profile).unwrap();
    assert_eq!(
        outcome(home.path(), &[("AWS_PROFILE", "staging")]).await,
        "0 objects"
    );
}
