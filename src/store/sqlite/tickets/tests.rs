//! What the desk promises, on a real database.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use super::*;
use crate::{
    config::{Config, Written},
    desk::{
        Actor, Asked, Change, Consent, Context, Delivery, Desk, HandedOff, Ladder, NewTicket, Requester, Role, Routes,
        Ticked, TicketStatus, TrailItem,
        connectors::{Connector, ConnectorError, Parcel, Receipt},
    },
};

const START: Timestamp = Timestamp::UNIX_EPOCH;

struct Bench {
    dir: tempfile::TempDir,
    store: Sqlite,
    desk: Desk,
}

fn bench() -> Bench {
    let dir = tempfile::tempdir().unwrap();
    let (store, desk) = open(dir.path());
    Bench { dir, store, desk }
}

fn open(dir: &std::path::Path) -> (Sqlite, Desk) {
    let store = Sqlite::open(dir, START).unwrap();
    let config = Config::default();
    let desk = Desk::new(Arc::new(store.clone()), Ladder::new(config.ladder), &config.desk, &config.sites);
    (store, desk)
}

/// As [`bench`], with a connector beside the built-in desk.
fn bench_with_far() -> Bench {
    let Bench { dir, store, desk } = bench();
    let far = "[connectors.far]\ntype = \"email\"\nfrom = \"a@b.example\"\nto = [\"c@d.example\"]\nhost = \"mx\"";
    let file = Some(("zerodesk.toml".into(), far.to_owned()));
    let config = Written { file, ..Written::default() }.meant().unwrap();
    Bench { dir, store, desk: desk.routed(Routes::new(&config.connectors)) }
}

fn ticket_with(key: &str, message: &str) -> NewTicket {
    let requester = Requester { name: "Ada".into(), email: "ada@example.org".into(), ..Requester::default() };
    NewTicket {
        site: "default".into(),
        idempotency_key: Some(key.into()),
        asked: Asked { message: message.into(), requester, ..Asked::default() },
        context: Context { trail: vec![searched()], declared_level: Some(2), ..Context::default() },
    }
}

fn searched() -> TrailItem {
    TrailItem {
        query: "printer".into(),
        at: START,
        confidence: 0.25,
        decision: "no_answer".into(),
        shown: vec!["printing#setup".into()],
        clicked: None,
    }
}

fn seconds(seconds: i64) -> Timestamp {
    START + SignedDuration::from_secs(seconds)
}

#[tokio::test]
async fn a_ticket_is_kept_with_its_trail_and_delivered_once() {
    let Bench { store, desk, dir: _dir } = bench_with_far();
    let HandedOff { ticket, status_token, created } = desk.hand_off(ticket_with("k", "Help"), START).await.unwrap();
    assert!(created);
    assert_eq!((ticket.level.0, ticket.suggested_level.0, ticket.subject.as_str()), (1, 2, "Help"));

    let told = Arc::new(Mutex::new(0));
    let counter = told.clone();
    let delivery = Delivery::new(&desk, vec![Arc::new(Scripted(Mutex::default()))]).unwrap();
    let delivery = delivery.observed_by(move |_| *counter.lock().unwrap() += 1);
    assert_eq!(delivery.tick(START).await.unwrap(), Ticked { delivered: 1, ..Ticked::default() });
    assert_eq!(delivery.tick(seconds(9_999_999)).await.unwrap(), Ticked::default());
    assert_eq!(*told.lock().unwrap(), 1);

    let record = desk.status(&ticket.reference, &status_token).await.unwrap().unwrap();
    assert_eq!(record.ticket, ticket);
    assert_eq!(record.ticket.trail, [searched()]);
    assert_eq!(record.steps.len(), 1);
    assert_eq!(record.steps[0].kind, StepKind::Opened);
    let mut entries: Vec<_> = record.outbox.iter().map(|entry| (entry.connector.as_str(), entry.state)).collect();
    entries.sort_by_key(|(connector, _)| *connector);
    assert_eq!(entries, [("desk", OutboxState::Delivered), ("far", OutboxState::Delivered)]);
    let here = record.outbox.iter().find(|entry| entry.connector == "desk").unwrap();
    assert_eq!(here.remote_id.as_deref(), Some(ticket.reference.as_str()), "it was here from the start");
    assert!(store.outbox_counts().await.unwrap().contains(&(OutboxState::Delivered, 2)));

    assert!(desk.status(&ticket.reference, "wrong").await.unwrap().is_none());
    assert!(desk.status(&Reference::parse("ZD-000000").unwrap(), &status_token).await.unwrap().is_none());
}

