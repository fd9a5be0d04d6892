//! The visitor's software from the `User-Agent` header, coarse on purpose: family and system, no versions.

use axum::http::{HeaderMap, header};

use crate::{desk::Client, insight::declared_bot};

/// Browser families by their mark. Each one claims to be those below it, so the order matters.
const FAMILIES: [(&str, &str); 7] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
    ("Mozilla/", "other browser"),
];
/// Systems by their mark; Android also says Linux, phones also say Mac OS X.
const SYSTEMS: [(&str, &str); 7] = [
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iOS"),
    ("iPad", "iPadOS"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
];

/// Family and system of the visitor's software.
pub fn client(headers: &HeaderMap) -> Client {
    let agent = agent(headers);
    let named = |table: &[(&str, &str)]| {
        let found = table.iter().find(|(mark, _)| agent.contains(mark));
        found.map_or_else(String::new, |(_, name)| (*name).into())
    };
    Client { user_agent_family: named(&FAMILIES), os: named(&SYSTEMS), box_version: String::new() }
}

/// Whether the software says that it is a bot; its events do not count.
pub fn is_bot(headers: &HeaderMap) -> bool {
    declared_bot(agent(headers))
}

fn agent(headers: &HeaderMap) -> &str {
    headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn software_is_told_apart_by_family_and_system() {
        let table = [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox", "Linux", false),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/140.0 Safari/537.36 Edg/140.0",
                "Edge",
                "Windows",
                false,
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1",
                "Safari",
                "iOS",
                false,
            ),
            ("Mozilla/5.0 (compatible; SomeBot/1.0)", "other browser", "", true),
            ("", "", "", false),
        ];
        for (agent, family, os, bot) in table {
            let headers = HeaderMap::from_iter([(header::USER_AGENT, agent.parse().unwrap())]);
            let found = client(&headers);
            assert_eq!((found.user_agent_family.as_str(), found.os.as_str(), is_bot(&headers)), (family, os, bot));
        }
    }
}
