// Hostile text at every place where somebody else's text is shown, in a real browser: none runs, and none becomes more
// than text. The pages' content security policy is switched off for this, so that it cannot hide a hole.

import assert from 'node:assert/strict';
import { CARELESS, watch } from './hostile.mjs';
import { serveOther } from './other.mjs';
import { PAYLOADS, SUM, SUMS } from './payloads.mjs';
import { host, inFirefox, open, server, shot, signIn, test } from './support.mjs';

const HOSTILE = [...PAYLOADS, ...SUMS];
// Several at once where a text is only repeated: whatever lets one of them out would let out the first of its kind.
const CHUNKS = chunks(HOSTILE, 190);
const enc = encodeURIComponent;
// A word that each article has.
const COMMON = 'zqall';
const word = (n) => `zq${n}x`;
const synonym = (n) => `zs${n}x`;

/** The texts, joined as long as they are no longer than this. */
function chunks(texts, length) {
  const joined = [''];
  for (const text of texts) {
    if (joined.at(-1).length + text.length > length) joined.push('');
    joined.push(`${joined.pop()} ${text}`.trim());
  }
  return joined;
}

/** An article with the text at every place of it. */
function article(text, n) {
  const line = text.replaceAll(/[\n\r]/g, ' ');
  const [one, quoted] = [JSON.stringify(`${line} ${word(n)} ${COMMON}`), JSON.stringify(line)];
  const fields = { title: one, description: one, author: quoted, kind: quoted, slug: word(n), lang: 'en', created: '2026-01-02' };
  for (const list of ['tags', 'product', 'questions', 'synonyms', 'audience', 'versions', 'related', 'aliases']) fields[list] = `[${list === 'questions' ? one : quoted}]`;
  const head = Object.entries(fields).map(([name, value]) => `${name}: ${value}`).join('\n');
  return `---\n${head}\n---\n\n${line} ${word(n)}\n\n${text}\n\n## ${line} ${word(n)}\n\n- ${line}\n\n| ${line} | b |\n|---|---|\n| ${line} | \`${line}\` |\n\n`
    + `> ${line}\n\n[${line}](${line}) ![${line}](${line}) [x](<${line}>) <${line}>\n\n[x][y] ${line}\n\n[y]: ${line} "${line}"\n\n`
    + `\`\`\`${line}\n${line}\n\`\`\`\n\nThe last line of article ${word(n)}.\n`;
}

/** A help centre full of them. */
function hostileServer() {
  const articles = Object.fromEntries(HOSTILE.map((text, n) => [`${word(n)}.md`, article(text, n)]));
  const synonyms = HOSTILE.map((text, n) => `[[synonyms]]\nwords = ["${synonym(n)}", ${JSON.stringify(text)}]\n`);
  return serveOther({ articles, files: { 'synonyms.toml': synonyms.join('\n') } });
}

// Where a page may show a text. Each article alone:
const ARTICLES = [
  ['articles', (_, n) => `/a/${word(n)}`],
  ['the explanation of results', (_, n) => `/explain?q=${word(n)}&lang=en&article=${word(n)}`],
];
// Parameters and addresses:
const PLACES = [
  ['synonyms', (_, n) => `/explain?q=${[0, 1, 2, 3, 4].map((i) => synonym(5 * n + i)).join('+')}&lang=en`],
  ['results', (_, n) => `/search?q=${COMMON}&offset=${10 * (n % 10)}&lang=en`],
  ['the question on the results page', (text) => `/search?q=${enc(text)}&lang=en`],
  ['filters of the results page', (text) => `/search?q=${COMMON}&lang=en&kind=${enc(text)}&tag=${enc(text)}&product=${enc(text)}&query_id=${enc(text)}`],
  ['the question on the explanation', (text) => `/explain?q=${enc(text)}&article=${enc(text)}`],
  ['the parameters of home', (text) => `/?kind=${enc(text)}&product=${enc(text)}&tag=${enc(text)}&lang=${enc(text)}`],
  ['a site that is not there', (text) => `/?site=${enc(text)}&lang=en`],
  ['the address of no article', (text) => `/a/${enc(text.replaceAll('/', ' '))}`],
  ['the parameters and the fragment of an article', (text) => `/a/${word(0)}?session=${enc(text)}&q=${enc(text)}&thanks=${enc(text)}#${enc(text)}`],
  ['the contact page', (text) => `/contact?${['q', 'query', 'subject', 'message', 'article', 'query_id', 'session', 'reason', 'email'].map((name) => `${name}=${enc(text)}`).join('&')}`],
  ['a ticket that is not there', (text) => `/t/${enc(text.replaceAll('/', ' '))}?token=${enc(text)}`],
  ['the parameters of the figures', (text) => `/stats?from=${enc(text)}&to=${enc(text)}&site=${enc(text)}`],
];

