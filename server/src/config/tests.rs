use super::*;
use crate::projects::{Previous, Proof, PublicKey, Status};

pub(super) fn given(listen: Option<&str>, key: Option<&str>, secret: Option<&str>) -> Given {
    Given {
        listen: listen.map(str::to_owned),
        api_key: key.map(str::to_owned),
        api_secret: secret.map(|secret| Secret::new(secret).unwrap()),
        ..Given::default()
    }
}

fn message(given: Given) -> String {
    given.complete().unwrap_err().to_string()
}

/// A file of that text, which goes away with the value.
struct TextFile(PathBuf);

impl TextFile {
    fn new(text: &str) -> Self {
        let name: [u8; 8] = crate::keys::random().unwrap();
        let path = std::env::temp_dir().join(format!("otc-config-{:x}.toml", u64::from_be_bytes(name)));
        std::fs::write(&path, text).unwrap();
        private(&path, 0o600);
        Self(path)
    }
}

#[cfg(unix)]
fn private(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(not(unix))]
fn private(_: &Path, _: u32) {}

impl Drop for TextFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

pub(super) fn with_file(text: &str, given: Given) -> Result<(Config, Option<KeyPair>), ConfigError> {
    let file = TextFile::new(text);
    Given { file: Some(file.0.clone()), ..given }.complete()
}

fn secret_of(project: &Definition) -> &str {
    let Proof::Secret { secret, .. } = &project.proof else { panic!("{project:?}") };
    secret.expose()
}

const APPLICATION: &str = "29f760f8-7ce1-46c9-ade3-f2dedee4ed5f";
const PUBLIC: &str = include_str!("../../tests/keys/application.pub.pem");
const PUBLIC_FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/keys/application.pub.pem");
const PRIVATE_FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/keys/application.pem");

const FILE: &str = r#"
listen = "0.0.0.0:7000"
public_url = "https://calls.example.org/otc"
subscriber_may_signal = true
data = "/var/lib/otc"
grace_seconds = 50

[[keys]]
api_key = "123456"
api_secret = "first"

[[keys]]
api_key = "29f760f8-7ce1-46c9-ade3-f2dedee4ed5f"
api_secret = "second"
"#;

#[test]
fn nothing_given_is_safe() {
    let (config, generated) = Given::default().complete().unwrap();
    assert_eq!(config.listen.to_string(), DEFAULT_LISTEN);
    assert_eq!(config.projects, [generated.unwrap().into()]);
    assert!(config.account.pair.is_none());
    assert_eq!((config.subscriber_may_signal, config.rooms.resume_grace), (false, Duration::from_secs(45)));
}

#[test]
fn without_a_key_only_this_machine_is_served() {
    for listen in ["127.0.0.1:0", "127.8.8.8:0", "[::1]:0"] {
        assert!(given(Some(listen), None, None).complete().unwrap().1.is_some(), "{listen}");
    }
    for listen in ["0.0.0.0:0", "[::]:0", "192.0.2.1:8080"] {
        let message = message(given(Some(listen), None, None));
        assert!(message.contains("--api-key") && message.contains(listen), "{message}");
        assert!(given(Some(listen), Some("1"), Some("s")).complete().unwrap().1.is_none());
    }
}

#[test]
fn half_a_pair_and_bad_values_say_what_to_do() {
    assert!(message(given(None, Some("1"), None)).contains("--api-secret"));
    assert!(message(given(None, None, Some("s"))).contains("--api-key"));
    assert!(message(given(Some("nowhere"), None, None)).contains("127.0.0.1:8080"));
    assert!(message(given(None, Some("a~b"), Some("s"))).contains("API key"));
    let url = Given { public_url: Some("calls.example.org".into()), ..given(None, None, None) };
    assert!(message(url).contains("http(s)://host"));
    let grace = Given { grace_seconds: Some(86_401), ..given(None, None, None) };
    assert!(message(grace).contains("fewer seconds"));
}

