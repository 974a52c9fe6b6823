//! Credentials of a host in a netrc file.

/// The login and password of `host`, else those of `default`.
pub(super) fn credentials(text: &str, host: &str) -> Option<(String, String)> {
    let mut words = text.lines().flat_map(|line| {
        let line = line.split(" #").next().unwrap_or_default();
        let line = if line.trim_start().starts_with('#') { "" } else { line };
        line.split_whitespace()
    });
    let (mut meant, mut login, mut password) = (false, None, None);
    while let Some(word) = words.next() {
        match word {
            "machine" | "default" if meant && password.is_some() => break,
            "machine" => (meant, login, password) = (words.next() == Some(host), None, None),
            "default" => (meant, login, password) = (true, None, None),
            "login" => login = words.next(),
            "password" => password = words.next(),
            _ => {}
        }
    }
    let found = (login.unwrap_or_default().to_owned(), password?.to_owned());
    meant.then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_has_its_own_line_or_the_default() {
        let text = "# mine\nmachine a.example login x password p1\nmachine b.example\n  login y\n  password p2 # two\n\
                    default login z password p3\n";
        for (host, login, password) in
            [("a.example", "x", "p1"), ("b.example", "y", "p2"), ("c.example", "z", "p3")]
        {
            let found = credentials(text, host);
            assert_eq!(found, Some((login.to_owned(), password.to_owned())), "{host}");
        }
        assert_eq!(credentials("machine a login x\n", "a"), None);
        assert_eq!(credentials("machine a login x password y\n", "b"), None);
    }
}
