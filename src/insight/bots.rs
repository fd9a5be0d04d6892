//! Programs that say what they are: crawlers and monitors, by their user agent.
//!
//! Only what declares itself is named here; programs that pretend to be people show in their
//! behaviour (see the exclusions of [`super::figures`]). Command-line clients are not on the list:
//! somebody typed that command.

/// Parts of user agents, in lower case. `bot` stands for itself where no letter follows it.
const DECLARED: &[&str] = &[
    "crawl",
    "spider",
    "slurp",
    "archiver",
    "headlesschrome",
    "facebookexternalhit",
    "embedly",
    "preview",
    "pingdom",
    "uptimerobot",
    "statuscake",
    "site24x7",
    "gtmetrix",
    "lighthouse",
    "monitor",
    "gptbot",
    "chatgpt-user",
    "perplexity",
    "bytespider",
    "google-inspectiontool",
    "mediapartners-google",
    "feedfetcher",
    "w3c_validator",
];

/// Whether the user agent says that no person is asking.
///
/// ```
/// use zerodesk::insight::declared_bot;
/// assert!(declared_bot("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"));
/// assert!(!declared_bot("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"));
/// ```
#[must_use]
pub fn declared_bot(user_agent: &str) -> bool {
    // A maker of telephones.
    let lower = user_agent.to_lowercase().replace("cubot", "");
    let ends_word = |rest: &str| !rest.starts_with(|c: char| c.is_alphabetic());
    DECLARED.iter().any(|part| lower.contains(part)) || lower.split("bot").skip(1).any(ends_word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bots_are_known_by_what_they_say() {
        for (user_agent, bot) in [
            ("", false),
            ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1", false),
            ("Mozilla/5.0 (Linux; Android 14; CUBOT X30) Chrome/120.0 Mobile Safari/537.36", false),
            ("curl/8.9.1", false),
            ("Robotics Browser/1.0", false),
            ("bingbot/2.0", true),
            ("Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)", true),
            ("UptimeRobot/2.0", true),
            ("Slackbot-LinkExpanding 1.0", true),
            ("DuckDuckBot", true),
        ] {
            assert_eq!(declared_bot(user_agent), bot, "{user_agent}");
        }
    }
}
