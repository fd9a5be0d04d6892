//! What is owed to a help desk gets there, whatever the help desk, the network or the end of the server do.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;
use ulid::Ulid;
use zerodesk::{
    config::{Config, Connector as Settings, Written},
    desk::{
        Actor, Asked, Change, Delivery, Desk, Ladder, NewTicket, OutboxEntry, OutboxState, Outcome, OutcomeKind,
        Reference, Requester, Routes, StepKind, Ticked,
        connectors::{Connector, ConnectorError, DeskConnector, Parcel, Receipt},
    },
    store::Sqlite,
};

const PATIENCE: Duration = Duration::from_secs(20);

/// A desk with a connector `far` beside its own, on a database of its own.
struct Bench {
    _folder: tempfile::TempDir,
    desk: Desk,
    far: Arc<Far>,
}

/// Answers as told, in turn; then takes everything.
#[derive(Default)]
struct Far {
    answers: Mutex<VecDeque<ConnectorError>>,
    tried: Mutex<Vec<bool>>,
    /// Key and step of each call.
    told: Mutex<Vec<(Ulid, Option<StepKind>)>>,
    /// Where it is set, every delivery tells that it began, and waits.
    slow: Option<(Notify, Notify)>,
}

#[async_trait]
impl Connector for Far {
    fn name(&self) -> &'static str {
        "far"
    }

    async fn deliver(&self, parcel: &Parcel<'_>) -> Result<Receipt, ConnectorError> {
        self.tried.lock().unwrap().push(parcel.tried);
        self.told.lock().unwrap().push((parcel.key, parcel.step.map(|step| step.kind)));
        if let Some((begun, go_on)) = &self.slow {
            begun.notify_one();
            go_on.notified().await;
        }
        let answer = self.answers.lock().unwrap().pop_front();
        answer.map_or(Ok(Receipt { remote_id: Some("7".into()) }), Err)
    }

    fn at_once(&self) -> u32 {
        1
    }
}

/// Takes everything at once.
struct Near;

#[async_trait]
impl Connector for Near {
    fn name(&self) -> &'static str {
        "near"
    }

    async fn deliver(&self, _: &Parcel<'_>) -> Result<Receipt, ConnectorError> {
        Ok(Receipt::default())
    }
}

fn temporary(wish: Option<i64>, busy: bool) -> ConnectorError {
    let retry_after = wish.map(SignedDuration::from_secs);
    ConnectorError::Temporary { message: "not now".into(), retry_after, busy }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn config(connectors: &str) -> Config {
    let file = Some(("zerodesk.toml".into(), connectors.to_owned()));
    Written { file, ..Written::default() }.meant().unwrap()
}

fn bench(answers: impl IntoIterator<Item = ConnectorError>) -> Bench {
    let far = Far { answers: Mutex::new(answers.into_iter().collect()), ..Far::default() };
    bench_with(far, "[connectors.far]\ntype = \"email\"\nfrom = \"a@b.example\"\nto = [\"c@d.example\"]\nhost = \"mx\"")
}

fn bench_with(far: Far, connectors: &str) -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let config = config(connectors);
    let store = Arc::new(Sqlite::open(folder.path(), at(0)).unwrap());
    let desk = Desk::new(store, Ladder::new(config.ladder.clone()), &config.desk, &config.sites);
    Bench { _folder: folder, desk: desk.routed(Routes::new(&config.connectors)), far: Arc::new(far) }
}

impl Bench {
    fn delivery(&self) -> Delivery {
        let connectors: Vec<Arc<dyn Connector>> = vec![Arc::new(Near), self.far.clone()];
        Delivery::new(&self.desk, connectors).unwrap().with_dice(|| u16::MAX / 2)
    }

    async fn file(&self) -> Reference {
        self.file_at("default", false).await
    }

    async fn file_at(&self, site: &str, suspected_spam: bool) -> Reference {
        let requester = Requester { email: "ada@example.org".into(), ..Requester::default() };
        let mut new = NewTicket {
            site: site.into(),
            asked: Asked { message: "Help".into(), requester, ..Asked::default() },
            ..NewTicket::default()
        };
        new.context.suspected_spam = suspected_spam;
        self.desk.hand_off(new, at(0)).await.unwrap().ticket.reference
    }

