//! Questions over HTTP: a few attempts, in bounded time, and what went wrong in words.

use super::{Server, netrc};
use crate::cli::exit::Failure;
use crate::cli::terminal::Terminal;
use autosim_engine::units::Span;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::Duration;
use ureq::{Agent, Error};

/// How long to wait before each further attempt.
const PAUSES: [Duration; 3] =
    [Duration::from_millis(300), Duration::from_secs(1), Duration::from_secs(3)];
/// A server that wants to be left alone for longer is asked later by whoever wants it.
const LONGEST_PAUSE: Duration = Duration::from_secs(20);
const CONNECT: Duration = Duration::from_secs(10);
/// The longest answer.
const MOST_BYTES: u64 = 2 << 30;
/// As much of an answer that says what is wrong.
const MOST_SAID: usize = 300;

const CREDENTIALS: &str = "credentials come from AUTOSIM_HTTP_TOKEN, from AUTOSIM_HTTP_USER and AUTOSIM_HTTP_PASSWORD, or \
                           from a line `machine HOST login USER password PASSWORD` of ~/.netrc";

/// Asks one server.
pub(super) struct Client {
    agent: Agent,
    host: String,
    authorization: Option<String>,
}

/// Why an attempt brought no answer.
struct Miss {
    why: String,
    remedy: String,
    /// It may go better later; so long the server wants to be left alone.
    again: Option<Option<Duration>>,
}

impl Client {
    /// Whom to ask is judged before anything is sent.
    pub(super) fn new(server: &Server) -> Result<Self, Failure> {
        let host = host_of(&server.url).map_err(|(what, remedy)| {
            Failure::bad_input(format_args!("--url: {what} ({remedy})"))
        })?;
        let timeout = Duration::from_nanos(server.timeout.0);
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(timeout.min(CONNECT)))
            .timeout_global(Some(timeout))
            .user_agent(concat!("autosim/", env!("CARGO_PKG_VERSION")));
        #[cfg(feature = "https")]
        let config =
            config.tls_config(ureq::tls::TlsConfig::builder().root_certs(authorities()?).build());
        let authorization = authorization(&host)?;
        Ok(Self { agent: config.build().new_agent(), host, authorization })
    }

    /// The answer to one question, of several attempts where that may help.
    pub(super) fn get(
        &self,
        url: &str,
        query: &[(&str, &str)],
        terminal: &Terminal,
    ) -> Result<Vec<u8>, Failure> {
        let mut pauses = PAUSES.iter();
        loop {
            let miss = match self.attempt(url, query) {
                Ok(answer) => return Ok(answer),
                Err(miss) => miss,
            };
            let Miss { why, remedy, again } = miss;
            let pause = again.and_then(|wanted| Some(wanted.unwrap_or(*pauses.next()?)));
            let Some(pause) = pause.filter(|&pause| pause <= LONGEST_PAUSE) else {
                return Err(Failure::bad_input(format_args!("{why} ({remedy})")));
            };
            terminal.say(&format!("{why}; trying again in {}", Span(pause.as_nanos() as u64)));
            std::thread::sleep(pause);
        }
    }

    fn attempt(&self, url: &str, query: &[(&str, &str)]) -> Result<Vec<u8>, Miss> {
        let mut request = self.agent.get(url).query_pairs(query.iter().copied());
        if let Some(authorization) = &self.authorization {
            request = request.header("Authorization", authorization);
        }
        let mut response = request.call().map_err(|error| self.miss(&error))?;
        let status = response.status().as_u16();
        let wait = response.headers().get("Retry-After").and_then(|wait| wait.to_str().ok());
        let wait = wait.and_then(|wait| wait.parse().ok()).map(Duration::from_secs);
        let read = response.body_mut().with_config().limit(MOST_BYTES).read_to_vec();
        match (read, status) {
            (Ok(body), 200..=299) => Ok(body),
            (Err(error), 200..=299) => Err(self.miss(&error)),
            (body, _) => Err(self.refusal(status, &body.unwrap_or_default(), wait)),
        }
    }

    /// An answer that is a refusal, with the server's own words.
    fn refusal(&self, status: u16, body: &[u8], wait: Option<Duration>) -> Miss {
        let host = &self.host;
        let said = said(body);
        let why = format!("{host} answers {status}{said}");
        let remedy = match status {
            401 | 403 if self.authorization.is_some() => {
                format!("it does not take these credentials; {CREDENTIALS}")
            }
            401 | 403 => CREDENTIALS.to_owned(),
            404 => "is the address right? of Prometheus --url is the address of its page, without /graph".to_owned(),
            300..=399 => "give the address that it leads to".to_owned(),
            400 | 422 => "mend the query".to_owned(),
            429 | 500..=599 => "ask again later, for a shorter range or with a longer step".to_owned(),
            _ => "look at the address".to_owned(),
        };
        let again = matches!(status, 429 | 500..=599).then_some(wait);
        Miss { why, remedy, again }
    }

    /// No answer, or half of one.
    fn miss(&self, error: &Error) -> Miss {
        let host = &self.host;
        let miss = |why: String, remedy: &str, again: bool| Miss {
            why,
            remedy: remedy.to_owned(),
            again: again.then_some(None),
        };
        match error {
            Error::HostNotFound => {
                miss(format!("there is no host `{host}`"), "check the name in --url", false)
            }
            Error::Timeout(_) => miss(
                format!("{host} does not answer in time"),
                "a longer --timeout, a shorter range or a longer --step helps",
                false,
            ),
            Error::Io(error) if error.kind() == ErrorKind::ConnectionRefused => miss(
                format!("{host} refuses the connection"),
                "does it run, and is the port right?",
                true,
            ),
            // Bytes that TLS makes nothing of, or a certificate that it does not trust.
            Error::Io(error) if error.kind() == ErrorKind::InvalidData => {
                miss(format!("no secure connection to {host}: {error}"), TLS, false)
            }
            Error::Io(error) if is_resolution(error) => miss(
                format!("there is no host `{host}`: {error}"),
                "check the name in --url",
                false,
            ),
            Error::BodyExceedsLimit(_) => miss(
                format!("the answer of {host} is longer than {MOST_BYTES} bytes"),
                "ask for a shorter range, or with a longer step",
                false,
            ),
            Error::Tls(why) => miss(format!("no secure connection to {host}: {why}"), TLS, false),
            #[cfg(feature = "https")]
            Error::Rustls(why) => {
                miss(format!("no secure connection to {host}: {why}"), TLS, false)
            }
            Error::Io(error) => {
                miss(format!("the answer of {host} broke off: {error}"), "ask again later", true)
            }
            Error::Protocol(error) => miss(
                format!("what {host} answers is not HTTP, or breaks off: {error}"),
                "http:// and https:// are different ports; check the address",
                true,
            ),
            error => miss(format!("{host}: {error}"), "check the address", false),
        }
    }
}

