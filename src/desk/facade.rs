//! The desk as the rest of the program sees it.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use ulid::Ulid;

use super::{
    Actor, Agent, AgentRecord, Calendar, Change, Clocks, DeadLetter, DeskError, Draft, Filed, Filing, Ladder, LogEntry,
    NewTicket, OutboxEntry, Outcome, OutcomeKind, Reference, Role, Routes, Step, StepKind, SupportLevel, Ticket,
    TicketFilter, TicketPage, TicketRecord, TicketStatus, TicketStore,
    agent::{access_token, check_name, token_hash},
    connectors::{DeskConnector, Sealed},
    identity,
    secret::{hash_hex, random, random_token, status_token},
    ticket::Identity,
    work::{self, Rules},
};
use crate::config;

/// References that are tried before giving up; each is taken with a probability of tickets / 2^30.
const REFERENCE_ATTEMPTS: usize = 8;
/// Tickets on one page of the list at most.
const MAX_PAGE: u32 = 100;
/// Name of the agent that the first start makes.
const FIRST_AGENT: &str = "admin";

/// Times that a change is tried again because the ticket had moved on.
const CHANGE_ATTEMPTS: usize = 16;

/// Files tickets, shows them, and knows who may see them. Clones share everything.
#[derive(Clone)]
pub struct Desk {
    store: Arc<dyn TicketStore>,
    ladder: Arc<Ladder>,
    settings: Arc<Settings>,
    routes: Arc<Routes>,
    public_url: Arc<str>,
    /// Tells the delivery of new tickets.
    filed: watch::Sender<()>,
}

/// What the desk goes by.
struct Settings {
    idempotency: SignedDuration,
    response_minutes: u32,
    resolution_minutes: u32,
    drafts: PathBuf,
    /// Business hours by site.
    calendars: BTreeMap<String, Calendar>,
    /// Secrets with which sites sign the ids of their users.
    user_secrets: BTreeMap<String, Sealed>,
    /// For sites that are not configured any more.
    calendar: Calendar,
}

/// A ticket handed over.
#[derive(Debug, Clone)]
pub struct HandedOff {
    /// The ticket.
    pub ticket: Ticket,
    /// Opens the visitor's status page; the same for a repeated request.
    pub status_token: String,
    /// Whether this request made it; `false` for a repeated one.
    pub created: bool,
}

impl Desk {
    /// A desk on `store` with the settings of the desk and of the sites.
    #[must_use]
    pub fn new(
        store: Arc<dyn TicketStore>,
        ladder: Ladder,
        settings: &config::Desk,
        sites: &BTreeMap<String, config::Site>,
    ) -> Self {
        let settings = Settings {
            idempotency: SignedDuration::from_hours(24 * i64::from(settings.idempotency_days)),
            response_minutes: settings.response_minutes,
            resolution_minutes: settings.resolution_minutes,
            drafts: settings.drafts.clone(),
            calendars: sites.iter().map(|(key, site)| (key.clone(), Calendar::new(&site.hours))).collect(),
            user_secrets: sites.iter().filter_map(|(key, site)| Some((key.clone(), user_secret(key, site)?))).collect(),
            calendar: Calendar::new(&config::Hours::default()),
        };
        Self {
            store,
            ladder: Arc::new(ladder),
            settings: Arc::new(settings),
            routes: Arc::default(),
            public_url: Arc::default(),
            filed: watch::Sender::default(),
        }
    }

    /// Also sends tickets where `routes` lead; without it they stay at the built-in desk.
    #[must_use]
    pub fn routed(self, routes: Routes) -> Self {
        Self { routes: Arc::new(routes), ..self }
    }

    /// The business hours of a site.
    #[must_use]
    pub fn calendar(&self, site: &str) -> &Calendar {
        self.settings.calendars.get(site).unwrap_or(&self.settings.calendar)
    }

    /// Says at which address visitors reach this server, for links in mails.
    #[must_use]
    pub fn at(self, public_url: &str) -> Self {
        Self { public_url: public_url.into(), ..self }
    }

    /// The ladder of levels.
    #[must_use]
    pub fn ladder(&self) -> &Ladder {
        &self.ladder
    }

