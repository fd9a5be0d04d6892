// The search box itself: the field, the list, the states, the keys. `search-box.js` loads it.
//
// It never reads text as HTML, sets no cookie, keeps a random session id in sessionStorage and, only where the page
// asks for it, recent searches in localStorage. When it is taken out of the page, no listener or timer stays behind.

// The server puts the style sheet in here,
/*embed*/ import STYLE from './search-box-style.js'; /*end*/
// and what a visit is.
/*embed*/ import { newId, Reports, stored, visit } from './search-box-visit.js'; /*end*/

export { newId, visit };

const DEBOUNCE_MS = 150;
// A search that nobody extends for this long counts as shown.
const SETTLED_MS = 1500;
const ANNOUNCE_MS = 700;
const SLOW_MS = 4000;
const TIMEOUT_MS = 15_000;
// Articles shown, sections of each, phrases to go on with, and searches visit.
const ARTICLES = 6;
const SECTIONS = 3;
const PHRASES = 3;
const RECENT = 5;
// Here the open box takes the whole screen.
const SMALL = '(max-width: 480px)';
const SHEET = new CSSStyleSheet();
SHEET.replaceSync(STYLE);

/**
 * An element, as `tag.class.class`; its classes are its parts for `::part()`, too. Null and false attributes and
 * children are left out, strings become text and never HTML.
 */
export function h(name, attributes, ...children) {
  const [tag, ...look] = name.split('.');
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries({ class: look.join(' '), part: look.join(' '), ...attributes })) {
    if (value || value === 0) node.setAttribute(key, value === true ? '' : value);
  }
  node.append(...children.filter(Boolean));
  return node;
}

/** The text with its highlights, ranges [start, end) in code points, as strings and <mark>s. */
export function marked(text, ranges) {
  const chars = [...text];
  const parts = [];
  let done = 0;
  for (const [start, end] of ranges ?? []) {
    if (!(start >= done && end > start)) continue;
    parts.push(chars.slice(done, start).join(''), h('mark', {}, chars.slice(start, end).join('')));
    done = end;
  }
  return [...parts, chars.slice(done).join('')];
}

/** A button that calls the method of this name of the box, or of the ticket form. */
export const button = (action, label, name = 'button.button') => h(name, { type: 'button', 'data-do': action }, label);
const textButton = (action, label) => button(action, label, 'button.link');
const icon = () => h('span.icon');
const line = (name, ...content) => h(`span.${name}`, { dir: 'auto' }, ...content);

/** What an element of the page shows; the element keeps it while it is taken out and put in again. */
export class Box {
  // The lasting elements of the shadow root, by name.
  at = {};
  timers = {};
  // Number of the newest search; replies to older ones are dropped.
  turn = 0;

  constructor(element, parts, mac) {
    Object.assign(this, { element, parts, mac });
    this.root = element.attachShadow({ mode: 'open' });
    this.root.adoptedStyleSheets = [SHEET];
    this.reports = new Reports(this.link('/api/v1/events'), () => ({ site: this.site, surface: 'box', locale: element.language }));
  }

  connect() {
    if (this.connected) return;
    this.connected = new AbortController();
    const listen = (target, types) => {
      // The controller's signal ends all of them at once.
      for (const type of types.split(' ')) target?.addEventListener(type, this, this.connected);
    };
    listen(this.root, 'input keydown click auxclick submit focusin focusout mousedown');
    listen(document, 'pointerdown');
    listen(window, 'online pagehide resize');
    listen(window.visualViewport, 'resize scroll');
  }

  disconnect() {
    this.connected?.abort();
    this.connected = null;
    this.cancel();
    for (const timer of Object.values(this.timers)) clearTimeout(timer);
    this.toggle(false);
  }

  handleEvent(event) {
    this[`on${event.type}`](event, event.target);
  }

  /** Opens it and moves the focus to the field. */
  open() {
    this.toggle(true);
    this.focus();
  }

  close() {
    this.toggle(false);
  }

  focus(options) {
    this.at.input.focus(options);
  }

  /** Searches for these words as if they had been typed. */
  find(query, trigger, verbatim) {
    this.at.input.value = query;
    this.back();
    return this.search(trigger, verbatim);
  }

