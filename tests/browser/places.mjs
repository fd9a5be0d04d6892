// Every page, in light, in dark and with forced colours: accessible, no wider than the screen, under a strict policy,
// without cookies. And every state of the box.

import assert from 'node:assert/strict';
import { answer, desk, foreign, hit, replies } from './replies.mjs';
import { accessible, parts, server, shot, signIn, test, token, violations } from './support.mjs';

// What depends on the width of the screen; the other rules are tried on a wide one.
const NARROW_RULES = ['target-size', 'scrollable-region-focusable', 'color-contrast'];
const NONSENSE = 'xyzzy frobnicate qwortle';

// Pages for anyone.
export const PUBLIC = [
  ['home', '/?lang=en'], ['home in Dutch', '/?lang=nl'], ['a category', '/?kind=how-to&lang=en'], ['an article', '/a/embed-the-box'],
  ['an article with tables', '/a/settings-reference'], ['an article in German', '/a/suchfeld-einbetten'], ['thanks', '/a/embed-the-box?thanks=1'],
  ['results', '/search?q=search+box&lang=en'], ['no results', `/search?q=${encodeURIComponent(NONSENSE)}&lang=en`], ['no question', '/search?lang=en'],
  ['misspelt', '/search?q=serach+bxo&lang=en'], ['contact', '/contact?lang=en'], ['contact after an article', '/contact?lang=en&article=embed-the-box'],
  ['explanation', '/explain?q=search+box&lang=en'], ['explanation of an article', '/explain?q=search+box&lang=en&article=install'], ['docs', '/docs'],
  ['missing article', '/a/there-is-no-such-article?lang=en'], ['missing page', '/there-is-nothing?lang=en'], ['missing ticket', '/t/ZD-000000?token=x&lang=en'],
  ['a wrong parameter', '/search?q=x&offset=-1&lang=en'], ['an unknown site', '/?site=nope&lang=en'], ['figures, not signed in', '/stats'], ['desk, not signed in', '/desk'],
];
// Pages of the desk; the ticket is one that was sent here.
const INNER = ['/desk', 'ticket', '/desk/log', '/desk/agents', '/desk/dead-letters', '/stats'];
// What is served beside pages.
const OTHER = ['/robots.txt', '/sitemap.xml', '/llms.txt', '/llms-full.txt', '/feed.xml', '/opensearch.xml', '/openapi.json', '/healthz', '/search-box.js', '/a/embed-the-box.md',
  '/api/v1/search?q=key', '/api/v1/complete?q=key', '/api/v1/articles', '/api/v1/articles/embed-the-box', '/api/v1/articles/nothing', '/api/v1/search'];

