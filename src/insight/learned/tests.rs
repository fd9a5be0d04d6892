//! Who teaches an article a question, and who cannot.

#![expect(clippy::float_cmp, reason = "no voice weighs nothing at all")]

use jiff::SignedDuration;

use super::*;
use crate::insight::session::SessionHash;

const NOW: &str = "2026-11-22T12:00:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

/// A voice: days ago, network, visit, whether it helped.
fn said(days: i64, network: Option<u16>, visit: u8, helped: bool) -> Testimony {
    let session = crate::insight::Session::parse("abcdefghijklmnop").unwrap();
    let id = format!("event-{days:05}-{visit:05}-{network:?}-{helped}");
    Testimony {
        network_of: EventId::new(now()),
        id,
        language: "en".into(),
        question: "money back".into(),
        article: "refunds".into(),
        helped,
        source: Source::Reader,
        session: SessionHash::of(&session, &Salt::from_bytes([visit; 32])),
        network: network.map(Network::from_number),
        at: now() - SignedDuration::from_hours(24 * days),
    }
}

fn weight(said: &[Testimony], learn: Learn) -> f64 {
    let learned = weigh(said, learn, now());
    assert!(learned.len() <= 1);
    learned.first().map_or(0.0, |row| row.weight)
}

fn voices(count: u16) -> Vec<Testimony> {
    (0..count).map(|number| said(1, Some(number), number as u8, true)).collect()
}

#[test]
fn weight_begins_with_three_voices_grows_and_is_capped() {
    let weights = [0, 1, 2, 3, 10, 100, 3000].map(|count| weight(&voices(count), Learn::Networks));
    assert_eq!(weights[..3], [0.0; 3]);
    assert!(weights[3] > 0.4 && weights.is_sorted() && weights[6] < 0.9, "{weights:?}");
}

#[test]
fn one_network_has_one_voice_however_often_and_on_however_many_days() {
    let mut one_range: Vec<Testimony> = (0..180).map(|visit| said(i64::from(visit) * 2, None, visit, true)).collect();
    for said in &mut one_range {
        // Each quarter has its salt, so each gives the range another number.
        let number = Quarter::of(said.at).to_string().bytes().map(u16::from).sum();
        said.network = Some(Network::from_number(number));
    }
    assert_eq!(weight(&one_range, Learn::Networks), 0.0, "a year long");
    let unknown: Vec<Testimony> = (0..100).map(|visit| said(1, None, visit, true)).collect();
    assert_eq!(weight(&unknown, Learn::Networks), 0.0, "all whose network is not known are one");
    assert!(weight(&unknown, Learn::Visits) > 0.8, "where visits count, each has a voice");
    let one_visit: Vec<Testimony> = (0..100).map(|network| said(1, Some(network), 1, true)).collect();
    assert_eq!(weight(&one_visit, Learn::Visits), 0.0);
}

#[test]
fn one_network_cannot_unteach_what_others_taught() {
    let mut testimonies = voices(10);
    let before = weight(&testimonies, Learn::Networks);
    testimonies.extend((0..100).map(|visit| said(0, Some(4000), visit, false)));
    let after = weight(&testimonies, Learn::Networks);
    assert!(after < before && after > 0.85 * before, "{before} {after}");
    testimonies.extend((0..10).map(|network| said(0, Some(network), network as u8, false)));
    assert_eq!(weight(&testimonies, Learn::Networks), 0.0, "the last word of each counts");
}

#[test]
fn voices_fade() {
    let aged = |days| -> Vec<Testimony> { (0..10).map(|n| said(days, Some(n), n as u8, true)).collect() };
    let weights = [0, 90, 300].map(|days| weight(&aged(days), Learn::Networks));
    assert!(weights[0] > weights[1] && weights[1] > weights[2] && weights[2] > 0.0, "{weights:?}");
}

#[test]
fn an_article_learns_at_most_fifty_questions_the_heaviest() {
    let many: Vec<Testimony> = (0..80)
        .flat_map(|question| {
            voices(3 + u16::from(question >= 60))
                .into_iter()
                .map(move |testimony| Testimony { question: format!("question {question}"), ..testimony })
        })
        .collect();
    let learned = weigh(&many, Learn::Networks, now());
    assert_eq!((learned.len(), learned.iter().filter(|row| row.weight > 0.0).count()), (80, 50));
    assert!(learned[..20].iter().all(|row| row.helped == 4));
}