#[tokio::test]
async fn the_same_request_gives_the_same_ticket() {
    let Bench { desk, dir: _dir, .. } = bench();
    let first = desk.hand_off(ticket_with("key", "Help"), START).await.unwrap();
    let later = seconds(3600);
    let same = desk.hand_off(ticket_with("key", "Help"), later).await.unwrap();
    assert!(!same.created);
    assert_eq!((same.ticket, same.status_token), (first.ticket.clone(), first.status_token));

    // What the server knows may differ between attempts; it is not part of the request.
    let other_trail = NewTicket { context: Context::default(), ..ticket_with("key", "Help") };
    assert!(!desk.hand_off(other_trail, later).await.unwrap().created);

    let other_body = desk.hand_off(ticket_with("key", "Something else"), later).await.unwrap_err();
    assert!(matches!(other_body, DeskError::Mismatch));
    let other_site = NewTicket { site: "other".into(), ..ticket_with("key", "Help") };
    assert!(desk.hand_off(other_site, later).await.unwrap().created, "keys belong to their site");
    assert!(desk.hand_off(ticket_with("other", "Help"), later).await.unwrap().created);
    let forgotten = desk.hand_off(ticket_with("key", "Help"), seconds(31 * 86_400)).await.unwrap();
    assert_ne!(forgotten.ticket.id, first.ticket.id, "keys end after 30 days");
}

#[tokio::test]
async fn sixteen_identical_requests_at_once_are_one_ticket() {
    let Bench { desk, dir: _dir, .. } = bench();
    let mut requests = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let desk = desk.clone();
        requests.spawn(async move { desk.hand_off(ticket_with("key", "Help"), START).await.unwrap() });
    }
    let replies = requests.join_all().await;
    assert_eq!(replies.iter().filter(|reply| reply.created).count(), 1);
    let links: BTreeSet<_> = replies.iter().map(|reply| (reply.ticket.id, reply.status_token.clone())).collect();
    assert_eq!(links.len(), 1);
    assert_eq!(desk.tickets(TicketFilter { limit: 10, ..TicketFilter::default() }).await.unwrap().total, 1);
}

#[tokio::test]
async fn keys_and_tokens_are_not_in_the_database() {
    let Bench { desk, store, dir } = bench();
    let sent = desk.hand_off(ticket_with("a-key-of-the-client", "Help"), START).await.unwrap();
    let token = desk.first_agent(START).await.unwrap().unwrap();
    drop((desk, store));
    let bytes = std::fs::read(dir.path().join("zerodesk.db")).unwrap();
    for secret in ["a-key-of-the-client", &sent.status_token, &token] {
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret}");
    }
}

#[tokio::test]
async fn what_the_visitor_strikes_is_not_kept() {
    type Strike = fn(&mut Consent);
    let table: [(Strike, usize); 3] = [
        (|_| {}, 1),
        (|consent| consent.context_shared = false, 0),
        (|consent| consent.fields_removed = vec!["trail".into()], 0),
    ];
    let Bench { desk, dir: _dir, .. } = bench();
    for (n, (strike, searches)) in table.into_iter().enumerate() {
        let mut new = ticket_with(&n.to_string(), "Help");
        strike(&mut new.asked.consent);
        let sent = desk.hand_off(new, START).await.unwrap();
        let record = desk.ticket(&sent.ticket.reference).await.unwrap().unwrap();
        assert_eq!(record.ticket.trail.len(), searches);
        assert_eq!(record.ticket.requester.email, "ada@example.org");
    }
}