const TLS: &str = "certificates of public authorities are trusted, or those of SSL_CERT_FILE, which names a file of your \
                   authority's certificates (PEM)";

/// The authorities whose certificates are trusted: those of the file that SSL_CERT_FILE names, as for other tools, else
/// Mozilla's.
#[cfg(feature = "https")]
fn authorities() -> Result<ureq::tls::RootCerts, Failure> {
    use ureq::tls::{PemItem, RootCerts, parse_pem};
    let Some(file) = std::env::var_os("SSL_CERT_FILE").filter(|file| !file.is_empty()) else {
        return Ok(RootCerts::WebPki);
    };
    let file = PathBuf::from(file);
    let wrong = |what: String| {
        let name = file.display();
        Failure::bad_input(format_args!(
            "SSL_CERT_FILE: `{name}` {what} (name a file of certificates, PEM, or unset it)"
        ))
    };
    let bytes = std::fs::read(&file).map_err(|error| wrong(format!("cannot be read: {error}")))?;
    let mut found = Vec::new();
    for item in parse_pem(&bytes) {
        match item.map_err(|error| wrong(format!("is damaged: {error}")))? {
            PemItem::Certificate(certificate) => found.push(certificate),
            // A key beside them says nothing of whom to trust.
            _ => {}
        }
    }
    match found.is_empty() {
        true => Err(wrong("holds no certificate".to_owned())),
        false => Ok(RootCerts::from(found)),
    }
}

/// Names that cannot be resolved come as errors of no kind.
fn is_resolution(error: &std::io::Error) -> bool {
    error.to_string().contains("failed to lookup address")
}

/// The error that a body is: one object of JSON with a member of that name.
pub(super) fn error_in(body: &[u8]) -> Option<String> {
    let answer: serde_json::Value = serde_json::from_slice(body).ok()?;
    let found = ["error", "errors"].iter().find_map(|name| answer.get(name));
    // A row of a recording may have such a column, which is empty.
    let error = found.filter(|error| !error.is_null() && error.as_str() != Some(""))?;
    let inner = error.get("message").unwrap_or(error);
    let text = inner.as_str().map_or_else(|| inner.to_string(), str::to_owned);
    Some(text.chars().take(MOST_SAID).collect())
}