  // Settings.

  setting(name) {
    return this.element.getAttribute(name);
  }

  get site() {
    return this.setting('site') || 'default';
  }

  say(key, value) {
    return (this.words[key] ?? key).replace('{v}', () => value);
  }

  /** An address on the server, a page with `more`; http and https only, whatever a reply says. */
  link(path, more) {
    const { origin } = this.element;
    const url = new URL(path ?? '/', origin);
    if (more) url.search = this.params(more);
    return /^https?:$/.test(url.protocol) ? url.href : origin;
  }

  /** Site and language, for a request or a page of the help centre. */
  params(more) {
    return new URLSearchParams({ site: this.site, lang: this.element.language, ...more });
  }

  resultsPage() {
    return this.link('/search', { q: this.at.input.value.trim() });
  }

  /** The address for somebody who goes there now: the help centre recognises the visit, and takes it out again. */
  carry(href) {
    const url = new URL(href);
    if (url.origin === this.element.origin) url.searchParams.set('session', visit().session);
    return url.href;
  }

  /** Tells the page; false when it said preventDefault(). */
  emit(name, detail) {
    return this.element.dispatchEvent(
      new CustomEvent(`zerodesk:${name}`, { detail, bubbles: true, composed: true, cancelable: true }),
    );
  }

  /** Status and JSON of a reply, and the seconds that it asks to wait; status 0 when there is none, or none in time. */
  async fetch(path, options, request = new AbortController()) {
    const timer = setTimeout(() => request.abort(), TIMEOUT_MS);
    try {
      const response = await fetch(this.link(`/api/v1/${path}`), { ...options, signal: request.signal, credentials: 'omit' });
      return { status: response.status, wait: response.headers.get('retry-after'), reply: await response.json() };
    } catch {
      return { status: 0 };
    } finally {
      clearTimeout(timer);
    }
  }

  later(name, ms, action) {
    clearTimeout(this.timers[name]);
    this.timers[name] = setTimeout(action, ms);
  }

  announce(text) {
    this.later('announce', ANNOUNCE_MS, () => (this.at.said.textContent = text));
  }

  // Drawing.

  /** Draws everything, anew where it was there; what was typed and the focus stay. */
  build(words = this.words, lang = this.lang) {
    const { element } = this;
    const value = this.at.input?.value ?? (element.querySelector('[name="q"]')?.value || this.setting('value') || '');
    const focused = element.matches(':focus-within');
    const modal = element.hasAttribute('modal');
    Object.assign(this, { words, lang, modal, ticket: null, at: {} });
    const at = (name, tag, attributes, ...children) => (this.at[name] = h(tag, attributes, ...children));
    const label = this.say('label');
    const placeholder = this.setting('placeholder') || this.say('placeholder');
    const key = (this.setting('hotkey') || 'mod+k').toLowerCase();
    const kbd = () => key !== 'off' && h('kbd', { 'aria-hidden': 'true' }, this.keyName(key));
    const frame = { lang, dir: this.say('dir') };
    this.root.replaceChildren(
      modal && !this.setting('trigger')
        ? h('button.box.search.trigger', { ...frame, type: 'button', 'data-do': 'open', 'aria-haspopup': 'dialog' }, icon(), line('text', placeholder), kbd())
        : '',
      at('box', modal ? 'dialog.box' : 'div.box', { ...frame, ...(modal ? { 'aria-label': label } : { popover: 'manual' }) },
        h('form.search', { role: 'search', 'aria-label': label },
          icon(),
          at('input', 'input.input', {
            name: 'q', role: 'combobox', maxlength: 256, enterkeyhint: 'search', autocomplete: 'off', placeholder,
            'aria-label': label, 'aria-expanded': 'false', 'aria-controls': 'list', 'aria-autocomplete': 'list',
          }),
          at('clearer', 'button.clear', { type: 'button', 'data-do': 'clear', 'aria-label': this.say('clear') }, '×'),
          at('kbd', 'span', {}, !modal && kbd()),
          textButton('close', this.say('close'))),
        at('panel', 'div.panel', { hidden: !modal },
          at('results', 'div.results', {},
            at('head', 'div.message', {}),
            at('list', 'div.list', { id: 'list', role: 'listbox', 'aria-label': this.say('list') }),
            at('all', 'a.all', { href: '/' }, this.say('all')),
            h('div.actions', {},
              at('person', 'a.button', { 'data-do': 'ask', href: '/' }, this.say('ask')),
              at('helped', 'button.button', { type: 'button', 'data-do': 'solved' }, this.say('solved'))))),
        at('said', 'div.said', { role: 'status' })));
    this.at.input.value = value;
    // The browser closes a dialog by itself, too; it may be open again by the time it says so.
    this.at.box.onclose = () => this.at.box.open || this.close();
    this.idle();
    this.view('results');
    if (focused && !modal) this.focus();
  }