    /// The store behind it, for [`super::Delivery`].
    pub(super) fn store(&self) -> &Arc<dyn TicketStore> {
        &self.store
    }

    /// Changes when a delivery became due.
    pub(super) fn filed(&self) -> watch::Receiver<()> {
        self.filed.subscribe()
    }

    /// Files a ticket; answers once ticket, outbox entry and idempotency key are durable.
    ///
    /// The same key with the same request gives the same ticket again.
    ///
    /// # Errors
    /// [`DeskError::Invalid`] with the field; [`DeskError::Mismatch`] for a key that was used for another request;
    /// [`DeskError::Unavailable`] when nothing could be kept.
    pub async fn hand_off(&self, mut new: NewTicket, now: Timestamp) -> Result<HandedOff, DeskError> {
        let now = in_milliseconds(now);
        let key = new.idempotency_key.take().map_or_else(random_token::<16>, checked_key)?;
        new.asked = new.asked.checked(self.calendar(&new.site).zone(), now)?;
        let body_hash = new.asked.fingerprint()?;
        let requester = &mut new.asked.requester;
        let secret = self.settings.user_secrets.get(&new.site);
        requester.verified =
            identity::vouched(secret, requester.user_ref.as_deref(), requester.signature.take().as_deref());
        for _ in 0..REFERENCE_ATTEMPTS {
            let filing = self.filing(new.clone(), &key, &body_hash, now)?;
            let (ticket, salt) = (filing.ticket.clone(), filing.salt.clone());
            let (ticket, salt, created) = match self.store.file(filing).await? {
                Filed::New => (ticket, salt, true),
                Filed::Repeated { ticket, salt } => (*ticket, salt, false),
                Filed::OtherBody => return Err(DeskError::Mismatch),
                Filed::ReferenceTaken => continue,
            };
            self.filed.send_replace(());
            return Ok(HandedOff { ticket, status_token: status_token(&salt, &key), created });
        }
        Err(DeskError::Unavailable("no free reference was found".into()))
    }

    fn filing(&self, new: NewTicket, key: &str, body_hash: &str, now: Timestamp) -> Result<Filing, DeskError> {
        let key_hash = hash_hex(&[b"key", new.site.as_bytes(), key.as_bytes()]);
        let salt = random_token::<16>()?;
        let suspected_spam = new.context.suspected_spam;
        let question = format!("{}\n{}", new.asked.subject, new.asked.message);
        let level = self.ladder.suggest(new.context.declared_level, &question, new.asked.locale.as_deref());
        // What may be spam stays here until an agent has looked at it.
        let elsewhere = self.routes.to(&new.site, SupportLevel::TICKET).filter(|_| !suspected_spam);
        let reference = Reference::random()?;
        let here = OutboxEntry::delivered(new_id(now)?, DeskConnector::NAME, reference.to_string(), now);
        let mut outbox = vec![here];
        for name in elsewhere {
            outbox.push(OutboxEntry::due_now(new_id(now)?, name, now));
        }
        let identity = Identity { id: new_id(now)?, reference, key_hash: key_hash.clone(), created: now };
        Ok(Filing {
            ticket: Ticket::compose(new, identity, level),
            status: if suspected_spam { TicketStatus::Quarantined } else { TicketStatus::Open },
            outbox,
            key_hash,
            body_hash: body_hash.into(),
            status_token_hash: hash_status_token(&status_token(&salt, key)),
            salt,
            keys_expire_before: now.checked_sub(self.settings.idempotency).unwrap_or(Timestamp::MIN),
        })
    }

