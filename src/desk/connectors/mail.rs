//! How mail leaves: through a mail server, or into a folder or the memory, where people and tests can read it.
//!
//! A connection to a server is protected unless the settings say otherwise, and a password never
//! goes over one that is not. Mail servers are chosen by the operator and often internal, so their
//! addresses are not restricted.

use std::{
    fs,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::Mailbox,
    transport::smtp::{
        authentication::Credentials,
        client::{Certificate, Tls, TlsParameters},
    },
};

use super::{ConnectorError, Sealed, sealed::hide};
use crate::config::{Mail, MailTls};

/// Sends mail from one sender.
pub struct Mailer {
    from: Mailbox,
    back_end: BackEnd,
    secrets: Vec<Sealed>,
}

/// Mails that were kept instead of sent. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Outbound(Arc<Mutex<Vec<Message>>>);

enum BackEnd {
    Smtp(Box<AsyncSmtpTransport<Tokio1Executor>>),
    Folder(PathBuf),
    Memory(Outbound),
}

impl Outbound {
    /// The mails in the order in which they came.
    #[must_use]
    pub fn mails(&self) -> Vec<Message> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Mailer {
    /// Reads the password and the certificates. Connects to nothing yet.
    ///
    /// # Errors
    /// Says which setting cannot be used, and why.
    pub fn new(settings: &Mail) -> Result<Self, String> {
        let from = mailbox("from", &settings.from)?;
        let secrets: Vec<Sealed> = settings.password.iter().map(Sealed::read).collect::<Result<_, _>>()?;
        let back_end = match &settings.folder {
            Some(folder) => BackEnd::Folder(folder.clone()),
            None => BackEnd::Smtp(Box::new(smtp(settings, secrets.first())?)),
        };
        Ok(Self { from, back_end, secrets })
    }

    /// One that keeps its mails in memory.
    ///
    /// # Errors
    /// A sender that is no address.
    pub fn in_memory(from: &str, outbound: Outbound) -> Result<Self, String> {
        Ok(Self { from: mailbox("from", from)?, back_end: BackEnd::Memory(outbound), secrets: Vec::new() })
    }

    /// The sender.
    #[must_use]
    pub fn from(&self) -> &Mailbox {
        &self.from
    }

    /// Where mails go, for people.
    pub(super) fn place(&self) -> String {
        match &self.back_end {
            BackEnd::Smtp(_) => "a mail server".into(),
            BackEnd::Folder(folder) => format!("the folder {}", folder.display()),
            BackEnd::Memory(_) => "memory".into(),
        }
    }

    /// Sends a mail. `name` is the same for every attempt; what was kept under it is replaced.
    ///
    /// # Errors
    /// Temporary where the server says so or does not answer, permanent where it refuses.
    pub async fn send(&self, name: &str, message: Message) -> Result<String, ConnectorError> {
        match &self.back_end {
            BackEnd::Smtp(server) => match server.send(message).await {
                Ok(response) => Ok(format!("{} {}", response.code(), response.message().collect::<Vec<_>>().join(" "))),
                Err(error) => Err(self.failure(&error)),
            },
            BackEnd::Folder(folder) => {
                let path = folder.join(format!("{name}.eml"));
                let written = fs::create_dir_all(folder).and_then(|()| fs::write(&path, message.formatted()));
                let written = written.map(|()| format!("written to {}", path.display()));
                written.map_err(|error| ConnectorError::temporary(format!("{}: {error}", path.display())))
            }
            BackEnd::Memory(Outbound(mails)) => {
                mails.lock().unwrap_or_else(PoisonError::into_inner).push(message);
                Ok("kept in memory".into())
            }
        }
    }

    fn failure(&self, error: &lettre::transport::smtp::Error) -> ConnectorError {
        let mut text = error.to_string();
        let mut cause = std::error::Error::source(error);
        while let Some(error) = cause {
            let told = error.to_string();
            if !text.contains(&told) {
                text = format!("{text}: {told}");
            }
            cause = error.source();
        }
        let message = hide(&format!("the mail server: {text}"), &self.secrets);
        if error.is_permanent() { ConnectorError::permanent(message) } else { ConnectorError::temporary(message) }
    }
}

/// Reads an address; `setting` names where it stands.
pub(super) fn mailbox(setting: &str, text: &str) -> Result<Mailbox, String> {
    text.parse()
        .map_err(|error| format!("{setting} {text:?}: {error}; write name@example.org or Name <name@example.org>"))
}

fn smtp(settings: &Mail, password: Option<&Sealed>) -> Result<AsyncSmtpTransport<Tokio1Executor>, String> {
    let builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&settings.host);
    let (tls, port) = match settings.tls {
        MailTls::Starttls => (Tls::Required(tls(settings)?), 587),
        MailTls::Implicit => (Tls::Wrapper(tls(settings)?), 465),
        MailTls::None => (Tls::None, 25),
    };
    let port = if settings.port == 0 { port } else { settings.port };
    let timeout = Duration::from_secs(settings.timeout_s.max(1));
    let builder = builder.tls(tls).port(port).timeout(Some(timeout));
    match (&settings.user, password) {
        (Some(_), Some(_)) if settings.tls == MailTls::None => {
            Err("tls = \"none\" would send the password to everybody on the way; use \"starttls\" or \"implicit\""
                .into())
        }
        (Some(user), Some(password)) => {
            Ok(builder.credentials(Credentials::new(user.clone(), password.open().to_owned())).build())
        }
        (None, None) => Ok(builder.build()),
        _ => Err("user and password belong together; set both or none".into()),
    }
}

fn tls(settings: &Mail) -> Result<TlsParameters, String> {
    let mut builder = TlsParameters::builder(settings.host.clone());
    if let Some(path) = &settings.ca_file {
        let fault = |error: &dyn std::fmt::Display| format!("ca_file {}: {error}", path.display());
        let pem = fs::read(path).map_err(|error| fault(&error))?;
        builder = builder.add_root_certificate(Certificate::from_pem(&pem).map_err(|error| fault(&error))?);
    }
    builder.build_rustls().map_err(|error| format!("tls: {error}"))
}
