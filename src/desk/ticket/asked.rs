//! What comes in: a visitor's request with its checks, and what the server adds.

use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};

use super::{
    super::{DeskError, secret},
    Callback, Client, Consent, HandoffReason, HostContext, Page, ReadArticle, Redaction, Requester, TrailItem,
};

/// Longest subject derived from a message, in characters.
const DERIVED_SUBJECT: usize = 100;

/// A ticket to be filed.
#[derive(Debug, Clone, Default)]
pub struct NewTicket {
    /// The site by its key; the caller has checked that it exists.
    pub site: String,
    /// Made by the client, so that a repeated request gives the same ticket. None: every request is a ticket.
    pub idempotency_key: Option<String>,
    /// What the visitor sends.
    pub asked: Asked,
    /// What the server knows.
    pub context: Context,
}

/// What a visitor sends. Its hash tells a repeated request from a reused key.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Asked {
    /// The search that led here.
    pub query_id: Option<String>,
    /// Why a person is asked for.
    pub reason: HandoffReason,
    /// One line; empty: taken from the message.
    pub subject: String,
    /// Their own words.
    pub message: String,
    /// Who asks.
    pub requester: Requester,
    /// Language and region.
    pub locale: Option<String>,
    /// IANA time zone.
    pub time_zone: Option<String>,
    /// The page from which it is sent.
    pub page: Option<Page>,
    /// What the embedding website tells.
    pub host: HostContext,
    /// When and where to call back.
    pub callback: Option<Callback>,
    /// A vendor outside that the visitor names, and whether it may be involved.
    pub external: AskedExternal,
    /// What the visitor agreed to.
    pub consent: Consent,
}

/// Whom a visitor allows to be involved.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AskedExternal {
    /// The vendor or the system.
    pub vendor: Option<String>,
    /// Whether the question may be passed on to them.
    pub consent: bool,
}

/// What the server knows about the way to the ticket.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Context {
    /// Searches of the session.
    pub trail: Vec<TrailItem>,
    /// Sections suggested by the form.
    pub suggested_in_form: Vec<String>,
    /// Articles read.
    pub read: Vec<ReadArticle>,
    /// The visitor's software.
    pub client: Client,
    /// What was masked in the trail.
    pub redaction: Redaction,
    /// Generation of the index.
    pub generation: u64,
    /// Hash of the session.
    pub session: Option<String>,
    /// Level that the failed article declares.
    pub declared_level: Option<u8>,
    /// Whether it looks like spam: filed all the same, but apart.
    pub suspected_spam: bool,
}

impl Asked {
    /// Trims and checks all fields, and derives a missing subject. `zone` is that of the site, for visitors who do
    /// not tell theirs.
    ///
    /// # Errors
    /// [`DeskError::Invalid`] with the first field that cannot be accepted.
    pub fn checked(mut self, zone: &TimeZone, now: Timestamp) -> Result<Self, DeskError> {
        self.clean();
        self.check_sizes()?;
        self.check_reply()?;
        let own = self.time_zone.as_deref().map(TimeZone::get);
        let zone = own.and_then(Result::ok).unwrap_or_else(|| zone.clone());
        self.callback = self.callback.map(|callback| callback.checked(&zone, now)).transpose()?;
        if self.external.consent && self.external.vendor.is_none() {
            return Err(DeskError::invalid("external.vendor", "name the vendor or the system that may be involved"));
        }
        self.check_host()?;
        if self.subject.is_empty() && self.message.is_empty() {
            return Err(DeskError::invalid("message", "write what you need help with, in message or subject"));
        }
        if self.subject.is_empty() {
            self.subject = self.message.lines().next().unwrap_or_default().chars().take(DERIVED_SUBJECT).collect();
        }
        Ok(self)
    }

    /// Distinguishes one request from another.
    pub(in crate::desk) fn fingerprint(&self) -> Result<String, DeskError> {
        let json = serde_json::to_vec(self).map_err(|error| DeskError::Unavailable(Box::new(error)))?;
        Ok(secret::hash_hex(&[b"asked", &json]))
    }

