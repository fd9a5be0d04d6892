//! Masks personal data and secrets in text that visitors did not mean to send to anyone, such as logged queries.
//!
//! Rules with a check digit (IBAN, cards, the Dutch citizen number BSN) verify it, so that order
//! and error numbers survive. In doubt the rules mask: a lost word costs a figure, a kept one a
//! person. A ticket's own text is never masked: it is what the visitor sends on purpose.

use std::collections::BTreeMap;

/// The rules by name, in the order in which they are tried at each word.
const RULES: [(&str, Finder); 6] =
    [("secret", secret), ("email", email), ("iban", iban), ("card", card), ("bsn", bsn), ("phone", phone)];

/// Length of the match at the start of the text, if there is one.
type Finder = fn(&[char]) -> Option<usize>;

/// Text without the personal data that the rules know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Masked {
    /// The text; each find is replaced by its rule's name in brackets, such as `[email]`.
    pub text: String,
    /// Finds by rule.
    pub hits: BTreeMap<&'static str, usize>,
}

/// Names of all rules.
#[must_use]
pub fn rules() -> Vec<String> {
    RULES.iter().map(|(name, _)| (*name).into()).collect()
}

/// Masks e-mail addresses, phone numbers, IBANs, payment cards, BSNs and secrets.
///
/// ```
/// let masked = zerodesk::desk::redaction::mask("mail ada@example.org about NL91 ABNA 0417 1643 00");
/// assert_eq!(masked.text, "mail [email] about [iban]");
/// assert_eq!(masked.hits["email"], 1);
/// ```
#[must_use]
pub fn mask(text: &str) -> Masked {
    let chars: Vec<char> = text.chars().collect();
    let mut masked = Masked::default();
    let mut at = 0;
    while at < chars.len() {
        let word_starts = at == 0 || !chars[at - 1].is_alphanumeric();
        if let Some((rule, length)) = word_starts.then(|| find(&chars[at..])).flatten() {
            masked.text.extend(["[", rule, "]"]);
            *masked.hits.entry(rule).or_default() += 1;
            at += length;
        } else {
            masked.text.push(chars[at]);
            at += 1;
        }
    }
    masked
}

fn find(text: &[char]) -> Option<(&'static str, usize)> {
    RULES.iter().find_map(|(name, finder)| finder(text).map(|length| (*name, length)))
}

/// Number of leading characters that `accept`, at most `limit`.
fn run(text: &[char], limit: usize, accept: impl Fn(char) -> bool) -> usize {
    text.iter().take(limit).take_while(|&&c| accept(c)).count()
}

fn ends_here(text: &[char], at: usize) -> bool {
    text.get(at).is_none_or(|c| !c.is_alphanumeric())
}

fn email(text: &[char]) -> Option<usize> {
    let local = run(text, 64, |c| c.is_alphanumeric() || "._%+-'".contains(c));
    if local == 0 || text.get(local) != Some(&'@') {
        return None;
    }
    let rest = &text[local + 1..];
    let mut domain = run(rest, 253, |c| c.is_alphanumeric() || c == '.' || c == '-');
    // A full stop or dash after the address belongs to the sentence.
    while domain > 0 && !rest[domain - 1].is_alphanumeric() {
        domain -= 1;
    }
    let dot = rest[..domain].iter().rposition(|&c| c == '.')?;
    (dot > 0 && domain - dot > 2).then_some(local + 1 + domain)
}

/// Values of credentials: known beginnings, `password=...`, and long words of mixed characters.
fn secret(text: &[char]) -> Option<usize> {
    const KNOWN: [&str; 10] =
        ["zdk_", "whsec_", "ghp_", "github_pat_", "glpat-", "sk-", "sk_live_", "xoxb-", "AKIA", "eyJ"];
    let part_of_key = |c: char| c.is_ascii_alphanumeric() || "_-+=.".contains(c);
    // Enough to tell; only what is masked, and so skipped, is read to its end.
    let word: String = text[..run(text, 128, part_of_key)].iter().collect();
    let known = word.len() >= 16 && KNOWN.iter().any(|beginning| word.starts_with(beginning));
    if known || looks_random(word.trim_end_matches('.')) {
        return Some(run(text, usize::MAX, part_of_key));
    }
    assigned(text)
}