#[test]
fn the_file_gives_several_keys_and_flags_go_before_it() {
    let (config, generated) = with_file(FILE, Given::default()).unwrap();
    assert_eq!((config.listen.to_string().as_str(), generated), ("0.0.0.0:7000", None));
    assert_eq!(config.projects.len(), 2);
    assert_eq!((config.subscriber_may_signal, config.rooms.resume_grace), (true, Duration::from_secs(50)));
    assert!(config.public_url.is_some());
    assert_eq!(config.data.as_deref(), Some(Path::new("/var/lib/otc")));

    let data = Some(PathBuf::from("here"));
    let flags = Given {
        data: data.clone(),
        grace_seconds: Some(5),
        ..given(Some("127.0.0.1:0"), Some("123456"), Some("third"))
    };
    let (config, _) = with_file(FILE, flags).unwrap();
    assert_eq!((config.listen.port(), config.rooms.resume_grace), (0, Duration::from_secs(5)));
    assert_eq!(config.data, data);
    let secrets: Vec<_> = config.projects.iter().map(secret_of).collect();
    assert_eq!(secrets, ["second", "third"], "the flag's secret replaces the file's");
}

#[test]
fn a_bad_file_is_named_with_its_line_and_without_secrets() {
    for (text, expected) in [
        ("listn = \"x\"", "unknown field"),
        ("\n[[keys]]\napi_key = \"1\"\napi_secret = \"hush", "line 4"),
        ("[[keys]]\napi_key = \"1\"\napi_secret = 987123", "in quotes"),
        ("[[keys]]\napi_key = \"1\"", "api_secret"),
        ("[[keys]]\napi_key = \"1\"\napi_secret = \"\"", "1024 bytes"),
        (
            "[[keys]]\napi_key = \"1\"\napi_secret = \"hush\"\n[[keys]]\napi_key = \"1\"\napi_secret = \"x\"",
            "twice",
        ),
    ] {
        let message = with_file(text, Given::default()).unwrap_err().to_string();
        assert!(message.contains(expected), "{message} should say {expected}");
        assert!(!message.contains("hush") && !message.contains("987123"), "{message}");
    }
    let missing = Given { file: Some("/nonexistent/otc.toml".into()), ..Given::default() };
    assert!(message(missing).contains("cannot read /nonexistent/otc.toml"));
}

#[test]
fn a_secret_at_the_wrong_place_is_not_repeated() {
    const SECRET: &str = "hunter2";
    let hook = |url: &str, rest: &str| format!("[[webhooks]]\nurl = \"{url}\"\n{rest}\n");
    let with_query = "https://h.example/a?token=hunter2";
    // What is left of a private key without its first and last line.
    let key = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASChunter2+/hunter2".repeat(8);
    let application = |key: &str| format!("[[applications]]\nid = \"{APPLICATION}\"\npublic_key = \"{key}\"");
    for (text, expected) in [
        (hook("https://u:hunter2@h.example/", ""), "number 1: the URL has a user name"),
        (hook("https://h.example/hunter2 x", ""), "number 1: not a URL"),
        (hook(with_query, "events = []"), "number 1 (https://h.example) has no events"),
        (hook(with_query, "").repeat(2), "number 2 (https://h.example) is given twice"),
        ("public_url = \"https://u:hunter2@h.example\"".to_owned(), "http(s)://host"),
        (
            "allowed_origins = [\"https://a.example\", \"https://u:hunter2@h.example\"]".to_owned(),
            "number 2 of allowed_origins",
        ),
        ("[account]\nrotation_hours = \"hunter2\"".to_owned(), "line 2: invalid type: string, expected u64"),
        (
            "[account]\nrotation_hours = \"hunter2\\\", expected hunter2\"".to_owned(),
            "invalid type: string, expected u64",
        ),
        ("account = \"hunter2\"".to_owned(), "invalid type: string, expected struct"),
        ("[[keys]]\napi_key = \"1\"\napi_secret = hunter2".to_owned(), "line 3"),
        ("keys = [hunter2]".to_owned(), "line 1"),
        (application(&key), "neither a text in PEM"),
        (application("hunter2"), "neither a text in PEM"),
    ] {
        let message = with_file(&text, Given::default()).unwrap_err().to_string();
        assert!(message.contains(expected), "{message} should say {expected}");
        assert!(!message.contains(SECRET), "{message}");
    }
    let given = Given { applications: vec![format!("{key}=")], ..Given::default() };
    assert!(!message(given).contains(SECRET));
    let missing = with_file(&application("keys/none.pem"), Given::default()).unwrap_err().to_string();
    assert!(missing.contains("keys/none.pem: it cannot be read"), "{missing}");
}

