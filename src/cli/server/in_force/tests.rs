//! Every option can be set in every way, with the same effect.

use std::fs;

use super::*;

/// A value of each key, as a settings file has it and as it is typed.
const VALUES: &[(&str, &str, &str)] = &[
    ("verbose = 2", "-vv", "CHAT_VERBOSE"),
    ("quiet = 1", "-q", "CHAT_QUIET"),
    ("host = '::1'", "--host=::1", "CHAT_HOST"),
    ("port = 6000", "--port=6000", "CHAT_PORT"),
    ("wire = 'json'", "--wire=json", "CHAT_WIRE"),
    (
        "listen = ['json://[::1]:1', 'text+unix:///a?mode=0660']",
        "--listen=json://[::1]:1 --listen=text+unix:///a?mode=0660",
        "CHAT_LISTEN",
    ),
    ("no-http = true", "--no-http", "CHAT_NO_HTTP"),
    (
        "redirect-http = true\nlisten = ['https://[::1]:0']",
        "--redirect-http --listen=https://[::1]:0",
        "CHAT_REDIRECT_HTTP",
    ),
    ("allow-origin = ['https://a.example']", "--allow-origin=https://a.example", "CHAT_ALLOW_ORIGIN"),
    ("tls-cert = '/c.pem'\ntls-key = '/k.pem'", "--tls-cert=/c.pem --tls-key=/k.pem", "CHAT_TLS_CERT"),
    ("tls-key = '/k.pem'\ntls-cert = '/c.pem'", "--tls-cert=/c.pem --tls-key=/k.pem", "CHAT_TLS_KEY"),
    ("idle = 60", "--idle=60", "CHAT_IDLE"),
    ("max-clients = 7", "--max-clients=7", "CHAT_MAX_CLIENTS"),
    ("max-per-address = 7", "--max-per-address=7", "CHAT_MAX_PER_ADDRESS"),
    ("outbox-limit = 0x4000", "--outbox-limit=16384", "CHAT_OUTBOX_LIMIT"),
    ("admin-password-file = '/p'", "--admin-password-file=/p", "CHAT_ADMIN_PASSWORD_FILE"),
    ("shutdown-grace = 0", "--shutdown-grace=0", "CHAT_SHUTDOWN_GRACE"),
    ("max-message-length = 300", "--max-message-length=300", "CHAT_MAX_MESSAGE_LENGTH"),
    ("max-line-length = 4096", "--max-line-length=4096", "CHAT_MAX_LINE_LENGTH"),
    ("rate = 7", "--rate=7", "CHAT_RATE"),
    ("burst = 7", "--burst=7", "CHAT_BURST"),
    ("presence-limit = 7", "--presence-limit=7", "CHAT_PRESENCE_LIMIT"),
    ("data = '/chat.db'", "--data=/chat.db", "CHAT_DATA"),
    ("history = 7", "--history=7", "CHAT_HISTORY_KEPT"),
    ("history-replay = 7", "--history-replay=7", "CHAT_HISTORY_REPLAY"),
    ("max-file-size = 7", "--max-file-size=7", "CHAT_MAX_FILE_SIZE"),
    ("transfer-port = 7", "--transfer-port=7", "CHAT_TRANSFER_PORT"),
    ("no-files = true", "--no-files", "CHAT_NO_FILES"),
    ("bot = ['trivia', 'reminder@games']", "--bot=trivia --bot=reminder@games", "CHAT_BOT"),
    ("questions = '/q'", "--questions=/q", "CHAT_QUESTIONS"),
    ("log-dir = '/log'", "--log-dir=/log", "CHAT_LOG_DIR"),
    ("log-max-size = 7", "--log-max-size=7", "CHAT_LOG_MAX_SIZE"),
    ("log-keep = 7", "--log-keep=7", "CHAT_LOG_KEEP"),
    ("log-whispers = true\nlog-dir = '/l'", "--log-whispers --log-dir=/l", "CHAT_LOG_WHISPERS"),
    ("no-log-addresses = true\nlog-dir = '/l'", "--no-log-addresses --log-dir=/l", "CHAT_NO_LOG_ADDRESSES"),
];

/// What is in force with these options, as text.
#[track_caller]
fn with(options: impl IntoIterator<Item = impl Into<OsString>>) -> (String, Vec<Setting>) {
    let typed = std::iter::once("chat_server".into()).chain(options.into_iter().map(Into::into)).collect();
    let InForce { mut arguments, settings, .. } =
        InForce::read(typed).unwrap_or_else(|error| panic!("{error}"));
    arguments.config = None;
    (format!("{arguments:?}"), settings)
}

