//! Compounds taken apart: `wachtwoordherstel` is `wachtwoord` and `herstel`.
//!
//! Dutch, German, the Nordic languages and Finnish write compounds as one word. Which parts a word has is learned from
//! the articles themselves: a part is a word that stands alone somewhere, in any form. Of several ways the one with the
//! fewest parts wins, then the one whose parts are the most frequent (Koehn and Knight 2003). Nothing is split in the
//! index, because every saved article adds words, and index and query would soon disagree. Particles and endings are
//! never parts: `aanmelden` is not `melden`, `berichten` is not `richten`.

use super::{Analyzer, Forms, Language, is_stop_word};

/// Shortest part in characters.
const MIN_PART: usize = 3;
/// Shortest part that may be known by its stem only, and shortest partner of a part of [`MIN_PART`].
const SAFE_PART: usize = 4;
/// Most parts of a compound.
const MAX_PARTS: usize = 4;
/// By how many bytes two forms of a word may differ.
const MAX_INFLECTION: usize = 5;
/// Stands before a word whose stem within a compound is wanted: stemmers cut more from long words than from short ones.
const BEFORE: &str = "abab";

/// The words that a corpus has in one language.
pub trait Vocabulary {
    /// In how many articles the word with this surface stands.
    fn articles_of(&self, surface: &str) -> u32;
    /// The same for the words with this stem together, counted at most once each.
    fn articles_of_stem(&self, stem: &str) -> u32;
}

/// What a language does between the parts, and what is no part of its compounds.
struct Rules {
    /// Letters between two parts.
    links: &'static [&'static str],
    /// Particles, prefixes and endings, without diacritics, besides the stop words.
    never: &'static str,
}

const DUTCH: Rules = Rules {
    links: &["s", "en", "e", "n", "er"],
    never: " achter baar beneden boven buiten een ent ere erg ering ers heen heid her hoe ing ion isch lijk loos mede mis neer \
            ons onder ont rond samen schap sub tel ten ter terug tje ver voort vooruit voorbij weg zaam ",
};
const GERMAN: Rules = Rules {
    links: &["s", "es", "n", "en", "er", "e", "ns", "ens"],
    never: " bar ent ern ers fort gegen haft heit her heran heraus herein herum herunter hin hinaus hinein hinzu ich ige igkeit \
            ion isch keit lich los miss neben nen ober rer sam schaft sen ser tel ten ter tigen ung ungen ver voran voraus \
            vorbei vorher weg weiter zer zuruck zusammen ",
};
const SWEDISH: Rules = Rules {
    links: &["s", "o", "e", "a", "u"],
    never: " ande arna att av bort den det dig efter ell eller emot ende ens for fore fram fran han het hos igen ihop inne isk \
            med mellan men mot ned ner ningar ning och oss over ovan pa sam samman sig skap som till tillbaka under upp utan \
            vid vidare ater ",
};
const DANISH: Rules = Rules {
    links: &["s", "e", "er", "n", "a"],
    never: " alle bort den der det dig efter eller ende ens ere ern for fore fra frem han hed her hos igen ind inde ing isk lig \
            lige med mellem mellom men mig mod mot ned nem ning ninger ogsa opp over paa sam sammen seg ser sig skab som ste til \
            tilbage under uten uden ved vej vid videre ater ",
};
const FINNISH: Rules = Rules {
    links: &["n", "s", "t", "en", "in", "den", "ten", "iden"],
    never: " alas ali ala ein esi han hen hin ihin inen isen ista joka kaan kanssa kin ksi lla lle llinen lta mme mutta nen nsa \
            ole ovat sen sta ssa ssi tai tan ten tta van vat yli ylos ",
};

impl Rules {
    /// The rules of a language that writes compounds as one word.
    fn of(language: &Language) -> Option<&'static Self> {
        Some(match language.code() {
            "nl" => &DUTCH,
            "de" => &GERMAN,
            "sv" => &SWEDISH,
            "da" | "no" | "nb" | "nn" => &DANISH,
            "fi" => &FINNISH,
            _ => return None,
        })
    }
}

/// One part of a compound.
#[derive(Debug, Clone)]
struct Part {
    /// Without the letters that join it to the next.
    surface: String,
    /// How often it stands alone, for comparing.
    articles: u32,
}