async function sendTicket() {
  const body = { idempotency_key: crypto.randomUUID(), subject: 'The key is lost', message: 'Where is it?\nIt was here.', requester: { name: 'Jan', email: 'jan@example.org' }, page: { url: 'https://www.example.org/x', title: 'Shop' }, host: { product: 'Kettle', version: '3' } };
  const reply = await fetch(`${server}/api/v1/tickets`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  assert.equal(reply.status, 201);
  return reply.json();
}

/** A policy that lets no script in but the server's own. */
function strict(policy, path) {
  assert.ok(policy, `${path} has no policy`);
  for (const bad of ['unsafe-inline', 'unsafe-eval', 'strict-dynamic', "script-src *"]) assert.ok(!policy.includes(bad), `${path}: ${bad}`);
  for (const good of ["default-src 'none'", "script-src 'self'", "base-uri 'none'", 'form-action', 'frame-ancestors']) assert.ok(policy.includes(good), `${path}: no ${good} in ${policy}`);
}

/** Headers of everything that is public. */
export async function headers() {
  await test('each public reply is without a cookie, and each page under a strict policy', async () => {
    const { status_url: status } = await sendTicket();
    const posts = [['/api/v1/events', '{}'], ['/api/v1/suggest', '{"message":"search box"}'], ['/api/v1/articles/embed-the-box/feedback', '{"helpful":true}']];
    for (const path of [...PUBLIC.map(([, address]) => address), ...OTHER, status]) {
      const reply = await fetch(`${server}${path}`, { redirect: 'manual' });
      assert.equal(reply.headers.get('set-cookie'), null, path);
      assert.equal(reply.headers.get('x-content-type-options'), 'nosniff', path);
      const html = reply.headers.get('content-type')?.startsWith('text/html');
      if (html) strict(reply.headers.get('content-security-policy'), path);
      if (html) assert.doesNotMatch(await reply.text(), /<script(?![^>]*\bsrc=)(?![^>]*type="application\/(ld\+)?json")|<style|\sstyle=|\son\w+=|javascript:/i, path);
    }
    for (const [path, body] of posts) {
      const reply = await fetch(`${server}${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
      assert.equal(reply.headers.get('set-cookie'), null, path);
    }
    const signedIn = await fetch(`${server}/desk/login`, { method: 'POST', redirect: 'manual', headers: { 'content-type': 'application/x-www-form-urlencoded', origin: server }, body: `token=${token}` });
    assert.match(signedIn.headers.get('set-cookie'), /HttpOnly; *SameSite=Strict|SameSite=Strict.*HttpOnly/i, 'the one cookie there is, for people who work here');
  });
}

/** Runs in the page: what forced colours leave invisible. */
function lostInForcedColours() {
  const lost = [];
  const look = (root) => {
    for (const element of root.querySelectorAll('*')) {
      if (element.shadowRoot) look(element.shadowRoot);
      if (!element.checkVisibility?.()) continue;
      const style = getComputedStyle(element);
      if (style.forcedColorAdjust === 'none' && element.localName !== 'mark') lost.push(`${element.localName}.${element.className} keeps its colours`);
      if (/^(button|input|textarea|select)$/.test(element.localName) && !/^(checkbox|radio|hidden)$/.test(element.type)) {
        // Of its own, or of what holds it.
        const framed = (node) => node && ['top', 'bottom'].some((side) => getComputedStyle(node)[`border-${side}-style`] !== 'none' && getComputedStyle(node)[`border-${side}-width`] !== '0px');
        const named = element.textContent.trim() || element.ariaLabel;
        if (!framed(element) && !framed(element.parentElement) && !framed(element.parentElement?.parentElement) && !(element.localName === 'button' && named)) lost.push(`${element.localName} ${element.name} has no frame`);
      }
    }
  };
  look(document);
  return lost;
}

async function seen(page, name, width) {
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, `${name} scrolls sideways`);
  if (width < 1000) assert.deepEqual(await violations(page, NARROW_RULES), [], `axe at ${name}`);
  else await accessible(page, name);
  await page.emulateMedia({ forcedColors: 'active' });
  assert.deepEqual(await page.evaluate(lostInForcedColours), [], `${name} with forced colours`);
  await page.emulateMedia({ forcedColors: 'none' });
  await shot(page, `place-${name}-${width}`, { fullPage: true });
}

/** Every page. */
export async function places() {
  for (const width of [320, 1280]) {
    await test(`every public page is accessible and fits (${width} px)`, async (page) => {
      const { status_url: status } = await sendTicket();
      for (const [name, path] of [...PUBLIC, ['status of a ticket', status]]) {
        await page.goto(`${server}${path}`);
        await seen(page, name, width);
      }
    }, { viewport: { width, height: 740 } });

    await test(`every page of the desk is accessible and fits (${width} px)`, async (page) => {
      const { reference } = await sendTicket();
      await signIn(page);
      for (const path of INNER) {
        await page.goto(`${server}${path === 'ticket' ? `/desk/tickets/${reference}` : path}`);
        await page.evaluate(() => { for (const details of document.querySelectorAll('details')) details.open = true; });
        await seen(page, path.replaceAll('/', ' ').trim(), width);
      }
    }, { viewport: { width, height: 740 }, cookies: true });
  }
}

const none = () => answer([], { decision: 'no_answer' });
const CALL = { hits: [{ article: 'one', title: 'About one', url: '/a/one', snippet: 'Turn the key' }], suggested_level: 2, needs: 'callback' };

/** States of the box: what is done to reach each, after which it is looked at. Shared with the references of phones. */
export const STATES = [
  ['closed', () => {}],
  ['empty', ({ input }) => input.click()],
  ['answers', (box) => ask(box, () => answer([hit('one'), hit('two')])), /2 articles/],
  ['completions', (box) => ask(box, () => answer([hit('one')], { completions: [{ text: 'key ring', kind: 'title', language: 'en', highlights: [[0, 3]] }] })), /1 article/],
  ['chosen', async (box) => { await ask(box, () => answer([hit('one'), hit('two')])); await box.options.first().waitFor(); await box.page.keyboard.press('ArrowDown'); }, /2 articles/],
  ['weak', (box) => ask(box, () => answer([hit('one')], { decision: 'candidates' })), /No certain answer/],
  ['corrected', (box) => ask(box, () => answer([hit('one')], { corrected: 'lost key', did_you_mean: null })), /1 article/],
  ['meant', (box) => ask(box, () => answer([hit('one')], { corrected: null, did_you_mean: 'lost key' })), /1 article/],
  ['relaxed', (box) => ask(box, () => answer([hit('one')], { relaxed: true, excluded: ['red', 'blue'] })), /Without/],
  ['none', (box) => ask(box, none), /No answer found/],
  ['nearest', (box) => ask(box, () => answer([hit('one')], { decision: 'no_answer' })), /No answer found/],
  ['unreachable', (box) => ask(box, () => null), /cannot be reached/],
  ['busy', (box) => ask(box, () => ({ status: 429, code: 'rate-limited', headers: { 'retry-after': '30' } })), /Very many people/],
  ['form', async (box) => { await ask(box, none); await box.message.filter({ hasText: 'No answer' }).waitFor(); await box.ask.click(); await box.form.waitFor(); }],
  ['form with suggestions', async (box) => {
    await box.page.route(`${server}/api/v1/suggest*`, (route) => route.fulfill({ json: CALL, headers: { 'access-control-allow-origin': '*', 'access-control-allow-headers': 'content-type' } }));
    await box.form.getByLabel('What should we know').fill('The key does not turn.');
    await box.form.getByText('About one').first().waitFor();
    await box.form.getByRole('button', { name: 'No call' }).waitFor();
  }],
  ['form refused', async (box) => {
    await desk(box.page, () => ({ status: 503, code: 'store-unavailable' }));
    await box.form.getByRole('button', { name: 'No call' }).click();
    await box.form.getByLabel('E-mail').fill('jan@example.org');
    await box.form.getByRole('button', { name: 'Send' }).click();
    await box.form.getByText('Your text is kept here').waitFor();
  }],
  ['sent', async (box) => {
    await box.page.unroute(`${server}/api/v1/tickets`);
    await desk(box.page, () => ({ reference: 'ZD-7K3F9Q', status_url: '/t/ZD-7K3F9Q?token=x' }));
    await box.form.getByRole('button', { name: 'Try again' }).click();
    await box.box.getByText('Reference: ZD-7K3F9Q').waitFor();
  }],
];

/** Searches where the server has this reply; the lanes that run side by side have one each. */
async function ask(box, reply) {
  box.reply = reply;
  await box.input.fill('');
  await box.input.fill('key');
  await box.message.filter({ hasText: /./ }).waitFor();
}

/** Goes through all states on a page of its own, and calls `look` at each. */
export async function everyState(page, look, options = {}) {
  const box = { ...parts(page), page, reply: none };
  await replies(page, () => box.reply());
  await foreign(page, options);
  await box.input.or(box.box.getByRole('button')).first().waitFor();
  if (!(await box.input.isVisible())) await box.box.getByRole('button').first().click();
  for (const [name, reach, words] of STATES) {
    await reach(box);
    if (words) await box.message.filter({ hasText: words }).waitFor();
    await look(name);
  }
}

/** Every state of the box. */
export async function boxPlaces() {
  for (const [form, body] of [['inline', undefined], ['modal', '<zerodesk-search modal></zerodesk-search>']]) {
    await test(`every state of the box is accessible, in light, in dark and with forced colours (${form})`, async (page) => {
      const css = 'html { color-scheme: light dark; }';
      await everyState(page, async (name) => {
        if (name !== 'closed' && name !== 'sent' && !name.startsWith('form')) assert.ok(await parts(page).ask.isVisible(), `${name} leads to a person`);
        await seen(page, `box ${form} ${name}`, 1000);
      }, { css, body });
    });
  }
}
