//! Tokens, their surface forms and their stems.

use std::{collections::HashMap, ops::Range, sync::Arc};

use frostem::Stemmer;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use super::{Language, MAX_TERM_CHARS, is_stop_word};

/// Words whose forms are remembered before the memory is cleared; a corpus repeats a few of its words very often.
const REMEMBERED: usize = 50_000;

/// One occurrence of a word in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Where it stands, in bytes.
    pub span: Range<usize>,
    /// Its forms.
    pub forms: Arc<Forms>,
    /// Whether other tokens stand for its text, too, see [`Analyzer::analyze_all`].
    pub extra: bool,
}

/// What a word is compared by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Forms {
    /// Normalised, lower case, without diacritics, not stemmed.
    pub surface: String,
    /// The stem, without diacritics.
    pub stem: String,
    /// The stem that the word has for someone who types no diacritics, where it differs.
    pub plain_stem: Option<String>,
    /// Whether it is a stop word of its language.
    pub stop: bool,
}

impl Forms {
    /// The stems: one, or two where the word has diacritics that change the stem.
    pub fn stems(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.stem.as_str()).chain(self.plain_stem.as_deref())
    }
}

/// The chain for one language.
pub struct Analyzer {
    language: Language,
    stemmer: Option<Stemmer>,
    remembered: HashMap<String, Arc<Forms>>,
}

impl Analyzer {
    /// The chain for `language`; one without a stemmer gets everything but stems.
    #[must_use]
    pub fn new(language: Language) -> Self {
        Self { stemmer: language.stemmer(), language, remembered: HashMap::new() }
    }

    /// The language of the chain.
    #[must_use]
    pub fn language(&self) -> &Language {
        &self.language
    }

    /// Calls `sink` for every token of `text`, in order.
    ///
    /// ```
    /// use zerodesk::analysis::{Analyzer, Language};
    /// let mut stems = Vec::new();
    /// Analyzer::new(Language::new("en")).analyze("Where are my articles?", |token| stems.push(token.forms.stem.clone()));
    /// assert_eq!(stems, ["where", "are", "my", "articl"]);
    /// ```
    pub fn analyze(&mut self, text: &str, mut sink: impl FnMut(Token)) {
        let elides = self.language.elides();
        let mut rest = text.char_indices().peekable();
        while let Some((start, first)) = rest.next() {
            if !is_word(first) {
                continue;
            }
            let unspaced = is_unspaced(first);
            let mut end = start + first.len_utf8();
            let mut last = first;
            while let Some(&(at, c)) = rest.peek() {
                let inside = if is_word(c) {
                    is_unspaced(c) == unspaced || is_combining_mark(c)
                } else {
                    let next = text[at + c.len_utf8()..].chars().next();
                    joins(c, last, next, elides)
                };
                if !inside {
                    break;
                }
                rest.next();
                end = at + c.len_utf8();
                last = c;
            }
            if unspaced {
                self.pairs(text, start..end, &mut sink);
            } else {
                sink(Token { span: start..end, forms: self.forms(&text[start..end]), extra: false });
            }
        }
    }

    /// Overlapping pairs of characters: how words are found in scripts without spaces.
    fn pairs(&mut self, text: &str, run: Range<usize>, sink: &mut impl FnMut(Token)) {
        let bounds: Vec<usize> =
            text[run.clone()].char_indices().map(|(at, _)| run.start + at).chain([run.end]).collect();
        let width = 2.min(bounds.len() - 1);
        for window in bounds.windows(width + 1) {
            let span = window[0]..window[width];
            sink(Token { forms: self.forms(&text[span.clone()]), span, extra: false });
        }
    }

    fn forms(&mut self, word: &str) -> Arc<Forms> {
        if let Some(forms) = self.remembered.get(word) {
            return Arc::clone(forms);
        }
        let forms = Arc::new(self.compute(word));
        if self.remembered.len() >= REMEMBERED {
            self.remembered.clear();
        }
        self.remembered.insert(word.to_owned(), Arc::clone(&forms));
        forms
    }

    /// The stem of a word in lower case, without diacritics.
    #[must_use]
    pub fn stem(&self, word: &str) -> String {
        let Some(stemmer) = &self.stemmer else { return fold(word) };
        let word = if keeps_its_d(&self.language, word) { &word[..word.len() - "en".len()] } else { word };
        fold(&stemmer.stem(word))
    }

