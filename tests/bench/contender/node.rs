//! The `ws` package of Node, in a server that is part of this benchmark.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::{Contender, Json, Speech};
use crate::{
    address::Address,
    failure::{Failure, Result},
    framing::Framing,
    process::{Running, start_announced},
    websocket::Inside,
};

/// The server, with the way in which a line reaches all clients of a room.
pub(crate) struct Node {
    name: &'static str,
    way: &'static str,
}

/// As the package is used.
pub(crate) const NODE: Node = Node { name: "ws of Node, as usual", way: "each" };

/// As fast as the package can be used.
pub(crate) const FAST_NODE: Node = Node { name: "ws of Node, as fast as can be", way: "turns" };

const SERVER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bench/node/server.js");

/// The version of the package that is installed.
const PACKAGE: &str = "ws@8.23.0";

/// The folder of the package, which is installed once, outside of the source.
fn package() -> Result<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ws");
    let modules = folder.join("node_modules");
    if !modules.join("ws/package.json").is_file() {
        fs::create_dir_all(&folder).map_err(Failure::io("preparing a folder for ws"))?;
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-audit", "--no-fund", "--silent", PACKAGE, "--prefix"]).arg(&folder);
        let status = npm.stdin(Stdio::null()).status().map_err(Failure::io("installing ws"))?;
        if !status.success() {
            return Err(Failure::Broken(format!("npm could not install {PACKAGE}")));
        }
    }
    Ok(modules)
}

impl Contender for Node {
    fn name(&self) -> String {
        self.name.into()
    }

    /// It brings `node`.
    fn program(&self) -> Option<&'static str> {
        Some("npm")
    }

    fn start(&self, _clients: usize) -> Result<Running> {
        let mut command = Command::new("node");
        command.arg(SERVER).arg(self.way).env("NODE_PATH", package()?);
        start_announced(command)
    }

    fn speaks(&self, _client: usize) -> &dyn Speech {
        &Json(Framing::Messages)
    }

    fn address(&self, _client: usize, server: &Running) -> Address {
        Address::WebSocket(server.address, Inside::Json)
    }
}
