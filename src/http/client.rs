//! The visitor's software from the `User-Agent` header, coarse on purpose: family and system, no versions.

use axum::http::{HeaderMap, HeaderName, header};

use super::auth::bearer;
use crate::{
    desk::Client,
    insight::{Origin, Program, Session, Surface, program},
};

/// Says that people of the site itself are asking, so that they do not count. Anyone may say so: it only leaves the
/// sender out. The server says it of [`staff_networks`](crate::config::Insight::staff_networks).
pub const STAFF: HeaderName = HeaderName::from_static("x-zerodesk-staff");

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

/// Where events of this request come from. Programs and staff are told apart here; their events do not count.
pub fn origin(headers: &HeaderMap, site: &str, surface: Surface, locale: &str, session: Option<&str>) -> Origin {
    let program = program(agent(headers));
    let test = session.and_then(Session::parse).is_some_and(|session| session.is_test());
    Origin {
        site: site.to_owned(),
        surface,
        locale: locale.to_owned(),
        bot: program == Some(Program::Bot),
        monitor: program == Some(Program::Monitor),
        staff: test || headers.contains_key(STAFF) || bearer(headers).is_some(),
        interacted: None,
    }
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
            let origin = origin(&headers, "default", Surface::Box, "nl", None);
            assert_eq!((found.user_agent_family.as_str(), found.os.as_str(), origin.bot), (family, os, bot));
        }
    }

    #[test]
    fn people_of_the_site_are_known_by_what_they_send() {
        for (name, value, session, staff) in [
            (header::ACCEPT, "*/*", "visitor-number-0001", false),
            (STAFF, "1", "visitor-number-0001", true),
            (header::AUTHORIZATION, "Bearer zdk_a", "visitor-number-0001", true),
            (header::ACCEPT, "*/*", "test-visitor-number-0001", true),
            (header::ACCEPT, "*/*", "test-", false),
        ] {
            let headers = HeaderMap::from_iter([(name.clone(), value.parse().unwrap())]);
            assert_eq!(origin(&headers, "default", Surface::Box, "", Some(session)).staff, staff, "{name} {session}");
        }
    }
}
