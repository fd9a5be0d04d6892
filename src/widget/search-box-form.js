// The ticket form of the box, loaded when it is wanted: what it asks, what goes along, and articles while one writes.
//
// The visitor sees every line that goes along and can strike it. The text stays until it has arrived: what could not be
// sent is sent again under the same key. Neither the focus nor anything that is shown moves by itself while somebody
// writes: articles have their room from the start, and what only some levels ask for comes at the end.

import { button, h, newId, visit } from './search-box-core.js';

// Quiet time after the last key before articles are looked for.
const PAUSE_MS = 275;
const MIN_CHARS = 3;

/** The form and what follows it, as two more faces of the box's panel. */
export class Ticket {
  // Names of the lines that the visitor does not want to send along, and articles that did not help.
  struck = new Set();
  refused = new Set();
  turn = 0;
  // The subject, as the box filled it in.
  prefilled = '';
  zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

  constructor(box) {
    const { at } = box;
    const say = (key, value) => box.say(key, value);
    Object.assign(this, { box, at, say });
    const keep = (name, tag, attributes, ...children) => (at[name] = h(tag, attributes, ...children));
    const field = (name, type, attributes = {}) => h('label.row', {},
      h('span', {}, say(name), !attributes.required && h('small', {}, ` (${say('optional')})`)),
      keep(name, type ? 'input.field' : 'textarea.field', { name, type, maxlength: 200, ...attributes }));
    const must = { required: true };
    // What only some levels need: switched off until then, and so not shown.
    const needed = (name, ...content) => keep(name, 'fieldset', { disabled: true }, h('legend', {}, say(name)), ...content);
    at.panel.append(
      keep('form', 'form.form', { 'aria-labelledby': 'ask' },
        h('h2', { id: 'ask' }, say('ask')),
        h('p', {}, say('ask_intro')),
        field('subject', 'text', must),
        field('message', '', { maxlength: 20000, rows: 3 }),
        keep('perhaps', 'section.perhaps', { 'aria-labelledby': 'perhaps' }, h('h3', { id: 'perhaps' }, say('perhaps'))),
        h('div.pair', {}, field('email', 'email', { ...must, autocomplete: 'email' }), field('name', 'text', { autocomplete: 'name' })),
        // People never see this one; simple robots fill it in.
        h('div.said', { 'aria-hidden': 'true' }, keep('website', 'input', { name: 'website', tabindex: -1, autocomplete: 'off' })),
        keep('along', 'fieldset.along', {}),
        needed('callback',
          field('phone', 'tel', { ...must, autocomplete: 'tel', placeholder: '+31 20 123 4567' }),
          h('div.pair', {}, field('from', 'datetime-local', must), field('until', 'datetime-local', must)),
          h('p', {}, say('zone', this.zone)),
          button('uncalled', say('uncalled'))),
        needed('consent', field('vendor', 'text'), this.check('agree', 'agree', say('agree'), false)),
        h('div.actions', {},
          keep('problem', 'p.problem', { role: 'alert' }),
          keep('sender', 'button.button.main', {}, say('send')),
          button('back', say('back')))),
      keep('sent', 'div.sent', { hidden: true }));
  }

  check(name, value, text, checked = !this.struck.has(value)) {
    return h('label.check', {}, h('input', { type: 'checkbox', name, value, checked }), h('span', {}, text));
  }

  open() {
    const { box, at: { subject, message, input, email, name } } = this;
    const { reply, failed, element: { known: { user } } } = box;
    // A subject that the visitor wrote is not replaced.
    if (subject.value === this.prefilled) subject.value = this.prefilled = input.value.trim();
    email.value ||= user?.email ?? '';
    name.value ||= user?.name ?? '';
    this.listAlong();
    box.view('form');
    box.toggle(true);
    (subject.value ? message : subject).focus();
    box.reports.record('form_opened', { from: failed ? 'error' : (reply?.decision ?? 'box'), query_id: reply?.query_id });
    this.suggest();
  }

  edited({ name, value, checked }) {
    if (name === 'line') this.struck[checked ? 'delete' : 'add'](value);
    for (const field of this.at.form.elements) field.setCustomValidity('');
    if (/subject|message/.test(name)) this.box.later('suggest', PAUSE_MS, () => this.suggest());
  }

  post(path, body) {
    const { site } = this.box;
    const headers = { 'content-type': 'application/json' };
    return this.box.fetch(path, { method: 'POST', headers, body: JSON.stringify({ site, session: visit().session, ...body }) });
  }

  // Articles for what is being written.

  async suggest() {
    const { subject: { value: subject }, message: { value: message } } = this.at;
    const turn = ++this.turn;
    if ((subject + message).length < MIN_CHARS) return this.show([]);
    const { reply } = await this.post('suggest', { lang: this.box.element.language, subject, message });
    // A late reply never replaces a newer one.
    if (turn !== this.turn || !Array.isArray(reply?.hits)) return;
    this.show(reply.hits);
    if (!this.refused.has(reply.needs)) this.need(reply.needs, true);
  }

  /** Shows the fields that a level needs, after all that is there, or hides them; others are never switched off. */
  need(name, needed) {
    const { form, [name]: fields } = this.at;
    if (fields?.disabled !== needed) return;
    fields.disabled = !needed;
    form.lastChild.before(fields);
  }

