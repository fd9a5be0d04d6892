//! From what was written (file, environment, flags) to what is meant, with the place of every mistake.

use std::{net::SocketAddr, path::PathBuf};

use toml::{Table, Value};
use toml_edit::{DocumentMut, Item};

use super::{Config, Connector, EXAMPLE, Site, WatchMode, brand};

/// The prefix of every environment variable that sets something.
const ENV_PREFIX: &str = "ZERODESK_";

/// What was written, by place; the later overrides the earlier.
#[derive(Debug, Default)]
pub struct Written {
    /// Name and text of the configuration file, if there is one.
    pub file: Option<(String, String)>,
    /// `ZERODESK_*` variables, in any order; others are ignored.
    pub env: Vec<(String, String)>,
    /// `--articles`
    pub articles: Option<PathBuf>,
    /// `--index`
    pub index: Option<PathBuf>,
    /// `--data`
    pub data: Option<PathBuf>,
    /// `--listen`
    pub listen: Option<SocketAddr>,
    /// `--limits`
    pub limits: Option<bool>,
    /// `--preview`
    pub preview: bool,
}

/// A configuration that cannot be used: where, what, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is not valid TOML, or a setting is unknown or of the wrong type.
    #[error("{file}: {detail}\n`zerodesk config` prints every setting with its explanation")]
    File {
        /// The file's name.
        file: String,
        /// Line, column and reason.
        detail: String,
    },
    /// An environment variable sets something that does not exist or does not fit.
    #[error("environment {names}: {detail}\ntwo underscores go one table down: ZERODESK_LIMITS__ENABLED=false")]
    Env {
        /// The variables' names.
        names: String,
        /// The reason.
        detail: String,
    },
    /// Settings that contradict each other or are out of range.
    #[error("setting `{key}`: {detail}")]
    Meaning {
        /// The setting.
        key: String,
        /// The reason and what to do.
        detail: String,
    },
}

impl Written {
    /// Merges everything over the defaults and checks the result.
    ///
    /// # Errors
    /// [`ConfigError`] names the file and line, the variable or the setting at fault.
    ///
    /// ```
    /// let written = zerodesk::config::Written {
    ///     file: Some(("zerodesk.toml".into(), "listen = \"0.0.0.0:80\"".into())),
    ///     ..Default::default()
    /// };
    /// assert_eq!(written.meant().unwrap().listen.port(), 80);
    /// ```
    pub fn meant(self) -> Result<Config, ConfigError> {
        let (file, text) = self.file.unwrap_or_else(|| ("defaults".into(), String::new()));
        let fault = |error: toml::de::Error| ConfigError::File { file: file.clone(), detail: error.to_string() };
        let mut config: Config = toml::from_str(&text).map_err(fault)?;

        let env: Vec<_> = self
            .env
            .into_iter()
            .filter(|(name, _)| name.starts_with(ENV_PREFIX) && name != "ZERODESK_CONFIG")
            .collect();
        if !env.is_empty() {
            let mut table: Table = text.parse().map_err(fault)?;
            let names = env.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
            for (name, value) in &env {
                overlay(&mut table, name, value);
            }
            config = table.try_into().map_err(|error: toml::de::Error| ConfigError::Env {
                names,
                detail: error.to_string().trim_end().to_owned(),
            })?;
        }

        config.articles = self.articles.unwrap_or(config.articles);
        config.index = self.index.unwrap_or(config.index);
        config.data = self.data.unwrap_or(config.data);
        config.listen = self.listen.unwrap_or(config.listen);
        config.limits.enabled = self.limits.unwrap_or(config.limits.enabled);
        if self.preview {
            begin_preview(&mut config);
        }
        check(&config)?;
        Ok(config)
    }
}

/// A preview has an index and a database of its own, because drafts must not reach visitors, and tries of a writer
/// are no figures; and it sends nothing to anybody.
fn begin_preview(config: &mut Config) {
    config.preview = true;
    config.index.push("preview");
    config.data = config.index.join("data");
    config.connectors.clear();
    if config.watch.mode == WatchMode::Off {
        config.watch.mode = WatchMode::Native;
    }
}