    /// Does something with a ticket and gives it as it is then; nothing for an unknown reference.
    ///
    /// # Errors
    /// [`DeskError::Invalid`] with the field that cannot be accepted or is missing.
    pub async fn work(
        &self,
        reference: &Reference,
        change: Change,
        by: Actor<'_>,
        now: Timestamp,
    ) -> Result<Option<TicketRecord>, DeskError> {
        let now = in_milliseconds(now);
        if let Change::Assign(Some(name)) = &change
            && !self.agents().await?.iter().any(|agent| agent.name == *name)
        {
            return Err(DeskError::UnknownAgent { name: name.clone() });
        }
        for _ in 0..CHANGE_ATTEMPTS {
            let Some(record) = self.store.ticket(reference).await? else { return Ok(None) };
            let calendar = self.calendar(&record.ticket.site);
            let Settings { response_minutes, resolution_minutes, .. } = *self.settings;
            let rules = Rules { ladder: &self.ladder, calendar, response_minutes, resolution_minutes };
            let mut record = work::apply(record, change.clone(), by, rules, now)?;
            let deliveries = self.owed(&record, by, now)?;
            if self.store.change(record.clone(), deliveries.clone()).await? {
                record.outbox.extend(deliveries);
                self.filed.send_replace(());
                return Ok(Some(record));
            }
        }
        Err(DeskError::Unavailable("the ticket keeps changing".into()))
    }

    /// Deliveries that a ticket's last step made due: the ticket to connectors of its new level, or to all that did not
    /// get it while it was held back; and what an agent wrote, to who asked.
    fn owed(&self, record: &TicketRecord, by: Actor<'_>, now: Timestamp) -> Result<Vec<OutboxEntry>, DeskError> {
        let Some((step, earlier)) = record.steps.split_last() else { return Ok(Vec::new()) };
        let (site, level) = (&record.ticket.site, record.ticket.level);
        let held_back = earlier.last().is_some_and(|step| step.status == TicketStatus::Quarantined);
        let released = held_back && matches!(step.status, TicketStatus::Open | TicketStatus::Waiting);
        let moved = released || matches!(step.kind, StepKind::Escalated | StepKind::Reopened);
        let has = |name: &str| record.outbox.iter().any(|entry| entry.connector == name && entry.step.is_none());
        let ticket = self.routes.to(site, level).filter(|name| moved && !has(name)).map(|name| (name, None));
        let position = u32::try_from(earlier.len()).ok();
        let writes = matches!(by, Actor::Agent(_)) && tells_requester(step, record.outcome.as_ref());
        let news = self.routes.to_requester(site, level).filter(|_| writes).map(|name| (name, position));
        let due = |(name, step)| Ok(OutboxEntry { step, ..OutboxEntry::due_now(new_id(now)?, name, now) });
        ticket.chain(news).map(due).collect()
    }

    /// Writes the draft of an article from a ticket; gives the file's name, or nothing for an unknown reference.
    ///
    /// # Errors
    /// [`DeskError::Draft`] when the folder of drafts cannot be written to.
    pub async fn draft(&self, reference: &Reference, agent: &str, now: Timestamp) -> Result<Option<String>, DeskError> {
        let Some(record) = self.store.ticket(reference).await? else { return Ok(None) };
        let today = self.calendar(&record.ticket.site).zone().to_datetime(now).date();
        let settings = self.settings.clone();
        let write = move || Draft::of(&record, today).write(&settings.drafts);
        let file = tokio::task::spawn_blocking(write).await.map_err(|error| DeskError::Unavailable(error.into()))??;
        self.work(reference, Change::Drafted(file.clone()), Actor::Agent(agent), now).await?;
        Ok(Some(file))
    }

    /// The clocks of a ticket's contract, from the step that brought it to a level which needs one.
    #[must_use]
    pub fn clocks(&self, record: &TicketRecord, now: Timestamp) -> Option<Clocks> {
        let contract = record.ticket.contract.as_ref()?;
        let contracted = |level| self.ladder.needs(level) == Some(config::Needs::Contract);
        let begun = record.steps.iter().find(|step| step.kind == StepKind::Escalated && contracted(step.level))?;
        Some(super::clocks(contract, &record.steps, begun.at, self.calendar(&record.ticket.site), now))
    }

    /// Tickets that match, newest first; at most 100 at a time.
    pub async fn tickets(&self, mut filter: TicketFilter) -> Result<TicketPage, DeskError> {
        filter.limit = filter.limit.min(MAX_PAGE);
        self.store.tickets(filter).await
    }

