//! How the pages of a site look: plain values, checked at start. Nothing here opens the files that it names.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

/// Endings of pictures that can be a logo.
const PICTURES: [&str; 7] = ["png", "jpg", "jpeg", "gif", "webp", "avif", "svg"];

/// How the pages of a site look. Everything empty: as they come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Brand {
    /// Picture before the site's name; empty: a mark of our own.
    pub logo: PathBuf,
    /// Colour of links and buttons on light paper.
    pub accent: Colour,
    /// The same on dark paper.
    pub accent_dark: Colour,
    /// Style sheet that is added to that of the pages; empty: none.
    pub css: PathBuf,
    /// Folder of templates that replace those of the same name; empty: none.
    pub templates: PathBuf,
    /// Links at the foot of every page.
    pub footer: Vec<FooterLink>,
}

/// A link at the foot of every page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FooterLink {
    /// Address: a path that begins with `/`, `https:`, `http:`, `mailto:` or `tel:`.
    pub url: String,
    /// Text by language; the first comes in for a language that has none.
    pub text: BTreeMap<String, String>,
}

impl FooterLink {
    /// The text in a language, else in English, else in the first that there is.
    ///
    /// ```
    /// use zerodesk::config::FooterLink;
    /// let link: FooterLink = toml::from_str("url = '/a/imprint'\ntext = { en = 'Imprint', de = 'Impressum' }").unwrap();
    /// assert_eq!(link.text("de-AT"), "Impressum");
    /// assert_eq!(link.text("nl"), "Imprint");
    /// ```
    #[must_use]
    pub fn text(&self, lang: &str) -> &str {
        let primary = lang.split('-').next().unwrap_or(lang);
        let found = [lang, primary, "en"].into_iter().find_map(|lang| self.text.get(lang));
        found.or_else(|| self.text.values().next()).map_or("", String::as_str)
    }
}

impl Brand {
    /// The setting that cannot be meant so, and what to write.
    pub(super) fn fault(&self) -> Option<(&'static str, &'static str)> {
        let ending = self.logo.extension().map(|ending| ending.to_string_lossy().to_lowercase());
        let bad_logo = self.logo != Path::new("") && !ending.is_some_and(|ending| PICTURES.contains(&ending.as_str()));
        let bad_link = |link: &FooterLink| {
            let own = link.url.starts_with('/') && !link.url.starts_with("//");
            let known =
                own || is_web(&link.url) || ["mailto:", "tel:"].iter().any(|scheme| link.url.starts_with(scheme));
            !known || link.text.is_empty()
        };
        if bad_logo {
            Some(("logo", "name a PNG, JPEG, GIF, WebP, AVIF or SVG file"))
        } else if self.footer.iter().any(bad_link) {
            Some(("footer", "each link needs a text, and an address that begins with /, https://, mailto: or tel:"))
        } else {
            None
        }
    }
}

/// Whether it is an address on the web.
pub(super) fn is_web(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://")
}

/// A colour as style sheets write it, `#rrggbb`; empty where none is set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Colour(String);

impl Colour {
    /// The colour as written, such as `#0b6252`; `None` where none is set.
    #[must_use]
    pub fn get(&self) -> Option<&str> {
        (!self.0.is_empty()).then_some(self.0.as_str())
    }

    /// Black or white, whichever is easier to read on this colour (WCAG 2.2, relative luminance).
    ///
    /// ```
    /// use zerodesk::config::Colour;
    /// let text_on = |colour: &str| Colour::try_from(colour.to_owned()).unwrap().text_on();
    /// assert_eq!(text_on("#0b6252"), "#ffffff");
    /// assert_eq!(text_on("#ffd500"), "#000000");
    /// ```
    #[must_use]
    pub fn text_on(&self) -> &'static str {
        // (l + .05) / .05 against 1.05 / (l + .05): equal at .179.
        if self.luminance() > 0.179 { "#000000" } else { "#ffffff" }
    }

    fn luminance(&self) -> f64 {
        let part = |at: usize| {
            let byte = self.0.get(at..at + 2).and_then(|hex| u8::from_str_radix(hex, 16).ok()).unwrap_or_default();
            let light = f64::from(byte) / 255.0;
            if light <= 0.040_45 { light / 12.92 } else { ((light + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
    }
}

impl TryFrom<String> for Colour {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let digits = text.strip_prefix('#').unwrap_or("-");
        let good = digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        if text.is_empty() || good {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(format!("{text:?} is not a colour; write six hexadecimal digits, such as \"#0b6252\""))
        }
    }
}

impl From<Colour> for String {
    fn from(colour: Colour) -> Self {
        colour.0
    }
}
