//! The language of a text that does not say.

use whatlang::Lang;

/// Characters of a text that are looked at.
const ENOUGH: usize = 2000;

/// The language of `text` as a two-letter code, when the text is long and clear enough to tell.
///
/// ```
/// use zerodesk::analysis::detect;
/// let text = "Je toegangstoken staat in de uitvoer van de eerste start. Ben je het kwijt, maak dan een nieuw \
///             token op de machine waarop het programma draait. Het oude werkt daarna niet meer, en van je \
///             tickets gaat niets verloren. Bewaar het nieuwe token meteen op een veilige plaats.";
/// assert_eq!(detect(text), Some("nl"));
/// assert_eq!(detect("OK"), None);
/// ```
#[must_use]
pub fn detect(text: &str) -> Option<&'static str> {
    let end = text.char_indices().nth(ENOUGH).map_or(text.len(), |(at, _)| at);
    let info = whatlang::detect(&text[..end])?;
    if !info.is_reliable() {
        return None;
    }
    two_letters(info.lang())
}

/// ISO 639-1 codes of the languages that the detector knows and that have one.
fn two_letters(lang: Lang) -> Option<&'static str> {
    Some(match lang {
        Lang::Eng => "en",
        Lang::Nld => "nl",
        Lang::Deu => "de",
        Lang::Fra => "fr",
        Lang::Spa => "es",
        Lang::Ita => "it",
        Lang::Por => "pt",
        Lang::Swe => "sv",
        Lang::Dan => "da",
        Lang::Nob => "nb",
        Lang::Fin => "fi",
        Lang::Pol => "pl",
        Lang::Ces => "cs",
        Lang::Hun => "hu",
        Lang::Ron => "ro",
        Lang::Rus => "ru",
        Lang::Ukr => "uk",
        Lang::Ell => "el",
        Lang::Tur => "tr",
        Lang::Ara => "ar",
        Lang::Heb => "he",
        Lang::Hin => "hi",
        Lang::Ben => "bn",
        Lang::Tam => "ta",
        Lang::Tha => "th",
        Lang::Kor => "ko",
        Lang::Jpn => "ja",
        Lang::Cmn => "zh",
        Lang::Vie => "vi",
        Lang::Ind => "id",
        _ => return None,
    })
}