/// Sets `ZERODESK_A__B=value` as `a.b`; a value that is not TOML is taken as a string.
fn overlay(table: &mut Table, name: &str, value: &str) {
    let path = name[ENV_PREFIX.len()..].to_ascii_lowercase();
    let mut keys: Vec<&str> = path.split("__").collect();
    let last = keys.pop().unwrap_or_default();
    let mut place = table;
    for key in keys {
        let entry = place.entry(key).or_insert_with(|| Value::Table(Table::new()));
        if !entry.is_table() {
            *entry = Value::Table(Table::new());
        }
        let Some(inner) = entry.as_table_mut() else { return };
        place = inner;
    }
    let parsed = format!("v = {value}").parse::<Table>().ok().and_then(|mut t| t.remove("v"));
    place.insert(last.into(), parsed.unwrap_or_else(|| Value::String(value.into())));
}

fn check(config: &Config) -> Result<(), ConfigError> {
    let fail = |key: String, detail: &str| Err(ConfigError::Meaning { key, detail: detail.into() });
    if config.public_url.ends_with('/') || !(config.public_url.is_empty() || config.public_url.starts_with("http")) {
        return fail("public_url".into(), "write scheme and host without a trailing slash, or leave it empty");
    }
    if config.sites.is_empty() {
        return fail("sites".into(), "at least one site is needed; leave the table out to get `default`");
    }
    for (key, site) in &config.sites {
        if site.languages.is_empty() {
            return fail(format!("sites.{key}.languages"), "name at least one language, such as [\"en\"]");
        }
        thresholds(site).or_else(|detail| fail(format!("sites.{key}"), detail))?;
        if let Some((setting, detail)) = site.brand.fault() {
            return fail(format!("sites.{key}.brand.{setting}"), detail);
        }
        if !(site.edit_url.is_empty() || brand::is_web(&site.edit_url) && site.edit_url.contains("{path}")) {
            return fail(
                format!("sites.{key}.edit_url"),
                "write an address with {path} in it, such as \"https://git.example.com/edit/{path}\"",
            );
        }
        if let Some(fault) = site.hours.fault() {
            return fail(format!("sites.{key}.hours"), fault);
        }
    }
    if let Some((key, detail)) =
        config.connectors.iter().find_map(|(name, connector)| connector_fault(config, name, connector))
    {
        return fail(key, detail);
    }
    let sends_mail =
        |name: &str| matches!(config.connectors.get(name), Some(Connector::Email(_) | Connector::Confirmation(_)));
    if !config.reports.to.is_empty() && !sends_mail(&config.reports.mail) {
        return fail("reports.mail".into(), "name a connector of type \"email\" or \"confirmation\"");
    }
    if !config.ladder.iter().enumerate().all(|(at, rung)| usize::from(rung.level) == at) || config.ladder.len() < 2 {
        return fail("ladder".into(), "levels start at 0, rise by one and include 1");
    }
    if config.ladder.iter().any(|rung| rung.from.iter().any(|from| *from >= rung.level)) {
        return fail("ladder".into(), "`from` lists lower levels only");
    }
    for (key, value) in [
        ("search.concurrency", config.search.concurrency),
        ("limits.connections", config.limits.connections),
        ("limits.body_bytes", config.limits.body_bytes),
        ("insight.buffer", config.insight.buffer),
        ("limits.searches_per_minute", config.limits.searches_per_minute as usize),
        ("limits.events_per_minute", config.limits.events_per_minute as usize),
        ("limits.tickets_per_hour", config.limits.tickets_per_hour as usize),
        ("limits.tickets_per_hour_and_site", config.limits.tickets_per_hour_and_site as usize),
        ("desk.response_minutes", config.desk.response_minutes as usize),
        ("desk.resolution_minutes", config.desk.resolution_minutes as usize),
    ] {
        if value == 0 {
            return fail(key.into(), "must be at least 1");
        }
    }
    Ok(())
}

/// The setting of a connector that is at fault, and why.
fn connector_fault(config: &Config, name: &str, connector: &Connector) -> Option<(String, &'static str)> {
    let key = format!("connectors.{name}");
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
    if name == "desk" {
        return Some((key, "the built-in desk is always there; choose another name"));
    }
    if name.is_empty() || name.len() > 40 || !name.chars().all(plain) {
        return Some((key, "use 1 to 40 of the characters a-z 0-9 - _ for a name"));
    }
    let reach = connector.reach();
    if !reach.sites.iter().all(|site| config.sites.contains_key(site)) {
        return Some((format!("{key}.sites"), "names a site that is not configured"));
    }
    if !reach.levels.iter().all(|level| *level > 0 && config.ladder.iter().any(|rung| rung.level == *level)) {
        return Some((format!("{key}.levels"), "names a level that tickets cannot have; the ladder has the levels"));
    }
    if matches!(connector, Connector::Confirmation(_)) && config.public_url.is_empty() {
        return Some(("public_url".into(), "must be set: confirmations carry a link to the status page"));
    }
    connector.fault().map(|(setting, detail)| (format!("{key}.{setting}"), detail))
}

