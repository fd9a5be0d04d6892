//! What the box and the pages report. Each event of a batch is judged on its own: one bad event
//! does not lose the others, and a repeated one counts once.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    app::App,
    http::{
        client,
        error::{ApiError, Code, Problem},
        extract::{self, BodyKind, Payload},
        limits::SentFrom,
    },
    insight::{Event, EventId, EventKind, Notes, Origin, Surface, ViewSource},
};

/// Most events in a batch.
const MAX_EVENTS: usize = 50;
/// Longest slug, anchor or reason, in bytes.
const MAX_NAME: usize = 200;
/// Most articles in a list.
const MAX_RANKS: usize = 50;
/// Events older than this get the server's time.
const MAX_AGE: SignedDuration = SignedDuration::from_hours(24);
/// Longest visible time that is believed: a day.
const MAX_DWELL_MS: u64 = 86_400_000;

/// Events of one browser tab.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EventBatch {
    /// Site key; the default site when left out.
    #[serde(default)]
    site: Option<String>,
    /// Session of the tab: 16 to 64 of `A-Z a-z 0-9 - _`.
    #[serde(default)]
    session: Option<String>,
    /// `box`, `page`, `form` or `api`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    surface: Surface,
    /// Language of the surface.
    #[serde(default)]
    locale: String,
    /// When the browser sends this, by its own clock; sets its clock right.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    sent_at: Option<Timestamp>,
    /// Whether a pointer or a key has been used on the page.
    #[serde(default)]
    interacted: Option<bool>,
    /// At most 50 events: `type`, `id` and `at` besides the fields of the type.
    #[schema(value_type = Vec<ClientEvent>)]
    events: Vec<Value>,
}

/// What a browser may report.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ClientEvent {
    /// Hits came into view.
    ResultsShown {
        /// The search, as in its reply.
        #[schema(value_type = String)]
        query_id: EventId,
        /// Sections in the order shown, as `article#section`.
        ranks: Vec<String>,
    },
    /// A hit was opened.
    ResultClicked {
        /// The search, as in its reply.
        #[schema(value_type = String)]
        query_id: EventId,
        /// Place in the list, from 1.
        rank: u32,
        /// Slug.
        article: String,
        /// Anchor; empty for the article itself.
        #[serde(default)]
        section: Option<String>,
    },
    /// An article was open.
    ArticleViewed {
        /// Slug.
        article: String,
        /// `search`, `link`, `external` or `form`.
        #[serde(default)]
        #[schema(value_type = Option<String>)]
        from: ViewSource,
        /// Visible time in milliseconds.
        dwell_ms: u64,
        /// Share scrolled past, 0..1.
        #[serde(default)]
        scroll: f32,
    },
    /// The ticket form was opened.
    FormOpened {
        /// What led there.
        from: String,
        /// The search that led there.
        #[serde(default)]
        #[schema(value_type = Option<String>)]
        query_id: Option<EventId>,
    },
    /// Articles were suggested beside a half-written ticket.
    SuggestionShown {
        /// Slugs, best first.
        articles: Vec<String>,
    },
    /// A suggested article was opened.
    SuggestionClicked {
        /// Slug.
        article: String,
    },
    /// A visit began.
    SessionStarted {
        /// Address of the page; what follows `?`, `#` or 200 bytes is cut off.
        #[serde(default)]
        page: String,
    },
    /// The visitor took another way to a person.
    ContactElsewhere {
        /// Which, such as `phone` or `chat`.
        channel: String,
    },
    /// The visitor said that this solved it.
    MarkedSolved {
        /// Slug.
        #[serde(default)]
        article: Option<String>,
        /// The search that led there.
        #[serde(default)]
        #[schema(value_type = Option<String>)]
        query_id: Option<EventId>,
    },
}

/// What became of a batch.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Receipt {
    /// Events taken; of those that come twice the first counts.
    accepted: usize,
    /// Events refused.
    rejected: Vec<Rejected>,
}

/// Why an event was refused.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Rejected {
    /// Its place in the batch, from 0.
    index: usize,
    /// The kind of mistake, stable.
    code: &'static str,
    /// What is wrong.
    message: String,
}