/// Long, with digits in the middle of letters of both cases, or all hexadecimal. Names such as
/// `HowToResetYourPassword2024` have their digits at the end.
fn looks_random(word: &str) -> bool {
    let has = |test: fn(&char) -> bool| word.chars().any(|c| test(&c));
    let digit_inside = word.trim_end_matches(|c: char| !c.is_ascii_alphabetic()).contains(|c: char| c.is_ascii_digit());
    let mixed = digit_inside && has(char::is_ascii_lowercase) && has(char::is_ascii_uppercase);
    let hex = has(char::is_ascii_digit) && word.chars().all(|c| c.is_ascii_hexdigit());
    (word.len() >= 24 && mixed && !word.contains('.')) || (word.len() >= 32 && hex)
}

/// `password: s3cret!` and the like; the value must look like one, not like a word.
fn assigned(text: &[char]) -> Option<usize> {
    const NAMES: [&str; 10] =
        ["password", "passwd", "pwd", "wachtwoord", "passwort", "kennwort", "token", "api_key", "apikey", "secret"];
    let name_length = run(text, 16, |c| c.is_ascii_alphabetic() || c == '_');
    let name = text[..name_length].iter().collect::<String>().to_ascii_lowercase();
    if !NAMES.contains(&name.as_str()) || !matches!(text.get(name_length), Some(':' | '=')) {
        return None;
    }
    let spaces = run(&text[name_length + 1..], 2, |c| c == ' ');
    let start = name_length + 1 + spaces;
    let value = run(&text[start..], 256, |c| !c.is_whitespace());
    let telling = text[start..start + value].iter().any(|c| c.is_ascii_digit() || "!@#$%^&*".contains(*c));
    (value >= 4 && telling).then_some(start + value)
}

fn iban(text: &[char]) -> Option<usize> {
    let head: String = text.iter().take(4).collect();
    let (country, check) = head.split_at_checked(2)?;
    if !country.bytes().all(|b| b.is_ascii_alphabetic()) || !check.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    longest(text, 15..=34, |c| c.is_ascii_alphanumeric(), " ", |compact| mod97(compact) == Some(1))
}

/// The remainder that IBANs check, with the first four characters moved to the end.
fn mod97(iban: &[char]) -> Option<u32> {
    let (head, tail) = iban.split_at_checked(4)?;
    tail.iter().chain(head).try_fold(0, |remainder, c| {
        let value = c.to_digit(36)?;
        Some((remainder * if value > 9 { 100 } else { 10 } + value) % 97)
    })
}

fn card(text: &[char]) -> Option<usize> {
    longest(text, 13..=19, |c| c.is_ascii_digit(), " -", luhn)
}

fn luhn(digits: &[char]) -> bool {
    let sum: u32 = (0..).zip(digits.iter().rev().filter_map(|c| c.to_digit(10))).map(luhn_value).sum();
    sum > 0 && sum.is_multiple_of(10)
}

fn luhn_value((position, digit): (u32, u32)) -> u32 {
    match position % 2 {
        0 => digit,
        _ => digit * 2 / 10 + digit * 2 % 10,
    }
}

fn bsn(text: &[char]) -> Option<usize> {
    longest(text, 9..=9, |c| c.is_ascii_digit(), " .", eleven_test)
}

/// Weights 9 to 2 and -1; the sum is a multiple of 11.
fn eleven_test(digits: &[char]) -> bool {
    let values = digits.iter().filter_map(|c| c.to_digit(10)).map(u32::cast_signed);
    let sum: i32 = values.zip([9, 8, 7, 6, 5, 4, 3, 2, -1]).map(|(digit, weight)| digit * weight).sum();
    sum > 0 && sum % 11 == 0
}

/// Numbers with a country code or a leading zero; others are too much like counts and codes.
fn phone(text: &[char]) -> Option<usize> {
    let start = usize::from(text.first() == Some(&'+'));
    if start == 0 && text.first() != Some(&'0') {
        return None;
    }
    longest(&text[start..], 9..=15, |c| c.is_ascii_digit(), " -./()", |_| true).map(|length| start + length)
}