/// Whether the settings of the decision make sense together.
fn thresholds(site: &Site) -> Result<(), &'static str> {
    let costs = [site.wrong_answer_cost, site.needless_ticket_cost];
    let positive = |cost: &f32| cost.is_finite() && *cost > 0.0;
    let within = 0.0 <= site.candidates_at && site.candidates_at <= 1.0;
    let ordered = site.answer_at.is_none_or(|answer_at| site.candidates_at <= answer_at && answer_at <= 1.0);
    if costs.iter().any(Option::is_some) && site.answer_at.is_some() {
        Err(
            "answer_at and the costs say the same thing twice; write either answer_at, or wrong_answer_cost and needless_ticket_cost",
        )
    } else if costs.iter().flatten().count() == 1 {
        Err("wrong_answer_cost and needless_ticket_cost are compared with each other; write both")
    } else if !costs.iter().flatten().all(positive) {
        Err("wrong_answer_cost and needless_ticket_cost must be numbers above 0")
    } else if !(within && ordered) {
        Err("0 <= candidates_at <= answer_at <= 1 must hold")
    } else if !(0.0..=0.9).contains(&site.holdout) {
        Err("holdout must lie between 0 and 0.9")
    } else if site.ticket_cost.is_some_and(|cost| !(cost.is_finite() && cost > 0.0)) {
        Err("ticket_cost must be a number above 0")
    } else {
        Ok(())
    }
}

/// The effective configuration as commented TOML: the example file with today's values.
///
/// ```
/// use zerodesk::config::{Config, EXAMPLE, effective_toml};
/// assert_eq!(effective_toml(&Config::default()), EXAMPLE);
/// ```
#[must_use]
pub fn effective_toml(config: &Config) -> String {
    let (Ok(mut document), Ok(Value::Table(values))) = (EXAMPLE.parse::<DocumentMut>(), Value::try_from(config)) else {
        return String::new();
    };
    let defaults = Value::try_from(Config::default()).ok();
    for (key, value) in &values {
        let default = defaults.as_ref().and_then(|d| d.get(key));
        replace(document.as_table_mut(), key, value, default);
    }
    document.to_string()
}

/// Puts `value` at `key` where it differs from `default`, keeping the comments around it.
fn replace(table: &mut toml_edit::Table, key: &str, value: &Value, default: Option<&Value>) {
    if default == Some(value) {
        return;
    }
    if let (Value::Table(inner), Some(Item::Table(place))) = (value, table.get_mut(key)) {
        let gone: Vec<String> = place.iter().map(|(k, _)| k.to_owned()).filter(|k| !inner.contains_key(k)).collect();
        for name in gone {
            place.remove(&name);
        }
        for (name, item) in inner {
            replace(place, name, item, default.and_then(|d| d.get(name)));
        }
        return;
    }
    let text = toml::to_string(&Table::from_iter([(key.to_owned(), value.clone())])).unwrap_or_default();
    let Some(mut fresh) = text.parse::<DocumentMut>().ok().and_then(|mut d| d.remove(key)) else { return };
    unplace(&mut fresh);
    match (table.get_mut(key), fresh) {
        (Some(Item::Value(old)), Item::Value(mut new)) => {
            *new.decor_mut() = old.decor().clone();
            *old = new;
        }
        (_, fresh) => {
            table.insert(key, fresh);
        }
    }
}