/// Takes compounds of one language apart, by the words of a corpus.
pub struct Decompounder<'a> {
    rules: &'static Rules,
    stemmer: &'a Analyzer,
    vocabulary: &'a dyn Vocabulary,
}

impl<'a> Decompounder<'a> {
    /// `None` for a language that does not write compounds as one word.
    #[must_use]
    pub fn new(stemmer: &'a Analyzer, vocabulary: &'a dyn Vocabulary) -> Option<Self> {
        Some(Self { rules: Rules::of(stemmer.language())?, stemmer, vocabulary })
    }

    /// The parts of `surface`, two or more, without the letters that join them; `None` where it is not made of known
    /// words.
    #[must_use]
    pub fn split(&self, surface: &str) -> Option<Vec<String>> {
        let parts = if surface.chars().all(char::is_alphabetic) { self.split_into(surface, MAX_PARTS) } else { None };
        Some(parts?.into_iter().map(|part| part.surface).collect())
    }

    /// The first or last word of `surface` where only that one is known: the rest is a word that no article has.
    #[must_use]
    pub fn known_end(&self, surface: &str) -> Option<[String; 2]> {
        let ends = places(surface).flat_map(|at| {
            let (head, tail) = surface.split_at(at);
            let other = |rest: &str| Part { surface: rest.to_owned(), articles: 0 };
            let safe = |part: &Part| chars(&part.surface) > SAFE_PART;
            let head_known = self.head(head).filter(safe).map(|part| [part, other(tail)]);
            let tail_known = self.is_part(head).then(|| self.tail(tail)).flatten().filter(safe);
            [head_known, tail_known.map(|part| [other(head), part])]
        });
        // The longest known part explains most.
        let known =
            |parts: &[Part; 2]| parts.iter().filter(|part| part.articles > 0).map(|part| part.surface.len()).max();
        ends.flatten().max_by_key(known).map(|parts| parts.map(|part| part.surface))
    }

    /// Whether `compound` has the word `part` at its beginning or its end, beside words that are known too.
    /// With `trusting`, a rest that no article has as a word is believed to be one.
    #[must_use]
    pub fn has(&self, compound: &str, part: &Forms, trusting: bool) -> bool {
        let shortest = if chars(&part.surface) > SAFE_PART { MIN_PART } else { SAFE_PART };
        let believed = |rest: &str| trusting && chars(rest) >= shortest && self.is_part(rest);
        places(compound).any(|at| {
            let (head, tail) = compound.split_at(at);
            // What costs least comes first: most words that begin or end alike are no compounds.
            let heads = || {
                let exact = head.strip_prefix(part.surface.as_str()).is_some_and(|link| self.links(link));
                let known = || self.tail(tail).is_some() || believed(tail);
                (exact && (known() || self.two(tail))) || (!exact && known() && self.is_form(head, part))
            };
            let tails = || {
                let known = || self.head(head).is_some() || believed(head) || self.two(head);
                self.is_form(tail, part) && known()
            };
            long_enough(head, tail) && ((near(head, part) && heads()) || (near(tail, part) && tails()))
        })
    }

    /// What the stems of all compounds that begin with `part` begin with, and what those that end with it end with.
    #[must_use]
    pub fn ends(&self, part: &Forms) -> (String, String) {
        let stem = part.plain_stem.as_ref().unwrap_or(&part.stem);
        // The Dutch stemmer takes prefixes off.
        let begin = match part.surface.find(stem.as_str()) {
            Some(at) => &part.surface[..at + stem.len()],
            None => common_beginning(&part.surface, stem),
        };
        let within = self.stemmer.stem(&format!("{BEFORE}{}", part.surface));
        let end = within.strip_prefix(BEFORE).unwrap_or(stem);
        (begin.to_owned(), end.to_owned())
    }

    fn split_into(&self, surface: &str, parts: usize) -> Option<Vec<Part>> {
        let cuts = || places(surface).map(|at| surface.split_at(at)).filter(|(head, tail)| long_enough(head, tail));
        // The last word first: it has no linking letters to try.
        let two = cuts().filter_map(|(head, tail)| {
            let tail = self.tail(tail)?;
            Some(vec![self.head(head)?, tail])
        });
        let more = |(head, tail)| {
            let head = self.head(head)?;
            Some(std::iter::once(head).chain(self.split_into(tail, parts - 1)?).collect())
        };
        two.max_by_key(|found| rank(found)).or_else(|| {
            let deeper = cuts().filter(|_| parts > 2).filter_map(more);
            deeper.max_by_key(|found: &Vec<Part>| rank(found))
        })
    }

