//! The certificate of doors behind TLS.

use std::process::Command;

use rustix::process::Signal;

use crate::support::{
    Server,
    secure::{Certified, Secure, path},
    server::{command, eventually, run},
};

#[test]
fn a_renewed_certificate_is_used_at_once_and_nobody_is_lost() {
    let certified = Certified::new("localhost");
    let (server, doors) = certified.server(&["text+tls"], &[]);
    let door = doors[0];
    let mut alice = certified.client(door, "alice");
    certified.renew("localhost");
    eventually("the new certificate is shown", || certified.connect(door).is_welcome());
    certified.renew("localhost");
    server.signal(Signal::HUP);
    eventually("the next one is shown", || certified.connect(door).is_welcome());
    let trusted = certified.config(rustls::DEFAULT_VERSIONS);
    std::fs::write(certified.key(), "not a key").unwrap();
    server.signal(Signal::HUP);
    eventually("there is a warning", || server.diagnostics().contains("The old certificate stays in use"));
    assert!(Secure::connect(door, trusted).is_welcome());
    alice.says("still here");
    alice.hears_at_last("[lobby] alice: still here");
}

#[test]
fn a_door_with_tls_needs_a_certificate_and_says_how_to_make_one() {
    let refused = |options: &[&str]| {
        let (status, out, err) =
            run(command().args(["--port", "0", "--listen", "text+tls://127.0.0.1:0"]).args(options));
        assert_eq!(out, "");
        (status, err)
    };
    let (status, err) = refused(&[]);
    assert_eq!(status, Some(1));
    let lines: Vec<_> = err.lines().collect();
    assert!(lines[0].starts_with("chat_server: a door for text+tls needs a certificate"), "{err}");
    assert_eq!(lines.len(), 3);
    assert_eq!(refused(&["--tls-cert", "cert.pem"]).0, Some(2));
    let (status, err) = refused(&["--tls-cert", "/no/cert", "--tls-key", "/no/key"]);
    assert_eq!(status, Some(1));
    assert!(err.starts_with("chat_server: cannot read /no/cert: "), "{err}");
    makes_a_certificate(&lines[1..]);
}

#[expect(clippy::print_stdout, reason = "a reader of the test's output must know that it was skipped")]
fn makes_a_certificate(commands: &[&str]) {
    if Command::new("openssl").arg("version").output().is_err() {
        println!("skipped: there is no openssl");
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    for line in commands {
        let made = Command::new("sh").args(["-c", line]).current_dir(folder.path()).output();
        let made = made.expect("there is a shell");
        assert!(made.status.success(), "{made:?}");
    }
    let (chain, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    let options = ["--tls-cert", path(&chain), "--tls-key", path(&key), "--listen", "text+tls://127.0.0.1:0"];
    let mut server = Server::start(&options);
    let door = server.prints();
    assert!(door.starts_with("Listening on text+tls://127.0.0.1:"), "{door}");
}
