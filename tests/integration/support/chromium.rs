//! A real Chromium, which tests drive over `WebDriver`.

use std::{
    env,
    io::{BufRead, BufReader},
    mem,
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{Child, ChildStdout, Command, Stdio},
    sync::{Arc, Weak},
    thread,
    time::Duration,
};

use parking_lot::Mutex;
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Browser, server::look_until, wait_to_read};

/// A running Chromium and its `chromedriver`, in which each test has windows of its own.
pub(crate) struct Chromium {
    #[expect(dead_code, reason = "it ends with this")]
    driver: Driver,
    /// It is deleted with this, when the browser has ended.
    profile: TempDir,
    port: u16,
    session: String,
    /// The window that is never closed. Without one, the browser ends.
    home: String,
    /// The window that the driver's commands go to.
    current: Mutex<String>,
    /// Windows that no test uses any more. Opening one takes as long as a small test.
    spare: Mutex<Vec<String>>,
    /// What the consoles of all windows said and no test has taken.
    console: Mutex<Vec<String>>,
}

/// A running `chromedriver`. It ends when this is dropped, and the browser with it.
struct Driver {
    child: Child,
    output: BufReader<ChildStdout>,
}

/// The browser while a test uses it. Starting one takes longer than most tests.
static SHARED: Mutex<Weak<Chromium>> = Mutex::new(Weak::new());

/// No window may ask anything of the world, and each must go on at full speed behind the others.
const SWITCHES: [&str; 22] = [
    "--headless=new",
    "--no-sandbox",
    "--window-size=1280,800",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-breakpad",
    "--disable-crash-reporter",
    "--disable-default-apps",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    // A process that waits for a page costs as much as a page.
    "--disable-features=SpareRendererForSitePerProcess",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE *.localhost, EXCLUDE 127.0.0.1",
    // With a pipe, the browser ends when its driver does.
    "--remote-debugging-pipe",
    "--lang=en-US",
    "--accept-lang=en-US",
];

impl Chromium {
    /// The browser that all tests share. Without Chromium there is none, and a word about that; where
    /// `CHAT_BROWSER` is `required`, the test fails then.
    #[expect(clippy::print_stderr, reason = "without Chromium, the test says that it was skipped")]
    #[track_caller]
    pub(crate) fn shared() -> Option<Arc<Self>> {
        let mut shared = SHARED.lock();
        if let Some(running) = shared.upgrade() {
            return Some(running);
        }
        match Driver::start().and_then(Self::start) {
            Ok(chromium) => {
                let chromium = Arc::new(chromium);
                *shared = Arc::downgrade(&chromium);
                Some(chromium)
            }
            Err(why) => {
                assert!(env::var_os("CHAT_BROWSER").is_none_or(|it| it != "required"), "{why}");
                eprintln!("skipped: there is no Chromium ({why})");
                None
            }
        }
    }

    #[track_caller]
    fn start(mut driver: Driver) -> Result<Self, String> {
        let port = driver.port();
        let profile = tempfile::tempdir().expect("a temporary folder");
        let folder = format!("--user-data-dir={}", profile.path().display());
        let switches: Vec<_> = SWITCHES.into_iter().chain([&folder[..]]).collect();
        let wanted = json!({
            "browserName": "chrome",
            "goog:chromeOptions": {"args": switches, "prefs": {"download.default_directory": downloads(&profile)}},
            "goog:loggingPrefs": {"browser": "ALL"},
        });
        let begun = command(port, "POST", "/session", &json!({"capabilities": {"alwaysMatch": wanted}}))?;
        let session = format!("/session/{}", begun["sessionId"].as_str().expect("a session"));
        let home = command(port, "GET", &format!("{session}/window"), &Value::Null)?;
        let home = home.as_str().expect("a window").to_owned();
        let current = Mutex::new(home.clone());
        let (spare, console) = (Mutex::default(), Mutex::default());
        Ok(Self { driver, profile, port, session, home, current, spare, console })
    }