  keyName(key) {
    const names = { mod: this.mac ? '⌘' : this.say('ctrl') };
    return key.split('+').map((name) => names[name] ?? name.toUpperCase()).join(' ');
  }

  toggle(open) {
    const { box, panel, input } = this.at;
    const changed = open !== this.shown;
    this.shown = open;
    if (this.modal) {
      if (open !== box.open) box[open ? 'showModal' : 'close']();
    } else {
      panel.hidden = !open;
      if (changed && box.isConnected) box.togglePopover?.(open && matchMedia(SMALL).matches);
    }
    if (!open) this.move(-1);
    else if (changed) {
      this.onresize();
      if (!input.value) this.suggest();
    }
    this.expand();
  }

  /** Tells the style how much room the screen leaves above its keyboard, so that the actions stay in view. */
  onresize() {
    const { height, offsetTop: top } = window.visualViewport ?? { height: innerHeight, offsetTop: 0 };
    const room = Math.max(280, Math.min(640, height + top - this.element.getBoundingClientRect().bottom - 16));
    for (const [name, value] of Object.entries({ height, top, room })) this.at.box.style.setProperty(`--${name}`, `${value}px`);
  }

  onscroll() {
    this.onresize();
  }

  /** Shows one of the panel's three faces: results, form, sent. */
  view(name) {
    for (const face of ['results', 'form', 'sent']) this.at[face]?.toggleAttribute('hidden', face !== name);
    this.at.panel.scrollTop = 0;
    this.expand();
  }

  /** Tells assistive technology whether there is a list to go through. */
  expand() {
    const { results, list, input } = this.at;
    input.ariaExpanded = Boolean(this.shown && !results.hidden && !list.hidden);
  }

  /** What stands above the list: one line, and notes below it. */
  message(loud, text, ...notes) {
    this.at.head.classList.toggle('loud', loud);
    this.at.head.replaceChildren(h('p', {}, text), ...notes.filter(Boolean).map((note) => h('p.note', {}, ...[note].flat())));
  }

  /** The state without a question: recent searches, and articles about the page. */
  idle(message = this.say('hint')) {
    const recent = this.recent();
    this.cancel();
    this.query = '';
    this.reply = null;
    this.failed = false;
    this.list([
      [this.say('recent'), recent.map((text) => this.phrase({ text })), true],
      [this.say('here'), (this.here?.hits ?? []).map((hit) => this.option(hit, hit, 0, true)), true],
    ]);
    this.message(false, message, recent.length && textButton('forget', this.say('forget')));
  }

  /** Asks once which articles are about the page where the box stands. */
  async suggest() {
    const { pathname: path, origin } = location;
    if (this.here?.path === path || this.setting('suggest') === 'off') return;
    this.here = { path };
    const about = this.params({ title: document.title.slice(0, 200), path: path.slice(0, 200) });
    const { reply } = await this.fetch(`suggest?${about}`);
    if (!Array.isArray(reply?.hits)) return;
    this.here.hits = reply.hits.filter(({ url }) => this.link(url).split('#')[0] !== origin + path);
    if (!this.at.input.value && !this.failed) this.idle();
  }

  /** Earlier searches in this language, newest first, where the page allows to keep them; a text is put before them. */
  recent(text) {
    if (!this.element.hasAttribute('recent')) return [];
    const name = `zerodesk:${this.site}:${this.lang}`;
    const known = [stored('localStorage', name) ?? []].flat().filter((old) => old !== text);
    return text ? stored('localStorage', name, [text, ...known].slice(0, RECENT)) : known.map(String);
  }