/// What a body says of a refusal: its error, else a first line of text.
fn said(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let error = error_in(body);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let line = if line.starts_with(['<', '{']) { "" } else { line };
    let said: String = error.as_deref().unwrap_or(line).chars().take(MOST_SAID).collect();
    if said.is_empty() { said } else { format!(": {said}") }
}

/// The host of an address, with its port; or what is wrong with it. Nothing of one with credentials is repeated.
fn host_of(url: &str) -> Result<String, (String, String)> {
    let wrong = |what: &str, remedy: &str| Err((what.to_owned(), remedy.to_owned()));
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return wrong("credentials do not belong into an address", CREDENTIALS);
    }
    match scheme {
        _ if authority.is_empty() || authority.starts_with(':') => {
            wrong("it names no host", "an address is like http://127.0.0.1:9090")
        }
        "http" => Ok(authority.to_owned()),
        "https" if cfg!(feature = "https") => Ok(authority.to_owned()),
        "https" => wrong(
            "this autosim was built without TLS, for http alone",
            "cargo install --path . --features https builds it with TLS",
        ),
        "" => wrong(
            &format!("`{url}` has no scheme"),
            &format!("write http://{url}, or https://{url}"),
        ),
        other => wrong(&format!("`{other}` is no scheme that is known"), "http and https are"),
    }
}

/// The header that says who asks, from the environment or a netrc file.
fn authorization(host: &str) -> Result<Option<String>, Failure> {
    let read = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let basic = |user: &str, password: &str| {
        format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
    };
    let (token, user) = (read("AUTOSIM_HTTP_TOKEN"), read("AUTOSIM_HTTP_USER"));
    let header = match (token, user, read("AUTOSIM_HTTP_PASSWORD")) {
        (Some(_), Some(_), _) | (Some(_), _, Some(_)) => {
            let what = "AUTOSIM_HTTP_TOKEN and AUTOSIM_HTTP_USER or AUTOSIM_HTTP_PASSWORD are set: unset one of the two";
            return Err(Failure::bad_input(what));
        }
        (Some(token), None, None) => Some(format!("Bearer {token}")),
        (None, Some(user), password) => Some(basic(&user, &password.unwrap_or_default())),
        (None, None, Some(_)) => {
            return Err(Failure::bad_input(
                "AUTOSIM_HTTP_PASSWORD is set without AUTOSIM_HTTP_USER: set both",
            ));
        }
        (None, None, None) => {
            let home = || Some(PathBuf::from(read("HOME")?).join(".netrc"));
            let file = read("NETRC").map(PathBuf::from).or_else(home);
            let text = file.and_then(|file| std::fs::read_to_string(file).ok());
            let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
            let found = text.and_then(|text| netrc::credentials(&text, name));
            found.map(|(user, password)| basic(&user, &password))
        }
    };
    match header {
        Some(header) if header.chars().any(char::is_control) => Err(Failure::bad_input(
            "the credentials have a line break or another control character in them",
        )),
        header => Ok(header),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_judged_and_one_with_credentials_is_not_repeated() {
        for (url, host) in [
            ("http://127.0.0.1:9090", "127.0.0.1:9090"),
            ("http://prom.example/base/?a=b@c", "prom.example"),
            ("http://[::1]:9090/", "[::1]:9090"),
        ] {
            assert_eq!(host_of(url), Ok(host.to_owned()));
        }
        for (url, part) in [
            ("http://user:geheim@prom.example/", "credentials do not belong into an address"),
            ("prom.example:9090", "write http://prom.example:9090"),
            ("ftp://prom.example", "`ftp` is no scheme"),
            ("http://", "names no host"),
            ("http://:9090", "names no host"),
        ] {
            let (what, remedy) = host_of(url).unwrap_err();
            let told = format!("{what} ({remedy})");
            assert!(told.contains(part) && !told.contains("geheim"), "{told}");
        }
    }

    #[test]
    fn a_refusal_is_told_in_the_servers_words() {
        for (body, told) in [
            (
                r#"{"status":"error","errorType":"bad_data","error":"parse error: x"}"#,
                ": parse error: x",
            ),
            (r#"{"error":{"code":401,"message":"no token"}}"#, ": no token"),
            ("Unauthorized\n", ": Unauthorized"),
            ("<html><body>no</body></html>", ""),
            ("", ""),
        ] {
            assert_eq!(said(body.as_bytes()), told, "{body}");
        }
    }
}
