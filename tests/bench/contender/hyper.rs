//! The floor for programs over HTTP: a server on `hyper` that does as little as it can.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use super::{Contender, Speech, Text};
use crate::{
    failure::{Failure, Result},
    process::{Running, start_announced},
};

pub(crate) struct Hyper;

/// A package of its own, because nothing else here needs what it depends on.
const MANIFEST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bench/hyper/Cargo.toml");

impl Contender for Hyper {
    fn name(&self) -> String {
        "hyper, delivering nothing".into()
    }

    /// What builds it.
    fn program(&self) -> Option<&'static str> {
        Some("cargo")
    }

    /// Builds it first, if that was not done before.
    fn start(&self, _clients: usize) -> Result<Running> {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("hyper");
        let mut cargo = Command::new("cargo");
        cargo.args([
            "build",
            "--release",
            "--locked",
            "--quiet",
            "--manifest-path",
            MANIFEST,
            "--target-dir",
        ]);
        let status =
            cargo.arg(&target).stdin(Stdio::null()).status().map_err(Failure::io("building hyper"))?;
        if !status.success() {
            return Err(Failure::Broken("cargo could not build the server on hyper".into()));
        }
        start_announced(Command::new(target.join("release/hyper-floor")))
    }

    /// Its clients are programs only.
    fn speaks(&self, _client: usize) -> &dyn Speech {
        &Text
    }
}