    fn clean(&mut self) {
        let requester = &mut self.requester;
        for line in [&mut self.subject, &mut requester.name, &mut requester.email] {
            *line = one_line(line);
        }
        self.message = paragraphs(&self.message);
        let vendor = &mut self.external.vendor;
        for line in [&mut requester.phone, &mut requester.user_ref, &mut self.locale, &mut self.time_zone, vendor] {
            *line = line.as_deref().map(one_line).filter(|line| !line.is_empty());
        }
        if let Some(page) = &mut self.page {
            page.url = without_query(&page.url);
            page.title = one_line(&page.title);
        }
    }

    fn check_sizes(&self) -> Result<(), DeskError> {
        let text = |text: &Option<String>| text.as_deref().map_or(0, length);
        let page = self.page.as_ref();
        let sizes = [
            ("subject", length(&self.subject), 200),
            ("message", length(&self.message), 20_000),
            ("requester.name", length(&self.requester.name), 200),
            ("requester.user_ref", text(&self.requester.user_ref), 200),
            ("locale", text(&self.locale), 35),
            ("time_zone", text(&self.time_zone), 64),
            ("page.url", page.map_or(0, |page| length(&page.url)), 2_000),
            ("page.title", page.map_or(0, |page| length(&page.title)), 300),
            ("query_id", text(&self.query_id), 64),
            ("external.vendor", text(&self.external.vendor), 200),
            ("consent.text_version", length(&self.consent.text_version), 64),
        ];
        sizes.into_iter().try_for_each(|(field, found, limit)| at_most(field, found, limit))?;
        let removed = &self.consent.fields_removed;
        let longest = removed.iter().map(|field| length(field)).max().unwrap_or(0);
        at_most("consent.fields_removed", longest.max(removed.len()), 100)
    }

    fn check_reply(&self) -> Result<(), DeskError> {
        let Requester { email, phone, .. } = &self.requester;
        if email.is_empty() && phone.is_none() {
            return Err(DeskError::invalid(
                "requester.email",
                "give an e-mail address or a phone number for the reply",
            ));
        }
        if !email.is_empty() && !plausible_email(email) {
            return Err(DeskError::invalid("requester.email", "write an address such as name@example.com"));
        }
        match phone.as_deref() {
            Some(phone) if !plausible_phone(phone) => {
                Err(DeskError::invalid("requester.phone", "write a number such as +31 20 123 4567, digits only"))
            }
            _ => Ok(()),
        }
    }

    fn check_host(&self) -> Result<(), DeskError> {
        let HostContext { product, version, plan, custom } = &self.host;
        let known = [("product", product), ("version", version), ("plan", plan)];
        for (field, value) in known {
            at_most(&format!("host.{field}"), value.as_deref().map_or(0, length), 200)?;
        }
        if custom.len() > 20 {
            return Err(DeskError::invalid("host.custom", format!("send at most 20 keys instead of {}", custom.len())));
        }
        for (key, value) in custom {
            if length(key) > 100 {
                return Err(DeskError::invalid("host.custom", "use keys of at most 100 characters"));
            }
            at_most(&format!("host.custom.{key}"), length(value), 10_000)?;
        }
        Ok(())
    }
}

/// Refuses what is too long.
pub(in crate::desk) fn at_most(field: &str, found: usize, limit: usize) -> Result<(), DeskError> {
    if found <= limit {
        return Ok(());
    }
    Err(DeskError::invalid(field, format!("use at most {limit} characters or entries instead of {found}")))
}

fn length(text: &str) -> usize {
    text.chars().count()
}

/// Without line breaks, control characters and spaces around.
pub(in crate::desk) fn one_line(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    text.trim().into()
}

/// Without control characters but line breaks and tabs, and without space around.
pub(in crate::desk) fn paragraphs(text: &str) -> String {
    text.trim().chars().filter(|&c| !c.is_control() || "\n\t".contains(c)).collect()
}

/// The address of a page without query string and fragment, which may hold anything; empty if it is no web address.
fn without_query(url: &str) -> String {
    let url = one_line(url);
    let end = url.find(['?', '#']).unwrap_or(url.len());
    let web = url.starts_with("https://") || url.starts_with("http://");
    if web { url[..end].into() } else { String::new() }
}

