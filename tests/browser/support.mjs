// The harness: browsers, a page of another origin that embeds the box, and a list of what passed and failed.

import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium, firefox } from 'playwright-core';
import { serve } from '../../examples/serve.mjs';

const {
  ZERODESK_URL = 'http://127.0.0.1:8080',
  ZERODESK_TOKEN = '',
  EXAMPLE_PORT = '8090',
  CHROMIUM = '/usr/bin/chromium',
  FIREFOX = '/usr/bin/firefox-esr',
  SHOTS,
  ONLY,
} = process.env;

export const server = new URL(ZERODESK_URL).origin;
export const token = ZERODESK_TOKEN;

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync'];
// What depends on colours: the rest of a page is the same in the dark.
const COLOUR_RULES = ['color-contrast', 'link-in-text-block'];
const PATIENCE_MS = 30_000;

const lanes = new AsyncLocalStorage();
let example;
const madeUp = new Map();
let passed = 0;
let failed = 0;

/** Begins: starts the page of another origin. */
export async function start() {
  if (SHOTS) mkdirSync(SHOTS, { recursive: true });
  example = await serve(Number(EXAMPLE_PORT), server);
  const [plain] = example.listeners('request');
  example.removeAllListeners('request').on('request', (request, response) => {
    const page = madeUp.get(request.url);
    if (!page) return plain(request, response);
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', ...page.headers }).end(page.html);
  });
}

/** Puts a page on the website of another origin; its address. */
export function publish(html, headers = {}) {
  const path = `/made-up-${madeUp.size}`;
  madeUp.set(path, { html, headers });
  return new URL(path, host()).href;
}

/** Runs groups of tests one after the other in a browser of their own: `chromium` or `firefox`. Lanes run side by side. */
export async function lane(name, groups) {
  const began = Date.now();
  const browser = name === 'firefox' ? await launchFirefox() : await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  try {
    // As a person's browser: declared robots are left out of the figures.
    const page = await browser.newPage();
    const userAgent = (await page.evaluate(() => navigator.userAgent)).replace('Headless', '');
    await page.close();
    await lanes.run({ name, browser, userAgent }, async () => {
      for (const group of groups) await group();
    });
  } finally {
    await browser.close();
    console.log(`      a lane of ${name} ${browser.version()} took ${Math.round((Date.now() - began) / 1000)} s`);
  }
}

/** Debian's own Firefox, over WebDriver BiDi. Nothing of it may leave the machine. */
function launchFirefox() {
  const firefoxUserPrefs = { 'network.captive-portal-service.enabled': false, 'network.connectivity-service.enabled': false };
  return firefox.launch({ channel: 'moz-firefox', executablePath: FIREFOX, firefoxUserPrefs });
}

/** Whether a line of the console tells of a breach of a policy. */
export const isBreach = (text) => /Content.Security.Policy|blocked the (loading|execut)/i.test(text) && !/favicon/.test(text);

// Firefox reports as an exception what Chromium only writes into its console: requests that failed, and a favicon that no
// test has.
const NO_ERROR = /favicon|The Same Origin Policy disallows/;

/** Whether these tests run in Firefox, which can do less of what the harness asks for. */
export const inFirefox = () => lanes.getStore().name === 'firefox';

/** Closes everything and says how it went; true when nothing failed. */
export async function finish() {
  example?.close();
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0;
}

/** Address of the page of another origin. */
export const host = () => `http://127.0.0.1:${example.address().port}/plain.html`;

/**
 * Runs one test on a page of its own. It fails on an exception in the page, too, on a breach of its content security
 * policy, and on a cookie; `cookies: true` allows these to people who signed in, and `faults: true` the others. Two
 * browsers share a machine that may be busy, so a test that fails is tried up to twice more, and says so.
 */
export async function test(name, body, options = {}) {
  if (ONLY && !name.includes(ONLY)) return;
  const label = inFirefox() ? `${name} (Firefox)` : name;
  const began = Date.now();
  const told = (error) => String(error.message ?? error).replaceAll('\n', '\n      ');
  let error = await attempt(label, body, options);
  for (let more = 2; error && more > 0; more--) {
    console.log(`again ${label}\n      ${told(error)}`);
    error = await attempt(label, body, options);
  }
  if (error) failed++;
  else passed++;
  console.log(error ? `FAIL  ${label}\n      ${told(error)}` : `ok    ${label} (${Date.now() - began} ms)`);
}

/** One try; gives what went wrong. */
async function attempt(label, body, { viewport = { width: 1000, height: 800 }, cookies = false, faults = false, ...options }) {
  const { browser, userAgent } = lanes.getStore();
  const context = await browser.newContext({ viewport, locale: 'en-GB', ...(inFirefox() ? {} : { userAgent }), ...options });
  const page = await context.newPage();
  const seen = [];
  page.on('pageerror', ({ message }) => NO_ERROR.test(message) || seen.push(message));
  page.on('console', (message) => isBreach(message.text()) && seen.push(message.text()));
  page.setDefaultTimeout(PATIENCE_MS);
  try {
    await body(page, context);
    if (!faults) assert.deepEqual(seen, []);
    if (!cookies) assert.deepEqual((await context.cookies()).map(({ name, path }) => [name, path]), [], 'cookies of a visitor');
    return null;
  } catch (error) {
    await shot(page, `failed-${label}`);
    return error;
  } finally {
    await context.close();
  }
}

