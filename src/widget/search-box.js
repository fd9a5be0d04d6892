// The search box that lives in other people's pages: answers while typing, a ticket when there is none.
//
//   <script type="module" src="https://HOST/search-box.js"></script>
//   <zerodesk-search site="default"></zerodesk-search>
//
// This is the loader: it defines the element at once, and fetches the box itself and the words of the page's language
// beside it; until these are here, the page shows what stands between the tags. It knows the shortcut and what the page
// told about its visitor. It draws nothing, and leaves no listener behind when the element is taken out of the page.

// The server puts the addresses of the parts in here, each language complete. Read from a package, they are its files,
// and English comes in for what a translation lacks.
const PARTS = /*embed*/ {
  server: '/',
  core: () => import('./search-box-core.js'),
  form: () => import('./search-box-form.js'),
  words: Object.fromEntries(Object.entries({
    ar: () => import('./strings/ar.json', { with: { type: 'json' } }),
    de: () => import('./strings/de.json', { with: { type: 'json' } }),
    en: () => import('./strings/en.json', { with: { type: 'json' } }),
    es: () => import('./strings/es.json', { with: { type: 'json' } }),
    fr: () => import('./strings/fr.json', { with: { type: 'json' } }),
    nl: () => import('./strings/nl.json', { with: { type: 'json' } }),
  }).map(([lang, load], _, [, , [, english]]) => [lang, async () => ({ default: { ...(await english()).default, ...(await load()).default } })])),
} /*end*/;

const isMac = () => /Mac|iP(hone|ad)/.test(navigator.platform);
const isEditable = (node) => node?.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(node?.tagName);

/** The custom element; the last line of this file registers it as `zerodesk-search`. On a server it does nothing. */
export class SearchBox extends (globalThis.HTMLElement ?? Object) {
  static observedAttributes = ['lang', 'placeholder', 'hotkey', 'modal'];

  /** What the page told: { host, user }. */
  known = {};
  // The box itself, and the promise of it.
  #box;
  #ready;
  // The language whose words were fetched.
  #lang;
  // Ends all listeners.
  #connected;

  connectedCallback() {
    this.#connected = new AbortController();
    const { signal } = this.#connected;
    document.addEventListener('keydown', (event) => this.#pressed(event), { signal });
    document.addEventListener('click', (event) => this.#clicked(event), { signal });
    for (const type of ['pointerover', 'focusin']) this.addEventListener(type, () => this.#load(), { signal });
    if (this.#box || this.getAttribute('loading') !== 'lazy') this.#load();
  }

  disconnectedCallback() {
    this.#connected.abort();
    this.#box?.disconnect();
  }

  attributeChangedCallback(name, before, after) {
    if (before === after || !this.#ready) return;
    if (name === 'lang') this.#load();
    else this.#box?.build();
  }

  // For the page.

  /** Moves the focus to the box and opens it. */
  async open() {
    (await this.#load())?.open();
  }

  /** Closes it. */
  close() {
    this.#box?.close();
  }

  /** Moves the focus to the box. */
  async focus(options) {
    (await this.#load())?.focus(options);
  }

  /** Searches as if the visitor had typed it. */
  async search(query) {
    await (await this.#load())?.find(query, 'enter');
  }

  /** What the page knows ({ product, version, plan, ... }): listed in the ticket form and sent along with a ticket. */
  context(host) {
    this.known.host = host;
  }

  /** Who is signed in there ({ id, signature, name, email }): fills the form in, and vouches for the visitor. */
  identify(user) {
    this.known.user = user;
  }

  /** The visitor took another way to a person, such as `phone` or `chat`: for the figures. */
  async contacted(channel) {
    (await this.#load())?.reports.record('contact_elsewhere', { channel });
  }

  /** The language of the page here. */
  get language() {
    const known = [this.closest('[lang]')?.lang, document.documentElement.lang, navigator.language];
    try {
      return Intl.getCanonicalLocales(known.find(Boolean))[0] ?? 'en';
    } catch {
      return 'en';
    }
  }

  /** Origin of the help centre. Not called `server`: frameworks set properties that have the name of an attribute. */
  get origin() {
    return new URL(this.getAttribute('server') || PARTS.server, document.baseURI).origin;
  }

  /** Fetches box and words, once for a language; without them the page keeps what stands between the tags. */
  #load() {
    const lang = this.language;
    if (lang !== this.#lang) {
      this.#lang = lang;
      this.#ready = this.#fetch(lang).catch((error) => this.#failed(error));
    } else if (this.#box && this.isConnected) this.#box.connect();
    return this.#ready;
  }

  async #fetch(lang) {
    const known = [lang, lang.split('-')[0]].find((name) => PARTS.words[name]) ?? 'en';
    const [{ Box }, { default: words }] = await Promise.all([PARTS.core(), PARTS.words[known]()]);
    if (lang !== this.#lang) return this.#ready;
    this.#box ??= new Box(this, PARTS, isMac());
    this.#box.build(words, known);
    if (this.isConnected) this.#box.connect();
    return this.#box;
  }

  #failed(error) {
    console.warn('zerodesk-search:', error);
    this.#lang = null;
    const link = Object.assign(document.createElement('a'), { href: `${this.origin}/contact`, textContent: new URL(this.origin).host });
    if (!this.#box && !this.childElementCount) this.append(link);
  }

  #clicked(event) {
    const trigger = this.getAttribute('trigger');
    if (!trigger || !event.target.closest?.(trigger)) return;
    event.preventDefault();
    this.open();
  }

  #pressed(event) {
    const { key, shiftKey, altKey, defaultPrevented } = event;
    const mod = isMac() ? event.metaKey : event.ctrlKey;
    const pressed = [mod && 'mod', altKey && 'alt', shiftKey && /^\w$/.test(key) && 'shift', key?.toLowerCase()];
    if (pressed.filter(Boolean).join('+') !== (this.getAttribute('hotkey') || 'mod+k').toLowerCase()) return;
    if (defaultPrevented || isEditable(event.composedPath()[0])) return;
    event.preventDefault();
    this.open();
  }
}

globalThis.customElements?.get('zerodesk-search') ?? globalThis.customElements?.define('zerodesk-search', SearchBox);