    /// One command to one window. What other tests do meanwhile goes before or after it.
    fn command_to(&self, window: &str, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        let mut current = self.current.lock();
        if *current != window {
            let switch = format!("{}/window", self.session);
            command(self.port, "POST", &switch, &json!({"handle": window}))?;
            window.clone_into(&mut current);
        }
        command(self.port, method, &[&self.session, path].concat(), body)
    }
}

fn downloads(profile: &TempDir) -> PathBuf {
    profile.path().join("Downloads")
}

/// One command of `WebDriver`, and its result or what is wrong.
fn command(port: u16, method: &str, path: &str, body: &Value) -> Result<Value, String> {
    let body = if method == "POST" { body.to_string() } else { String::new() };
    let mut driver = Browser::connect(port);
    driver.sends(format!(
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    ));
    let reply = driver.reply();
    let value = reply.json()["value"].take();
    if reply.status == 200 { Ok(value) } else { Err(format!("{}: {}", value["error"], value["message"])) }
}

impl Driver {
    fn start() -> Result<Self, String> {
        let mut driver = Command::new("chromedriver");
        driver.arg("--port=0").process_group(0);
        let started = driver.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut child = started.map_err(|error| format!("chromedriver: {error}"))?;
        let output = BufReader::new(child.stdout.take().expect("piped"));
        Ok(Self { child, output })
    }

    /// The port that it says it has taken.
    #[track_caller]
    fn port(&mut self) -> u16 {
        loop {
            wait_to_read(self.output.get_ref());
            let mut line = String::new();
            self.output.read_line(&mut line).expect("text");
            assert!(!line.is_empty(), "chromedriver has ended");
            let port = line.trim_end().strip_suffix('.').and_then(|line| line.rsplit_once(" on port "));
            if let Some(port) = port.and_then(|(_, port)| port.parse().ok()) {
                return port;
            }
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // The browser is in the driver's group, with all of its processes.
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        let _ = self.child.wait();
    }
}

/// A window that only this test uses.
pub(crate) struct Window {
    chromium: Arc<Chromium>,
    handle: String,
}

impl Window {
    /// Opens a page, and waits until it is loaded. The window behaves as if its visitor looked at it.
    #[track_caller]
    pub(crate) fn open(chromium: &Arc<Chromium>, url: &str) -> Self {
        let spare = chromium.spare.lock().pop();
        let handle = spare.unwrap_or_else(|| {
            let opened =
                chromium.command_to(&chromium.home, "POST", "/window/new", &json!({"type": "window"}));
            opened.expect("a window")["handle"].as_str().expect("a window").to_owned()
        });
        let window = Self { chromium: Arc::clone(chromium), handle };
        window.cdp("Emulation.setFocusEmulationEnabled", json!({"enabled": true}));
        window.cdp("Emulation.clearDeviceMetricsOverride", json!({}));
        window.cdp("Emulation.setEmulatedMedia", json!({}));
        window.goes_to(url);
        window
    }

    #[track_caller]
    pub(crate) fn goes_to(&self, url: &str) {
        self.tells("/url", json!({"url": url}));
    }

    #[track_caller]
    pub(crate) fn reloads(&self) {
        self.tells("/refresh", json!({}));
    }

    /// The value of an expression of JavaScript.
    #[track_caller]
    pub(crate) fn value(&self, expression: &str) -> Value {
        self.tells("/execute/sync", json!({"script": format!("return {expression}"), "args": []}))
    }

    /// What the body of an asynchronous function returns, to which `given` is given.
    #[track_caller]
    pub(crate) fn runs(&self, body: &str, given: impl Into<Value>) -> Value {
        let script = format!("const given = arguments[0]; return (async () => {{ {body} }})()");
        self.tells("/execute/sync", json!({"script": script, "args": [given.into()]}))
    }