    async fn owed(&self, reference: &Reference) -> Vec<OutboxEntry> {
        self.desk.ticket(reference).await.unwrap().unwrap().outbox
    }

    /// What is owed to `far`.
    async fn entry(&self, reference: &Reference) -> OutboxEntry {
        self.owed(reference).await.into_iter().find(|entry| entry.connector == "far").unwrap()
    }
}

#[tokio::test]
async fn tickets_go_where_their_site_and_level_lead() {
    let mail = "type = \"email\"\nfrom = \"a@b.example\"\nto = [\"c@d.example\"]\nhost = \"mx\"\n";
    let connectors = format!(
        "[sites.default]\n[sites.shop]\n[connectors.all]\n{mail}[connectors.shop]\n{mail}sites = [\"shop\"]\n\
         [connectors.second]\n{mail}levels = [2, 3]\n[connectors.first]\n{mail}levels = [1]\nsites = [\"default\"]"
    );
    let bench = bench_with(Far::default(), &connectors);
    let table = [
        ("default", false, &["desk", "all", "first"][..]),
        ("shop", false, &["desk", "all", "shop"]),
        ("shop", true, &["desk"]),
    ];
    for (site, spam, expected) in table {
        let reference = bench.file_at(site, spam).await;
        let mut owed: Vec<String> = bench.owed(&reference).await.into_iter().map(|entry| entry.connector).collect();
        owed.sort_by_key(|name| expected.iter().position(|expected| expected == name));
        assert_eq!(owed, expected, "{site}, {spam}");
    }
    // Once an agent has looked at it, it goes the same way.
    let suspect = bench.file_at("shop", true).await;
    bench.desk.work(&suspect, Change::Reopen(String::new()), Actor::Agent("ann"), at(1)).await.unwrap().unwrap();
    assert_eq!(bench.owed(&suspect).await.len(), 3);

    let settings: std::collections::BTreeMap<String, Settings> = config(&connectors).connectors;
    let routes = Routes::new(&settings);
    assert_eq!(routes.to("shop", zerodesk::desk::SupportLevel(2)).collect::<Vec<_>>(), ["all", "second", "shop"]);
}

/// A connector of this name that writes to who asked.
const CONFIRMATION: &str = "public_url = \"https://help.example.org\"\n[connectors.far]\ntype = \"confirmation\"\nfrom = \"a@b.example\"\nhost = \"mx\"";

fn replies(text: &str) -> Change {
    Change::Reply { text: text.into(), wait: false }
}

#[tokio::test]
async fn an_answer_is_told_to_who_asked_until_it_arrived_and_then_no_more() {
    let bench = bench_with(Far::default(), CONFIRMATION);
    let reference = bench.file().await;
    let delivery = bench.delivery();
    delivery.tick(at(0)).await.unwrap();
    bench.desk.work(&reference, replies("Like this."), Actor::Agent("ann"), at(1)).await.unwrap().unwrap();
    bench.far.answers.lock().unwrap().push_back(temporary(None, false));
    assert_eq!(delivery.tick(at(1)).await.unwrap(), Ticked { retried: 1, ..Ticked::default() });
    // Another server goes on where this one ended.
    assert_eq!(bench.delivery().tick(at(7)).await.unwrap(), Ticked { delivered: 1, ..Ticked::default() });
    assert_eq!(bench.delivery().tick(at(9_999_999)).await.unwrap(), Ticked::default());
    let told = bench.far.told.lock().unwrap().clone();
    let [(ticket, None), (first, Some(StepKind::Replied)), (second, Some(StepKind::Replied))] = told[..] else {
        panic!("{told:?}")
    };
    assert!(first == second && first != ticket, "{told:?}");
}