    /// Calls `sink` as [`Analyzer::analyze`] does, and besides for what else people may type to find the text: words
    /// joined by hyphens as one word (`email` for `e-mail`), the numbers of a number (`17` for `17.2`), and single
    /// characters where they can be words (`税`).
    /// For texts that are searched, not for queries.
    pub fn analyze_all(&mut self, text: &str, mut sink: impl FnMut(Token)) {
        let mut tokens: Vec<Token> = Vec::new();
        self.analyze(text, |token| tokens.push(token));
        let mut begin = 0;
        for at in 0..tokens.len() {
            let next = tokens.get(at + 1).and_then(|next| text.get(tokens[at].span.end..next.span.start));
            sink(tokens[at].clone());
            self.characters(text, &tokens[at], tokens.get(at + 1), &mut sink);
            self.numbers(text, &tokens[at], &mut sink);
            if next.is_none_or(|between| !matches!(between, "-" | "‐" | "‑")) {
                self.join(text, &tokens[begin..=at], &mut sink);
                begin = at + 1;
            }
        }
    }

    /// The characters of a pair that are words, without the second where the next pair begins with it.
    fn characters(&mut self, text: &str, pair: &Token, next: Option<&Token>, sink: &mut impl FnMut(Token)) {
        let end = next.map_or(pair.span.end, |next| next.span.start.min(pair.span.end));
        for (at, c) in text[pair.span.clone()].char_indices() {
            let span = pair.span.start + at..pair.span.start + at + c.len_utf8();
            if is_word_alone(c) && span.end <= end && span != pair.span {
                sink(Token { forms: self.forms(&text[span.clone()]), span, extra: true });
            }
        }
    }

    /// The numbers that one is made of, as in `17.2` and `5.7.124`.
    fn numbers(&mut self, text: &str, whole: &Token, sink: &mut impl FnMut(Token)) {
        let number = &text[whole.span.clone()];
        if !number.contains(['.', ',']) || !number.starts_with(char::is_numeric) {
            return;
        }
        let mut start = whole.span.start;
        for part in number.split(['.', ',']) {
            let span = start..start + part.len();
            start = span.end + 1;
            sink(Token { forms: self.forms(part), span, extra: true });
        }
    }

    /// The words of one hyphenated chain as one word, and its first two where the first is one letter (`e-mail-…`).
    fn join(&mut self, text: &str, chain: &[Token], sink: &mut impl FnMut(Token)) {
        let first_two = (chain.len() > 2 && chain[0].span.len() == 1).then(|| &chain[..2]);
        for words in [Some(chain), first_two].into_iter().flatten().filter(|words| words.len() > 1) {
            let joined: String = words.iter().map(|token| &text[token.span.clone()]).collect();
            if joined.chars().count() <= MAX_TERM_CHARS && joined.chars().any(char::is_alphabetic) {
                let span = words[0].span.start..words[words.len() - 1].span.end;
                sink(Token { span, forms: self.forms(&joined), extra: true });
            }
        }
    }

    fn compute(&self, word: &str) -> Forms {
        let lower: String = if word.is_ascii() {
            word.chars().take(MAX_TERM_CHARS).map(|c| c.to_ascii_lowercase()).collect()
        } else {
            word.nfkc().flat_map(char::to_lowercase).map(straight_apostrophe).take(MAX_TERM_CHARS).collect()
        };
        let surface = fold(&lower);
        let own = self.stem(&lower);
        let plain = (surface != lower).then(|| self.stem(&surface)).filter(|plain| *plain != own);
        Forms { stop: is_stop_word(&self.language, &surface), surface, stem: own, plain_stem: plain }
    }
}

/// The Dutch stemmer takes `woorden`, `melden` for a past tense and cuts off the `d`.
fn keeps_its_d(language: &Language, word: &str) -> bool {
    language.code() == "nl" && ["rden", "lden", "fden"].iter().any(|ending| word.ends_with(ending))
}

/// Removes diacritics and writes out the letters that have no base letter.
///
/// ```
/// assert_eq!(zerodesk::analysis::fold("straße für één"), "strasse fur een");
/// ```
#[must_use]
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let mut folded = String::with_capacity(text.len());
    for c in text.nfd().filter(|c| !is_diacritic(*c)) {
        match c {
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'ø' => folded.push('o'),
            'đ' | 'ð' => folded.push('d'),
            'ł' => folded.push('l'),
            'þ' => folded.push_str("th"),
            'ı' => folded.push('i'),
            _ => folded.push(c),
        }
    }
    folded.nfc().collect()
}

/// Marks that people leave out when they type; vowel signs of Indic scripts are not among them.
fn is_diacritic(c: char) -> bool {
    matches!(u32::from(c), 0x0300..=0x036F | 0x0591..=0x05C7 | 0x064B..=0x065F | 0x0670)
}

fn straight_apostrophe(c: char) -> char {
    if matches!(c, '’' | 'ʼ' | '＇') { '\'' } else { c }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || is_combining_mark(c)
}

