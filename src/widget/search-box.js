// The search box that lives in other people's pages: answers while typing, a ticket when there is none.
//
//   <script type="module" src="https://HOST/search-box.js"></script>
//   <zerodesk-search site="default"></zerodesk-search>
//
// One file, no build step, nothing global but the element. It never reads text as HTML, sets no cookie, keeps only a
// random session id in sessionStorage, and leaves no listener or timer behind when it is taken out of the page.

// The server puts the style sheet and the words in here; read from a plain folder, they are fetched beside this file.
const [CSS, WORDS] = /*embed*/ await (async () => {
  const beside = async (name) => (await fetch(new URL(name, import.meta.url))).text();
  const words = ['de', 'en', 'nl'].map(async (lang) => [lang, JSON.parse(await beside(`strings/${lang}.json`))]);
  return [await beside('search-box.css'), Object.fromEntries(await Promise.all(words))];
})(); /*end*/

const DEBOUNCE_MS = 120;
// A search that nobody extends for this long counts as shown.
const SETTLED_MS = 1500;
const ANNOUNCE_MS = 700;
const TIMEOUT_MS = 15_000;
// Sections shown of one article.
const SECTIONS = 3;
const MAC = /Mac|iP(hone|ad)/.test(navigator.platform);
const TIME_ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;
const SHEET = new CSSStyleSheet();
SHEET.replaceSync(CSS);

/** A random id of 128 bits; unlike `crypto.randomUUID` it also works on pages without TLS. */
const newId = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');

let visit;
/** What is known of this tab's visit, shared by all boxes of the origin: { session, tried: [query], read: { slug: title } }. */
function remembered(change) {
  try {
    visit = JSON.parse(sessionStorage.getItem('zerodesk')) ?? visit;
  } catch {
    // Storage is forbidden here: the page's memory will do.
  }
  if (!visit?.session || !Array.isArray(visit.tried)) visit = { session: newId(), tried: [], read: {} };
  change?.(visit);
  try {
    sessionStorage.setItem('zerodesk', JSON.stringify(visit));
  } catch {
    // As above.
  }
  return visit;
}

/** An element; null and false attributes and children are left out, strings become text and never HTML. */
function h(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value != null && value !== false) node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...children.filter((child) => child != null && child !== false));
  return node;
}

/** The text with its highlights, ranges [start, end) in code points, as strings and <mark>s. */
export function marked(text, ranges) {
  const chars = Array.from(text);
  const parts = [];
  let done = 0;
  for (const [start, end] of ranges ?? []) {
    if (!(start >= done && end > start)) continue;
    parts.push(chars.slice(done, start).join(''), h('mark', {}, chars.slice(start, end).join('')));
    done = end;
  }
  return [...parts, chars.slice(done).join('')];
}

const button = (action, label, look = '') =>
  h('button', { type: 'button', class: `button ${look}`, part: `button ${look}`, 'data-do': action }, label);

const isEditable = (node) => node?.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(node?.tagName);

/** "mod+shift+k" as { mod, shift, alt, key }; null when switched off. */
function hotkey(text) {
  const parts = (text || 'mod+k').toLowerCase().split('+');
  const [mod, shift, alt] = ['mod', 'shift', 'alt'].map((name) => parts.includes(name));
  return parts[0] === 'off' ? null : { mod, shift, alt, key: parts.at(-1) };
}

/** The custom element; the last line of this file registers it as `zerodesk-search`. */
export class SearchBox extends HTMLElement {
  static observedAttributes = ['lang', 'placeholder', 'hotkey'];

  #root = this.attachShadow({ mode: 'open' });
  // The lasting elements of the shadow root, by name.
  #at = {};
  // Ends all listeners.
  #connected;
  // Ends the request under way.
  #request;
  // Number of the newest search; replies to older ones are dropped.
  #turn = 0;
  #timers = {};
  // What was searched last.
  #query = '';
  // The reply that is shown, and whether it stood long enough to count.
  #reply = null;
  #settled = false;
  #failed = false;
  // The option that the arrow keys are on.
  #active = -1;
  // What the page knows about its visitor.
  #host = {};
  // What the visitor does not want to send along.
  #struck = new Set();
  // The subject that we put in; never overwrites the visitor's own.
  #prefilled = '';
  // Slug of the article opened last.
  #lastOpened;
  // Idempotency key of the draft, kept until it has arrived.
  #key = null;
  #sending = false;