    /// `text` as a part that others follow: a word, perhaps with linking letters.
    fn head(&self, text: &str) -> Option<Part> {
        let forms = || std::iter::once(text).chain(self.rules.links.iter().filter_map(|link| text.strip_suffix(link)));
        let best = |parts: Vec<Part>| parts.into_iter().max_by_key(|part| part.articles);
        best(forms().filter_map(|form| self.written(form)).collect())
            .or_else(|| best(forms().filter_map(|form| self.another_form(form)).collect()))
    }

    /// `text` as a part that none follows.
    fn tail(&self, text: &str) -> Option<Part> {
        self.written(text).or_else(|| self.another_form(text))
    }

    /// A word that stands alone exactly so.
    fn written(&self, text: &str) -> Option<Part> {
        let articles = 2 * self.vocabulary.articles_of(text);
        (articles > 0 && self.is_part(text)).then(|| Part { surface: text.to_owned(), articles })
    }

    /// A word that stands alone in another form.
    fn another_form(&self, text: &str) -> Option<Part> {
        if chars(text) < SAFE_PART {
            return None;
        }
        let stem = self.stemmer.stem(text);
        let articles = self.vocabulary.articles_of_stem(&stem);
        let known = articles > 0 && self.is_part(text) && self.is_part(&stem);
        known.then(|| Part { surface: text.to_owned(), articles })
    }

    /// Whether `text` may be a part at all.
    fn is_part(&self, text: &str) -> bool {
        chars(text) >= MIN_PART
            && !is_stop_word(self.stemmer.language(), text)
            && !self.rules.never.split(' ').any(|word| word == text)
    }

    /// Whether `text` is two words as they are written elsewhere.
    fn two(&self, text: &str) -> bool {
        places(text).any(|at| {
            let (head, tail) = text.split_at(at);
            let link = |link: &&str| head.strip_suffix(link).is_some_and(|head| self.written(head).is_some());
            let head_known = || self.written(head).is_some() || self.rules.links.iter().any(link);
            long_enough(head, tail) && self.written(tail).is_some() && head_known()
        })
    }

    /// Whether nothing or linking letters are left.
    fn links(&self, rest: &str) -> bool {
        rest.is_empty() || self.rules.links.contains(&rest)
    }

    fn is_form(&self, word: &str, part: &Forms) -> bool {
        word == part.surface || part.stems().any(|stem| stem == self.stemmer.stem(word))
    }
}

/// Whether `word` may be a form of `part`, at a look.
fn near(word: &str, part: &Forms) -> bool {
    let begin = |text: &str| [text.as_bytes().first().copied(), text.as_bytes().get(1).copied()];
    word.len().abs_diff(part.surface.len()) <= MAX_INFLECTION && begin(word) == begin(&part.surface)
}

/// Fewer parts are better, then more frequent ones (by the mean of their logarithms).
fn rank(parts: &[Part]) -> (std::cmp::Reverse<usize>, u32) {
    let logarithms: f32 = parts.iter().map(|part| (1.0 + part.articles as f32).ln()).sum();
    (std::cmp::Reverse(parts.len()), (1000.0 * logarithms / parts.len() as f32) as u32)
}

/// Where a word may be cut in two, in bytes.
fn places(word: &str) -> impl Iterator<Item = usize> + '_ {
    let last = chars(word).saturating_sub(MIN_PART);
    word.char_indices().enumerate().filter(move |(nth, _)| (MIN_PART..=last).contains(nth)).map(|(_, (at, _))| at)
}

fn long_enough(head: &str, tail: &str) -> bool {
    chars(head).min(chars(tail)) >= MIN_PART && chars(head).max(chars(tail)) >= SAFE_PART
}

fn chars(text: &str) -> usize {
    text.chars().count()
}

