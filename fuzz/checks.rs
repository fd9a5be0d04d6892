//! What must hold for any bytes. The fuzz targets call these with what libFuzzer makes up, and `tests/fuzzed.rs` with
//! the seeds and with variants of them, so that every finding becomes a seed and stays found.

#![allow(dead_code, reason = "each target uses its part")]

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::{Arc, LazyLock},
};

use axum::http::{HeaderMap, HeaderValue};
use ipnet::IpNet;
use reqwest::Url;
use zerodesk::{
    article::{self, LinkTarget},
    config::{self, Written},
    desk::connectors::{Guard, system_lookup},
    http,
    index::{FileStamp, Index, Recorder},
    search::{Answer, MAX_QUERY_CHARS, Query, Searcher},
};

/// Elements that a page may get from an article. What is not here is either text or a hole.
const ELEMENTS: &[&str] = &[
    "a",
    "abbr",
    "acronym",
    "aside",
    "b",
    "bdi",
    "bdo",
    "blockquote",
    "br",
    "caption",
    "center",
    "cite",
    "code",
    "col",
    "colgroup",
    "data",
    "dd",
    "del",
    "details",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hgroup",
    "hr",
    "i",
    "img",
    "ins",
    "kbd",
    "li",
    "mark",
    "ol",
    "p",
    "pre",
    "q",
    "rp",
    "rt",
    "rtc",
    "ruby",
    "s",
    "samp",
    "section",
    "small",
    "span",
    "strike",
    "strong",
    "sub",
    "summary",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "time",
    "tr",
    "tt",
    "u",
    "ul",
    "var",
    "wbr",
    "input",
];

/// A panic that the program itself catches is dealt with; libFuzzer would end at it all the same.
pub fn caught_panics_are_no_findings() {
    std::panic::set_hook(Box::new(|_| ()));
}

/// Any file becomes an article with a title and distinct anchors, and each problem has a place.
pub fn front_matter(bytes: &[u8]) {
    let parsed = article::parse("folder/file.md", bytes);
    let article = &parsed.article;
    assert!(!article.front_matter.title.trim().is_empty() && !article.front_matter.slug.is_empty(), "{article:?}");
    assert!(
        !article.front_matter.slug.contains(['/', '\\', '?', '#', '"', '<', ' ']),
        "{:?}",
        article.front_matter.slug
    );
    let mut anchors: Vec<&str> = article.sections.iter().map(|section| section.anchor.as_str()).collect();
    let all = anchors.len();
    anchors.sort_unstable();
    anchors.dedup();
    assert_eq!(anchors.len(), all, "two sections have the same anchor");
    for problem in &parsed.problems {
        assert!(problem.line >= 1 && problem.column >= 1 && !problem.message.is_empty(), "{problem:?}");
    }
}

/// Any Markdown becomes HTML that can run nothing.
pub fn html(bytes: &[u8]) {
    let body = String::from_utf8_lossy(bytes);
    let page = |name: &str| LinkTarget::To(format!("/a/{name}"));
    let resolve = |link: &str| link.strip_suffix(".md").map_or(LinkTarget::Keep, page);
    harmless(&article::render(&body, &resolve));
}

/// Panics where HTML as our cleaner writes it (quoted values, `<` only in front of a tag) could do anything.
pub fn harmless(html: &str) {
    for tag in html.split('<').skip(1) {
        let name: String = tag.trim_start_matches('/').chars().take_while(char::is_ascii_alphanumeric).collect();
        assert!(ELEMENTS.contains(&name.as_str()), "<{name}> in {html}");
        let mut rest = tag.split_once('>').unwrap_or_else(|| panic!("an open tag in {html}")).0;
        while let Some((before, after)) = rest.split_once("=\"") {
            let attribute = before.rsplit(' ').next().unwrap_or_default();
            let (value, behind) = after.split_once('"').unwrap_or_else(|| panic!("an open value in {html}"));
            assert!(
                !attribute.starts_with("on") && attribute != "style" && attribute != "srcdoc",
                "{attribute} in {html}"
            );
            if ["href", "src", "cite"].contains(&attribute) {
                let address: String = value.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect();
                let address = address.to_ascii_lowercase();
                let scheme = ["javascript:", "vbscript:", "data:text"].iter().any(|bad| address.starts_with(bad));
                assert!(!scheme, "{address} in {html}");
            }
            rest = behind;
        }
    }
}

/// Any query is answered within bounds. The first byte chooses languages and switches.
pub fn query(bytes: &[u8]) {
    static SEARCHER: LazyLock<Searcher> = LazyLock::new(|| {
        searcher(&[
            b"---\nlang: en\n---\n\n# Blank pages\n\nA printer prints blank pages: call back -jar e-mail.\n\n## Reset\n\nPress it.\n",
            b"---\nlang: nl\n---\n\n# Wachtwoordherstel\n\nZo herstel je een wachtwoord.\n",
            b"---\nlang: ja\n---\n\n# \xe7\xa9\xba\xe7\x99\xbd\n\n\xe7\xa9\xba\xe7\x99\xbd\xe3\x81\xae\xe3\x83\x9a\xe3\x83\xbc\xe3\x82\xb8\n",
        ])
    });
    let (choice, text) = bytes.split_first().unwrap_or((&0, &[]));
    let languages: Vec<String> = ["en", "nl", "ja", "xx"]
        .iter()
        .enumerate()
        .filter(|(bit, _)| choice & (1 << bit) != 0)
        .map(|(_, code)| (*code).into())
        .collect();
    within_bounds(&SEARCHER.search(&asked(text, languages, *choice)).expect("an index in memory can be read"));
}