#[tokio::test]
async fn who_asked_is_told_of_what_agents_here_write_and_of_nothing_else() {
    let ended =
        |kind| Change::Resolve { outcome: Outcome { kind, article: None, duplicate_of: None }, text: String::new() };
    let table = [
        (false, replies("x"), Actor::Agent("ann"), 1),
        (false, replies("x"), Actor::HelpDesk("rt"), 0),
        (false, ended(OutcomeKind::New), Actor::Agent("ann"), 1),
        (false, ended(OutcomeKind::New), Actor::HelpDesk("rt"), 0),
        (false, ended(OutcomeKind::New), Actor::Visitor, 0),
        (false, ended(OutcomeKind::Spam), Actor::Agent("ann"), 0),
        (false, Change::Answer("x".into()), Actor::Visitor, 0),
        (false, Change::Note("x".into()), Actor::Agent("ann"), 0),
        // An answer releases what was held back: it arrives, and then the answer.
        (true, replies("x"), Actor::Agent("ann"), 2),
        (true, ended(OutcomeKind::Spam), Actor::Agent("ann"), 0),
        (true, Change::Answer("x".into()), Actor::Visitor, 0),
    ];
    for (spam, change, by, expected) in table {
        let bench = bench_with(Far::default(), CONFIRMATION);
        let reference = bench.file_at("default", spam).await;
        let before = bench.owed(&reference).await.len();
        bench.desk.work(&reference, change.clone(), by, at(1)).await.unwrap().unwrap();
        assert_eq!(bench.owed(&reference).await.len() - before, expected, "{spam} {change:?} {by:?}");
    }
}

#[tokio::test]
async fn retries_keep_to_the_schedule_and_to_the_wish_of_the_receiver() {
    // After each failure: seconds until the next attempt, with the dice in the middle.
    let table = [
        ("no wish", None, [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]),
        ("too short a wish", Some(1), [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]),
        ("an hour", Some(3_600), [10, 600, 3_600, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]),
    ];
    for (what, wish, waits) in table {
        let bench = bench((0..99).map(|_| temporary(wish, false)));
        let reference = bench.file().await;
        let delivery = bench.delivery();
        let mut now = at(0);
        for wait in waits {
            delivery.tick(now).await.unwrap();
            let entry = bench.entry(&reference).await;
            let waits = entry.due.duration_since(now).as_secs();
            assert!((wait - wait / 100 - 1..=wait).contains(&waits), "{what}: {waits} instead of {wait}");
            assert_eq!(entry.state, OutboxState::Retry);
            now = entry.due;
            let early = now - SignedDuration::from_millis(1);
            assert_eq!(delivery.tick(early).await.unwrap(), Ticked::default(), "{what}: not before its time");
        }
        delivery.tick(now).await.unwrap();
        let entry = bench.entry(&reference).await;
        assert_eq!((entry.state, entry.attempts), (OutboxState::Dead, 10), "{what}");
        assert_eq!(entry.last_error.as_deref(), Some("not now"));
        let tried = bench.far.tried.lock().unwrap().clone();
        assert_eq!((tried[0], tried[1..].iter().all(|tried| *tried)), (false, true), "only the first cannot double");
    }
}

#[tokio::test]
async fn a_busy_receiver_is_left_alone_for_a_while() {
    for (wish, rest) in [(Some(60), 60), (None, 30), (Some(999_999), 3_600)] {
        let bench = bench([temporary(wish, true)]);
        let (first, second) = (bench.file().await, bench.file().await);
        let delivery = bench.delivery();
        delivery.tick(at(0)).await.unwrap();
        let attempts = async || [bench.entry(&first).await.attempts, bench.entry(&second).await.attempts];
        let mut after = attempts().await;
        after.sort_unstable();
        assert_eq!(after, [0, 1], "the other ticket waits, too");
        delivery.tick(at(rest - 1)).await.unwrap();
        assert_eq!(attempts().await.iter().sum::<u32>(), 1);
        delivery.tick(at(rest)).await.unwrap();
        assert!(attempts().await.iter().sum::<u32>() >= 2, "{wish:?}");
    }
}

#[tokio::test]
async fn a_receiver_that_is_gone_is_not_called_again() {
    let bench = bench([ConnectorError::Gone { message: "410 Gone".into() }]);
    let first = bench.file().await;
    let delivery = bench.delivery();
    delivery.tick(at(0)).await.unwrap();
    let second = bench.file().await;
    // Not even by a server that knows nothing of it.
    bench.delivery().tick(at(1)).await.unwrap();
    for reference in [&first, &second] {
        let entry = bench.entry(reference).await;
        assert_eq!(entry.state, OutboxState::Dead);
        assert!(entry.last_error.unwrap().contains("410 Gone"));
    }
    assert_eq!(bench.far.tried.lock().unwrap().len(), 1);

    // Retrying one of them opens the way for all.
    bench.desk.retry(bench.entry(&first).await.id, "ann", at(2)).await.unwrap();
    assert_eq!(delivery.tick(at(2)).await.unwrap().delivered, 1);
    assert_eq!(*bench.far.tried.lock().unwrap(), [false, true], "who retries may be doubling");
    let third = bench.file().await;
    delivery.tick(at(3)).await.unwrap();
    assert_eq!(bench.entry(&third).await.state, OutboxState::Delivered);
}