/** Visits the address for each text; fails on all that was noticed. */
async function visitAll(page, address, texts) {
  const taken = await watch(page);
  const noticed = [];
  for (const [n, text] of texts.entries()) {
    await page.goto(await address(text, n)).catch((error) => noticed.push([text, String(error.message).split('\n')[0]]));
    for (const what of await taken()) noticed.push([text, what]);
    if (text.includes('191') && (await page.locator('html').innerText()).includes(SUM)) noticed.push([text, 'was computed']);
  }
  assert.deepEqual(noticed, []);
}

const raw = { bypassCSP: true, faults: true };

/** Every payload is dangerous, and noticed, on pages that take no care. */
export async function careless() {
  await test('each of the hostile texts is noticed where no care is taken', async (page) => {
    assert.ok(PAYLOADS.length >= 60);
    assert.equal(new Set(PAYLOADS).size, PAYLOADS.length);
    let html;
    await page.route(`${server}/careless`, (route) => route.fulfill({ contentType: 'text/html', body: `<!doctype html><meta charset="utf-8">${html}` }));
    const taken = await watch(page);
    const duds = [];
    for (const text of PAYLOADS) {
      let noticed = [];
      for (const make of CARELESS) {
        html = make(text);
        await page.goto(`${server}/careless`, { waitUntil: 'domcontentloaded' }).catch(() => {});
        noticed = await taken();
        if (noticed.length) break;
      }
      if (!noticed.length) duds.push(text);
    }
    assert.deepEqual(duds, []);
  }, { faults: true });
}

/** The pages of a help centre whose articles are hostile. */
export async function hostilePages() {
  const site = await hostileServer();
  try {
    for (const [name, path] of [...ARTICLES, ...PLACES]) {
      const texts = ARTICLES.some(([each]) => each === name) ? HOSTILE : CHUNKS;
      await test(`no hostile text runs: ${name}`, async (page) => {
        await visitAll(page, (text, n) => `${site.url}${path(text, n)}`, texts);
        await shot(page, `hostile-${name}`);
      }, raw);
    }
    await test('hostile titles are shown as they were written', async (page) => {
      for (const n of [0, 6, 24, 52, 70]) {
        await page.goto(`${site.url}/a/${word(n)}`);
        assert.equal(await page.locator('h1').textContent(), `${PAYLOADS[n]} ${word(n)} ${COMMON}`);
      }
    });
    await hostileTickets(site);
    await hostileBox(site);
    await test('no hostile text runs: what machines read', async () => {
      for (const path of ['/sitemap.xml', '/llms.txt', '/robots.txt', '/openapi.json', `/a/${word(0)}.md`, `/api/v1/articles/${word(0)}`, '/api/v1/search?q=zq0x']) {
        const reply = await fetch(`${site.url}${path}`);
        assert.notEqual(reply.headers.get('content-type')?.split(';')[0], 'text/html', path);
        assert.equal(reply.headers.get('x-content-type-options'), 'nosniff', path);
      }
    });
  } finally {
    await site.stop();
  }
}

/** Tickets, their status pages and the desk. */
async function hostileTickets(site) {
  const status = [];
  await test('tickets with hostile text are taken', async () => {
    for (const [n, text] of CHUNKS.entries()) {
      const body = {
        idempotency_key: `hostile-ticket-${n}`, subject: text, message: text, requester: { name: text, email: 'jan@example.org', user_ref: text },
        locale: text.slice(0, 30), time_zone: 'Europe/Amsterdam', page: { url: text, title: text },
        host: { product: text, version: text, plan: text, custom: { [text.slice(0, 40)]: text } }, callback: null,
      };
      for (const leave of [[], ['locale'], ['locale', 'host'], ['locale', 'host', 'page']]) {
        const sent = Object.fromEntries(Object.entries(body).filter(([name]) => !leave.includes(name)));
        const reply = await fetch(`${site.url}/api/v1/tickets`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(sent) });
        if (reply.status !== 201) continue;
        status[n] = (await reply.json()).status_url;
        break;
      }
      assert.ok(status[n], text);
    }
  });
  await test('no hostile text runs: the status of a ticket', (page) => visitAll(page, (_, n) => `${site.url}${status[n]}`, CHUNKS), raw);
  await test('no hostile text runs: a ticket at the desk, and the desk', async (page) => {
    await signIn(page, { site: site.url, secret: site.token });
    await visitAll(page, (_, n) => `${site.url}/desk/tickets/${/ZD-\w+/.exec(status[n])[0]}`, CHUNKS);
    const lists = ['/desk', '/desk?state=all', '/desk/log', '/desk/dead-letters', '/desk/agents', '/stats'];
    await visitAll(page, (_, n) => `${site.url}${lists[n]}`, lists);
    await visitAll(page, (text) => `${site.url}/desk?${['state', 'status', 'queue', 'level', 'q', 'site', 'lang'].map((name) => `${name}=${enc(text)}`).join('&')}`, CHUNKS);
  }, { ...raw, cookies: true });
}