/// One `@` between a name and a domain with a dot. Whether it exists only a mail can tell.
fn plausible_email(email: &str) -> bool {
    let Some((local, domain)) = email.rsplit_once('@') else { return false };
    let plain = |part: &str| !part.is_empty() && !part.contains([' ', '@', ',', ';', '<', '>', '"']);
    let labels = domain.split('.').all(|label| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-'));
    plain(local) && plain(domain) && local.len() <= 64 && email.len() <= 254 && labels && domain.contains('.')
}

fn plausible_phone(phone: &str) -> bool {
    let digits = phone.chars().filter(char::is_ascii_digit).count();
    (5..=20).contains(&digits)
        && phone.len() <= 40
        && phone.chars().all(|c| c.is_ascii_digit() || " +-./()".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(change: impl FnOnce(&mut Asked)) -> Asked {
        let requester = Requester { email: "ada@example.org".into(), ..Requester::default() };
        let mut asked = Asked { message: "It does not start.\nWhat now?".into(), requester, ..Asked::default() };
        change(&mut asked);
        asked
    }

    type Change = fn(&mut Asked);
    type Reading = fn(&Asked) -> String;

    #[test]
    fn what_cannot_be_accepted_is_named() {
        let table: [(&str, Change); 16] = [
            ("message", |a| a.message = " \u{0} ".into()),
            ("message", |a| a.message = "x".repeat(20_001)),
            ("subject", |a| a.subject = "x".repeat(201)),
            ("requester.name", |a| a.requester.name = "x".repeat(201)),
            ("requester.email", |a| a.requester.email = " ".into()),
            ("requester.email", |a| a.requester.email = "ada".into()),
            ("requester.email", |a| a.requester.email = "ada@localhost".into()),
            ("requester.email", |a| a.requester.email = "a b@example.org".into()),
            ("requester.email", |a| a.requester.email = "ada@example..org".into()),
            ("requester.phone", |a| a.requester.phone = Some("call me".into())),
            ("callback.phone", |a| a.callback = Some(Callback { phone: Some("12".into()), windows: vec![] })),
            ("page.url", |a| {
                a.page = Some(Page { url: format!("https://{}", "x".repeat(2_000)), title: String::new() });
            }),
            ("host.custom", |a| a.host.custom = (0..21).map(|n| (n.to_string(), String::new())).collect()),
            ("host.custom", |a| a.host.custom = [("k".repeat(101), String::new())].into()),
            ("host.custom.k", |a| a.host.custom = [("k".into(), "v".repeat(10_001))].into()),
            ("consent.fields_removed", |a| a.consent.fields_removed = vec![String::new(); 101]),
        ];
        for (expected, change) in table {
            match asked(change).checked(&TimeZone::UTC, Timestamp::UNIX_EPOCH) {
                Err(DeskError::Invalid { field, message }) => {
                    assert_eq!(field, expected);
                    assert!(message.len() > 10, "{message}");
                }
                other => panic!("{expected}: {other:?}"),
            }
        }
    }

    #[test]
    fn what_can_be_accepted_is_cleaned() {
        let table: [(&str, Change, Reading, &str); 7] = [
            ("a subject is derived", |_| {}, |a| a.subject.clone(), "It does not start."),
            (
                "line breaks leave the subject",
                |a| a.subject = "a\r\nBcc: b ".into(),
                |a| a.subject.clone(),
                "a  Bcc: b",
            ),
            ("messages keep lines", |a| a.message = "a\n\u{7}b".into(), |a| a.message.clone(), "a\nb"),
            (
                "empty numbers are none",
                |a| a.requester.phone = Some(" ".into()),
                |a| format!("{:?}", a.requester.phone),
                "None",
            ),
            (
                "queries of pages are cut",
                |a| a.page = Some(Page { url: "https://x.org/a?token=1#b".into(), title: String::new() }),
                |a| a.page.clone().unwrap().url,
                "https://x.org/a",
            ),
            (
                "only web addresses are pages",
                |a| a.page = Some(Page { url: "javascript:alert(1)".into(), title: String::new() }),
                |a| a.page.clone().unwrap().url,
                "",
            ),
            (
                "a phone number is a way to reply",
                |a| a.requester = Requester { phone: Some("+31 (0)20 123".into()), ..Requester::default() },
                |a| a.requester.phone.clone().unwrap(),
                "+31 (0)20 123",
            ),
        ];
        for (what, change, read, expected) in table {
            assert_eq!(
                read(&asked(change).checked(&TimeZone::UTC, Timestamp::UNIX_EPOCH).unwrap()),
                expected,
                "{what}"
            );
        }
    }
}