fn common_beginning<'t>(text: &'t str, other: &str) -> &'t str {
    let same = text.char_indices().zip(other.chars()).take_while(|((_, a), b)| a == b).count();
    text.char_indices().nth(same).map_or(text, |(at, _)| &text[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words, each in one article for every time that it is listed.
    struct Listed<'a>(&'a str, &'a Analyzer);

    impl Vocabulary for Listed<'_> {
        fn articles_of(&self, surface: &str) -> u32 {
            self.0.split(' ').filter(|word| *word == surface).count() as u32
        }

        fn articles_of_stem(&self, stem: &str) -> u32 {
            self.0.split(' ').filter(|word| self.1.stem(word) == stem).count() as u32
        }
    }

    #[test]
    fn compounds_are_split_into_words_of_the_corpus() {
        let table = [
            ("nl", "wachtwoord herstellen", "wachtwoordherstel", "wachtwoord herstel"),
            ("nl", "wacht woord wachtwoord herstellen", "wachtwoordherstel", "wachtwoord herstel"),
            ("nl", "gebruiker naam", "gebruikersnaam", "gebruiker naam"),
            ("nl", "klacht formulieren", "klachtenformulier", "klacht formulier"),
            ("nl", "kaart aanvraag verzekering", "verzekeringskaartaanvraag", "verzekering kaart aanvraag"),
            ("de", "sicherheit einstellungen sich", "sicherheitseinstellungen", "sicherheit einstellungen"),
            ("de", "zugang daten", "zugangsdaten", "zugang daten"),
            ("de", "schule buch", "schulbuch", "schul buch"),
            ("de", "stau becken staub", "staubecken", "stau becken"),
            ("sv", "losenord byte", "losenordsbyte", "losenord byte"),
            ("da", "bruger navn", "brugernavn", "bruger navn"),
            ("nb", "passord bytte", "passordbytte", "passord bytte"),
            ("fi", "salasana vaihto", "salasananvaihto", "salasana vaihto"),
        ];
        for (lang, words, compound, expected) in table {
            let stemmer = Analyzer::new(Language::new(lang));
            let vocabulary = Listed(words, &stemmer);
            let parts = Decompounder::new(&stemmer, &vocabulary).and_then(|d| d.split(compound));
            assert_eq!(parts.map(|parts| parts.join(" ")).as_deref(), Some(expected), "{compound}");
        }
    }

    #[test]
    fn what_only_looks_like_a_compound_is_left_alone() {
        let table = [
            (
                "nl",
                "be richten aan melden uit in loggen ver zoeken vraag beant woorden kan die daten",
                &["berichten", "aanmelden", "uitloggen", "inloggen", "verzoeken", "kandidaten", "zoeken", "vraag12"][..],
            ),
            (
                "de",
                "be richt ein stellungen nach richten auf lagen frei gang ver bind ung sich er halten unter",
                &["bericht", "einstellungen", "nachrichten", "auflagen", "verbindung", "erhalten", "unterhalten"],
            ),
            ("sv", "an mala ut logga upp date", &["anmala", "utlogga", "uppdate"]),
            ("en", "pass word", &["password"]),
        ];
        for (lang, words, wholes) in table {
            let stemmer = Analyzer::new(Language::new(lang));
            let vocabulary = Listed(words, &stemmer);
            for whole in wholes {
                let parts = Decompounder::new(&stemmer, &vocabulary).and_then(|d| d.split(whole));
                assert_eq!(parts, None, "{whole}");
            }
        }
    }

    #[test]
    fn a_compound_has_its_first_and_its_last_word() {
        let words = "fout melding kaart nummer server data base meldt sten besten";
        let table = [
            ("foutmeldingen", "melding", true),
            ("foutmelding", "fouten", true),
            ("kaartnummers", "kaarten", true),
            ("aanmelding", "melding", false),
            ("bestanden", "bes", false),
            ("nummering", "nummer", false),
            ("databaseserver", "server", true),
        ];
        let stemmer = Analyzer::new(Language::new("nl"));
        let vocabulary = Listed(words, &stemmer);
        let decompounder = Decompounder::new(&stemmer, &vocabulary).expect("Dutch has compounds");
        for (compound, part, expected) in table {
            let forms = Forms { surface: part.into(), stem: stemmer.stem(part), plain_stem: None, stop: false };
            assert_eq!(decompounder.has(compound, &forms, false), expected, "{compound} {part}");
        }
    }
}