  uncalled() {
    this.refused.add('callback');
    this.need('callback', false);
  }

  show(hits) {
    const { perhaps } = this.at;
    const wanted = hits.filter(({ article }) => !this.refused.has(article));
    // What somebody is reading or about to press, and where the focus is, stays.
    if (perhaps.querySelector('[open], :focus, :hover')) return;
    perhaps.replaceChildren(perhaps.firstChild, ...wanted.map((hit) => this.item(hit)));
    if (wanted[0]) this.box.announce(this.box.count(wanted.length));
  }

  /** One article, opened in place. */
  item({ article, title, url, snippet }) {
    const details = h('details', { 'data-article': article }, h('summary', {}, title), h('p', {}, snippet),
      h('p', {}, h('a', { href: this.box.link(url), target: '_blank', rel: 'noopener' }, this.say('read'))),
      button('solved', this.say('solved')), ' ', button('not', this.say('not')));
    details.ontoggle = () => details.open && this.box.reports.record('suggestion_clicked', { article });
    return details;
  }

  /** An article that did not help goes; whoever used the keyboard is taken along. */
  not(event, target) {
    const details = target.closest('details');
    const next = details.nextElementSibling?.firstChild ?? this.at.message;
    this.refused.add(details.dataset.article);
    details.remove();
    next.focus();
  }

  // What goes along.

  /** Lines by the name under which the visitor's wish to leave one out is sent; with its text, and the key of its words. */
  lines() {
    const { tried, read } = visit();
    const { language, known: { host } } = this.box.element;
    return [
      ...tried.map(({ id, q }) => [`trail:${id}`, q]),
      ...Object.entries(read).map(([slug, title]) => [`read:${slug}`, title]),
      // Listed from the start, so that no line comes while somebody strikes one.
      ['suggested_in_form', true],
      ['page.title', document.title],
      ['page.url', location.origin + location.pathname],
      ['host', Object.entries(host ?? {}).map((entry) => entry.join(' ')).join(', ')],
      ['client', this.say('browser')],
      ['locale', `${language}, ${this.zone}`],
    ].filter(([, text]) => text);
  }

  listAlong() {
    const { along } = this.at;
    const line = ([name, text]) => this.check('line', name, this.say(`along_${name.split(':')[0]}`, text));
    along.replaceChildren(h('legend', {}, this.say('along')), ...this.lines().map(line));
  }

  // Sending.

  ticket() {
    const { box: { reply, element: { language, known: { host, user } } }, struck, key } = this;
    // Fields that are switched off are not among them.
    const { subject, message, website, email, name, phone, from, until, vendor, agree } = Object.fromEntries(new FormData(this.at.form));
    const lines = Object.fromEntries(this.lines().filter(([line]) => !struck.has(line)));
    const { product, version, plan, ...custom } = Object.fromEntries(Object.entries(host ?? {}).map(([line, value]) => [line, String(value)]));
    return {
      idempotency_key: key, query_id: reply?.query_id, reason: reply?.decision === 'no_answer' ? 'no_answer' : 'asked', subject, message, website,
      requester: { name, email, user_ref: user?.id, signature: user?.signature },
      ...(lines.locale && { locale: language, time_zone: this.zone }),
      page: { url: lines['page.url'] ?? '', title: lines['page.title'] ?? '' },
      ...(lines.host && { host: { product, version, plan, custom } }),
      ...(phone && { callback: { phone, windows: [{ from, until }] } }),
      ...(vendor && { external: { vendor, consent: Boolean(agree) } }),
      consent: { context_shared: Object.keys(lines).length > 0, fields_removed: [...struck] },
      lines: Object.keys(lines),
    };
  }

  async send() {
    const { at: { sender, problem, form }, say } = this;
    if (this.sending) return;
    this.sending = true;
    this.key ??= newId();
    problem.textContent = '';
    sender.textContent = say('sending');
    const { status, reply } = await this.post('tickets', this.ticket());
    this.sending = false;
    sender.textContent = say('retry');
    if (reply?.reference) return this.arrived(reply);
    // The text was changed after a try whose reply got lost: it is another ticket now.
    if (status === 409) this.key = null;
    const wrong = reply?.field?.split('.').pop();
    const field = this.at[{ windows: 'from' }[wrong] ?? wrong];
    if (field?.form === form && field.setCustomValidity) {
      field.setCustomValidity(reply.detail);
      return field.reportValidity();
    }
    // It stands beside the button, which never leaves the screen.
    problem.textContent = say(navigator.onLine ? 'send_failed' : 'send_offline');
  }

  arrived({ reference, status_url }) {
    const { box, at: { sent, form, email, sender }, say } = this;
    const href = box.link(status_url);
    const title = h('h2', { tabindex: -1 }, say('sent'));
    sent.replaceChildren(title, h('p', {}, h('strong.reference', {}, say('reference', reference))), h('p', {}, say('reply_to', email.value)),
      h('p', {}, status_url && h('a', { href }, say('status'))), button('clear', say('new')));
    form.reset();
    this.key = null;
    sender.textContent = say('send');
    box.view('sent');
    title.focus();
    box.emit('ticket', { reference, status_url: status_url && href });
  }
}