/** The box of that help centre, over its real API. */
async function hostileBox(site) {
  await test('no hostile text runs: the box with hostile articles', async (page) => {
    const taken = await watch(page);
    const { input, options } = await open(page, { address: `${site.url}/` });
    const noticed = [];
    for (const [n, text] of HOSTILE.entries()) {
      await input.fill(word(n));
      await options.filter({ hasText: word(n) }).first().waitFor();
      for (const what of await taken()) noticed.push([text, what]);
    }
    assert.deepEqual(noticed, []);
  }, raw);
}

const KEPT = ['decision', 'query_id', 'code', 'type'];

/** The reply with the text in place of every text. */
function poisoned(reply, text) {
  if (typeof reply === 'string') return text;
  if (Array.isArray(reply)) return reply.map((item) => poisoned(item, text));
  if (reply === null || typeof reply !== 'object') return reply;
  return Object.fromEntries(Object.entries(reply).map(([name, value]) => [name, KEPT.includes(name) ? value : poisoned(value, text)]));
}

/** The box on another website, with a server that answers in hostile texts only, on a page that is hostile, too. */
export async function poisonedBox() {
  await test('no hostile text runs: every field of every reply, and what the page says of itself', async (page) => {
    const taken = await watch(page);
    const noticed = [];
    let text;
    const known = new Map();
    await page.route(`${server}/api/v1/**`, async (route) => {
      const request = route.request();
      const headers = { 'access-control-allow-origin': '*', 'access-control-allow-headers': '*' };
      if (request.method() === 'OPTIONS') return route.fulfill({ status: 204, headers });
      const path = new URL(request.url()).pathname;
      if (path.endsWith('/events')) return route.fulfill({ status: 202, json: {}, headers });
      if (path.endsWith('/tickets')) return route.fulfill({ status: 201, json: { id: text, reference: text, status_url: text, level: 1, suggested_level: 1 }, headers });
      if (!known.has(path)) {
        // The real reply, asked once: so that no field of it can be forgotten here.
        const reply = path.endsWith('/suggest')
          ? await fetch(request.url(), { method: 'POST', headers: { 'content-type': 'application/json' }, body: request.postData() })
          : await fetch(`${server}${path}?q=search+box&lang=en`);
        known.set(path, await reply.json());
      }
      const reply = poisoned(known.get(path), text);
      if ('corrected' in reply) Object.assign(reply, { corrected: text, did_you_mean: text });
      await route.fulfill({ json: reply, headers }).catch(() => {});
    });
    const { box, input, options, ask, form } = await open(page);
    const note = async () => { for (const what of await taken()) noticed.push([text, what]); };
    for (text of PAYLOADS) {
      await page.evaluate((value) => {
        document.title = value;
        history.replaceState(null, '', `?${encodeURIComponent(value)}#${value}`);
        const element = document.querySelector('zerodesk-search');
        element.setAttribute('placeholder', value);
        element.setAttribute('value', value);
        element.setAttribute('data-anything', value);
        element.context({ product: value, version: value, [value]: value });
      }, text);
      await input.fill(`${text.trim().slice(0, 200)} x`);
      await options.first().waitFor();
      await note();
      for (const address of await options.evaluateAll((all) => all.map((option) => option.href ?? 'https:'))) {
        if (!/^https?:/.test(address)) noticed.push([text, address]);
      }
      await ask.click();
      await form.getByText('Page:').waitFor();
      await note();
      await form.getByLabel('E-mail').fill('jan@example.org');
      await form.getByLabel('Question', { exact: true }).fill(text.trim().slice(0, 190) || 'x');
      await form.locator('.main').click();
      await box.getByText('Reference:').waitFor();
      await note();
      await box.locator('.sent button').first().click();
    }
    assert.deepEqual(noticed, []);
    assert.equal(new URL(page.url()).origin, new URL(host()).origin, 'the page stays');
  }, inFirefox() ? { faults: true } : raw);
}