  /** Draws the list: groups as [name, options, whether the name is shown, language]. */
  list(groups) {
    const { list, helped, all, person } = this.at;
    list.replaceChildren(...groups.filter(([, options]) => options.length).map(([name, options, named, lang]) =>
      h('div.group', { role: 'group', 'aria-label': name, lang }, named && h('div.label', { role: 'presentation' }, name), ...options)));
    this.options.forEach((option, i) => (option.id = `option-${i}`));
    this.move(-1);
    list.hidden = !this.options.length;
    helped.hidden = all.hidden = !this.reply?.hits.length;
    all.href = this.resultsPage();
    person.href = this.link('/contact', { query_id: this.reply?.query_id ?? '' });
    person.classList.toggle('main', this.failed || this.reply?.decision === 'no_answer');
    this.trim();
    this.expand();
  }

  /** The clear button takes the place of the shortcut while there is text. */
  trim() {
    const { clearer, kbd, input } = this.at;
    clearer.hidden = !input.value;
    kbd.hidden = !clearer.hidden;
  }

  /** Words to search for. */
  phrase({ text, highlights }) {
    return h('div.hit.phrase', { role: 'option', 'aria-selected': 'false', 'data-q': text }, icon(), line('text', ...marked(text, highlights)));
  }

  group(hit, rank) {
    const sections = hit.sections?.length ? hit.sections.slice(0, SECTIONS) : [{ snippet: hit.description }];
    return [hit.title, sections.map((section, i) => this.option(hit, section, rank, !i)), false, hit.language];
  }

  /** One section; the first of an article carries the article's title and date. */
  option({ article, title, updated, url: home }, { anchor, url, heading, snippet, highlights }, rank, first) {
    const day = new Date(first && updated);
    // From here to its end, the line may run the other way.
    const told = day > 0 && '\u2068' + day.toLocaleDateString(this.element.language, { dateStyle: 'medium', timeZone: 'UTC' });
    const path = [heading?.join(' › '), told].filter(Boolean).join(' · ');
    return h(first ? 'a.hit' : 'a.hit.section', {
      role: 'option', tabindex: -1, 'aria-selected': 'false', href: this.link(url ?? home),
      'data-rank': rank, 'data-article': article, 'data-section': anchor, 'data-title': title,
    }, first && line('title', title), path && line('path', path), snippet && line('snippet', ...marked(snippet, highlights)));
  }

  get options() {
    return [...this.at.list.querySelectorAll('.hit')];
  }

  move(to) {
    const { options, at: { input } } = this;
    const option = options[to];
    if (options[this.active]) options[this.active].ariaSelected = false;
    this.active = to;
    if (!option) return input.removeAttribute('aria-activedescendant');
    option.ariaSelected = true;
    option.scrollIntoView({ block: 'nearest' });
    input.setAttribute('aria-activedescendant', option.id);
  }

  // Searching.

  cancel() {
    this.turn++;
    this.request?.abort();
    this.busy(false);
    clearTimeout(this.timers.search);
    clearTimeout(this.timers.settled);
  }

  busy(busy) {
    this.at.panel.ariaBusy = busy;
    clearTimeout(this.timers.slow);
    if (busy) this.later('slow', SLOW_MS, () => {
      this.message(false, this.say('slow'));
      this.announce(this.say('slow'));
    });
  }

  async search(trigger, verbatim) {
    const query = this.at.input.value.trim();
    const asked = query === this.query && !this.failed && !verbatim;
    if (asked) this.later('settled', SETTLED_MS, () => this.settle());
    if (asked || !query || !this.emit('search', { query, trigger })) return;
    this.cancel();
    this.query = query;
    const { turn } = this;
    const params = this.params({ q: query, session: visit().session, trigger, surface: 'box', limit: ARTICLES, complete: PHRASES });
    for (const name of ['product', 'kind', 'tag', 'limit']) {
      if (this.setting(name)) params.set(name, this.setting(name));
    }
    if (verbatim) params.set('verbatim', 1);
    this.busy(true);
    this.request = new AbortController();
    // No header of our own: a request that needs no preflight.
    const answer = await this.fetch(`search?${params}`, {}, this.request);
    if (turn !== this.turn) return;
    this.busy(false);
    try {
      this.show(answer.reply, trigger);
    } catch {
      this.fail(answer);
    }
  }