/// The longest match of `lengths` accepted characters, with up to two separators between them, that passes `check`.
fn longest(
    text: &[char],
    lengths: std::ops::RangeInclusive<usize>,
    accept: impl Fn(char) -> bool,
    separators: &str,
    check: impl Fn(&[char]) -> bool,
) -> Option<usize> {
    let (mut compact, mut best, mut gap) = (Vec::with_capacity(*lengths.end()), None, 0);
    for (at, &c) in text.iter().enumerate() {
        if accept(c) && compact.len() < *lengths.end() {
            gap = 0;
            compact.push(c);
            if lengths.contains(&compact.len()) && ends_here(text, at + 1) && check(&compact) {
                best = Some(at + 1);
            }
        } else if separators.contains(c) && gap < 2 && !compact.is_empty() {
            gap += 1;
        } else {
            break;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn personal_data_is_masked_and_nothing_else() {
        let table = [
            ("", ""),
            ("export invoice for DATEV", "export invoice for DATEV"),
            // E-mail
            ("ada@example.org", "[email]"),
            ("mail <ada.b+c@mail.example.co.uk>.", "mail <[email]>."),
            ("jürgen@müller.de hilft", "[email] hilft"),
            ("user@localhost", "user@localhost"),
            ("@mention and a@b", "@mention and a@b"),
            // Phone
            ("bel +31 (0)20-123 45 67 na 5", "bel [phone] na 5"),
            ("0612345678?", "[phone]?"),
            ("Tel. 030/1234567", "Tel. [phone]"),
            ("0049 30 1234567", "[phone]"),
            // IBAN, with its check
            ("NL91ABNA0417164300", "[iban]"),
            ("to de89 3704 0044 0532 0130 00 please", "to [iban] please"),
            ("NL92ABNA0417164300", "NL92ABNA0417164300"),
            // Cards, with Luhn
            ("card 4111 1111 1111 1111 expired", "card [card] expired"),
            ("5500-0000-0000-0004", "[card]"),
            ("4111 1111 1111 1112", "4111 1111 1111 1112"),
            // BSN, with its 11-test
            ("bsn 111222333", "bsn [bsn]"),
            ("1234.56.782", "[bsn]"),
            ("order 123456789", "order 123456789"),
            // Secrets
            ("zdk_abcdefghijklmnopqrstuvwxyz", "[secret]"),
            ("wachtwoord: Welkom01!", "[secret]"),
            ("password: how to change it", "password: how to change it"),
            ("token=abc123", "[secret]"),
            ("forgot password", "forgot password"),
            ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.x", "[secret]"),
            ("9e107d9d372bb6826bd81d3542a419d6", "[secret]"),
            // What support is asked about every day
            ("error 0x80070005 on 192.168.0.1", "error 0x80070005 on 192.168.0.1"),
            ("version 24.10.3 of 2021-04-01", "version 24.10.3 of 2021-04-01"),
            ("ERR_SSL_VERSION_OR_CIPHER_MISMATCH", "ERR_SSL_VERSION_OR_CIPHER_MISMATCH"),
            (
                "https://example.com/Articles/HowToResetYourPassword2024",
                "https://example.com/Articles/HowToResetYourPassword2024",
            ),
            ("KB5034441 ZD-7K3F9Q", "KB5034441 ZD-7K3F9Q"),
        ];
        for (text, expected) in table {
            assert_eq!(mask(text).text, expected, "{text}");
        }
    }

    #[test]
    fn finds_are_counted_by_rule() {
        let masked = mask("a@example.org b@example.org 111222333");
        assert_eq!(masked.hits, BTreeMap::from([("email", 2), ("bsn", 1)]));
    }

    #[test]
    fn hostile_text_takes_linear_time() {
        for text in ["@", "1 ", "NL91", "a.", "+", "0-", "é\u{202e}"] {
            assert!(!mask(&text.repeat(20_000)).text.is_empty());
        }
    }
}
