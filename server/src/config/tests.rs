use super::*;

fn given(listen: Option<&str>, key: Option<&str>, secret: Option<&str>) -> Given {
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
        Self(path)
    }
}

impl Drop for TextFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn with_file(text: &str, given: Given) -> Result<(Config, Option<KeyPair>), ConfigError> {
    let file = TextFile::new(text);
    Given { file: Some(file.0.clone()), ..given }.complete()
}

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
    assert_eq!(config.keys, [generated.unwrap()]);
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
    assert_eq!(config.keys.len(), 2);
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
    let secrets: Vec<_> = config.keys.iter().map(|pair| pair.secret.expose()).collect();
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
