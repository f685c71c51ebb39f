//! The chat page, as people use it in a real browser.

use std::{env, fs, net::SocketAddr, path::Path, sync::Arc};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::json;

use crate::support::{
    Chromium, Server, Window,
    chromium::key::{ENTER, TAB},
    server::command,
};

mod files;
mod hostile;
mod looks;
mod reading;
mod reconnecting;
mod talking;
mod typing;

/// A server with a page, and the address of that. Its administrators know the password `open-sesame`.
#[track_caller]
fn start(options: &[&str]) -> (Server, SocketAddr) {
    let mut command = command();
    command.args(["--port", "0", "--listen", "http://127.0.0.1:0"]).args(options);
    command.env("CHAT_ADMIN_PASSWORD", "open-sesame");
    let mut server = Server::start_command(command);
    let door = server.announces("http");
    (server, door)
}

/// The page in a window, as one person has it. Each person's browser keeps other things for it, since each uses
/// another name of this machine.
struct Page {
    window: Window,
    place: String,
}

impl Page {
    /// Opens the page for someone who has not been here yet.
    #[track_caller]
    fn open(chromium: &Arc<Chromium>, door: SocketAddr, person: &str) -> Self {
        let place = format!("http://{person}.localhost:{}", door.port());
        let window = Window::open(chromium, &format!("{place}/"));
        Self { window, place }
    }

    /// Opens the page, and comes in under a nickname.
    #[track_caller]
    fn enter(chromium: &Arc<Chromium>, door: SocketAddr, nick: &str) -> Self {
        let page = Self::open(chromium, door, nick);
        page.is_so("document.activeElement.id === 'nick'");
        page.types(&format!("{nick}{ENTER}"));
        page.is_in();
        page
    }

    /// Waits until it is in the chat, and has heard what was said before.
    #[track_caller]
    fn is_in(&self) {
        self.is_so("!document.querySelector('#app.outside, #entry[open]')");
        self.is_so("document.activeElement.id === 'input'");
    }

    /// Says or commands something.
    #[track_caller]
    fn says(&self, text: &str) {
        self.gives("#input", &format!("{text}{ENTER}"));
    }

    /// Waits until these lines are the last that were said, each as `nick: text`. The first of several lines of one
    /// person must not be missing either.
    #[track_caller]
    fn heard(&self, lines: &[&str]) {
        let last = format!("[...document.querySelectorAll('#log > .said')].slice(-{})", lines.len());
        let said = "line => `${line.dataset.user}: ${line.querySelector('.text').textContent}`";
        self.sees(&format!("{last}.map({said})"), &json!(lines));
    }

    /// Waits until the last line in the log, which is of any kind, is this.
    #[track_caller]
    fn notes(&self, text: &str) {
        self.sees(
            "document.querySelector('#log').lastElementChild?.querySelector('.text').textContent",
            &json!(text),
        );
    }

    /// Waits until an element has this text.
    #[track_caller]
    fn shows(&self, selector: &str, text: &str) {
        self.sees(&format!("document.querySelector('{selector}')?.textContent"), &json!(text));
    }

    /// How many elements there are of a kind.
    #[track_caller]
    fn count(&self, selector: &str) -> u64 {
        self.value(&format!("document.querySelectorAll('{selector}').length")).as_u64().expect("a number")
    }

    /// Neither its console nor its requests show anything wrong, and it has asked nothing of any other site.
    #[track_caller]
    fn is_content(&self) {
        assert_eq!(self.complaints(&self.place), [""; 0]);
        let asked = "performance.getEntriesByType('resource').filter(it => it.responseStatus >= 400 || \
                     !['blob:', ''].some(kind => it.name.startsWith(kind + location.origin + '/'))).map(it => it.name)";
        assert_eq!(self.value(asked), json!([]));
    }

    /// Writes a picture of it into the folder `CHAT_SHOTS`, if there is one.
    #[track_caller]
    fn shoots(&self, name: &str) {
        let Some(folder) = env::var_os("CHAT_SHOTS") else { return };
        let picture = BASE64_STANDARD.decode(self.picture()).expect("base64");
        fs::write(Path::new(&folder).join(format!("{name}.png")), picture).expect("a folder");
    }

    /// Makes the window this large, as if it were on such a screen.
    #[track_caller]
    fn is_sized(&self, width: u32, height: u32) {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.cdp("Emulation.setDeviceMetricsOverride", size);
    }
}

impl std::ops::Deref for Page {
    type Target = Window;

    fn deref(&self) -> &Window {
        &self.window
    }
}