    /// Waits until an expression has this value.
    #[track_caller]
    pub(crate) fn sees(&self, expression: &str, expected: &Value) {
        let script = format!("return {expression}");
        let look = || {
            let wanted = json!({"script": script, "args": []});
            let seen = self.tries("/execute/sync", &wanted).unwrap_or_else(Value::from);
            if seen != *expected {
                // The browser needs the processor more than this does.
                thread::park_timeout(Duration::from_millis(20));
            }
            seen
        };
        look_until(&format!("{expression} is {expected}"), look, |seen| seen == expected);
    }

    /// Waits until an expression is true.
    #[track_caller]
    pub(crate) fn is_so(&self, expression: &str) {
        self.sees(&format!("Boolean({expression})"), &Value::Bool(true));
    }

    /// Clicks at what is in the middle of an element.
    #[track_caller]
    pub(crate) fn clicks(&self, selector: &str) {
        let element = self.element(selector);
        self.tells(&format!("/element/{element}/click"), json!({}));
    }

    /// Presses keys where the focus is. Those that are no letters are in [`key`].
    #[track_caller]
    pub(crate) fn types(&self, keys: &str) {
        let focused = self.asks("/element/active");
        let element = focused.as_object().and_then(|it| it.values().next()).and_then(Value::as_str);
        self.tells(&format!("/element/{}/value", element.expect("an element")), json!({"text": keys}));
    }

    /// Gives keys, or the path of a file, to an element.
    #[track_caller]
    pub(crate) fn gives(&self, selector: &str, keys: &str) {
        let element = self.element(selector);
        self.tells(&format!("/element/{element}/value"), json!({"text": keys}));
    }

    /// A command of the protocol of Chromium's developer tools.
    #[track_caller]
    pub(crate) fn cdp(&self, command: &str, parameters: impl Into<Value>) -> Value {
        self.tells("/goog/cdp/execute", json!({"cmd": command, "params": parameters.into()}))
    }

    /// Where the browser saves files, those of all tests.
    pub(crate) fn downloads(&self) -> PathBuf {
        downloads(&self.chromium.profile)
    }

    /// A picture of the window, as PNG in base64.
    #[track_caller]
    pub(crate) fn picture(&self) -> String {
        self.asks("/screenshot").as_str().expect("a picture").to_owned()
    }

    /// What its console says, as far as it names this place: warnings and errors, each once.
    #[track_caller]
    pub(crate) fn complaints(&self, place: &str) -> Vec<String> {
        let logged = self.tells("/se/log", json!({"type": "browser"}));
        let new = logged.as_array().expect("a list").iter().filter(|entry| entry["level"] != "INFO");
        let mut console = self.chromium.console.lock();
        console.extend(new.map(|entry| entry["message"].as_str().expect("text").to_owned()));
        console.extract_if(.., |message| message.contains(place)).collect()
    }

    #[track_caller]
    fn element(&self, selector: &str) -> String {
        let found = self.tells("/element", json!({"using": "css selector", "value": selector}));
        let element = found.as_object().and_then(|it| it.values().next()).and_then(Value::as_str);
        element.expect("an element").to_owned()
    }

    #[track_caller]
    fn asks(&self, path: &str) -> Value {
        let answer = self.chromium.command_to(&self.handle, "GET", path, &Value::Null);
        answer.unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "it is always made for this")]
    fn tells(&self, path: &str, body: Value) -> Value {
        self.tries(path, &body).unwrap_or_else(|error| panic!("{path} {body}: {error}"))
    }

    fn tries(&self, path: &str, body: &Value) -> Result<Value, String> {
        self.chromium.command_to(&self.handle, "POST", path, body)
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        // A test that fails may have lost the browser.
        if !thread::panicking() && self.tries("/url", &json!({"url": "about:blank"})).is_ok() {
            self.chromium.spare.lock().push(mem::take(&mut self.handle));
        }
    }
}

/// Keys that are no letters (`WebDriver` §17.4.2).
pub(crate) mod key {
    pub(crate) const TAB: &str = "\u{e004}";
    pub(crate) const ENTER: &str = "\u{e007}";
    pub(crate) const ESCAPE: &str = "\u{e00c}";
    pub(crate) const DOWN: &str = "\u{e015}";
}