#[tokio::test]
async fn a_connector_that_is_gone_from_the_configuration_leaves_dead_letters_with_a_reason() {
    let bench = bench([]);
    let reference = bench.file().await;
    let delivery = Delivery::new(&bench.desk, vec![Arc::new(DeskConnector)]).unwrap();
    assert_eq!(delivery.tick(at(0)).await.unwrap(), Ticked { dead: 1, ..Ticked::default() });
    assert!(bench.entry(&reference).await.last_error.unwrap().contains("add it to the configuration"));
}

#[tokio::test]
async fn a_connector_that_hangs_holds_up_no_other_and_is_finished_before_the_end() {
    let slow = Far { slow: Some((Notify::new(), Notify::new())), ..Far::default() };
    let mail = "type = \"email\"\nfrom = \"a@b.example\"\nto = [\"c@d.example\"]\nhost = \"mx\"";
    let bench = bench_with(slow, &format!("[connectors.far]\n{mail}\n[connectors.near]\n{mail}"));
    let (began, go_on) = bench.far.slow.as_ref().unwrap();
    let reference = bench.file().await;
    let (arrived, elsewhere) = std::sync::mpsc::channel();
    let delivery = bench.delivery().observed_by(move |delivered| drop(arrived.send(delivered.connector)));
    let stop = Arc::new(Notify::new());
    let stopped = stop.clone();
    let running = tokio::spawn(async move { delivery.run(|| at(0), stopped.notified()).await });

    tokio::time::timeout(PATIENCE, began.notified()).await.expect("the delivery begins");
    let second = bench.file().await;
    let others = tokio::task::spawn_blocking(move || [(); 2].map(|()| elsewhere.recv_timeout(PATIENCE).unwrap()));
    assert_eq!(others.await.unwrap(), ["near", "near"]);
    assert_eq!(bench.entry(&second).await.state, OutboxState::Pending);

    stop.notify_one();
    tokio::task::yield_now().await;
    assert!(!running.is_finished(), "what has begun is finished");
    assert_eq!(bench.entry(&reference).await.state, OutboxState::Leased);
    go_on.notify_one();
    // The worker may have begun the second one; it gets its go-ahead, too.
    go_on.notify_one();
    let finished = tokio::time::timeout(PATIENCE, running);
    let go_on = async {
        loop {
            tokio::task::yield_now().await;
            go_on.notify_one();
        }
    };
    tokio::select! {
        finished = finished => finished.expect("it ends").unwrap(),
        () = go_on => {}
    }
    let entry = bench.entry(&reference).await;
    assert_eq!((entry.state, entry.remote_id.as_deref()), (OutboxState::Delivered, Some("7")));
}

#[tokio::test]
async fn a_lease_of_a_server_that_was_killed_is_free_at_the_next_start() {
    let slow = Far { slow: Some((Notify::new(), Notify::new())), ..Far::default() };
    let mail = "type = \"email\"\nfrom = \"a@b.example\"\nto = [\"c@d.example\"]\nhost = \"mx\"";
    let bench = bench_with(slow, &format!("[connectors.far]\n{mail}\n[connectors.near]\n{mail}"));
    let (began, go_on) = bench.far.slow.as_ref().unwrap();
    let reference = bench.file().await;
    for round in 1..=2 {
        let delivery = bench.delivery();
        let running = tokio::spawn(async move { delivery.run(|| at(0), std::future::pending()).await });
        tokio::time::timeout(PATIENCE, began.notified()).await.expect("the delivery begins at once");
        assert_eq!(bench.entry(&reference).await.attempts, round);
        if round == 1 {
            running.abort(); // in the middle of it
            assert!(running.await.is_err());
            continue;
        }
        go_on.notify_one();
        let delivered = async { while bench.entry(&reference).await.state != OutboxState::Delivered {} };
        tokio::time::timeout(PATIENCE, delivered).await.expect("it is delivered");
        running.abort();
    }
    assert_eq!(*bench.far.tried.lock().unwrap(), [false, true], "the second attempt knows of the first");
}
