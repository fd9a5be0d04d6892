//! The harness: a real server on a free port, with articles, folders and a clock of its own.
//!
//! ```text
//! let server = Server::with(&[("reset.md", "# Reset your password\n\nOpen the menu.")]).start().await;
//! let reply = server.search("password").await;
//! ```
//! Everything goes through `http::run`, as in production. A server stops when it is dropped.

pub mod parcel;
pub mod program;
pub mod receiver;
pub mod simulator;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use reqwest::{Client, RequestBuilder, Response, redirect};
use serde_json::Value;
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};
use zerodesk::{
    app::App,
    config::{Config, WatchMode, Written},
    http, telemetry,
};

/// The time at which every story begins.
pub const BEGIN: &str = "2026-11-22T10:00:00Z";
/// How long a test waits for something that should happen at once.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server to be.
pub struct Builder {
    folder: TempDir,
    settings: String,
    preview: bool,
}

/// A running server.
pub struct Server {
    /// The running parts.
    pub app: Arc<App>,
    /// `http://127.0.0.1:PORT`
    pub url: String,
    /// The desk's first access token.
    pub token: String,
    folder: Option<TempDir>,
    settings: String,
    client: Client,
    time: Arc<Mutex<Timestamp>>,
    stop: Option<oneshot::Sender<()>>,
    running: Option<JoinHandle<()>>,
}

impl Server {
    /// A server whose article folder holds these files.
    pub fn with(articles: &[(&str, &str)]) -> Builder {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for (path, text) in articles {
            write(&folder.path().join("articles").join(path), text);
        }
        fs::create_dir_all(folder.path().join("articles")).expect("the article folder");
        Builder { folder, settings: String::new(), preview: false }
    }

    /// A server on the folders of another one that has ended, with the settings of its `zerodesk.toml`.
    pub fn after(folder: TempDir) -> Builder {
        let settings = fs::read_to_string(folder.path().join("zerodesk.toml")).expect("the settings");
        Builder { folder, settings, preview: false }
    }

    /// The help centre of [`HELP`].
    pub async fn start() -> Self {
        Self::with(HELP).start().await
    }

    /// The article folder.
    pub fn articles(&self) -> PathBuf {
        self.folder().join("articles")
    }

    /// The folder of drafts.
    pub fn drafts(&self) -> PathBuf {
        self.folder().join("drafts")
    }

    /// The folder of `articles`, `index` and `data`.
    pub fn folder(&self) -> &Path {
        self.folder.as_ref().expect("only `restart` takes the folder, with the server").path()
    }

    /// Lets time pass for the server.
    pub fn pass(&self, time: SignedDuration) {
        *self.time.lock().unwrap() += time;
    }

    /// A request to a path of this server.
    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        self.client.request(method.parse().expect("a method"), format!("{}{path}", self.url))
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Response {
        self.request("GET", path).send().await.expect("a reply")
    }

    /// GET of JSON.
    pub async fn json(&self, path: &str) -> Value {
        let response = self.get(path).await;
        let status = response.status();
        response.json().await.unwrap_or_else(|error| panic!("{path}: {status}: {error}"))
    }

    /// GET of a page.
    pub async fn page(&self, path: &str) -> String {
        let response = self.get(path).await;
        assert!(response.status().is_success(), "{path}: {}", response.status());
        response.text().await.expect("a text")
    }

    /// POST of JSON.
    pub async fn post_json(&self, path: &str, body: &Value) -> Response {
        self.request("POST", path).json(body).send().await.expect("a reply")
    }

    /// Searches, with further parameters where `words` holds `&`.
    pub async fn search(&self, words: &str) -> Value {
        self.json(&format!("/api/v1/search?q={}", words.replace(' ', "+"))).await
    }

    /// Slugs of the hits.
    pub async fn hits(&self, words: &str) -> Vec<String> {
        let reply = self.search(words).await;
        let hits = reply["hits"].as_array().unwrap_or_else(|| panic!("{words}: {reply}"));
        hits.iter().map(|hit| hit["article"].as_str().expect("a slug").to_owned()).collect()
    }