/// Any article and any query go together. The query stands on the first line.
pub fn snippet(bytes: &[u8]) {
    let cut = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let (text, body) = bytes.split_at(cut);
    if body.len() > 4096 {
        return; // an index for each input is slow enough
    }
    let answer = searcher(&[body]).search(&asked(text, Vec::new(), u8::MAX)).expect("an index in memory can be read");
    within_bounds(&answer);
}

fn asked(text: &[u8], languages: Vec<String>, choice: u8) -> Query {
    Query {
        text: String::from_utf8_lossy(text).into_owned(),
        languages,
        limit: 5,
        prefix: choice & 0x10 != 0,
        typo_tolerance: choice & 0x20 != 0,
        long: choice & 0xC0 == 0x40,
        answer_at: 0.6,
        candidates_at: 0.35,
        ..Query::default()
    }
}

fn searcher(articles: &[&[u8]]) -> Searcher {
    let index = Index::in_memory().expect("an index in memory");
    let (mut writer, mut recorder) = (index.writer(15_000_000).expect("its writer"), Recorder::default());
    for (number, article) in articles.iter().enumerate() {
        let parsed = article::parse(&format!("{number}.md"), article);
        writer.add(&recorder.record(parsed, FileStamp::default(), "en")).expect("memory");
    }
    writer.commit("fuzz".into()).expect("memory");
    index.publish(Vec::new()).expect("what was committed");
    Searcher::new(Arc::new(index))
}

fn within_bounds(answer: &Answer) {
    assert!(answer.query.chars().count() <= MAX_QUERY_CHARS.max(zerodesk::search::MAX_MESSAGE_CHARS));
    assert!((0.0..=1.0).contains(&answer.confidence) && answer.hits.len() <= 5 && answer.hits.len() <= answer.total);
    for section in answer.hits.iter().flat_map(|hit| &hit.sections) {
        let letters = section.snippet.chars().count() as u32;
        let mut end = 0;
        for [from, to] in &section.highlights {
            assert!(end <= *from && from < to && *to <= letters, "{:?} in {:?}", section.highlights, section.snippet);
            end = *to;
        }
    }
}

/// Whatever a visitor writes into `X-Forwarded-For`, it counts only behind a trusted proxy, and then the last address
/// that is not a proxy's. Lines are headers.
pub fn forwarded_for(bytes: &[u8]) {
    let proxies: Vec<IpNet> = ["10.0.0.0/8", "fd00::/8"].iter().filter_map(|net| net.parse().ok()).collect();
    let mut headers = HeaderMap::new();
    for line in bytes.split(|byte| *byte == b'\n').take(50) {
        if let Ok(value) = HeaderValue::from_bytes(line) {
            headers.append("x-forwarded-for", value);
        }
    }
    let (stranger, proxy): (IpAddr, IpAddr) = ([192, 0, 2, 1].into(), [10, 0, 0, 1].into());
    assert_eq!(http::visitor(stranger, &headers, &proxies), stranger, "a stranger's header is believed");
    let nearest: IpAddr = [198, 51, 100, 7].into();
    headers.append("x-forwarded-for", HeaderValue::from_static("198.51.100.7, 10.1.2.3"));
    assert_eq!(http::visitor(proxy, &headers, &proxies), nearest, "what stands further left is believed");
}

/// No address leads inside unless its host is named.
pub fn url_filter(bytes: &[u8]) {
    static GUARD: LazyLock<Guard> = LazyLock::new(|| Guard::new(&["allowed.example".into()], system_lookup()));
    let Ok(url) = Url::parse(&String::from_utf8_lossy(bytes)) else { return };
    if GUARD.check(&url).is_err() {
        return;
    }
    assert!(url.username().is_empty() && url.password().is_none(), "{url}");
    let host = url.host_str().unwrap_or_else(|| panic!("{url} has no host"));
    if host.trim_end_matches('.') == "allowed.example" {
        return;
    }
    match host.trim_matches(['[', ']']).parse() {
        Err(_) => {}
        Ok(IpAddr::V4(v4)) => assert!(!inside(v4), "{url}"),
        Ok(IpAddr::V6(v6)) => {
            let mapped = v6.to_ipv4_mapped().is_some_and(inside);
            let local = v6.is_loopback() || v6.is_unspecified() || v6.is_unique_local() || v6.is_unicast_link_local();
            assert!(!mapped && !local && !v6.is_multicast(), "{url}");
        }
    }
    assert!(url.scheme() == "https" && [443, 8443].contains(&url.port_or_known_default().unwrap_or(0)), "{url}");
}

fn inside(v4: Ipv4Addr) -> bool {
    let local = v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_unspecified();
    local || v4.is_broadcast() || v4.is_multicast()
}

/// Any text is a configuration or a mistake with a place, and a configuration can be printed and read again.
pub fn config(bytes: &[u8]) {
    let read = |text: String| Written { file: Some(("zerodesk.toml".into(), text)), ..Written::default() }.meant();
    match read(String::from_utf8_lossy(bytes).into_owned()) {
        Err(mistake) => assert!(!mistake.to_string().is_empty()),
        Ok(meant) => {
            let printed = config::effective_toml(&meant);
            assert!(!printed.is_empty(), "what is meant can be printed");
            // Secrets are printed as stars, which are no secrets; everything else comes back.
            if !printed.contains(config::HIDDEN) {
                let again = read(printed.clone()).unwrap_or_else(|mistake| panic!("{mistake} in {printed}"));
                assert_eq!(again, meant, "{printed}");
            }
        }
    }
}