/// Reports what happened. Also as `text/plain`, which `navigator.sendBeacon` sends without a preflight.
#[utoipa::path(
    post, path = "/api/v1/events", tag = "events", request_body = EventBatch,
    responses((status = 202, body = Receipt), (status = 422, body = Problem, content_type = "application/problem+json"))
)]
pub async fn report(
    State(app): State<Arc<App>>,
    SentFrom(address): SentFrom,
    headers: HeaderMap,
    payload: Payload,
) -> Result<(StatusCode, Json<Receipt>), ApiError> {
    let batch: EventBatch = payload.only(&[BodyKind::Json, BodyKind::Text])?.json()?;
    let (site, _) = extract::site(&app.config, batch.site.as_deref())?;
    if batch.events.len() > MAX_EVENTS {
        return Err(ApiError::invalid("events", format!("Send at most {MAX_EVENTS} events at once.")));
    }
    if batch.locale.len() > 35 {
        return Err(ApiError::invalid("locale", "Send a language tag such as `nl` or `pt-BR`."));
    }
    let now = app.now();
    let visitor = app.insight.visitor(batch.session.as_deref(), now);
    let session = batch.session.as_deref();
    let origin = client::origin(&headers, site, batch.surface, &batch.locale, session);
    let origin = Origin { interacted: batch.interacted, ..origin };
    let snapshot = app.searcher.snapshot();
    let words = |slug: &str| snapshot.catalog().by_slug(slug).map_or(0, |article| article.words);
    let kind_of = |slug: &str| snapshot.catalog().by_slug(slug).and_then(|entry| entry.front_matter.kind.clone());
    let mut receipt = Receipt { accepted: 0, rejected: Vec::new() };
    for (index, event) in batch.events.into_iter().enumerate() {
        let taken = read(event, batch.sent_at, now, &words).and_then(|(id, at, kind)| {
            if matches!(kind, EventKind::MarkedSolved { .. }) {
                app.learning.note_network(&id, address, now);
            }
            let notes = Notes { article_kind: kind.article().and_then(kind_of), ..Notes::default() };
            // An event of yesterday evening belongs to yesterday's session.
            let visitor = if at < midnight(now) { app.insight.visitor(session, at) } else { visitor };
            let event = Event::with_id(id, &visitor, origin.clone(), at, kind).noting(notes);
            if app.insight.record(event) { Ok(()) } else { Err(not_taken()) }
        });
        match taken {
            Ok(()) => receipt.accepted += 1,
            Err(error) => {
                metrics::counter!("zerodesk_events_refused_total", "code" => error.code.as_str()).increment(1);
                receipt.rejected.push(rejected(index, &error));
            }
        }
    }
    Ok((StatusCode::ACCEPTED, Json(receipt)))
}

/// The first instant of a day (UTC).
fn midnight(now: Timestamp) -> Timestamp {
    Timestamp::from_second(now.as_second() - now.as_second().rem_euclid(86_400)).unwrap_or(now)
}

fn not_taken() -> ApiError {
    ApiError::new(Code::Overloaded, "Too many events, from this visit or altogether. This one does not count.")
}

fn rejected(index: usize, error: &ApiError) -> Rejected {
    let message = match &error.field {
        Some(field) => format!("{field}: {}", error.detail),
        None => error.detail.clone(),
    };
    Rejected { index, code: error.code.as_str(), message }
}

/// One event, checked: its id, its time and what happened.
fn read(
    event: Value,
    sent_at: Option<Timestamp>,
    now: Timestamp,
    words: &dyn Fn(&str) -> u32,
) -> Result<(EventId, Timestamp, EventKind), ApiError> {
    let (mut event, mut id, mut at) = (event, None, None);
    if let Value::Object(fields) = &mut event {
        id = fields.remove("id").map(|id| field::<EventId>("id", id)).transpose()?;
        at = fields.remove("at").map(|at| field::<Timestamp>("at", at)).transpose()?;
    }
    let event: ClientEvent = from_value(&event)?;
    let at = moment(at, sent_at, now);
    Ok((id.unwrap_or_else(|| EventId::new(at)), at, checked(event, words)?))
}

fn from_value<T: serde::de::DeserializeOwned>(value: &Value) -> Result<T, ApiError> {
    extract::from_json(value.to_string().as_bytes())
}

fn field<T: serde::de::DeserializeOwned>(name: &str, value: Value) -> Result<T, ApiError> {
    serde_json::from_value(value).map_err(|error| ApiError::invalid(name, error.to_string()))
}

