//! The repository as a set of files: its root, what git holds, what the workspace declares.
//!
//! Does not know what any file should say; `it/tidy.rs` does.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// The root of the repository these tests were compiled in.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the package `tests` lies in a folder of the repository")
}

/// Files that git tracks or would add, relative to the root, sorted; those deleted on disk are left out.
pub fn files() -> Result<Vec<PathBuf>> {
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .context("run `git ls-files`")?;
    if !output.status.success() {
        bail!(
            "`git ls-files` ended with {}: {}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let listing = String::from_utf8(output.stdout).context("a file name is not UTF-8")?;
    let mut files: Vec<PathBuf> = listing
        .split('\0')
        .filter(|name| !name.is_empty())
        .map(PathBuf::from)
        .collect();
    files.retain(|file| root().join(file).is_file());
    files.sort();
    files.dedup();
    Ok(files)
}

/// A file's text; bytes that are not UTF-8 become replacement characters.
pub fn text(file: &Path) -> Result<String> {
    let bytes = std::fs::read(root().join(file)).with_context(|| format!("read {}", file.display()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// One `Cargo.toml` of the workspace.
#[derive(Debug)]
pub struct Manifest {
    /// Path relative to the root.
    pub file: PathBuf,
    /// The parsed document.
    pub table: toml::Table,
}

/// Every package manifest of this workspace. A fuzz package is a workspace of its own and is not among them.
pub fn manifests() -> Result<Vec<Manifest>> {
    let mut manifests = Vec::new();
    for file in files()? {
        if file.file_name().is_none_or(|name| name != "Cargo.toml") {
            continue;
        }
        let table: toml::Table = text(&file)?
            .parse()
            .with_context(|| format!("parse {} as TOML", file.display()))?;
        if table.contains_key("package") && !table.contains_key("workspace") {
            manifests.push(Manifest { file, table });
        }
    }
    Ok(manifests)
}

impl Manifest {
    /// The package's name.
    pub fn name(&self) -> &str {
        self.table
            .get("package")
            .and_then(|package| package.get("name"))
            .and_then(toml::Value::as_str)
            .unwrap_or("")
    }

    /// Declared dependencies of all kinds, with their tables.
    pub fn dependencies(&self) -> Vec<(&str, &toml::Value)> {
        let targets = self.table.get("target").and_then(toml::Value::as_table);
        let tables = std::iter::once(&self.table).chain(
            targets
                .into_iter()
                .flat_map(|all| all.values().filter_map(toml::Value::as_table)),
        );
        let mut found = Vec::new();
        for table in tables {
            for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
                if let Some(declared) = table.get(kind).and_then(toml::Value::as_table) {
                    found.extend(declared.iter().map(|(name, value)| (name.as_str(), value)));
                }
            }
        }
        found
    }
}