    /// Writes a file of the article folder.
    pub fn write(&self, path: &str, text: &str) {
        write(&self.articles().join(path), text);
    }

    /// Waits until `done` holds, looking again after each new generation of the index.
    pub async fn until<T>(&self, mut done: impl AsyncFnMut(&Self) -> Option<T>) -> T {
        let mut generations = self.app.generations();
        let wait = async {
            loop {
                generations.borrow_and_update();
                if let Some(found) = done(self).await {
                    return found;
                }
                generations.changed().await.expect("the index outlives the test");
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.expect("it did not happen")
    }

    /// Asks again and again until `holds`, for what no generation of the index tells of.
    pub async fn eventually(&self, mut holds: impl AsyncFnMut(&Self) -> bool) {
        let asked = async { while !holds(self).await {} };
        tokio::time::timeout(PATIENCE, asked).await.expect("it did not happen");
    }

    /// Stops the server as a signal would, and starts another one on the same folders.
    pub async fn restart(mut self) -> Self {
        self.halt().await;
        let folder = self.folder.take().expect("a server is restarted once");
        let (token, settings) = (std::mem::take(&mut self.token), std::mem::take(&mut self.settings));
        let time = self.time.clone();
        drop(self);
        let mut next = Builder { folder, settings, preview: false }.start_at(time).await;
        next.token = token;
        next
    }

    async fn halt(&mut self) {
        drop(self.stop.take());
        if let Some(running) = self.running.take() {
            running.await.expect("the server ended well");
        }
        self.app.stop().await.expect("what was recorded is written");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(running) = self.running.take() {
            running.abort();
        }
    }
}

impl Builder {
    /// Adds lines to `zerodesk.toml`.
    pub fn configured(mut self, toml: &str) -> Self {
        self.settings.push_str(toml);
        self.settings.push('\n');
        self
    }

    /// Serves writers.
    pub fn previewing(mut self) -> Self {
        self.preview = true;
        self
    }

    /// Writes a file beside the folders of the server, and tells its path as settings name it.
    pub fn file(&self, path: &str, bytes: impl AsRef<[u8]>) -> String {
        let full = self.folder.path().join(path);
        fs::create_dir_all(full.parent().expect("a folder")).expect("the folder");
        fs::write(&full, bytes).expect("the file");
        full.display().to_string()
    }

    /// Starts it at the present time of this machine.
    pub async fn start_now(self) -> Server {
        self.start_at(Arc::new(Mutex::new(Timestamp::now()))).await
    }

    /// Starts it.
    pub async fn start(self) -> Server {
        let begin = BEGIN.parse().expect("a time");
        self.start_at(Arc::new(Mutex::new(begin))).await
    }

    async fn start_at(self, time: Arc<Mutex<Timestamp>>) -> Server {
        if let Ok(filter) = std::env::var("RUST_LOG") {
            telemetry::init(false, &filter).expect("RUST_LOG is a filter");
        }
        let config = self.config();
        let now = time.clone();
        let clock = Arc::new(move || *now.lock().unwrap());
        let mut app = App::open(Arc::new(config), clock, &mut |_, _| {}).await.expect("the parts open");
        let token = app.first_token.take().unwrap_or_default();
        let app = Arc::new(app);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (stop, stopped) = oneshot::channel::<()>();
        let served = app.clone();
        let running = tokio::spawn(async move {
            http::run(listener, served, async { drop(stopped.await) }).await.expect("it serves");
        });
        let client = client();
        let (folder, settings) = (Some(self.folder), self.settings);
        Server { app, url, token, folder, settings, client, time, stop: Some(stop), running: Some(running) }
    }

    fn config(&self) -> Config {
        let folder = |name| Some(self.folder.path().join(name));
        let written = Written {
            file: Some(("zerodesk.toml".into(), self.settings.clone())),
            articles: folder("articles"),
            index: folder("index"),
            data: folder("data"),
            preview: self.preview,
            ..Written::default()
        };
        let mut config = written.meant().expect("a configuration that makes sense");
        assert_ne!(config.watch.mode, WatchMode::Poll, "polling would make tests wait");
        config.desk.drafts = self.folder.path().join("drafts");
        config.watch.quiet_ms = config.watch.quiet_ms.min(5);
        config
    }
}

/// A client that follows no redirect and asks no proxy.
pub fn client() -> Client {
    client_with(redirect::Policy::none())
}

/// A client that follows redirects as told and asks no proxy. `reqwest::get` does not know which cryptography to use.
pub fn client_with(redirects: redirect::Policy) -> Client {
    // Fails only where one was chosen before.
    drop(rustls::crypto::ring::default_provider().install_default());
    Client::builder().redirect(redirects).no_proxy().build().expect("a client")
}

/// Text as it stands in a query string.
pub fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("the folder");
    fs::write(path, text).expect("the file");
}

/// A small help centre in three languages.
pub const HELP: &[(&str, &str)] = &[
    (
        "reset-password.md",
        "---\ntitle: Reset your password\nlang: en\nkind: how-to\ntags: [account, password]\nproduct: Webmail\nauthor: Ann\n\
         created: 2025-01-02\nupdated: 2026-03-04\ndescription: What to do when you cannot log in.\n\
         questions:\n  - I forgot my password\naliases: [old/password]\nrelated: [change-email]\n---\n\n\
         Anybody can lose a password.\n\n## By e-mail\n\nClick *Forgotten* on the login page. A message with a link arrives \
         within five minutes.\n\n## By phone\n\nCall the service desk and have your customer number ready.\n",
    ),
    (
        "nl/wachtwoord.md",
        "---\ntitle: Wachtwoord opnieuw instellen\nslug: wachtwoord\nlang: nl\nkind: how-to\ntags: [account]\n\
         translation_key: reset-password\n---\n\nIedereen vergeet weleens een wachtwoord.\n\n## Via e-mail\n\nKlik op \
         *Vergeten* op de inlogpagina. Binnen vijf minuten komt er een bericht met een link.\n",
    ),
    (
        "de/passwort.md",
        "---\ntitle: Passwort zurücksetzen\nslug: passwort\nlang: de\nkind: how-to\ntags: [account]\n\
         translation_key: reset-password\n---\n\nJeder vergisst einmal ein Passwort.\n\n## Per E-Mail\n\nKlicken Sie auf \
         *Vergessen* auf der Anmeldeseite. Innerhalb von fünf Minuten kommt eine Nachricht mit einem Link.\n",
    ),
    (
        "change-email.md",
        "---\ntitle: Change your e-mail address\nlang: en\nkind: how-to\ntags: [account]\n---\n\nOpen the settings, choose \
         *Address* and write the new one. See also [resetting](reset-password.md#by-e-mail).\n\n![The menu](menu.png)\n",
    ),
    (
        "printer.md",
        "---\ntitle: The printer prints blank pages\nlang: en\nkind: troubleshooting\ntags: [printer]\nproduct: Laserjet\n---\n\n\
         Blank pages come from an empty cartridge or a strip of tape that was left on it.\n\n## Replace the cartridge\n\n\
         Open the front cover, take the cartridge out and remove the tape.\n\n## Clean the drum\n\nWipe the drum with a dry cloth.\n",
    ),
    (
        "invoices.md",
        "---\ntitle: Download an invoice\nlang: en\nkind: faq\ntags: [billing]\nproduct: Billing\n---\n\nInvoices are under \
         *Billing*, newest first. Each one is a PDF.\n",
    ),
    (
        "holidays.md",
        "---\ntitle: Opening hours at holidays\nlang: en\nkind: faq\ntags: [contact]\n---\n\nThe service desk is closed on \
         national holidays. On other days it is open from nine to five.\n",
    ),
];
