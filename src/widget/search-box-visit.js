// What a browser tab remembers of a visit, and how it tells the server what happened. The server puts this into the box
// and into the scripts of the pages.
//
// It sets no cookie. Nothing waits for what is told, and what does not arrive is told again.

// Most events that wait for the network; a request carries so many at most.
const WAITING = 50;

/** A random id of 128 bits; unlike `crypto.randomUUID` it also works on pages without TLS. */
export const newId = () => crypto.getRandomValues(new Uint32Array(4)).join('-');

/** What a storage holds under a name, after a value was put there; nothing where it is empty or forbidden. */
export function stored(storage, name, value) {
  try {
    if (value) globalThis[storage].setItem(name, JSON.stringify(value));
    return JSON.parse(globalThis[storage].getItem(name));
  } catch {
    return null;
  }
}

let known;
/**
 * What is known of this tab's visit, shared by all boxes and pages of the origin:
 * { session, tried: [{ id, q }], read: { slug: title }, told: whether the server knows that it began }.
 */
export function visit(change) {
  known = stored('sessionStorage', 'zerodesk') ?? known;
  if (!known?.session || !Array.isArray(known.tried)) known = { session: newId(), tried: [], read: {} };
  change?.(known);
  stored('sessionStorage', 'zerodesk', known);
  return known;
}

/** Events on their way to the server's address, with what is true `about` all of them when they leave. */
export class Reports {
  waiting = [];

  constructor(url, about) {
    Object.assign(this, { url, about });
  }

  note(type, fields) {
    return this.waiting.length < WAITING && this.waiting.push({ id: newId(), type, at: new Date(), ...fields });
  }

  /** Says once that the visit began. */
  begin() {
    visit((it) => (it.told ||= this.note('session_started', { page: location.origin + location.pathname })));
  }

  record(type, fields) {
    this.begin();
    this.note(type, fields);
    this.send();
  }

  /** Sends what waits, which waits on until it has arrived; under the same id it counts once. */
  async send() {
    const { length } = this.waiting;
    if (this.sending || !length) return;
    this.sending = true;
    const { status } = await fetch(this.url, { method: 'POST', body: this.body(), keepalive: true, credentials: 'omit' }).catch(() => ({}));
    this.sending = false;
    // A refusal is an answer, too; a server that is busy or broken may take them later.
    if (status < 429) this.send(this.waiting.splice(0, length));
  }

  /** For a page that is left: a reply does not come any more. */
  leave() {
    if (this.waiting.length) navigator.sendBeacon?.(this.url, this.body());
  }

  /** As text, which needs no preflight. */
  body() {
    return JSON.stringify({
      session: visit().session, interacted: navigator.userActivation?.hasBeenActive, sent_at: new Date(), ...this.about(), events: this.waiting,
    });
  }
}