#[tokio::test]
async fn the_inbox_is_filtered_searched_and_paged() {
    let Bench { desk, dir: _dir, .. } = bench();
    for n in 0..5 {
        let message = if n == 3 { "100% DEFEKT_e Drücker" } else { "All well" };
        let mut new = ticket_with(&n.to_string(), message);
        new.context.suspected_spam = n == 0;
        new.site = if n == 1 { "other".into() } else { "default".into() };
        desk.hand_off(new, seconds(n)).await.unwrap();
    }
    let all = TicketFilter { limit: 10, ..TicketFilter::default() };
    let q = |q: &str| TicketFilter { q: Some(q.into()), ..all.clone() };
    let table = [
        (all.clone(), 5, 5),
        (TicketFilter { limit: 2, offset: 4, ..all.clone() }, 5, 1),
        (TicketFilter { status: Some(TicketStatus::Quarantined), ..all.clone() }, 1, 1),
        (TicketFilter { site: Some("other".into()), ..all.clone() }, 1, 1),
        (q("drücker ada@"), 1, 1),
        (q("ALL WELL"), 4, 4),
        (q("100%"), 1, 1),
        (q("%"), 1, 1),
        (q("_"), 1, 1),
        (q("' OR 1=1 --"), 0, 0),
    ];
    for (filter, total, shown) in table {
        let page = desk.tickets(filter.clone()).await.unwrap();
        assert_eq!((page.total, page.tickets.len()), (total, shown), "{filter:?}");
        assert!(page.tickets.is_sorted_by(|a, b| a.created >= b.created));
    }
}

/// Answers as told, in turn; then takes everything.
struct Scripted(Mutex<Vec<ConnectorError>>);

#[async_trait]
impl Connector for Scripted {
    fn name(&self) -> &'static str {
        "far"
    }

    async fn deliver(&self, _: &Parcel<'_>) -> Result<Receipt, ConnectorError> {
        self.0.lock().unwrap().pop().map_or(Ok(Receipt::default()), Err)
    }
}

fn temporary() -> ConnectorError {
    ConnectorError::Temporary { message: "503".into(), retry_after: None, busy: false }
}

#[tokio::test]
async fn failures_are_tried_again_and_given_up_visibly() {
    let permanent = || ConnectorError::Permanent { message: "wrong password".into() };
    let table = [
        ("once", vec![temporary()], OutboxState::Delivered, 2),
        ("for good", vec![permanent()], OutboxState::Dead, 1),
        ("for two days", (0..99).map(|_| temporary()).collect(), OutboxState::Dead, 10),
    ];
    for (what, failures, end, attempts) in table {
        let Bench { desk, dir: _dir, .. } = bench_with_far();
        let sent = desk.hand_off(ticket_with("k", "Help"), START).await.unwrap();
        let delivery = Delivery::new(&desk, vec![Arc::new(Scripted(failures.into()))]).unwrap();
        for hour in 0..200 {
            delivery.tick(seconds(hour * 3600)).await.unwrap();
        }
        let record = desk.ticket(&sent.ticket.reference).await.unwrap().unwrap();
        let entry = record.outbox.iter().find(|entry| entry.connector == "far").unwrap();
        assert_eq!((entry.state, entry.attempts), (end, attempts), "{what}");
        assert_eq!(entry.last_error.is_some(), end == OutboxState::Dead, "{what}");
    }
}