    /// One ticket, for agents.
    pub async fn ticket(&self, reference: &Reference) -> Result<Option<TicketRecord>, DeskError> {
        self.store.ticket(reference).await
    }

    /// One ticket, for the visitor who holds its status token. A wrong token is like a wrong reference.
    pub async fn status(&self, reference: &Reference, token: &str) -> Result<Option<TicketRecord>, DeskError> {
        let Some(record) = self.store.ticket(reference).await? else { return Ok(None) };
        let hash = hash_status_token(token);
        let first = subtle::ConstantTimeEq::ct_eq(record.status_token_hash.as_bytes(), hash.as_bytes()).into();
        let opens = first || self.store.opens(record.ticket.id, hash).await?;
        Ok(Some(record).filter(|_| opens))
    }

    /// A new link to a ticket's status page, for a mail. Only the hash of its token is kept.
    pub(super) async fn status_link(&self, ticket: &Ticket) -> Result<String, DeskError> {
        let token = random_token::<16>()?;
        self.store.add_status_token(ticket.id, hash_status_token(&token)).await?;
        Ok(format!("{}/t/{}?token={token}", self.public_url, ticket.reference))
    }

    /// The agent to whom an access token belongs.
    pub async fn authenticate(&self, token: &str) -> Result<Option<Agent>, DeskError> {
        let hash = token_hash(token);
        // All are compared, so that the time says nothing about which one matched.
        let matching = |found: Option<Agent>, record: AgentRecord| {
            let accepted = record.accepts(&hash);
            if accepted { Some(record.agent) } else { found }
        };
        Ok(self.store.agents().await?.into_iter().fold(None, matching))
    }

    /// All agents by name.
    pub async fn agents(&self) -> Result<Vec<Agent>, DeskError> {
        Ok(self.store.agents().await?.into_iter().map(|record| record.agent).collect())
    }

    /// Makes the first agent when there is none at all, and returns its access token, which is not kept.
    pub async fn first_agent(&self, now: Timestamp) -> Result<Option<String>, DeskError> {
        let (token, record) = new_agent(FIRST_AGENT, Role::Admin, now)?;
        Ok(self.store.add_first_agent(record).await?.then_some(token))
    }

    /// Adds an agent and returns the access token, which is not kept. `by` is who does it, for the log.
    pub async fn add_agent(&self, name: &str, role: Role, by: &str, now: Timestamp) -> Result<String, DeskError> {
        check_name(name)?;
        let (token, record) = new_agent(name, role, now)?;
        let added = self.store.add_agent(record, log_entry(by, "agent_added", name, now)).await?;
        if added { Ok(token) } else { Err(DeskError::NameTaken { name: name.into() }) }
    }

    /// Gives an agent a new access token; the old one ends at once.
    pub async fn renew_agent(&self, name: &str, by: &str, now: Timestamp) -> Result<String, DeskError> {
        let token = access_token()?;
        let entry = log_entry(by, "agent_renewed", name, now);
        let renewed = self.store.renew_agent(name, token_hash(&token), entry).await?;
        if renewed { Ok(token) } else { Err(DeskError::UnknownAgent { name: name.into() }) }
    }

    /// Removes an agent; the token ends at once. The last admin stays.
    pub async fn remove_agent(&self, name: &str, by: &str, now: Timestamp) -> Result<(), DeskError> {
        let admins = self.agents().await?.into_iter().filter(|agent| agent.role == Role::Admin);
        let admins: Vec<String> = admins.map(|agent| agent.name).collect();
        if admins == [name] {
            return Err(DeskError::LastAdmin { name: name.into() });
        }
        let removed = self.store.remove_agent(name, log_entry(by, "agent_removed", name, now)).await?;
        if removed { Ok(()) } else { Err(DeskError::UnknownAgent { name: name.into() }) }
    }

    /// The ticket that a connector's receiver calls by this id.
    pub async fn known_there_as(&self, connector: &str, remote_id: &str) -> Result<Option<Reference>, DeskError> {
        self.store.known_there_as(connector, remote_id).await
    }