#[test]
fn projects_have_names_statuses_and_two_secrets() {
    let text = format!(
        r#"
[[keys]]
api_key = "1"
api_secret = "new"
previous_api_secret = "old"
previous_valid_until = 2025-02-19T21:20:00Z
name = "Räume"
status = "suspended"

[[keys]]
api_key = "2"
api_secret = "new"
previous_api_secret = "old"

[[applications]]
id = "{APPLICATION}"
public_key = """{PUBLIC}"""
name = "an application"

[[applications]]
id = "29f760f8-7ce1-46c9-ade3-f2dedee4ed60"
public_key = "{PUBLIC_FILE}"
status = "SUSPENDED"

[account]
key = "100"
secret = "hush"
rotation_hours = 1
"#
    );
    let (config, generated) = with_file(&text, Given::default()).unwrap();
    assert_eq!(generated, None);
    let [one, two, inline, file] = &config.projects[..] else { panic!("{config:?}") };
    assert_eq!((one.name.as_str(), one.status, two.status), ("Räume", Status::Suspended, Status::Active));
    let until = |project: &Definition| {
        let Proof::Secret { previous: Some(Previous { secret, until }), .. } = &project.proof else {
            panic!("{project:?}")
        };
        (secret.expose().to_owned(), *until)
    };
    assert_eq!((until(one), until(two)), (("old".into(), Some(1_740_000_000)), ("old".into(), None)));
    let key = Proof::PublicKey(PublicKey::from_pem(PUBLIC).unwrap());
    assert_eq!((&inline.proof, inline.name.as_str()), (&key, "an application"));
    assert_eq!((&file.proof, file.status), (&key, Status::Suspended));
    let account = config.account.pair.clone().unwrap();
    assert_eq!((account.project.as_str(), account.secret.expose()), ("100", "hush"));
    assert_eq!(config.account.rotation, Duration::from_secs(3600));
    assert!(!format!("{config:?}").contains("hush"));
}

#[test]
fn applications_and_the_account_come_from_the_command_line_too() {
    let application = |text: &str| Given { applications: vec![text.into()], ..Given::default() };
    let (config, generated) = application(&format!("{APPLICATION}={PUBLIC_FILE}")).complete().unwrap();
    assert_eq!((config.projects.len(), generated), (1, None));
    assert!(matches!(config.projects[0].proof, Proof::PublicKey(_)));
    for (text, expected) in [
        (APPLICATION.to_owned(), "UUID=FILE"),
        (format!("123456={PUBLIC_FILE}"), "UUID"),
        (format!("{APPLICATION}=/nonexistent.pem"), "/nonexistent.pem: it cannot be read"),
        (format!("{APPLICATION}={PRIVATE_FILE}"), "is a private key"),
    ] {
        let message = message(application(&text));
        assert!(message.contains(expected) && !message.contains("MII"), "{message} should say {expected}");
    }
    let twice = format!("{APPLICATION}={PUBLIC_FILE}");
    let twice = Given { applications: vec![twice.clone(), twice], ..Given::default() };
    assert!(message(twice).contains("twice"));

    let account = |key: Option<&str>, secret: Option<&str>| Given {
        account_key: key.map(str::to_owned),
        account_secret: secret.map(|secret| Secret::new(secret).unwrap()),
        ..given(Some("0.0.0.0:0"), None, None)
    };
    let (config, generated) = account(Some("9"), Some("s")).complete().unwrap();
    assert_eq!((config.projects.len(), generated), (0, None), "projects are made by account calls");
    assert!(message(account(Some("9"), None)).contains("--account-secret"));
    assert!(message(account(None, Some("s"))).contains("--account-key"));
    let same = Given { api_key: Some("9".into()), ..account(Some("9"), Some("s")) };
    let same = Given { api_secret: Some(Secret::new("x").unwrap()), ..same };
    assert!(message(same).contains("a key of its own"));
}