/** Keeps a picture under the name when SHOTS names a folder. */
export async function shot(page, name, options) {
  if (SHOTS) await page.screenshot({ path: join(SHOTS, `${name.replaceAll(/[^\w-]+/g, '-')}.png`), ...options });
}

/**
 * Fails on any accessibility violation of the page, shadow roots included, as it stands and in the other colour
 * scheme.
 */
export async function accessible(page, where) {
  const dark = await page.evaluate(() => matchMedia('(prefers-color-scheme: dark)').matches);
  assert.deepEqual(await violations(page), [], `axe at ${where}`);
  await page.emulateMedia({ colorScheme: dark ? 'light' : 'dark' });
  assert.deepEqual(await violations(page, COLOUR_RULES), [], `axe at ${where}, ${dark ? 'light' : 'dark'}`);
  await page.emulateMedia({ colorScheme: dark ? 'dark' : 'light' });
}

/** What axe finds; all of its rules, or the named ones. */
export async function violations(page, only) {
  await page.evaluate(AXE);
  return page.evaluate(async (names) => {
    const options = { resultTypes: ['violations'] };
    if (names) options.runOnly = { type: 'rule', values: names };
    const { violations: found } = await globalThis.axe.run(document, options);
    return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) => `${target.flat()} ${failureSummary}`).join('; ')}`);
  }, only);
}

/** The parts of the n-th box of a page. */
export function parts(page, n = 0) {
  const box = page.locator('zerodesk-search').nth(n);
  return {
    box,
    input: box.getByRole('combobox'),
    panel: box.locator('.panel'),
    options: box.getByRole('option'),
    chosen: box.locator('[aria-selected="true"]'),
    form: box.getByRole('form'),
    said: box.getByRole('status'),
    ask: box.locator('.results [data-do="ask"]'),
    message: box.locator('.message'),
  };
}

/** Opens the foreign page with its box ready. */
export async function open(page, { address = host() } = {}) {
  await page.goto(address);
  const found = parts(page);
  await found.input.waitFor();
  return found;
}

/** Resolves when the n-th box shows the answer to this question. */
export const answered = (page, question, n = 0) => page.evaluate(([wanted, nth]) => new Promise((resolve) => {
  const box = document.querySelectorAll('zerodesk-search')[nth];
  box.addEventListener('zerodesk:answered', function heard({ detail }) {
    if (detail.query !== wanted) return;
    box.removeEventListener('zerodesk:answered', heard);
    resolve();
  });
}), [question, n]);

/**
 * Types a question where the focus is, and waits for the answer to all of it: while keys are slow, its beginning is
 * answered, too, and whatever was chosen there is gone when the next answer comes.
 */
export async function ask(page, question, n = 0) {
  await Promise.all([answered(page, question, n), page.keyboard.type(question, { delay: 20 })]);
}

/** Signs in at the desk, or at the figures, in the plain way. */
export async function signIn(page, { at = '/desk', site = server, secret = token } = {}) {
  await page.goto(`${site}${at}`);
  await page.locator('input[name="token"]').fill(secret);
  await page.keyboard.press('Enter');
  await page.locator('input[name="token"]').waitFor({ state: 'detached' });
}

/** The element that has the focus, inside shadow roots too. */
export const focused = (page) => page.locator(':focus').last();

/** Presses a key until the focus is on one of these; fails where it never is, or cannot be seen there. */
export async function tabTo(page, target, key = 'Tab') {
  const wanted = target.and(page.locator(':focus'));
  const passed = [];
  for (let i = 0; i < 120; i++) {
    if (await wanted.count()) return assert.equal(await page.evaluate(unseenFocus), null, `the focus at ${target}`);
    await page.keyboard.press(key);
    passed.push(await page.evaluate(focusedName));
  }
  assert.fail(`${key} never comes to ${target}, but to ${passed.slice(0, 40).join(', ')}`);
}

function focusedName() {
  let at = document.activeElement;
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  return `${at?.localName} ${(at?.ariaLabel || at?.textContent || at?.name || '').trim().slice(0, 30)}`;
}

/** Runs in the page: why the focus cannot be seen where it is, or null. */
export function unseenFocus() {
  let at = document.activeElement;
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  if (!at || at === document.body) return 'nowhere';
  const { left, top, width, height } = at.getClientRects()[0] ?? at.getBoundingClientRect();
  const shown = [at, at.parentElement, at.parentElement?.parentElement].filter(Boolean).some((element) => {
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element);
    return (outlineStyle !== 'none' && outlineWidth !== '0px') || boxShadow !== 'none';
  });
  if (!shown) return `no outline of ${at.outerHTML.slice(0, 100)}`;
  const middle = [Math.min(innerWidth - 1, Math.max(0, left + width / 2)), Math.min(innerHeight - 1, Math.max(0, top + Math.min(height / 2, 20)))];
  let there = document.elementFromPoint(...middle);
  while (there?.shadowRoot?.elementFromPoint(...middle) && there.shadowRoot.elementFromPoint(...middle) !== there) there = there.shadowRoot.elementFromPoint(...middle);
  if (there && (at.contains(there) || there.contains(at) || at.labels?.[0]?.contains(there))) return null;
  return `${at.outerHTML.slice(0, 80)} is covered by ${there?.outerHTML.slice(0, 80)}`;
}