/// Whether a character between two others keeps them one word: `don't`, `3.14`.
fn joins(c: char, before: char, after: Option<char>, elides: bool) -> bool {
    let Some(after) = after else { return false };
    match c {
        '\'' | '’' | 'ʼ' => !elides && before.is_alphabetic() && after.is_alphabetic(),
        '.' | ',' => before.is_numeric() && after.is_numeric(),
        _ => false,
    }
}

/// Characters that can be words of their own: Han and Hangul.
fn is_word_alone(c: char) -> bool {
    is_unspaced(c) && matches!(u32::from(c), 0x3400..)
}

/// Scripts that put no spaces between words (and Hangul, whose words carry their particles).
#[must_use]
pub fn is_unspaced(c: char) -> bool {
    matches!(u32::from(c),
        0x0E00..=0x0EFF // Thai, Lao
        | 0x1000..=0x109F // Myanmar
        | 0x1780..=0x17FF // Khmer
        | 0x3005..=0x3007 | 0x3040..=0x30FF // Hiragana, Katakana and what stands between Han characters
        | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xF900..=0xFAFF // Han
        | 0xAC00..=0xD7AF // Hangul
        | 0x2_0000..=0x3_FFFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forms(lang: &str, text: &str) -> Vec<Arc<Forms>> {
        let mut found = Vec::new();
        Analyzer::new(Language::new(lang)).analyze(text, |token| found.push(token.forms));
        found
    }

    #[test]
    fn words_are_cut_where_people_see_words() {
        let table: [(&str, &str, &[&str]); 12] = [
            ("en", "Don't panic", &["don't", "panic"]),
            ("en", "edit zerodesk.toml (line 3)", &["edit", "zerodesk", "toml", "line", "3"]),
            ("en", "version 3.14, not 4", &["version", "3.14", "not", "4"]),
            ("en", "snake_case e-mail", &["snake", "case", "e", "mail"]),
            ("nl", "foto’s en één", &["foto's", "en", "een"]),
            ("de", "Straße für Übung", &["strasse", "fur", "ubung"]),
            ("fr", "l'article d’été", &["l", "article", "d", "ete"]),
            ("ja", "検索結果です", &["検索", "索結", "結果", "果で", "です"]),
            ("zh", "我", &["我"]),
            ("en", "ＡＢＣ ﬁle", &["abc", "file"]),
            ("en", "… !? 😀", &[]),
            ("hi", "हिन्दी", &["हिन्दी"]),
        ];
        for (lang, text, expected) in table {
            let surfaces: Vec<_> = forms(lang, text).iter().map(|f| f.surface.clone()).collect();
            assert_eq!(surfaces, expected, "{lang}: {text}");
        }
    }

    #[test]
    fn words_of_one_family_share_a_stem() {
        let table = [
            ("en", "install installing installed"),
            ("nl", "artikel artikelen"),
            ("nl", "antwoord antwoorden"),
            ("nl", "meld melden"),
            ("de", "Artikel Artikels"),
            ("es", "configuración configuracion"),
            ("fr", "réseau reseau"),
            ("sv", "bilar bilarna"),
        ];
        for (lang, text) in table {
            let words = forms(lang, text);
            let shared = |word: &Forms| words[0].stems().any(|stem| word.stems().any(|other| other == stem));
            assert!(words.iter().all(|word| shared(word)), "{lang}: {words:?}");
        }
    }

    #[test]
    fn spans_point_at_the_original_text() {
        let text = "Ünïcode—“straße” 3,5";
        Analyzer::new(Language::new("de")).analyze(text, |token| {
            assert!(!text[token.span.clone()].contains(['—', '“', '”', ' ']), "{token:?}");
        });
    }

    #[test]
    fn texts_are_found_by_more_than_their_words() {
        let table: [(&str, &[&str]); 10] = [
            ("an e-mail", &["an", "e", "mail", "email"]),
            ("E‑Mail-Adresse!", &["e", "mail", "adresse", "emailadresse", "email"]),
            ("log-in or - log out", &["log", "in", "login", "or", "log", "out"]),
            ("2026-11-22", &["2026", "11", "22"]),
            ("covid-19 --leave-out", &["covid", "19", "covid19", "leave", "out", "leaveout"]),
            ("消費税", &["消費", "消", "費税", "費", "税"]),
            ("税", &["税"]),
            ("テスト중", &["テス", "スト", "ト중", "중"]),
            ("人々x", &["人々", "人", "x"]),
            ("-", &[]),
        ];
        for (text, expected) in table {
            let mut surfaces = Vec::new();
            Analyzer::new(Language::new("de")).analyze_all(text, |token| surfaces.push(token.forms.surface.clone()));
            assert_eq!(surfaces, expected, "{text}");
        }
    }

    #[test]
    fn overlong_words_are_cut() {
        let long = "ä".repeat(5000);
        assert_eq!(forms("de", &long)[0].surface.chars().count(), MAX_TERM_CHARS);
    }
}
