//! A help desk with an API: one connector for all of them, told by a [`Preset`] how to talk.
//!
//! Before a second attempt it looks whether the first one arrived after all, by the marker in the
//! title or by the id of the ticket, so that a lost reply makes no second ticket.

use std::collections::BTreeMap;

use async_trait::async_trait;
use minijinja::{Value, context, value::Serde};
use reqwest::Method;

use super::{
    Connector, ConnectorError, Lookup, Parcel, Preset, Receipt, Sealed,
    client::{HttpClient, Outgoing, Reply},
    preset::Call,
    template::Templates,
    text,
};
use crate::config::HelpDesk;

/// Creates each ticket at a help desk.
pub struct HelpDeskConnector {
    name: String,
    preset: Preset,
    templates: Templates,
    client: HttpClient,
    values: Value,
    secrets: Value,
}

impl HelpDeskConnector {
    /// Reads preset and secrets, and checks that nothing is missing.
    ///
    /// # Errors
    /// Says which setting cannot be used, and why.
    pub fn new(name: &str, settings: &HelpDesk, lookup: &Lookup) -> Result<Self, String> {
        let preset = Preset::open(&settings.preset)?;
        let values = preset.values(&settings.values)?;
        preset.secrets(&settings.secrets)?;
        let secrets: BTreeMap<&String, Sealed> = (settings.secrets.iter())
            .map(|(name, secret)| Ok((name, Sealed::read(secret)?)))
            .collect::<Result<_, String>>()?;
        // A secret that may be left out is there as nothing, so that templates can ask for it.
        let opened: BTreeMap<&String, Option<&str>> =
            preset.secrets.keys().map(|name| (name, secrets.get(name).map(Sealed::open))).collect();
        let (values, opened) = (Value::from(Serde(&values)), Value::from(Serde(&opened)));
        let client = HttpClient::new(&settings.target, secrets.into_values().collect(), lookup)?;
        Ok(Self { name: name.into(), preset, templates: Templates::new(), client, values, secrets: opened })
    }

    fn context(&self, parcel: &Parcel<'_>) -> Value {
        context! {
            ticket => Value::from(Serde(parcel.ticket)),
            marker => parcel.ticket.reference.as_str(),
            title => parcel.title(),
            public_title => text::public_title(parcel),
            text => text::handoff(parcel.ticket),
            public_text => text::public(parcel.ticket),
            key => parcel.key.to_string(),
            values => &self.values,
            secrets => &self.secrets,
        }
    }

    fn outgoing(&self, call: &Call, context: &Value) -> Result<Outgoing, String> {
        let method = call.method.parse::<Method>().map_err(|_| format!("method {:?} is none", call.method))?;
        let mut url = self.client.base().clone();
        let path = self.templates.path(&call.path, context)?;
        url.set_path(&format!("{}{path}", self.client.base().path().trim_end_matches('/')));
        for (name, template) in &call.query {
            let value = self.templates.text(template, context)?;
            if !value.is_empty() {
                url.query_pairs_mut().append_pair(name, &value);
            }
        }
        let body = call.body.as_ref().map(|body| self.templates.json(body, context)).transpose()?.flatten();
        let json = || "application/json".to_owned();
        let mut headers = BTreeMap::from([("accept".to_owned(), json())]);
        headers.extend(body.iter().map(|_| ("content-type".to_owned(), json())));
        for (name, template) in &self.preset.headers {
            headers.insert(name.to_ascii_lowercase(), self.templates.text(template, context)?);
        }
        Ok(Outgoing { method, url, headers: headers.into_iter().collect(), body: body.map(|body| body.to_string()) })
    }

    /// Makes a call and reads the id from its reply.
    async fn call(&self, call: &Call, parcel: &Parcel<'_>) -> Result<Option<String>, ConnectorError> {
        let outgoing = self.outgoing(call, &self.context(parcel));
        let outgoing =
            outgoing.map_err(|error| ConnectorError::permanent(format!("the preset: {}", self.client.hide(&error))))?;
        let reply = self.client.send(outgoing, parcel).await?;
        if !reply.status.is_success() {
            return Err(self.failure(&reply, parcel));
        }
        let body = reply.body.as_ref().map_err(Clone::clone)?;
        let json: serde_json::Value = serde_json::from_str(body).map_err(|_| {
            ConnectorError::permanent(format!("the reply is not JSON; is url right? {}", self.client.quote(&reply)))
        })?;
        let context = context! {
            reply => Value::from(Serde(&json)), title => parcel.title(), public_title => text::public_title(parcel),
            marker => parcel.ticket.reference.as_str(), ticket => Value::from(Serde(parcel.ticket)),
        };
        let find = |expression: &str| {
            let found = self.templates.find(expression, &context);
            found.map_err(|error| ConnectorError::permanent(format!("the preset: {error}")))
        };
        if let Some(error) = self.preset.error.as_deref().map(find).transpose()?.flatten() {
            return Err(ConnectorError::permanent(self.client.hide(&format!("the help desk refuses: {error}"))));
        }
        find(&call.id)
    }

    fn failure(&self, reply: &Reply, parcel: &Parcel<'_>) -> ConnectorError {
        let retry_after = reply.retry_after(parcel.now);
        let status = reply.status.as_u16();
        let message = format!("the help desk answers {}", self.client.quote(reply));
        // Some desks answer 403 to who asks too often, and say so.
        let later = [408, 425, 429].contains(&status) || status >= 500 || (status == 403 && retry_after.is_some());
        if later {
            return ConnectorError::Temporary { message, retry_after, busy: reply.is_busy() || status == 403 };
        }
        let advice = match status {
            300..=399 => "; redirects are not followed, write the right address into url",
            401 | 403 => "; look at the secrets and at what their user may do",
            _ => "",
        };
        ConnectorError::permanent(message + advice)
    }
}

#[async_trait]
impl Connector for HelpDeskConnector {
    fn name(&self) -> &str {
        &self.name
    }

    async fn deliver(&self, parcel: &Parcel<'_>) -> Result<Receipt, ConnectorError> {
        if let (true, Some(find)) = (parcel.tried, &self.preset.find) {
            let found = self.call(find, parcel).await?;
            if found.is_some() {
                return Ok(Receipt { remote_id: found });
            }
        }
        let created = self.call(&self.preset.create, parcel).await?;
        let id = created.ok_or_else(|| {
            ConnectorError::permanent("the reply has no id of a ticket; look at the help desk, then at url and preset")
        })?;
        Ok(Receipt { remote_id: Some(id) })
    }
}