/// Lets a table stand where it is put, not where it stood in another text.
fn unplace(item: &mut Item) {
    if let Item::Table(table) = item {
        table.set_position(None);
        table.iter_mut().for_each(|(_, inner)| unplace(inner));
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Secret, *};

    #[test]
    fn the_example_file_is_the_defaults() {
        assert_eq!(toml::from_str::<Config>(EXAMPLE).unwrap(), Config::default());
    }

    #[test]
    fn later_places_override_earlier_ones() {
        let file = || Some(("zerodesk.toml".to_owned(), "listen = \"127.0.0.1:1\"\narticles = \"a\"".to_owned()));
        let env = |value: &str| vec![("ZERODESK_LISTEN".to_owned(), value.to_owned())];
        let port = |written: Written| written.meant().unwrap().listen.port();
        assert_eq!(port(Written::default()), 8080);
        assert_eq!(port(Written { file: file(), ..Default::default() }), 1);
        assert_eq!(port(Written { file: file(), env: env("127.0.0.1:2"), ..Default::default() }), 2);
        let flag = Some("127.0.0.1:3".parse().unwrap());
        assert_eq!(port(Written { file: file(), env: env("127.0.0.1:2"), listen: flag, ..Default::default() }), 3);
    }

    #[test]
    fn mistakes_say_where_they_are() {
        let file = |text: &str| Written { file: Some(("zerodesk.toml".into(), text.into())), ..Default::default() };
        let env = |name: &str, value: &str| Written { env: vec![(name.into(), value.into())], ..Default::default() };
        let table = [
            (file("listen = 8080"), "line 1"),
            (file("\nlisten = \"nowhere\""), "line 2"),
            (file("[limits]\nserches_per_minute = 1"), "serches_per_minute"),
            (file("[sites.a]\norigins = [\"https://a.example/path\"]"), "is not an origin"),
            (file("[sites.a]\nlanguages = []"), "sites.a.languages"),
            (file("[sites.a]\nanswer_at = 0.1"), "candidates_at"),
            (
                file("[sites.a]\nanswer_at = 0.7\nwrong_answer_cost = 1\nneedless_ticket_cost = 1"),
                "either answer_at, or",
            ),
            (file("[sites.a]\nwrong_answer_cost = 3"), "write both"),
            (file("[sites.a]\nwrong_answer_cost = 0\nneedless_ticket_cost = 1"), "above 0"),
            (file("[sites.a]\nwrong_answer_cost = nan\nneedless_ticket_cost = 1"), "above 0"),
            (file("[sites.a]\ncandidates_at = nan"), "candidates_at"),
            (file("[sites.a]\nholdout = 1.5"), "holdout"),
            (file("[sites.a]\nticket_cost = 0"), "ticket_cost"),
            (file("[limits]\nconnections = 0"), "limits.connections"),
            (file("public_url = \"https://a.example/\""), "public_url"),
            (file("[[ladder]]\nlevel = 3\nname = {}\nneeds = \"nothing\""), "ladder"),
            (file("[connectors.desk]\ntype = \"email\""), "connectors.desk"),
            (file("[connectors.Shop]\ntype = \"email\""), "a-z"),
            (file("[connectors.a]\ntype = \"pigeon\""), "pigeon"),
            (file("[connectors.a]\ntype = \"webhook\"\nurl = \"https://a.example\""), "connectors.a.secrets"),
            (file("[connectors.a]\ntype = \"webhook\"\nulr = \"https://a.example\""), "connectors.a.ulr"),
            (file("[connectors.a]\ntype = \"http\"\nurl = \"https://a.example\""), "connectors.a.preset"),
            (
                file("[connectors.a]\ntype = \"email\"\nfrom = \"a@b.example\"\nto = [\"c@d.example\"]"),
                "connectors.a.host",
            ),
            (file("[connectors.a]\ntype = \"webhook\"\nsecrets = [{ evn = \"A\" }]"), "a secret is"),
            (file("[connectors.a]\ntype = \"webhook\"\nsites = [\"b\"]"), "connectors.a.sites"),
            (file("[connectors.a]\ntype = \"webhook\"\nlevels = [0]"), "connectors.a.levels"),
            (file("[connectors.a]\ntype = \"webhook\"\ntimeout_s = 31"), "connectors.a.timeout_s"),
            (file("[connectors.a]\ntype = \"confirmation\""), "public_url"),
            (file("public_url = \"https://a.example\"\n[connectors.a]\ntype = \"confirmation\""), "connectors.a.from"),
            (file("[sites.a]\nedit_url = \"https://git.example/edit\""), "sites.a.edit_url"),
            (file("[sites.a.brand]\naccent = \"red\""), "#0b6252"),
            (file("[sites.a.brand]\nlogo = \"logo.exe\""), "sites.a.brand.logo"),
            (
                file("[[sites.a.brand.footer]]\nurl = \"javascript:alert(1)\"\ntext = { en = \"x\" }"),
                "sites.a.brand.footer",
            ),
            (file("[[sites.a.brand.footer]]\nurl = \"/imprint\"\ntext = {}"), "sites.a.brand.footer"),
            (file("[sites.a.hours]\ntime_zone = \"Mars/Olympus\""), "sites.a.hours"),
            (file("[sites.a.hours]\nmonday = [\"9-5\"]"), "9-5"),
            (file("[sites.a.hours]\nholidays = [\"2026-02-30\"]"), "line 2"),
            (env("ZERODESK_LIMITS__ENABLED", "perhaps"), "ZERODESK_LIMITS__ENABLED"),
            (env("ZERODESK_NO_SUCH", "1"), "no_such"),
        ];
        for (written, expected) in table {
            let shown = format!("{written:?}");
            let message = written.meant().expect_err(&shown).to_string();
            assert!(message.contains(expected), "{shown}\n{message}");
        }
    }

    #[test]
    fn costs_become_a_threshold() {
        for (settings, answer_at, candidates_at) in [
            ("", 0.6, 0.35),
            ("answer_at = 0.9", 0.9, 0.35),
            ("wrong_answer_cost = 3\nneedless_ticket_cost = 2", 0.6, 0.35),
            ("wrong_answer_cost = 19\nneedless_ticket_cost = 1", 0.95, 0.35),
            ("wrong_answer_cost = 1\nneedless_ticket_cost = 3", 0.25, 0.25),
        ] {
            let text = format!("[sites.default]\n{settings}");
            let config = Written { file: Some(("f".into(), text)), ..Default::default() }.meant().unwrap();
            let site = &config.sites["default"];
            assert_eq!((site.answer_at(), site.candidates_at()), (answer_at, candidates_at), "{settings}");
        }
    }

    #[test]
    fn the_printed_configuration_reads_back_as_itself() {
        let file = "listen = \"[::1]:9\"\n[limits]\nenabled = false\ntrusted_proxies = [\"10.0.0.0/8\"]\n\
                    [sites.shop]\nname = \"Shop\"\norigins = [\"https://shop.example\"]\n\
                    wrong_answer_cost = 4.0\nneedless_ticket_cost = 1.0";
        let config = Written { file: Some(("f".into(), file.into())), ..Default::default() }.meant().unwrap();
        let printed = effective_toml(&config);
        assert_eq!(toml::from_str::<Config>(&printed).unwrap(), config, "{printed}");
        assert!(printed.contains("# Rate limits per visitor address"));
    }

    #[test]
    fn secrets_are_printed_nowhere() {
        let file = "[desk]\noutcome_secrets = [\"hush-1\"]\n\
                    [connectors.hook]\ntype = \"webhook\"\nurl = \"https://a.example/\"\nsecrets = [\"hush-2\", { env = \"HOOK\" }]\n\
                    [connectors.rt]\ntype = \"http\"\npreset = \"request-tracker\"\nurl = \"https://rt.example\"\n\
                    values = { queue = \"General\" }\nsecrets = { token = \"hush-3\" }\n\
                    [connectors.mail]\ntype = \"email\"\nfrom = \"a@b.example\"\nto = [\"c@d.example\"]\nhost = \"mx\"\n\
                    password = { file = \"/run/secrets/mail\" }";
        let config = Written { file: Some(("f".into(), file.into())), ..Default::default() }.meant().unwrap();
        assert_eq!(config.desk.outcome_secrets, [Secret::Text("hush-1".into())]);
        let printed = effective_toml(&config);
        for text in [&printed, &format!("{config:?}")] {
            assert!(!text.contains("hush"), "{text}");
        }
        for shown in ["***", "HOOK", "/run/secrets/mail", "General", "request-tracker"] {
            assert!(printed.contains(shown), "{shown}: {printed}");
        }
        let at = |table: &str| printed.find(table).unwrap_or_else(|| panic!("{table}: {printed}"));
        assert!(
            at("[connectors.rt]") < at("[connectors.rt.secrets]") && at("[connectors.rt.secrets]") < at("[insight]")
        );
        let back: Config = toml::from_str(&printed).unwrap();
        assert_eq!(back.connectors.keys().collect::<Vec<_>>(), ["hook", "mail", "rt"]);
        assert_eq!(back.connectors["mail"], config.connectors["mail"]);
    }
}
