// The harness: a browser, a page of another origin that embeds the box, and a list of what passed and failed.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { serve } from '../../examples/serve.mjs';

const {
  ZERODESK_URL = 'http://127.0.0.1:8080',
  ZERODESK_TOKEN = '',
  EXAMPLE_PORT = '8090',
  CHROMIUM = '/usr/bin/chromium',
  SHOTS,
  ONLY,
} = process.env;

export const server = new URL(ZERODESK_URL).origin;
export const token = ZERODESK_TOKEN;

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync'];

let browser;
let userAgent;
let example;
let passed = 0;
let failed = 0;

export async function start() {
  if (SHOTS) mkdirSync(SHOTS, { recursive: true });
  example = await serve(Number(EXAMPLE_PORT), server);
  browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  // As a person's browser: declared robots are left out of the figures.
  const page = await browser.newPage();
  userAgent = (await page.evaluate(() => navigator.userAgent)).replace('Headless', '');
  await page.close();
}

/** Closes everything and says how it went; true when nothing failed. */
export async function finish() {
  await browser?.close();
  example?.close();
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0;
}

/** Address of the page of another origin. */
export const host = () => `http://127.0.0.1:${example.address().port}/plain.html`;

/**
 * Runs one test on a page of its own. It fails on an exception in the page, too, and on a breach of its content
 * security policy.
 */
export async function test(name, body, { viewport = { width: 1000, height: 800 }, ...options } = {}) {
  if (ONLY && !name.includes(ONLY)) return;
  const context = await browser.newContext({ viewport, locale: 'en-GB', userAgent, ...options });
  const page = await context.newPage();
  const faults = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => /Content Security Policy/.test(message.text()) && faults.push(message.text()));
  page.setDefaultTimeout(8000);
  try {
    await body(page, context);
    assert.deepEqual(faults, []);
    passed++;
    console.log(`ok    ${name}`);
  } catch (error) {
    failed++;
    console.log(`FAIL  ${name}\n      ${String(error.message ?? error).replaceAll('\n', '\n      ')}`);
    await shot(page, `failed-${name}`);
  } finally {
    await context.close();
  }
}

/** Keeps a picture under the name when SHOTS names a folder. */
export async function shot(page, name, options) {
  if (SHOTS) await page.screenshot({ path: join(SHOTS, `${name.replaceAll(/[^\w-]+/g, '-')}.png`), ...options });
}

/** Fails on any accessibility violation of the page, shadow roots included. */
export async function accessible(page, where) {
  await page.evaluate(AXE);
  const violations = await page.evaluate(async () => {
    const { violations: found } = await globalThis.axe.run(document, { resultTypes: ['violations'] });
    return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) => `${target.flat()} ${failureSummary}`).join('; ')}`);
  });
  assert.deepEqual(violations, [], `axe at ${where}`);
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