#[test]
fn each_key_of_a_file_means_what_its_option_means() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("chat.toml");
    let default = with(["--config", "/dev/null"]);
    for (text, options, _) in VALUES {
        fs::write(&file, text).unwrap();
        let in_file = with([OsString::from("--config"), file.clone().into()]);
        let typed = with(options.split(' '));
        assert_ne!(in_file.0, default.0, "{text}");
        let values = |settings: &[Setting]| {
            let values =
                settings.iter().flat_map(|setting| setting.values.iter().map(|(value, _)| value.clone()));
            values.collect::<Vec<_>>()
        };
        assert_eq!(values(&in_file.1), values(&typed.1), "{text}");
        assert_eq!(in_file.0, typed.0, "{text}");
    }
}

#[test]
fn every_option_is_a_key_and_a_variable_or_has_a_reason_not_to_be() {
    let exceptions = [
        ("config", "a file cannot name itself"),
        ("check_config", "something else to do than to run the server"),
        ("generate", "the same"),
        ("probe", "the same"),
        ("tls_ca", "a part of --probe"),
        ("help", "the same"),
        ("version", "the same"),
    ];
    let mut command = Arguments::command();
    command.build();
    let mut values = VALUES.iter();
    for option in command.get_arguments() {
        let id = option.get_id().as_str();
        if exceptions.iter().any(|(exception, _)| *exception == id) {
            continue;
        }
        let (text, _, variable) =
            values.next().unwrap_or_else(|| panic!("add {id} to the table of this test"));
        assert_eq!(
            text.split_once(" =").unwrap().0,
            option.get_long().unwrap(),
            "the table has the order of the help"
        );
        assert_eq!(option.get_env(), Some(OsStr::new(variable)), "{id}");
        assert!(SHAPE.keys(&Arguments::command()).any(|key| key.get_id() == id), "{id}");
    }
    assert!(values.next().is_none(), "the table has more keys than there are options");
    command.debug_assert();
}

#[test]
fn what_contradicts_what_is_told_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("chat.toml");
    let refused = |text: &str, options: &[&str]| {
        fs::write(&file, text).unwrap();
        let typed = ["chat_server", "--config", file.to_str().unwrap()].into_iter();
        let error = InForce::read(typed.chain(options.iter().copied()).map(OsString::from).collect())
            .map(drop)
            .unwrap_err();
        assert_eq!(error.exit_code(), 2);
        let words = error.to_string().replace(file.to_str().unwrap(), "FILE");
        words.lines().next().unwrap_or_default().to_owned()
    };
    assert_eq!(refused("\nlog-whispers = true", &[]), "error: log-whispers in FILE:2 needs --log-dir");
    assert_eq!(refused("", &["--no-log-addresses"]), "error: --no-log-addresses needs --log-dir");
    assert_eq!(refused("tls-key = 'k'", &[]), "error: tls-key in FILE:1 needs --tls-cert");
    assert_eq!(refused("", &["--tls-cert=c"]), "error: --tls-cert needs --tls-key");
    assert_eq!(refused("", &["-v", "-q"]), "error: --verbose cannot be used with --quiet");
    assert_eq!(
        refused("verbose = 1\nquiet = 1", &[]),
        "error: verbose in FILE:1 cannot be used with quiet in FILE:2"
    );
    assert_eq!(
        refused("max-line-length = 300", &["--max-message-length=301"]),
        "error: a message of 301 bytes (--max-message-length) does not fit into a line of 300 (max-line-length in \
         FILE:1)"
    );
}

#[test]
fn of_settings_that_contradict_each_other_the_one_that_counts_more_is_in_force() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("chat.toml");
    fs::write(&file, "quiet = 2\nlog-whispers = true").unwrap();
    let typed = ["chat_server", "--config", file.to_str().unwrap(), "-v", "--log-dir=/l"].map(OsString::from);
    let InForce { arguments, settings, .. } =
        InForce::read(typed.into()).map_err(|error| error.to_string()).unwrap();
    assert_eq!((arguments.verbose, arguments.quiet), (1, 0));
    let quiet = settings.iter().find(|setting| setting.key() == "quiet").unwrap();
    assert_eq!(quiet.values, [("0".into(), Origin::Default)]);
    assert!(arguments.log.log_whispers, "what the file switches on may need what is typed");
}

#[test]
fn a_file_that_has_become_wrong_does_not_make_a_health_check_fail() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("chat.toml");
    fs::write(&file, "wrong").unwrap();
    let is_read = |option: &[&str]| {
        let typed = ["chat_server", "--config", file.to_str().unwrap()];
        InForce::read(typed.iter().chain(option).map(OsString::from).collect()).is_ok()
    };
    assert!(!is_read(&[]));
    assert!(is_read(&["--probe", "http://127.0.0.1:8080"]) && is_read(&["--generate", "man", "."]));
}
