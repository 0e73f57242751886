//! The dependency direction, as a test: `cofferdam → executor → {gate, sandbox, upstream} → policy`, no sideways edge.
//!
//! In particular `sandbox` does not know `gate`: turning every gate off must never turn an attack into an escape.

use serde_json::Value;
use std::{collections::BTreeMap, process::Command};

/// The crates of the project that each package may depend on.
const MAY_USE: &[(&str, &[&str])] = &[
    ("policy", &[]),
    ("gate", &["policy"]),
    ("sandbox", &["policy"]),
    ("upstream", &["policy"]),
    ("executor", &["policy", "gate", "sandbox", "upstream"]),
    ("cofferdam", &["policy", "gate", "sandbox", "upstream", "executor"]),
    ("xtask", &[]),
    ("attack", &["policy"]),
    ("bench", &["policy", "sandbox", "upstream", "executor"]),
    ("demo", &[]),
    ("shop", &[]),
    ("soak", &[]),
];

/// Crates from outside that only some packages may use. The first entry is a prefix of the crate's name.
const ONLY_IN: &[(&str, &[&str])] = &[
    ("wasmtime", &["sandbox", "xtask"]),
    ("wiggle", &["sandbox"]),
    ("seccompiler", &["sandbox"]),
    ("landlock", &["sandbox"]),
    ("rmcp", &["upstream", "cofferdam", "xtask", "bench", "demo", "shop"]),
    ("anyhow", &["cofferdam", "xtask", "attack", "bench", "demo", "shop", "soak"]),
    ("oxc", &["gate"]),
    ("ruff", &["gate"]),
    ("tokio", &["sandbox", "upstream", "executor", "cofferdam", "bench", "demo", "shop"]),
];

/// Every edge that must not be there, as `from -> to`.
fn forbidden(packages: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let mut found = Vec::new();
    for (package, dependencies) in packages {
        let Some((_, may_use)) = MAY_USE.iter().find(|(name, _)| name == package) else {
            found.push(format!("{package} is not in the list of packages"));
            continue;
        };
        for dependency in dependencies {
            let ours = packages.contains_key(dependency) && !may_use.contains(&dependency.as_str());
            let kept = ONLY_IN.iter().any(|(prefix, only)| dependency.starts_with(prefix) && !only.contains(&package.as_str()));
            if ours || kept {
                found.push(format!("{package} -> {dependency}"));
            }
        }
    }
    found
}

#[test]
fn dependencies_point_one_way() {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version=1", "--manifest-path"])
        .arg(crate::paths::root().join("Cargo.toml"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages: BTreeMap<String, Vec<String>> = metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| {
            // A crate's tests may use more than the crate.
            let normal = package["dependencies"].as_array().unwrap().iter().filter(|dependency| dependency["kind"].is_null());
            let names = normal.map(|dependency| dependency["name"].as_str().unwrap().to_owned());
            (package["name"].as_str().unwrap().to_owned(), names.collect())
        })
        .collect();
    assert_eq!(packages.len(), MAY_USE.len(), "every package is known");
    assert_eq!(forbidden(&packages), Vec::<String>::new());
}

#[test]
fn a_forbidden_edge_is_found() {
    let package = |name: &str, uses: &[&str]| (name.to_owned(), uses.iter().map(|&u| u.to_owned()).collect());
    let packages =
        BTreeMap::from([package("sandbox", &["policy", "gate"]), package("gate", &["policy", "wasmtime-wasi"]), package("policy", &["serde"])]);
    assert_eq!(forbidden(&packages), ["gate -> wasmtime-wasi", "sandbox -> gate"]);
}