    /// Whether a call under this id has been heeded: nothing where it has not, `false` where it had another body.
    pub async fn heeded(&self, id: &str, body: &[u8]) -> Result<Option<bool>, DeskError> {
        Ok(self.store.heeded(id).await?.map(|found| found == hash_hex(&[b"call", body])))
    }

    /// Keeps that a call has been heeded, as long as idempotency keys are kept.
    pub async fn heed(&self, id: &str, body: &[u8], now: Timestamp) -> Result<(), DeskError> {
        let oldest = now.checked_sub(self.settings.idempotency).unwrap_or(Timestamp::MIN);
        self.store.heed(id, hash_hex(&[b"call", body]), in_milliseconds(now), oldest).await
    }

    /// Deliveries that were given up, newest first, at most 100 at a time, and how many there are.
    pub async fn dead_letters(&self, limit: u32, offset: u32) -> Result<(Vec<DeadLetter>, u64), DeskError> {
        self.store.dead_letters(limit.min(MAX_PAGE), offset).await
    }

    /// Tries a delivery again that was given up.
    pub async fn retry(&self, id: Ulid, by: &str, now: Timestamp) -> Result<(), DeskError> {
        let entry = log_entry(by, "delivery_retried", &id.to_string(), now);
        let retried = self.store.retry(id, entry).await?;
        self.filed.send_replace(());
        if retried { Ok(()) } else { Err(DeskError::UnknownDelivery { id }) }
    }

    /// What agents did, newest first; at most 100 at a time.
    pub async fn log(&self, limit: u32, offset: u32) -> Result<Vec<LogEntry>, DeskError> {
        self.store.log(limit.min(MAX_PAGE), offset).await
    }

    /// Notes in the log that somebody signed in.
    pub async fn signed_in(&self, agent: &str, now: Timestamp) -> Result<(), DeskError> {
        self.store.note(log_entry(agent, "signed_in", agent, now)).await
    }

    /// Number of deliveries by state, for the metrics.
    pub async fn outbox_counts(&self) -> Result<Vec<(super::OutboxState, u64)>, DeskError> {
        self.store.outbox_counts().await
    }
}

/// Whether who asked should hear of a step: an agent wrote to them, or ended the ticket as something else than spam.
fn tells_requester(step: &Step, outcome: Option<&Outcome>) -> bool {
    match step.kind {
        StepKind::Replied => true,
        StepKind::Resolved => outcome.is_some_and(|outcome| outcome.kind != OutcomeKind::Spam),
        _ => false,
    }
}

fn new_agent(name: &str, role: Role, now: Timestamp) -> Result<(String, AgentRecord), DeskError> {
    let token = access_token()?;
    let agent = Agent { name: name.into(), role, created: in_milliseconds(now) };
    let record = AgentRecord { agent, token_hash: token_hash(&token) };
    Ok((token, record))
}

/// The secret of a site. One that cannot be read leaves its users unverified; tickets come in all the same.
fn user_secret(key: &str, site: &config::Site) -> Option<Sealed> {
    let read = site.user_secret.as_ref().map(Sealed::read)?;
    read.inspect_err(|error| tracing::error!(site = key, %error, "users of this site cannot be verified")).ok()
}

fn log_entry(agent: &str, action: &str, subject: &str, now: Timestamp) -> LogEntry {
    LogEntry { at: in_milliseconds(now), agent: agent.into(), action: action.into(), subject: subject.into() }
}

fn hash_status_token(token: &str) -> String {
    hash_hex(&[b"status token", token.as_bytes()])
}

/// An id of this moment that does not follow from another.
fn new_id(now: Timestamp) -> Result<Ulid, DeskError> {
    let milliseconds = u64::try_from(now.as_millisecond()).unwrap_or(0);
    Ok(Ulid::from_parts(milliseconds, u128::from_be_bytes(random::<16>()?)))
}

/// Stores keep milliseconds; what is answered must equal what is read back.
fn in_milliseconds(now: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}

fn checked_key(key: String) -> Result<String, DeskError> {
    if (1..=200).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(key);
    }
    Err(DeskError::invalid("idempotency_key", "send 1 to 200 visible ASCII characters, such as a UUID"))
}