  /** Shows a reply; throws where it is none. */
  show(reply, trigger) {
    const { query } = this;
    const { hits, decision, confidence, query_id, total = hits.length, corrected, did_you_mean: meant, excluded, completions } = reply;
    const none = decision === 'no_answer' || !hits.length;
    const found = this.count(total);
    const phrases = (trigger === 'typed' && !none && completions) || [];
    const other = phrases.filter(({ text }) => text.toLowerCase() !== query.toLowerCase());
    this.failed = this.settled = false;
    this.reply = reply;
    this.list([[this.say('complete'), other.map((phrase) => this.phrase(phrase))], ...hits.map((hit, i) => this.group(hit, i + 1))]);
    this.message(none, none ? this.say('none', query) : decision === 'candidates' ? this.say('weak') : found,
      corrected && [this.say('corrected', corrected), ' ', textButton('verbatim', this.say('verbatim', query))],
      meant && textButton('meant', this.say('did_you_mean', meant)),
      reply.relaxed && this.say('relaxed'),
      excluded?.length && this.say('excluded', excluded.join(', ')),
      none && hits.length && this.say('nearest'));
    this.announce(none ? this.say('none_said') : found);
    this.later('settled', SETTLED_MS, () => this.settle());
    this.emit('answered', { query, query_id, decision, confidence, total });
    if (none) this.parts.form().catch(() => {});
  }

  /** How many articles, in the words of that plural form. */
  count(number) {
    const form = `results_${new Intl.PluralRules(this.lang).select(number)}`;
    return this.say(form in this.words ? form : 'results_other', number.toLocaleString(this.lang));
  }

  fail({ status, wait, reply }) {
    const busy = status === 429 || status === 503;
    const message = this.say(navigator.onLine ? (busy ? 'busy' : 'error') : 'offline');
    this.failed = true;
    this.reply = null;
    this.list([]);
    this.message(true, message,
      [textButton('retry', this.say('retry')), ' ', h('a', { href: this.link('/', {}) }, this.say('help_centre'))]);
    this.announce(message);
    if (busy) this.later('search', Math.min(60, wait || 5) * 1000, () => this.retry());
    // For whoever embeds the box: an unknown site, a parameter that is not allowed.
    if (reply?.detail) console.warn('zerodesk-search:', reply.detail);
  }

  retry() {
    this.search('typed');
  }

  ononline() {
    this.reports.send();
    if (this.failed) this.retry();
  }

  onpagehide() {
    this.reports.leave();
  }

  /** The visitor stopped here: this search counts, the ones on the way to it do not. */
  settle() {
    const { reply, query: q } = this;
    clearTimeout(this.timers.settled);
    if (!reply || this.settled) return;
    this.settled = true;
    this.recent(q);
    visit((known) => (known.tried = [...known.tried.filter((search) => search.q !== q), { id: reply.query_id, q }].slice(-20)));
    const ranks = this.options.flatMap(({ dataset: { article, section = '' } }) => (article ? `${article}#${section}` : []));
    if (ranks.length) this.reports.record('results_shown', { query_id: reply.query_id, ranks });
  }

  // Keys and clicks.

  oninput(event, target) {
    if (target !== this.at.input) return this.ticket.edited(target);
    this.view('results');
    this.toggle(true);
    this.move(-1);
    this.trim();
    clearTimeout(this.timers.settled);
    if (!target.value.trim()) return this.idle();
    this.later('search', DEBOUNCE_MS, () => this.search('typed'));
  }

  onkeydown(event, target) {
    const { key } = event;
    if (event.isComposing || event.altKey) return;
    if (key === 'Escape') return this.escape(event);
    if (target !== this.at.input) return;
    const last = this.options.length - 1;
    const { active } = this;
    // The input itself is a stop on the way round, so that nothing need be selected.
    const to = { ArrowDown: active < last ? active + 1 : -1, ArrowUp: active < 0 ? last : active - 1 }[key]
      ?? (active < 0 ? undefined : { Home: 0, End: last }[key]);
    if (key === 'Enter') this.entered(event);
    else if (to !== undefined) {
      event.preventDefault();
      this.view('results');
      this.toggle(true);
      this.move(to);
    } else if (key === 'ArrowLeft' || key === 'ArrowRight') this.move(-1);
  }

