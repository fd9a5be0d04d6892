//! What fuzzing looks for, on the seeds and on simple variants of them: a short table that runs every time.
//! `TEST_VARIANTS=100` makes a hundred times as many; `fuzz/README.md` tells how to look for longer.

use std::{fs, path::Path};

#[path = "../fuzz/checks.rs"]
mod checks;

/// Bytes that mean something to one parser or the other.
const PIECES: &[&[u8]] = &[
    b"---\n",
    b"+++\n",
    b"\n\n",
    b"# ",
    b"```",
    b"[",
    b"](",
    b"<",
    b"</",
    b"\"",
    b"'",
    b"javascript:",
    b"\0",
    b"\xff",
    b"\xc3",
    b"\xe2\x80\xae",
    b"\xf0\x9f\x94\x91",
    b"- ",
    b": ",
    b", ",
    b"10.0.0.1",
    b"::ffff:127.0.0.1",
    b"@",
    b"%",
    b"&#x6a;",
    b"[[",
    b"= ",
    b"!--",
    b"e\xcc\x81",
    b"title: ",
    b"lang: ",
    b"{",
    b"*",
    b"&",
    b"|",
    b"://",
    b"9999999999999999999",
];

/// A small generator of numbers: the same variants in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit.max(1)
    }

    /// A seed with a few changes.
    fn vary(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = seeds[self.below(seeds.len())].clone();
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len() + 1);
            match self.below(4) {
                0 => drop(bytes.splice(at..at, PIECES[self.below(PIECES.len())].iter().copied())),
                1 => bytes.truncate(at),
                2 => {
                    let other = &seeds[self.below(seeds.len())];
                    bytes.splice(at.., other[self.below(other.len() + 1)..].iter().copied());
                }
                _ => {
                    if let Some(byte) = bytes.get_mut(at) {
                        *byte ^= 1 << self.below(8);
                    }
                }
            }
        }
        bytes
    }
}

fn hold(target: &str, variants: usize, check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let mut files: Vec<_> = fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let seeds: Vec<Vec<u8>> = files.iter().map(|file| fs::read(file).unwrap()).collect();
    assert!(seeds.len() >= 3, "{target} has too few seeds");
    let times = std::env::var("TEST_VARIANTS").map_or(1, |text| text.parse().expect("TEST_VARIANTS is a number"));
    let mut dice = Dice(20_261_122);
    let variants = std::iter::repeat_with(|| dice.vary(&seeds)).take(variants * times);
    for bytes in seeds.iter().cloned().chain(variants).chain([Vec::new()]) {
        let held = std::panic::catch_unwind(|| check(&bytes)).is_ok();
        assert!(held, "{target}: {:?}", String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn any_file_is_an_article() {
    hold("front_matter", 3000, checks::front_matter);
}

#[test]
fn any_markdown_is_harmless_html() {
    hold("html", 3000, checks::html);
}

#[test]
fn any_query_is_answered() {
    hold("query", 1000, checks::query);
}

#[test]
fn any_article_and_query_go_together() {
    hold("snippet", 60, checks::snippet);
}

#[test]
fn no_header_of_a_stranger_is_believed() {
    hold("forwarded_for", 5000, checks::forwarded_for);
}

#[test]
fn no_address_leads_inside() {
    hold("url_filter", 5000, checks::url_filter);
}

#[test]
fn any_text_is_a_configuration_or_a_mistake() {
    hold("config", 500, checks::config);
}

#[test]
#[should_panic(expected = "<script>")]
fn the_check_of_html_can_fail() {
    checks::harmless("<p>a</p><script>alert(1)</script>");
}