#[tokio::test]
async fn a_lease_keeps_others_away_until_it_ends_or_the_server_starts_again() {
    let Bench { desk, store, dir: _dir } = bench_with_far();
    desk.hand_off(ticket_with("k", "Help"), START).await.unwrap();
    let lease = SignedDuration::from_secs(60);
    let claim = async |owner, at| store.claim(owner, &Whose::Of("far".into()), seconds(at), lease, 10).await.unwrap();
    let first = claim("one", 0).await;
    assert_eq!(first.len(), 1);
    for (whose, free) in [(Whose::NotOf(vec![]), 1), (Whose::NotOf(vec!["far".into()]), 0), (Whose::Of("rt".into()), 0)]
    {
        let claimed = store.claim("one", &whose, seconds(60), lease, 10).await.unwrap();
        assert_eq!(claimed.len(), free, "{whose:?}");
        store.free_leases(seconds(0)).await.unwrap();
        claim("one", 0).await;
    }
    assert!(claim("two", 59).await.is_empty());
    let second = claim("two", 60).await;
    assert_eq!((second.len(), second[0].entry.attempts), (1, 6));

    let done = |claimed: &Claimed| OutboxEntry { state: OutboxState::Delivered, ..claimed.entry.clone() };
    assert!(!store.settle("one", done(&first[0]), seconds(61)).await.unwrap(), "the lease has gone to another");
    assert_eq!(store.free_leases(seconds(62)).await.unwrap(), 1);
    let third = claim("three", 62).await;
    assert!(store.settle("three", done(&third[0]), seconds(63)).await.unwrap());
    assert!(claim("four", 9_999).await.is_empty());
}

#[tokio::test]
async fn only_the_holder_of_a_token_is_an_agent() {
    let Bench { desk, dir: _dir, .. } = bench();
    let token = desk.first_agent(START).await.unwrap().unwrap();
    assert!(token.starts_with("zdk_") && token.len() == 47, "{token}");
    assert!(desk.first_agent(START).await.unwrap().is_none(), "only the first start makes one");
    let bob = desk.add_agent("bob", Role::Agent, "admin", START).await.unwrap();
    assert!(matches!(desk.add_agent("bob", Role::Agent, "admin", START).await, Err(DeskError::NameTaken { .. })));
    for name in ["", " ", "a\nb", &"x".repeat(61)] {
        assert!(
            matches!(desk.add_agent(name, Role::Agent, "admin", START).await, Err(DeskError::Invalid { .. })),
            "{name:?}"
        );
    }
    for (token, name) in [(token.as_str(), Some("admin")), (&bob, Some("bob")), ("", None), ("zdk_", None)] {
        let found = desk.authenticate(token).await.unwrap().map(|agent| agent.name);
        assert_eq!(found.as_deref(), name);
    }
}

