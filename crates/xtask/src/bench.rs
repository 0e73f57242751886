//! The benchmarks.
use crate::{guests, steps::Steps};
use anyhow::Result;
use std::path::Path;

pub(crate) fn run(steps: &mut Steps, install: bool, _json: Option<&Path>) -> Result<()> {
    guests::build(steps, install).map(drop)
}