  connectedCallback() {
    if (!this.#at.box) this.#build();
    this.#connected = new AbortController();
    const listen = (target, handlers) => {
      for (const [type, handler] of Object.entries(handlers)) {
        target.addEventListener(type, handler, { signal: this.#connected.signal });
      }
    };
    listen(this.#root, {
      input: ({ target }) => (target === this.#at.input ? this.#typed() : this.#edited(target)),
      keydown: (event) => this.#pressed(event),
      click: (event) => this.#clicked(event.target),
      auxclick: (event) => event.button === 1 && this.#clicked(event.target),
      submit: (event) => this.#submitted(event),
      focusin: ({ target }) => target === this.#at.input && this.#toggle(true),
      focusout: ({ relatedTarget: next }) => next && !this.#root.contains(next) && this.#toggle(false),
      // The input keeps the focus, so that the arrow keys still work after a click on a hit.
      mousedown: (event) => this.#at.list.contains(event.target) && event.preventDefault(),
    });
    listen(document, {
      pointerdown: (event) => event.composedPath().includes(this) || this.#toggle(false),
      keydown: (event) => this.#pressedAnywhere(event),
    });
    listen(window, { online: () => this.#failed && this.#search('typed'), resize: () => this.#fit() });
    if (window.visualViewport) listen(visualViewport, { resize: () => this.#fit() });
  }

  disconnectedCallback() {
    this.#connected.abort();
    this.#cancel();
    for (const timer of Object.values(this.#timers)) clearTimeout(timer);
    this.#toggle(false);
  }

  attributeChangedCallback(name, before, after) {
    if (!this.#at.box || before === after) return;
    const { value } = this.#at.input;
    this.#build();
    this.#at.input.value = value;
  }

  // For the host page.

  /** Moves the focus to the box and opens it. */
  open() {
    this.focus();
    this.#toggle(true);
  }

  /** Moves the focus to the box. */
  focus(options) {
    this.#at.input?.focus(options);
  }

  /** Searches as if the visitor had typed it. */
  async search(query, trigger = 'enter') {
    this.open();
    this.#at.input.value = query;
    this.#view('results');
    await this.#search(trigger);
  }

  /** What the page knows ({ product, version, plan, ... }): listed in the ticket form and sent along with a ticket. */
  context(known) {
    this.#host = Object.fromEntries(Object.entries(known).map(([name, value]) => [name, String(value)]));
    if (this.#at.box) this.#listAlong();
  }

  // Settings.

  get #server() {
    return new URL(this.getAttribute('server') || import.meta.url, document.baseURI).origin;
  }

  get #site() {
    return this.getAttribute('site') || 'default';
  }

  get #lang() {
    const known = [this.closest('[lang]')?.lang, document.documentElement.lang, navigator.language];
    try {
      return Intl.getCanonicalLocales(known.find(Boolean))[0] ?? 'en';
    } catch {
      return 'en';
    }
  }

  /** The language of the box's own words; English where there are none. */
  get #wordsLang() {
    return [this.#lang, this.#lang.split('-')[0]].find((lang) => lang in WORDS) ?? 'en';
  }

  #say(key, values) {
    const text = WORDS[this.#wordsLang][key] ?? WORDS.en[key] ?? key;
    return text.replace(/\{(\w)\}/g, (_, name) => values?.[name] ?? '');
  }

  /** An address on the server; http and https only, whatever a reply says. */
  #link(path) {
    const url = new URL(path ?? '/', this.#server);
    return /^https?:$/.test(url.protocol) ? url.href : this.#server;
  }

  #resultsPage() {
    const query = new URLSearchParams({ q: this.#at.input.value.trim(), lang: this.#lang });
    if (this.#site !== 'default') query.set('site', this.#site);
    return this.#link(`/search?${query}`);
  }

  /** The address for somebody who goes there now: the help centre recognises the visit, and takes it out again. */
  #carry(href) {
    const url = new URL(href);
    if (url.origin === this.#server) url.searchParams.set('session', remembered().session);
    return url.href;
  }

  /** Tells the page; false when it said preventDefault(). */
  #emit(name, detail) {
    return this.dispatchEvent(
      new CustomEvent(`zerodesk:${name}`, { detail, bubbles: true, composed: true, cancelable: true }),
    );
  }

  /** Tells the server what happened, for the figures; never waits. */
  #record(type, fields) {
    const events = [{ id: newId(), type, at: new Date().toISOString(), ...fields }];
    const batch = { site: this.#site, session: remembered().session, surface: 'box', events };
    navigator.sendBeacon?.(this.#link('/api/v1/events'), JSON.stringify(batch));
  }

  /** Status and JSON of a reply; status 0 when there is none, or none in time. */
  async #fetch(path, options, request = new AbortController()) {
    const timer = setTimeout(() => request.abort(), TIMEOUT_MS);
    try {
      const response = await fetch(this.#link(path), { ...options, signal: request.signal, credentials: 'omit' });
      return { status: response.status, reply: await response.json() };
    } catch {
      return { status: 0 };
    } finally {
      clearTimeout(timer);
    }
  }

  #later(name, ms, action) {
    clearTimeout(this.#timers[name]);
    this.#timers[name] = setTimeout(action, ms);
  }

  #announce(text) {
    this.#later('announce', ANNOUNCE_MS, () => (this.#at.said.textContent = text));
  }

  // Drawing.

  #build() {
    const at = (name, tag, attributes, ...children) => (this.#at[name] = h(tag, attributes, ...children));
    const key = hotkey(this.getAttribute('hotkey'));
    this.#root.adoptedStyleSheets = [SHEET];
    this.#root.replaceChildren(
      at('box', 'div', { class: 'box', part: 'box', lang: this.#wordsLang },
        h('form', { class: 'search', part: 'search', role: 'search', 'aria-label': this.#say('label') },
          h('span', { class: 'icon', 'aria-hidden': 'true' }),
          at('input', 'input', {
            part: 'input', name: 'q', value: this.getAttribute('value'), role: 'combobox', maxlength: 256, enterkeyhint: 'search',
            autocomplete: 'off', autocapitalize: 'off', spellcheck: 'false',
            placeholder: this.getAttribute('placeholder') || this.#say('placeholder'),
            'aria-label': this.#say('label'), 'aria-expanded': 'false', 'aria-controls': 'list', 'aria-autocomplete': 'list',
          }),
          at('clear', 'button', { type: 'button', class: 'clear', 'data-do': 'clear', 'aria-label': this.#say('clear') }, '×'),
          at('kbd', 'kbd', { 'aria-hidden': 'true' }, key && this.#keyName(key))),
        at('panel', 'div', { class: 'panel', part: 'panel', hidden: true },
          at('results', 'div', { class: 'results' },
            at('head', 'p', { class: 'head', part: 'message' }),
            at('meant', 'button', { type: 'button', class: 'link', 'data-do': 'meant' }),
            at('list', 'div', { id: 'list', role: 'listbox', part: 'list', 'aria-label': this.#say('list') }),
            at('all', 'a', { class: 'all', href: '/' }, this.#say('all')),
            h('div', { class: 'actions', part: 'actions' },
              (this.#at.ask = button('ask', this.#say('ask'))),
              (this.#at.solved = button('solved', this.#say('solved'))))),
          this.#buildForm(at),
          at('sent', 'div', { class: 'sent', part: 'sent' })),
        at('said', 'div', { class: 'said', role: 'status' })));
    this.#idle();
    this.#view('results');
  }

  #buildForm(at) {
    const field = (name, tag, attributes) =>
      h('label', { class: 'field' },
        h('span', {}, this.#say(name), !attributes.required && h('small', {}, ` (${this.#say('optional')})`)),
        at(name, tag, { name, part: 'field', ...attributes }));
    return at('form', 'form', { class: 'ticket', part: 'form', 'aria-labelledby': 'ask' },
      h('h2', { id: 'ask' }, this.#say('ask')),
      h('p', {}, this.#say('ask_intro')),
      field('subject', 'input', { maxlength: 200, required: true }),
      field('message', 'textarea', { maxlength: 20000, rows: 3 }),
      h('div', { class: 'pair' },
        field('email', 'input', { type: 'email', maxlength: 254, required: true, autocomplete: 'email' }),
        field('name', 'input', { maxlength: 200, autocomplete: 'name' })),
      // People never see this one; simple robots fill it in.
      h('div', { class: 'trap', 'aria-hidden': 'true' }, at('website', 'input', { name: 'website', tabindex: -1, autocomplete: 'off' })),
      at('along', 'fieldset', { class: 'along' }),
      h('div', { class: 'actions', part: 'actions' },
        at('problem', 'p', { class: 'problem', role: 'alert' }),
        at('send', 'button', { class: 'button main', part: 'button main' }, this.#say('send')),
        button('back', this.#say('back')),
        button('solved', this.#say('solved'))));
  }

  #keyName({ mod, shift, alt, key }) {
    const names = MAC ? [mod && '⌘', shift && '⇧', alt && '⌥'] : [mod && this.#say('ctrl'), shift && 'Shift', alt && 'Alt'];
    return [...names.filter(Boolean), key.toUpperCase()].join(MAC ? '' : ' ');
  }

  #toggle(open) {
    this.#at.panel.hidden = !open;
    if (open) this.#fit();
    if (!open) this.#move(-1);
    this.#expand();
  }

  /** As high as the screen leaves room for above its keyboard, so that the actions stay in view. */
  #fit() {
    const { height, offsetTop } = window.visualViewport ?? { height: innerHeight, offsetTop: 0 };
    const room = height + offsetTop - this.#at.box.getBoundingClientRect().bottom - 16;
    this.#at.panel.style.maxBlockSize = `${Math.max(280, Math.min(640, room))}px`;
  }

  /** Shows one of the panel's three faces: results, form, sent. */
  #view(name) {
    for (const face of ['results', 'form', 'sent']) this.#at[face].hidden = face !== name;
    this.#at.panel.scrollTop = 0;
    this.#expand();
  }

  /** Tells assistive technology whether there is a list to go through. */
  #expand() {
    const { panel, results, list, input } = this.#at;
    input.setAttribute('aria-expanded', String(!panel.hidden && !results.hidden && !list.hidden));
  }

  #message(loud, ...content) {
    this.#at.head.classList.toggle('loud', loud);
    this.#at.head.replaceChildren(...content);
  }

  /** The state without a question. */
  #idle(message = this.#say('hint')) {
    this.#cancel();
    this.#query = '';
    this.#reply = null;
    this.#failed = false;
    this.#list([]);
    this.#message(false, message);
  }

  #list(hits) {
    const { list, solved, all, ask, meant } = this.#at;
    list.replaceChildren(...hits.map((hit, i) => this.#group(hit, i + 1)));
    this.#options.forEach((option, i) => (option.id = `option-${i}`));
    this.#move(-1);
    list.hidden = solved.hidden = all.hidden = !hits.length;
    all.href = this.#resultsPage();
    meant.hidden = !this.#reply?.corrected;
    meant.textContent = this.#say('did_you_mean', { q: this.#reply?.corrected });
    ask.classList.toggle('main', this.#failed || this.#reply?.decision === 'no_answer');
    this.#trim();
    this.#expand();
  }

  /** The clear button takes the place of the shortcut while there is text. */
  #trim() {
    const { clear, kbd, input } = this.#at;
    clear.hidden = !input.value;
    kbd.hidden = Boolean(input.value) || !kbd.textContent;
  }

  #group(hit, rank) {
    const sections = hit.sections?.length ? hit.sections.slice(0, SECTIONS) : [{ snippet: hit.description }];
    return h('div', { role: 'group', class: 'group', part: 'group', lang: hit.language, 'aria-label': hit.title },
      ...sections.map((section, i) => this.#option(hit, section, rank, i === 0)));
  }

  /** One section; the first of an article carries the article's title and date. */
  #option(hit, { anchor, url, heading, snippet, highlights }, rank, first) {
    const line = (name, ...content) => h('span', { class: name, part: name, dir: 'auto' }, ...content);
    const path = [heading?.join(' › '), first && this.#date(hit.updated)].filter(Boolean).join(' · ');
    const attributes = {
      role: 'option', class: 'hit', part: 'hit', tabindex: -1, 'aria-selected': 'false', href: this.#link(url ?? hit.url),
      'data-rank': rank, 'data-article': hit.article, 'data-section': anchor ?? '', 'data-title': hit.title,
    };
    return h('a', attributes,
      first && line('title', hit.title),
      path && line('path', path),
      snippet && line('snippet', ...marked(snippet, highlights)));
  }

  #date(text) {
    const date = new Date(text ?? NaN);
    return isNaN(date) ? null : date.toLocaleDateString(this.#lang, { dateStyle: 'medium', timeZone: 'UTC' });
  }

  get #options() {
    return [...this.#at.list.querySelectorAll('.hit')];
  }

  #move(to) {
    const options = this.#options;
    options[this.#active]?.setAttribute('aria-selected', 'false');
    this.#active = to;
    const option = options[to];
    this.#at.input.toggleAttribute('aria-activedescendant', Boolean(option));
    if (!option) return;
    option.setAttribute('aria-selected', 'true');
    option.scrollIntoView({ block: 'nearest' });
    this.#at.input.setAttribute('aria-activedescendant', option.id);
  }

  // Searching.

  #cancel() {
    this.#turn++;
    this.#request?.abort();
    this.#busy(false);
    clearTimeout(this.#timers.search);
    clearTimeout(this.#timers.settled);
  }

  #busy(busy) {
    this.#at.panel.setAttribute('aria-busy', String(busy));
  }

  #typed() {
    this.#view('results');
    this.#toggle(true);
    this.#move(-1);
    this.#trim();
    clearTimeout(this.#timers.settled);
    if (!this.#at.input.value.trim()) return this.#idle();
    this.#later('search', DEBOUNCE_MS, () => this.#search('typed'));
  }

  async #search(trigger) {
    const query = this.#at.input.value.trim();
    const asked = query === this.#query && !this.#failed;
    if (asked && this.#reply) this.#settleLater();
    if (asked || !query || !this.#emit('search', { query, trigger })) return;
    this.#cancel();
    this.#query = query;
    const turn = this.#turn;
    const params = new URLSearchParams({ q: query, site: this.#site, lang: this.#lang, session: remembered().session, trigger, surface: 'box' });
    for (const name of ['product', 'kind', 'tag', 'limit']) {
      if (this.hasAttribute(name)) params.set(name, this.getAttribute(name));
    }
    this.#busy(true);
    this.#request = new AbortController();
    // No header of our own: a request that needs no preflight.
    const { status, reply } = await this.#fetch(`/api/v1/search?${params}`, {}, this.#request);
    if (turn !== this.#turn) return;
    if (status === 200 && Array.isArray(reply?.hits)) this.#show(reply);
    else this.#fail();
  }

  #show(reply) {
    const { hits, decision, total = hits.length } = reply;
    const found = this.#say(`results_${new Intl.PluralRules(this.#wordsLang).select(total) === 'one' ? 'one' : 'other'}`, { n: total });
    this.#failed = this.#settled = false;
    this.#reply = reply;
    this.#busy(false);
    this.#list(hits);
    if (decision === 'no_answer' || !hits.length) {
      this.#message(true, this.#say('none', { q: this.#query }), hits.length ? ` ${this.#say('nearest')}` : '');
      this.#announce(this.#say('none_said'));
    } else {
      this.#message(false, decision === 'candidates' ? this.#say('weak') : found);
      this.#announce(found);
    }
    this.#settleLater();
    this.#emit('answered', { query: this.#query, query_id: reply.query_id, decision, confidence: reply.confidence, total });
  }

  #fail() {
    const message = this.#say(navigator.onLine ? 'error' : 'offline');
    this.#failed = true;
    this.#reply = null;
    this.#busy(false);
    this.#list([]);
    this.#message(true, `${message} `, h('a', { href: this.#link('/') }, this.#say('help_centre')));
    this.#announce(message);
  }

  #settleLater() {
    this.#later('settled', SETTLED_MS, () => this.#settle());
  }

  /** The visitor stopped here: this search counts, the ones on the way to it do not. */
  #settle() {
    clearTimeout(this.#timers.settled);
    if (!this.#reply || this.#settled) return;
    this.#settled = true;
    remembered(({ tried }) => tried.includes(this.#query) || (tried.push(this.#query) > 20 && tried.shift()));
    const ranks = this.#options.map(({ dataset }) => `${dataset.article}#${dataset.section}`);
    if (ranks.length) this.#record('results_shown', { query_id: this.#reply.query_id, ranks });
  }

  // Keys and clicks.

  #pressedAnywhere(event) {
    const key = hotkey(this.getAttribute('hotkey'));
    if (!key || event.defaultPrevented || isEditable(event.composedPath()[0])) return;
    const mod = MAC ? event.metaKey : event.ctrlKey;
    if (event.key.toLowerCase() !== key.key || mod !== key.mod || event.altKey !== key.alt) return;
    if (event.shiftKey !== key.shift && /^\w$/.test(key.key)) return;
    event.preventDefault();
    this.open();
  }

  #pressed(event) {
    if (event.isComposing || event.altKey) return;
    if (event.key === 'Escape') return this.#escape(event);
    if (event.target !== this.#at.input) return;
    const last = this.#options.length - 1;
    const { key } = event;
    if (key === 'ArrowDown' || key === 'ArrowUp') {
      event.preventDefault();
      this.#view('results');
      this.#toggle(true);
      // The input itself is a stop on the way round, so that nothing need be selected.
      const next = this.#active + (key === 'ArrowDown' ? 1 : -1);
      this.#move(next > last ? -1 : next < -1 ? last : next);
    } else if (key === 'Enter') {
      this.#entered(event);
    } else if (this.#active >= 0) {
      if (key === 'Home' || key === 'End') {
        event.preventDefault();
        this.#move(key === 'Home' ? 0 : last);
      } else if (key === 'ArrowLeft' || key === 'ArrowRight') {
        this.#move(-1);
      }
    }
  }

  /** Enter without an option goes on to `submit`, as the key of a phone's keyboard does. */
  #entered(event) {
    const option = this.#options[this.#active];
    const elsewhere = event.ctrlKey || event.metaKey;
    if (!option && !elsewhere) return;
    event.preventDefault();
    if (option && !elsewhere) return option.click();
    if (option) this.#opened(option);
    else this.#settle();
    window.open(option ? option.href : this.#carry(this.#resultsPage()), '_blank', 'noopener');
  }

  #escape(event) {
    const { panel, results, input } = this.#at;
    const closed = panel.hidden;
    const asking = results.hidden;
    if (closed && !input.value) return;
    event.preventDefault();
    event.stopPropagation();
    this.focus();
    if (closed) this.#clear();
    else if (asking) this.#view('results');
    this.#toggle(!closed && asking);
  }

  #clear() {
    this.#at.input.value = '';
    this.#idle();
  }

  #clicked(target) {
    const option = target.closest('.hit');
    if (option) this.#opened(option);
    if (target === this.#at.input) this.#toggle(true);
    if (target === this.#at.all) {
      this.#settle();
      target.href = this.#carry(target.href);
    }
    const action = target.closest('[data-do]')?.dataset.do;
    if (action === 'ask') this.#ask();
    if (action === 'solved') this.#solved();
    if (action === 'meant') this.search(this.#reply.corrected, 'suggested');
    if (action === 'clear') this.#clear();
    if (action === 'clear' || action === 'back') {
      this.#view('results');
      this.open();
    }
  }

  #opened(option) {
    const { rank, article, section, title } = option.dataset;
    this.#settle();
    option.href = this.#carry(option.href);
    remembered(({ read }) => (read[article] = title));
    this.#record('result_clicked', { query_id: this.#reply.query_id, rank: Number(rank), article, section });
    this.#lastOpened = article;
  }

  #submitted(event) {
    event.preventDefault();
    if (event.target === this.#at.form) return this.#send();
    const query = this.#at.input.value.trim();
    this.#settle();
    if (query && this.#emit('search', { query, trigger: 'enter' })) location.assign(this.#carry(this.#resultsPage()));
  }

  #solved() {
    this.#settle();
    this.#record('marked_solved', { article: this.#lastOpened, query_id: this.#reply?.query_id });
    this.#clear();
    this.#message(true, this.#say('thanks'));
    this.#announce(this.#say('thanks'));
    this.#view('results');
    this.open();
  }

  // Asking a person.

  #ask() {
    const { subject, message, input } = this.#at;
    this.#settle();
    if (subject.value === this.#prefilled) subject.value = this.#prefilled = input.value.trim();
    this.#listAlong();
    this.#view('form');
    this.#toggle(true);
    (subject.value ? message : subject).focus();
    this.#record('form_opened', { from: this.#failed ? 'error' : (this.#reply?.decision ?? 'box'), query_id: this.#reply?.query_id });
  }

  /** What goes along with a ticket, under the names by which the visitor's wish to leave it out is sent. */
  #along() {
    const { tried, read } = remembered();
    const queries = new Set([...tried, this.#query]);
    return {
      trail: [...queries].filter(Boolean).map((query) => `“${query}”`).join(', '),
      read: Object.values(read ?? {}).join(', '),
      'page.title': document.title,
      'page.url': location.origin + location.pathname,
      host: Object.entries(this.#host).map(([name, value]) => `${name} ${value}`).join(', '),
      client: this.#say('along_browser'),
      locale: `${this.#lang}, ${TIME_ZONE}`,
    };
  }

  #listAlong() {
    const lines = Object.entries(this.#along()).filter(([, value]) => value);
    this.#at.along.replaceChildren(
      h('legend', {}, this.#say('along')),
      ...lines.map(([name, v]) =>
        h('label', {},
          h('input', { type: 'checkbox', name, checked: !this.#struck.has(name) }),
          h('span', {}, this.#say(`along_${name.split('.').pop()}`, { v })))));
  }

  #edited(target) {
    if (target.type === 'checkbox') this.#struck[target.checked ? 'delete' : 'add'](target.name);
    else target.setCustomValidity('');
  }

  #ticket() {
    const { subject, message, email, name, website } = this.#at;
    const along = this.#along();
    const sent = (field, value) => (this.#struck.has(field) ? undefined : value);
    const { product, version, plan, ...custom } = this.#host;
    return {
      idempotency_key: this.#key,
      site: this.#site,
      session: remembered().session,
      query_id: this.#reply?.query_id,
      reason: this.#reply?.decision === 'no_answer' ? 'no_answer' : 'asked',
      subject: subject.value.trim(),
      message: message.value.trim(),
      requester: { name: name.value.trim(), email: email.value.trim() },
      locale: sent('locale', this.#lang),
      time_zone: sent('locale', TIME_ZONE),
      page: { url: sent('page.url', along['page.url']) ?? '', title: sent('page.title', along['page.title']) ?? '' },
      host: sent('host', { product, version, plan, custom }),
      consent: { context_shared: Object.keys(along).some((field) => !this.#struck.has(field)), fields_removed: [...this.#struck] },
      website: website.value,
    };
  }

  async #send() {
    if (this.#sending) return;
    const { send, problem } = this.#at;
    this.#sending = true;
    this.#key ??= newId();
    problem.textContent = '';
    send.textContent = this.#say('sending');
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify(this.#ticket());
    const { status, reply } = await this.#fetch('/api/v1/tickets', { method: 'POST', headers, body });
    this.#sending = false;
    send.textContent = this.#say('again');
    if (status === 200 || status === 201) return this.#arrived(reply);
    // The text was changed after a try whose reply got lost: it is another ticket now.
    if (status === 409) this.#key = null;
    const field = this.#at[reply?.field?.split('.').pop()];
    if (status === 422 && field?.form === this.#at.form) {
      field.setCustomValidity(reply.detail || reply.title);
      return field.reportValidity();
    }
    problem.textContent = this.#say(navigator.onLine ? 'send_failed' : 'send_offline');
    problem.scrollIntoView({ block: 'nearest' });
  }

  #arrived({ reference, status_url }) {
    const { sent, email, form, send } = this.#at;
    const title = h('h2', { tabindex: -1 }, this.#say('sent'));
    sent.replaceChildren(
      title,
      h('p', {}, h('strong', { part: 'reference' }, this.#say('reference', { v: reference }))),
      h('p', {}, this.#say('reply_to', { v: email.value })),
      h('p', {}, status_url && h('a', { href: this.#link(status_url) }, this.#say('status'))),
      button('clear', this.#say('new')));
    form.reset();
    this.#key = null;
    this.#prefilled = '';
    send.textContent = this.#say('send');
    this.#view('sent');
    title.focus();
    this.#emit('ticket', { reference, status_url: status_url && this.#link(status_url) });
  }
}

customElements.get('zerodesk-search') ?? customElements.define('zerodesk-search', SearchBox);