  /** Enter without an option goes on to `submit`, as the key of a phone's keyboard does. */
  entered(event) {
    const option = this.options[this.active];
    const elsewhere = event.ctrlKey || event.metaKey;
    if (!option && !elsewhere) return;
    event.preventDefault();
    if (option && !(elsewhere && option.href)) return option.click();
    if (option) this.opened(option);
    else this.settle();
    window.open(option?.href ?? this.carry(this.resultsPage()), '_blank', 'noopener');
  }

  escape(event) {
    const { results, input } = this.at;
    const asking = results.hidden;
    if (!this.shown && !input.value) return;
    event.preventDefault();
    event.stopPropagation();
    if (!this.shown) input.value = '';
    if (!input.value) this.idle();
    this.view('results');
    this.focus();
    this.toggle(this.shown && asking);
  }

  onclick(event, target) {
    const { input, all, box } = this.at;
    const option = target.closest('.hit');
    const action = target.closest('[data-do]')?.dataset.do;
    if (option?.dataset.q) this.find(option.dataset.q, 'suggested');
    else if (option) this.opened(option);
    if (target === input) this.toggle(true);
    if (target === box && this.modal) this.close();
    if (target === all) {
      this.settle();
      all.href = this.carry(all.href);
    }
    if (action) (this[action] ? this : this.ticket)[action](event, target);
  }

  onauxclick(event, target) {
    if (event.button === 1 && target.closest('a')) this.onclick(event, target);
  }

  onfocusin(event, target) {
    if (target === this.at.input) this.toggle(true);
  }

  onfocusout({ relatedTarget: next }) {
    if (next && !this.root.contains(next)) this.close();
  }

  onpointerdown(event) {
    if (!event.composedPath().includes(this.element)) this.close();
  }

  /** The input keeps the focus, so that the arrow keys still work after a click on a hit. */
  onmousedown(event, target) {
    if (this.at.list.contains(target)) event.preventDefault();
  }

  onsubmit(event, target) {
    event.preventDefault();
    if (target === this.at.form) return this.ticket.send();
    const query = this.at.input.value.trim();
    this.settle();
    if (query && this.emit('search', { query, trigger: 'enter' })) location.assign(this.carry(this.resultsPage()));
  }

  opened(option) {
    const { rank, article, section, title } = option.dataset;
    this.settle();
    option.href = this.carry(option.href);
    visit(({ read }) => (read[article] = title));
    if (this.reply) this.reports.record('result_clicked', { query_id: this.reply.query_id, rank: +rank, article, section });
    else this.reports.record('suggestion_clicked', { article });
    this.lastOpened = article;
  }

  back() {
    this.view('results');
    this.open();
  }

  clear() {
    this.at.input.value = '';
    this.idle();
    this.back();
  }

  meant() {
    this.find(this.reply.did_you_mean, 'suggested');
  }

  verbatim() {
    this.find(this.query, 'suggested', true);
  }

  forget() {
    localStorage.removeItem(`zerodesk:${this.site}:${this.lang}`);
    this.clear();
  }

  /** The visitor says that an article helped: no ticket then. */
  solved(event, target) {
    const article = target.closest('details')?.dataset.article ?? this.lastOpened;
    this.settle();
    this.reports.record('marked_solved', { article, query_id: this.reply?.query_id });
    this.clear();
    this.message(true, this.say('thanks'));
    this.announce(this.say('thanks'));
  }

  /** Opens the ticket form here; in a new tab, or where the form cannot be loaded, it is the contact page. */
  async ask(event) {
    const { person } = this.at;
    this.settle();
    person.href = this.carry(person.href);
    if (event.button || event.ctrlKey || event.metaKey || event.shiftKey || this.formless) return;
    event.preventDefault();
    try {
      const { Ticket } = await this.parts.form();
      this.ticket ??= new Ticket(this);
    } catch {
      this.formless = true;
      return this.fail({});
    }
    this.ticket.open();
  }
}