#[test]
fn bad_projects_say_what_to_do() {
    let key = "[[keys]]\napi_key = \"1\"\napi_secret = \"hush\"\n";
    for (text, expected) in [
        (format!("{key}status = \"off\""), "\"suspended\""),
        (format!("{key}previous_valid_until = 5"), "previous_api_secret"),
        (format!("{key}previous_api_secret = \"hushed\"\nprevious_valid_until = \"soon\""), "2030-01-31"),
        (format!("{key}previous_api_secret = \"hushed\"\nprevious_valid_until = 2030-01-31"), "2030-01-31"),
        (format!("{key}previous_api_secret = \"hushed\"\nprevious_valid_until = -1"), "2030-01-31"),
        (format!("{key}name = \"{}\"", "x".repeat(129)), "128 characters"),
        (format!("{key}name = \"a\\nb\""), "one line"),
        (format!("{key}[[applications]]\nid = \"1\"\npublic_key = \"{PUBLIC_FILE}\""), "UUID"),
        (format!("[[applications]]\nid = \"{APPLICATION}\"\npublic_key = \"{PRIVATE_FILE}\""), "private key"),
        (format!("{key}[account]\nkey = \"9\""), "account secret"),
        (format!("{key}[account]\nkey = \"9\"\nsecret = \"hush\"\nrotation_hours = 721"), "720"),
        (format!("{key}[account]\nkey = \"1\"\nsecret = \"hush\""), "a key of its own"),
    ] {
        let message = with_file(&text, Given::default()).unwrap_err().to_string();
        assert!(message.contains(expected), "{message} should say {expected}");
        assert!(!message.contains("hush") && !message.contains("MII"), "{message}");
    }
}

#[cfg(unix)]
#[test]
fn a_file_with_secrets_is_its_owners() {
    let read = |text: &str, mode: u32, allowed: bool| {
        let file = TextFile::new(text);
        private(&file.0, mode);
        let given = Given { file: Some(file.0.clone()), readable_secrets: allowed, ..Given::default() };
        given.complete().map(|_| ()).map_err(|error| error.to_string())
    };
    let key = "[[keys]]\napi_key = \"1\"\napi_secret = \"hush\"\n";
    let account = "[account]\nkey = \"1\"\nsecret = \"hush\"\n";
    for text in [key, account] {
        assert_eq!(read(text, 0o600, false), Ok(()));
        let refusal = read(text, 0o644, false).unwrap_err();
        assert!(refusal.contains("chmod 600") && refusal.contains("--allow-readable-secrets"), "{refusal}");
        assert!(!refusal.contains("hush"), "{refusal}");
        assert_eq!(read(text, 0o644, true), Ok(()));
        assert_eq!(read(&format!("allow_readable_secrets = true\n{text}"), 0o644, false), Ok(()));
    }
    let listen = "listen = \"127.0.0.1:0\"\n";
    assert_eq!(read(listen, 0o644, false), Ok(()), "there is no secret in it");
    // Who may write it could make keys for himself.
    let application = format!("[[applications]]\nid = \"{APPLICATION}\"\npublic_key = \"{PUBLIC_FILE}\"\n");
    for text in [listen, &application] {
        for (mode, text) in
            [(0o666, text.to_owned()), (0o664, format!("allow_readable_secrets = true\n{text}"))]
        {
            let refusal = read(&text, mode, false).unwrap_err();
            assert!(refusal.contains("chmod go-w"), "{mode:o}: {refusal}");
            assert_eq!(read(&text, mode, true), Ok(()), "{mode:o}");
        }
    }
}

