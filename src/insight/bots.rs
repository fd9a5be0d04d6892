//! Programs that say what they are: crawlers and monitors, by their user agent.
//!
//! The names of crawlers come from a list that others keep (`bots.txt`, made by `scripts/bots`). Only what declares
//! itself is named here; programs that pretend to be people show in their behaviour (see the exclusions of
//! [`super::figures`]). Command-line clients are not on the list: somebody typed that command.

use std::{collections::HashMap, sync::LazyLock};

/// Names of crawlers, one a line, in lower case.
const CRAWLERS: &str = include_str!("bots.txt");

/// Letters of the shortest name.
const LEAST: usize = 5;

/// Words that crawlers use of themselves, in lower case. `bot` stands for itself where no letter follows it.
const GENERAL: &[&str] = &["crawl", "spider", "slurp", "archiver", "headlesschrome", "preview", "feedfetcher"];

/// Programs that look whether a site is up and quick.
const MONITORS: &[&str] = &[
    "monitor",
    "pingdom",
    "uptime",
    "statuscake",
    "site24x7",
    "gtmetrix",
    "lighthouse",
    "pagespeed",
    "datadog",
    "newrelicpinger",
    "checkly",
    "nagios",
    "check_http",
    "zabbix",
    "better stack",
    "healthcheck",
    "kube-probe",
    "googlehc",
    "elb-healthchecker",
    "blackbox-exporter",
    "blackbox_exporter",
];

/// What a program says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// It reads for somebody else.
    Bot,
    /// It looks whether the site is up.
    Monitor,
}

/// What the user agent says of itself where no person is asking; none for people.
///
/// ```
/// use zerodesk::insight::{Program, program};
/// assert_eq!(program("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"), Some(Program::Bot));
/// assert_eq!(program("Pingdom.com_bot_version_1.4_(http://www.pingdom.com/)"), Some(Program::Monitor));
/// assert_eq!(program("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"), None);
/// ```
#[must_use]
pub fn program(user_agent: &str) -> Option<Program> {
    // A maker of telephones.
    let lower = user_agent.to_lowercase().replace("cubot", "");
    let says = |names: &[&str]| names.iter().any(|name| lower.contains(name));
    let ends_word = |rest: &str| !rest.starts_with(|c: char| c.is_alphabetic());
    if says(MONITORS) {
        Some(Program::Monitor)
    } else if says(GENERAL) || lower.split("bot").skip(1).any(ends_word) || names_itself(&lower) {
        Some(Program::Bot)
    } else {
        None
    }
}

/// Whether a name of the list begins at the beginning of a word: `sonic` is a crawler, a Panasonic is none.
fn names_itself(lower: &str) -> bool {
    // By their first letters, so that a place in the user agent is compared with a few names at most.
    static NAMES: LazyLock<HashMap<&[u8], Vec<&[u8]>>> = LazyLock::new(|| {
        let mut names: HashMap<_, Vec<_>> = HashMap::new();
        for name in CRAWLERS.lines().filter(|line| !line.starts_with('#')).map(str::as_bytes) {
            names.entry(&name[..name.len().min(LEAST)]).or_default().push(name);
        }
        names
    });
    let agent = lower.as_bytes();
    let begins_word = |at: &usize| *at == 0 || !agent[at - 1].is_ascii_alphanumeric();
    (0..agent.len().saturating_sub(LEAST - 1)).filter(begins_word).any(|at| {
        let names = NAMES.get(&agent[at..at + LEAST]);
        names.is_some_and(|names| names.iter().any(|name| agent[at..].starts_with(name)))
    })
}

/// Whether the user agent says that no person is asking.
#[must_use]
pub fn declared_bot(user_agent: &str) -> bool {
    program(user_agent).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_known_by_what_they_say() {
        for (user_agent, said) in [
            ("", None),
            ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1", None),
            ("Mozilla/5.0 (Linux; Android 14; CUBOT X30) Chrome/120.0 Mobile Safari/537.36", None),
            ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", None),
            ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/26.0 Safari/605.1.15", None),
            ("Mozilla/5.0 (Linux; Android 16; SM-S921B) SamsungBrowser/28.0 Chrome/130.0 Mobile Safari/537.36", None),
            ("Mozilla/5.0 (Linux; Android 9; Panasonic Eluga) Chrome/120.0 Mobile Safari/537.36", None),
            ("curl/8.9.1", None),
            ("Robotics Browser/1.0", None),
            ("bingbot/2.0", Some(Program::Bot)),
            ("Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)", Some(Program::Bot)),
            ("Slackbot-LinkExpanding 1.0", Some(Program::Bot)),
            ("DuckDuckBot", Some(Program::Bot)),
            ("facebookexternalhit/1.1", Some(Program::Bot)),
            ("Mozilla/5.0 (compatible; GPTBot/1.2; +https://openai.com/gptbot)", Some(Program::Bot)),
            ("Mozilla/5.0; compatible; ChatGPT-User/1.0; +https://openai.com/bot", Some(Program::Bot)),
            ("Mozilla/5.0 HeadlessChrome/140.0", Some(Program::Bot)),
            ("UptimeRobot/2.0", Some(Program::Monitor)),
            ("kube-probe/1.34", Some(Program::Monitor)),
        ] {
            assert_eq!(program(user_agent), said, "{user_agent}");
        }
    }

    #[test]
    fn the_list_is_as_it_should_be() {
        let names: Vec<_> = CRAWLERS.lines().filter(|line| !line.starts_with('#')).collect();
        assert!(names.len() > 100, "{}", names.len());
        for name in names {
            assert!(name.len() >= LEAST && name == name.to_lowercase() && name == name.trim(), "{name:?}");
        }
    }
}
