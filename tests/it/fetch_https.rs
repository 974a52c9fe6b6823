//! `trace fetch` over TLS: a server of OpenSSL with a certificate of an authority made for it. Built with the feature
//! `https`; skipped where there is no openssl.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use tempfile::TempDir;

/// Runs openssl in a folder.
fn openssl(folder: &Path, arguments: &str) {
    let mut command = Command::new("openssl");
    let out = command.args(arguments.split(' ')).current_dir(folder).output().unwrap();
    assert!(out.status.success(), "{arguments}: {}", String::from_utf8_lossy(&out.stderr));
}

/// A server of the folder's files, which ends with it.
struct Server(Child, String);

impl Server {
    fn of(folder: &Path) -> Self {
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
        openssl(
            folder,
            &format!("req -x509 {key} -keyout ca.key -out ca.pem -subj /CN=ours -days 2"),
        );
        openssl(folder, &format!("req {key} -keyout key.pem -out server.csr -subj /CN=localhost"));
        fs::write(
            folder.join("names"),
            "basicConstraints=CA:FALSE\nsubjectAltName=DNS:localhost\n",
        )
        .unwrap();
        let sign = "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names";
        openssl(folder, &format!("{sign} -out server.pem"));
        let mut command = Command::new("openssl");
        command.args("s_server -accept 127.0.0.1:0 -cert server.pem -key key.pem -WWW".split(' '));
        command
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let accepts = lines.find(|line| line.starts_with("ACCEPT")).unwrap();
        let port = accepts.rsplit_once(':').unwrap().1.to_owned();
        // Whoever no longer reads what it says would stop it.
        std::thread::spawn(move || lines.for_each(drop));
        Self(child, format!("https://localhost:{port}/calls.csv"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn fetch(folder: &Path, url: &str, authorities: Option<&str>) -> (Output, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_autosim"));
    for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "SSL_CERT_FILE"] {
        command.env_remove(variable);
    }
    command.envs(authorities.map(|file| ("SSL_CERT_FILE", file)));
    command.args(["trace", "fetch", "csv", "--url", url, "--out", "fetched.csv"]);
    let out = command.env("HOME", folder).current_dir(folder).output().unwrap();
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    (out, said)
}

#[test]
fn a_file_is_fetched_over_tls_from_whom_an_authority_of_ones_own_vouches_for() {
    if Command::new("openssl").arg("version").output().is_err() {
        eprintln!("SKIPPED: no openssl on the search path");
        return;
    }
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("calls.csv"), "time_s\n1\n2\n").unwrap();
    fs::write(folder.path().join("none.pem"), "no certificate\n").unwrap();
    let server = Server::of(folder.path());
    for (authorities, part) in [
        (None, "no secure connection to localhost"),
        (Some("gone.pem"), "SSL_CERT_FILE: `gone.pem` cannot be read"),
        (Some("none.pem"), "SSL_CERT_FILE: `none.pem` holds no certificate"),
    ] {
        let (out, said) = fetch(folder.path(), &server.1, authorities);
        assert_eq!(out.status.code(), Some(2), "{said}");
        assert!(said.contains(part) && said.contains("SSL_CERT_FILE"), "{said}");
        assert!(!folder.path().join("fetched.csv").exists());
    }
    let (out, said) = fetch(folder.path(), &server.1, Some("ca.pem"));
    assert_eq!(out.status.code(), Some(0), "{said}");
    assert_eq!(fs::read_to_string(folder.path().join("fetched.csv")).unwrap(), "time_s\n1\n2\n");
}