/// The browser's time, its clock set right where it says when it sent the batch; the server's time
/// where that lies in the future or more than a day back.
fn moment(at: Option<Timestamp>, sent_at: Option<Timestamp>, now: Timestamp) -> Timestamp {
    let skew = sent_at.map_or(SignedDuration::ZERO, |sent_at| now.duration_since(sent_at));
    let moment = at.and_then(|at| at.checked_add(skew).ok()).unwrap_or(now);
    if moment <= now && now.duration_since(moment) <= MAX_AGE {
        moment
    } else {
        metrics::counter!("zerodesk_event_clocks_corrected_total").increment(1);
        now
    }
}

fn checked(event: ClientEvent, words: &dyn Fn(&str) -> u32) -> Result<EventKind, ApiError> {
    Ok(match event {
        ClientEvent::ResultsShown { query_id, ranks } => {
            EventKind::ResultsShown { query_id, ranks: names("ranks", ranks)? }
        }
        ClientEvent::ResultClicked { query_id, rank, article, section } => EventKind::ResultClicked {
            query_id,
            rank: within("rank", rank, 1..=1000)?,
            article: name("article", article)?,
            section: section.map_or(Ok(String::new()), |section| text("section", section))?,
        },
        ClientEvent::ArticleViewed { article, from, dwell_ms, scroll } => EventKind::ArticleViewed {
            words: words(&article),
            article: name("article", article)?,
            revision: None,
            from,
            dwell_ms: within("dwell_ms", dwell_ms, 0..=MAX_DWELL_MS)?,
            scroll: within("scroll", scroll, 0.0..=1.0)?,
        },
        ClientEvent::FormOpened { from, query_id } => EventKind::FormOpened { from: name("from", from)?, query_id },
        ClientEvent::SuggestionShown { articles } => {
            EventKind::SuggestionShown { articles: names("articles", articles)? }
        }
        ClientEvent::SuggestionClicked { article } => {
            EventKind::SuggestionClicked { article: name("article", article)? }
        }
        ClientEvent::SessionStarted { page } => {
            let page = page.split(['?', '#']).next().unwrap_or_default();
            // A path may be long, and its beginning tells enough.
            EventKind::SessionStarted { page: text("page", page[..page.floor_char_boundary(MAX_NAME)].to_owned())? }
        }
        ClientEvent::ContactElsewhere { channel } => EventKind::ContactElsewhere { channel: name("channel", channel)? },
        ClientEvent::MarkedSolved { article, query_id } => {
            EventKind::MarkedSolved { article: article.map(|article| name("article", article)).transpose()?, query_id }
        }
    })
}

fn text(field: &str, value: String) -> Result<String, ApiError> {
    let fits = value.len() <= MAX_NAME && !value.contains(char::is_control);
    if fits { Ok(value) } else { Err(ApiError::invalid(field, format!("Send at most {MAX_NAME} bytes on one line."))) }
}

fn name(field: &str, value: String) -> Result<String, ApiError> {
    if value.is_empty() { Err(ApiError::invalid(field, "This must not be empty.")) } else { text(field, value) }
}

fn names(field: &str, values: Vec<String>) -> Result<Vec<String>, ApiError> {
    if values.len() > MAX_RANKS {
        return Err(ApiError::invalid(field, format!("Send at most {MAX_RANKS}.")));
    }
    values.into_iter().map(|value| name(field, value)).collect()
}