#[tokio::test]
async fn changes_at_the_same_moment_are_all_kept_in_turn() {
    let Bench { desk, dir: _dir, .. } = bench();
    let reference = desk.hand_off(ticket_with("k", "Help"), START).await.unwrap().ticket.reference;
    let mut changes = tokio::task::JoinSet::new();
    for n in 0..8 {
        let (desk, reference) = (desk.clone(), reference.clone());
        changes.spawn(async move {
            let change = if n == 0 { Change::Assign(None) } else { Change::Note(n.to_string()) };
            desk.work(&reference, change, Actor::Agent("ada"), seconds(n)).await.unwrap().unwrap()
        });
    }
    changes.join_all().await;
    let steps = desk.ticket(&reference).await.unwrap().unwrap().steps;
    let notes: BTreeSet<_> = steps.iter().filter_map(|step| step.reason.clone()).collect();
    assert_eq!((steps.len(), notes.len()), (9, 7));
    assert_eq!(desk.log(100, 0).await.unwrap().len(), 8, "the log has what agents did, not what the visitor did");
    assert!(
        desk.work(&Reference::parse("ZD-000000").unwrap(), Change::Note("x".into()), Actor::Visitor, START)
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn what_was_given_up_is_shown_until_somebody_tries_again() {
    let Bench { desk, dir: _dir, .. } = bench_with_far();
    let sent = desk.hand_off(ticket_with("k", "Help"), START).await.unwrap();
    let wrong = ConnectorError::Permanent { message: "wrong password".into() };
    let delivery = Delivery::new(&desk, vec![Arc::new(Scripted(vec![wrong].into()))]).unwrap();
    delivery.tick(START).await.unwrap();
    let (letters, total) = desk.dead_letters(10, 0).await.unwrap();
    assert_eq!((total, letters[0].entry.last_error.as_deref()), (1, Some("wrong password")));
    assert_eq!(letters[0].reference, sent.ticket.reference);
    let id = letters[0].entry.id;
    desk.retry(id, "ada", seconds(5)).await.unwrap();
    assert!(matches!(desk.retry(id, "ada", seconds(5)).await, Err(DeskError::UnknownDelivery { .. })));
    assert_eq!(desk.log(10, 0).await.unwrap()[0].action, "delivery_retried");
    assert_eq!(delivery.tick(seconds(5)).await.unwrap().delivered, 1);
    assert_eq!(desk.dead_letters(10, 0).await.unwrap().1, 0);
}

#[tokio::test]
async fn the_last_admin_stays() {
    let Bench { desk, dir: _dir, .. } = bench();
    desk.first_agent(START).await.unwrap();
    desk.add_agent("bob", Role::Agent, "admin", START).await.unwrap();
    assert!(matches!(desk.remove_agent("admin", "admin", START).await, Err(DeskError::LastAdmin { .. })));
    desk.add_agent("eve", Role::Admin, "admin", START).await.unwrap();
    desk.remove_agent("admin", "eve", START).await.unwrap();
}

/// Files tickets until it is killed; started by the test below in a process of its own.
#[test]
#[ignore = "started by `a_killed_server_has_lost_no_acknowledged_ticket`"]
fn file_tickets_for_ever() {
    let Some(dir) = std::env::var_os("ZERODESK_TEST_DATA") else { return };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (_store, desk) = open(dir.as_ref());
    runtime.block_on(async {
        let mut filing = tokio::task::JoinSet::new();
        for worker in 0..4 {
            let desk = desk.clone();
            filing.spawn(async move {
                for n in 0.. {
                    let key = format!("{worker}-{n}-{}", std::process::id());
                    let sent = desk.hand_off(ticket_with(&key, "Help"), START).await.unwrap();
                    println!("\nfiled {} {}", sent.ticket.reference, sent.status_token);
                }
            });
        }
        filing.join_all().await;
    });
}

#[test]
fn a_killed_server_has_lost_no_acknowledged_ticket() {
    let dir = tempfile::tempdir().unwrap();
    let mut filed = Vec::new();
    for round in 1..=3 {
        filed.extend(killed_after(dir.path(), 10 * round));
    }
    assert!(filed.len() >= 60);
    let (store, desk) = open(dir.path());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        for (reference, token) in &filed {
            let reference = Reference::parse(reference).unwrap();
            let record = desk.status(&reference, token).await.unwrap().expect("the ticket is there");
            assert_eq!((record.outbox.len(), record.steps.len()), (1, 1));
        }
        let orphans = "SELECT count(*) FROM tickets t WHERE NOT EXISTS (SELECT 1 FROM outbox o WHERE o.ticket_id = t.id) \
                       OR NOT EXISTS (SELECT 1 FROM idempotency_keys k WHERE k.ticket_id = t.id)";
        let orphans: i64 = store.read(|conn| Ok(conn.query_row(orphans, (), |row| row.get(0))?)).await.unwrap();
        assert_eq!(orphans, 0, "tickets without an outbox entry or key");
    });
}

/// What a child process acknowledged until it was killed with SIGKILL, which was after `enough` tickets.
fn killed_after(dir: &std::path::Path, enough: usize) -> Vec<(String, String)> {
    use std::io::{BufRead, BufReader};
    let mut child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "store::sqlite::tickets::tests::file_tickets_for_ever", "--ignored", "--nocapture"])
        .env("ZERODESK_TEST_DATA", dir)
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut filed = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        if let Some((reference, token)) = line.unwrap().strip_prefix("filed ").and_then(|line| line.split_once(' ')) {
            filed.push((reference.to_owned(), token.to_owned()));
        }
        // What comes after the kill was acknowledged before it, and counts too.
        if filed.len() == enough {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    filed
}
