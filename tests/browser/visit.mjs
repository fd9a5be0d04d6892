// A visit from end to end on the real server: an answer, no answer, a ticket, and the desk that has it.

import assert from 'node:assert/strict';
import { accessible, open, server, shot, test, token } from './support.mjs';

const NONSENSE = 'xyzzy frobnicate qwortle';
const WIDTHS = [360, 800, 1280];

async function visit() {
  let reference;
  let status;

  await test('a visitor of another website finds an answer while typing', async (page) => {
    const { input, options, box } = await open(page);
    await input.pressSequentially('embed the search box', { delay: 30 });
    await options.first().waitFor();
    assert.ok((await box.locator('mark').count()) > 0, 'the words are highlighted');
    await accessible(page, 'real answers');
    await shot(page, 'visit-answers');
    await page.keyboard.press('ArrowDown');
    await Promise.all([page.waitForURL(`${server}/a/**`), page.keyboard.press('Enter')]);
    assert.ok(await page.locator('main[data-article]').isVisible());
  });

  await test('what has no answer becomes a ticket', async (page) => {
    const { input, message, ask, form, box } = await open(page);
    await input.pressSequentially(NONSENSE, { delay: 20 });
    await message.filter({ hasText: 'No answer found' }).waitFor();
    await shot(page, 'visit-no-answer');
    await page.waitForTimeout(1700); // the search settles, so that it is part of the trail
    await ask.click();
    await form.getByLabel('E-mail').fill('jan@example.org');
    await form.getByLabel('Name').fill('Jan Jansen');
    await form.getByLabel('What should we know').fill('It happens <b>every</b> time.');
    await form.locator('.main').click();
    reference = /ZD-[0-9A-Z]{6}/.exec(await box.getByText('Reference: ZD-').textContent())?.[0];
    assert.ok(reference);
    await shot(page, 'visit-ticket-sent');
    status = await box.getByRole('link', { name: 'Follow your question' }).getAttribute('href');
  });

  await test('the visitor can follow the ticket', async (page) => {
    assert.ok(status, 'no status link');
    await page.goto(status);
    await page.getByText(reference).first().waitFor();
    await accessible(page, 'ticket status');
    await shot(page, 'page-status', { fullPage: true });
  });

  await test('the desk shows the ticket with its trail', async (page) => {
    assert.ok(token, 'ZERODESK_TOKEN is not set');
    await page.goto(`${server}/desk`);
    await accessible(page, 'desk login');
    await page.locator('input[name="token"]').fill(token);
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: reference }).first().waitFor();
    await accessible(page, 'desk');
    await shot(page, 'page-desk', { fullPage: true });
    await page.getByRole('link', { name: reference }).first().click();
    const text = page.locator('main');
    await text.getByText('It happens <b>every</b> time.').first().waitFor();
    for (const part of [reference, 'jan@example.org', NONSENSE]) assert.ok((await text.textContent()).includes(part), part);
    await accessible(page, 'ticket at the desk');
    await shot(page, 'page-desk-ticket', { fullPage: true });
  });
}

async function figures() {
  for (const [width, colorScheme] of [[1280, 'light'], [360, 'dark']]) {
    await test(`the figures are shown to who has a token (${width} px, ${colorScheme})`, async (page) => {
      await page.goto(`${server}/stats`);
      await page.locator('input[name="token"]').fill(token);
      await page.keyboard.press('Enter');
      await page.locator('#deflection').waitFor();
      assert.match(await page.getByRole('row', { name: /^Sent a ticket/ }).textContent(), /[1-9]/, 'the visit before is counted');
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, 'it scrolls sideways');
      await accessible(page, 'figures');
      await shot(page, `page-figures-${width}`, { fullPage: true });
    }, { viewport: { width, height: 900 }, colorScheme });
  }
}

async function pages() {
  const pages = [['home', '/'], ['article', null], ['results', '/search?q=search+box'], ['no-results', `/search?q=${encodeURIComponent(NONSENSE)}`], ['contact', '/contact'], ['stats', '/stats'], ['missing', '/a/there-is-no-such-article']];
  for (const colorScheme of ['light', 'dark']) {
    for (const width of WIDTHS) {
      await test(`the pages are accessible and fit (${width} px, ${colorScheme})`, async (page) => {
        for (const [name, path] of pages) {
          await page.goto(`${server}${path ?? (await someArticle())}`);
          assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, `${name} scrolls sideways`);
          await accessible(page, name);
          await shot(page, `page-${name}-${width}-${colorScheme}`, { fullPage: true });
        }
      }, { viewport: { width, height: 900 }, colorScheme });
    }
  }

  await test('the pages work without JavaScript', async (page) => {
    await page.goto(server);
    await page.locator('input[name="q"]').first().fill('search box');
    await page.keyboard.press('Enter');
    await page.waitForURL(`${server}/search?*`);
    assert.ok((await page.locator('main a[href^="/a/"]').count()) > 0);
  }, { javaScriptEnabled: false });
}

async function someArticle() {
  const reply = await (await fetch(`${server}/api/v1/search?q=search+box&lang=en`)).json();
  return reply.hits[0].url;
}

/** All tests of this file, one after the other. */
export async function wholeVisit() {
  for (const group of [visit, figures, pages]) await group();
}