fn within<T: PartialOrd + std::fmt::Display>(
    field: &str,
    value: T,
    range: std::ops::RangeInclusive<T>,
) -> Result<T, ApiError> {
    if range.contains(&value) {
        Ok(value)
    } else {
        Err(ApiError::invalid(field, format!("Send a number from {} to {}.", range.start(), range.end())))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ID: &str = "01JD8WQXK3M5V7Y9ZABCDEFGHJ";

    fn now() -> Timestamp {
        "2026-03-02T12:00:00Z".parse().unwrap()
    }

    fn outcome(event: Value) -> Result<EventKind, (&'static str, String)> {
        let read = read(event, None, now(), &|_| 460);
        read.map(|(_, _, kind)| kind).map_err(|error| (error.code.as_str(), error.field.unwrap_or_default()))
    }

    #[test]
    fn good_events_are_taken() {
        for event in [
            json!({"type": "results_shown", "query_id": ID, "ranks": ["a#b", "c"]}),
            json!({"type": "result_clicked", "query_id": ID, "rank": 1, "article": "a", "section": "b", "id": ID}),
            json!({"type": "result_clicked", "query_id": ID, "rank": 1, "article": "a"}),
            json!({"type": "article_viewed", "article": "a", "from": "search", "dwell_ms": 20_000, "scroll": 0.5}),
            json!({"type": "form_opened", "from": "no_answer", "query_id": null}),
            json!({"type": "suggestion_shown", "articles": ["a"]}),
            json!({"type": "suggestion_clicked", "article": "a"}),
            json!({"type": "marked_solved"}),
            json!({"type": "session_started", "page": "https://www.example.com/shop?order=7#x"}),
            json!({"type": "contact_elsewhere", "channel": "phone"}),
        ] {
            let name = event["type"].clone();
            assert_eq!(outcome(event).map(|kind| json!(kind.name())), Ok(name));
        }
    }

    #[test]
    fn the_server_knows_how_long_an_article_is() {
        let event = json!({"type": "article_viewed", "article": "a", "dwell_ms": 20_000});
        assert!(matches!(outcome(event), Ok(EventKind::ArticleViewed { words: 460, .. })));
    }

    #[test]
    fn bad_events_are_refused_with_the_reason() {
        let long = "x".repeat(201);
        for (event, code) in [
            (json!({}), "missing-field"),
            (json!(3), "wrong-type"),
            (json!({"type": "ticket_opened", "reference": "ZD-1", "level": 1}), "invalid-value"),
            (json!({"type": "search_performed"}), "invalid-value"),
            (json!({"type": "suggestion_clicked"}), "missing-field"),
            (json!({"type": "suggestion_clicked", "article": ""}), "invalid-value"),
            (json!({"type": "suggestion_clicked", "article": long}), "invalid-value"),
            (json!({"type": "suggestion_clicked", "article": "a\nb"}), "invalid-value"),
            (json!({"type": "suggestion_clicked", "article": 7}), "wrong-type"),
            (json!({"type": "suggestion_clicked", "article": "a", "more": 1}), "unknown-field"),
            (json!({"type": "suggestion_clicked", "article": "a", "id": "x"}), "invalid-value"),
            (json!({"type": "suggestion_clicked", "article": "a", "at": "yesterday"}), "invalid-value"),
            (json!({"type": "result_clicked", "query_id": "x y", "rank": 1, "article": "a"}), "invalid-value"),
            (json!({"type": "result_clicked", "query_id": ID, "rank": 0, "article": "a"}), "invalid-value"),
            (json!({"type": "article_viewed", "article": "a", "dwell_ms": 86_400_001_u64}), "invalid-value"),
            (json!({"type": "article_viewed", "article": "a", "dwell_ms": -1}), "invalid-value"),
            (json!({"type": "article_viewed", "article": "a", "dwell_ms": 1, "scroll": 1.5}), "invalid-value"),
            (json!({"type": "suggestion_shown", "articles": vec!["a"; 51]}), "invalid-value"),
        ] {
            let found = outcome(event.clone()).map_err(|(code, _)| code).expect_err("refused");
            assert_eq!(found, code, "{event}");
        }
    }

    #[test]
    fn clocks_are_set_right() {
        let at = |text: &str| Some(text.parse::<Timestamp>().unwrap());
        for (event, sent, counted) in [
            (None, None, "2026-03-02T12:00:00Z"),
            (at("2026-03-02T11:59:00Z"), None, "2026-03-02T11:59:00Z"),
            (at("2026-03-02T12:00:01Z"), None, "2026-03-02T12:00:00Z"),
            (at("2026-03-01T11:59:59Z"), None, "2026-03-02T12:00:00Z"),
            (at("1970-01-01T00:00:00Z"), None, "2026-03-02T12:00:00Z"),
            (at("2030-01-01T00:00:00Z"), at("2030-01-01T00:00:30Z"), "2026-03-02T11:59:30Z"),
            (at("1970-01-01T00:00:00Z"), at("1970-01-01T00:10:00Z"), "2026-03-02T11:50:00Z"),
            (at("-009999-01-02T01:59:59Z"), at("9999-12-30T00:00:00Z"), "2026-03-02T12:00:00Z"),
        ] {
            assert_eq!(moment(event, sent, now()), at(counted).unwrap(), "{event:?} {sent:?}");
        }
    }
}