#[test]
fn the_origins_of_pages_are_read_with_care() {
    let origins = |list: &str| {
        Ok::<_, ConfigError>(with_file(&format!("allowed_origins = {list}"), Given::default())?.0.origins)
    };
    let only = |list: &[&str]| {
        Origins::Only(list.iter().map(|text| crate::http::Origin::parse(text).unwrap()).collect())
    };
    assert_eq!(Given::default().complete().unwrap().0.origins, Origins::Any);
    assert_eq!(origins("[]").unwrap(), only(&[]));
    let two = r#"["https://App.example:443", "http://localhost:5173"]"#;
    assert_eq!(origins(two).unwrap(), only(&["https://app.example", "http://localhost:5173"]));
    for text in ["*", "null", "app.example", "https://app.example/", "https://*.app.example"] {
        let said = origins(&format!("[{text:?}]")).unwrap_err().to_string();
        assert!(said.contains("https://app.example") && said.contains("allowed_origins"), "{said}");
    }
    let flag = Given { allowed_origins: Some(vec!["https://flag.example".into()]), ..Given::default() };
    let (config, _) = with_file(&format!("allowed_origins = {two}"), flag).unwrap();
    assert_eq!(config.origins, only(&["https://flag.example"]));
}

#[test]
fn a_certificate_comes_with_its_key_by_the_file_or_by_flags() {
    let file = "[tls]\ncert = \"a.pem\"\nkey = \"b.pem\"";
    let files = |cert: &str, key: &str| Some(Files::new(cert, key));
    assert_eq!(with_file(file, Given::default()).unwrap().0.tls, files("a.pem", "b.pem"));
    let flag = Given { tls_key: Some("c.pem".into()), ..Given::default() };
    assert_eq!(with_file(file, flag.clone()).unwrap().0.tls, files("a.pem", "c.pem"));
    assert_eq!(Given::default().complete().unwrap().0.tls, None);
    let readable = Given { readable_secrets: true, ..Given::default() };
    for (text, given) in
        [(file.to_owned(), readable), (format!("allow_readable_secrets = true\n{file}"), Given::default())]
    {
        assert_eq!(with_file(&text, given).unwrap().0.tls.unwrap().access, Access::Anybody);
    }
    assert!(message(flag).contains("--tls-cert"));
    assert!(
        with_file("[tls]\ncert = \"a.pem\"", Given::default()).unwrap_err().to_string().contains("--tls-key")
    );
    assert!(with_file("[tls]\ncertificate = \"a.pem\"", Given::default()).is_err());
}

#[test]
fn proxies_are_believed_when_they_are_named() {
    let proxies = |text: &str| Ok::<_, ConfigError>(with_file(text, Given::default())?.0.listener.proxies);
    let address = |text: &str| text.parse().expect("an address");
    assert!(proxies("").unwrap().subnets().is_empty());
    let read =
        proxies("trusted_proxies = [\"10.0.0.0/8\", \" ::1 \"]\nforwarded_header = \"forwarded\"").unwrap();
    assert!(
        read.trusts(address("10.9.9.9")) && read.trusts(address("::1")) && !read.trusts(address("127.0.0.1"))
    );
    assert_eq!(read.wording(), Wording::Forwarded);
    for (text, says) in [
        ("trusted_proxies = [\"10.0.0.0/8\", \"proxy\"]", "number 2 of trusted_proxies is neither"),
        ("trusted_proxies = [\"10.0.0.1/8\"]", "bits beyond its length"),
        ("trusted_proxies = [\"0.0.0.0/0\"]", "believe everybody"),
        ("trusted_proxies = \"10.0.0.0/8\"", "line 1"),
        ("forwarded_header = \"X-Real-IP\"", "neither X-Forwarded-For nor Forwarded"),
    ] {
        let said = proxies(text).unwrap_err().to_string();
        assert!(said.contains(says), "{said}");
    }
    let many =
        |count: u32| (0..count).map(|number| format!("\"{}\"", std::net::Ipv4Addr::from_bits(number + 1)));
    let list = |count| format!("trusted_proxies = [{}]", many(count).collect::<Vec<_>>().join(","));
    assert!(proxies(&list(256)).is_ok());
    assert!(proxies(&list(257)).unwrap_err().to_string().contains("more than 256"));
    let both = Given { trusted_proxies: Some(vec!["192.0.2.1".into()]), ..Given::default() };
    let read = with_file("trusted_proxies = [\"10.0.0.0/8\"]", both).unwrap().0.listener.proxies;
    assert!(
        read.trusts(address("192.0.2.1")) && !read.trusts(address("10.0.0.1")),
        "the command line goes first"
    );
}
