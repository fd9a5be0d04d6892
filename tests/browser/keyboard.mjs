// Every task of a visitor and of an agent by keyboard alone, with the focus seen at each step. A pointer is an error.

import assert from 'node:assert/strict';
import { answer, desk, foreign, hit, replies } from './replies.mjs';
import { ask as asking, focused, host, inFirefox, open, server, signIn, tabTo, test as anyTest, token, unseenFocus } from './support.mjs';

/** A test in which a pointer, and filling a field in otherwise than by keys, is an exception in the page. */
function test(name, body, options) {
  return anyTest(`by keyboard: ${name}`, async (page, context) => {
    await context.addInitScript(() => addEventListener('pointerdown', (event) => {
      if (event.isTrusted) setTimeout(() => { throw new Error('a pointer was used'); });
    }, true));
    await body(page, context);
  }, { reducedMotion: 'reduce', ...options });
}

const keys = async (page, ...names) => { for (const name of names) await page.keyboard.press(name); };

/** The box on a foreign page, with replies made up. */
async function box(page, reply = () => answer([hit('one'), hit('two')])) {
  await replies(page, reply);
  const found = await open(page);
  await tabTo(page, found.input);
  return found;
}

/** Everything that can be done with the box. */
export async function boxByKeyboard() {
  await test('search, choose a section and open it', async (page, context) => {
    await context.route(`${server}/a/**`, (route) => route.fulfill({ contentType: 'text/html', body: 'article' }));
    const { input, options } = await box(page);
    await asking(page, 'lost key');
    await keys(page, 'ArrowDown', 'ArrowDown', 'ArrowDown', 'ArrowUp');
    assert.equal(await options.nth(1).getAttribute('aria-selected'), 'true');
    assert.equal(await input.getAttribute('aria-activedescendant'), await options.nth(1).getAttribute('id'));
    await Promise.all([page.waitForURL(/\/a\/one.*#s2/), page.keyboard.press('Enter')]);
  });

  await test('the chosen one is in view, however many there are', async (page) => {
    const { options, panel } = await box(page, () => answer(['one', 'two', 'three', 'four', 'five', 'six'].map((name) => hit(name))));
    await asking(page, 'key');
    for (let i = 0; i < 12; i++) await page.keyboard.press('ArrowDown');
    assert.equal(await options.last().getAttribute('aria-selected'), 'true');
    const [outer, inner] = [await panel.boundingBox(), await options.last().boundingBox()];
    assert.ok(inner.y >= outer.y && inner.y + inner.height <= outer.y + outer.height + 1, 'it is inside the panel');
  });

  await test('open in a new tab, and go to the results page', async (page, context) => {
    await context.route(`${server}/a/**`, (route) => route.fulfill({ contentType: 'text/html', body: 'article' }));
    await context.route(`${server}/search?*`, (route) => route.fulfill({ contentType: 'text/html', body: 'results' }));
    await box(page);
    await asking(page, 'key');
    await page.keyboard.press('ArrowDown');
    if (!inFirefox()) {
      const [other] = await Promise.all([context.waitForEvent('page'), page.keyboard.press('Control+Enter')]);
      await other.waitForURL(/\/a\/one/);
      assert.equal(page.url(), host(), 'the page stays');
    }
    await page.keyboard.press('ArrowUp');
    await Promise.all([page.waitForURL(/\/search\?.*q=key/), page.keyboard.press('Enter')]);
  });

  await test('close, clear, and come back by the shortcut', async (page) => {
    const { input, panel } = await box(page);
    await asking(page, 'key');
    await keys(page, 'Escape');
    assert.equal(await panel.isVisible(), false);
    await keys(page, 'Escape');
    assert.equal(await input.inputValue(), '');
    await input.evaluate((field) => field.blur());
    await keys(page, 'Control+k');
    assert.ok(await input.evaluate((field) => field.matches(':focus')));
    await asking(page, 'key');
    await tabTo(page, page.getByRole('button', { name: 'Clear', exact: true }));
    await keys(page, 'Enter');
    assert.equal(await input.inputValue(), '');
    assert.ok(await input.evaluate((field) => field.matches(':focus')), 'the focus is in the field again');
  });

  await test('follow the spelling that was meant', async (page) => {
    const meant = { corrected: null, did_you_mean: 'lost key' };
    const { input, box: element } = await box(page, (query) => answer([hit('one')], query === 'lost key' ? {} : meant));
    await asking(page, 'lsot key');
    await tabTo(page, page.getByRole('button', { name: /lost key/ }));
    await keys(page, 'Enter');
    await element.getByText('Did you mean').waitFor({ state: 'hidden' });
    assert.equal(await input.inputValue(), 'lost key');
  });

  await test('ask a person: write, strike a line, send, and follow', async (page, context) => {
    await context.route(`${server}/t/**`, (route) => route.fulfill({ contentType: 'text/html', body: 'status' }));
    const bodies = await desk(page, () => ({ reference: 'ZD-7K3F9Q', status_url: '/t/ZD-7K3F9Q?token=x' }));
    const { message, form, ask, box: element } = await box(page, () => answer([], { decision: 'no_answer' }));
    await asking(page, 'descale');
    await message.filter({ hasText: 'No answer' }).waitFor();
    await tabTo(page, ask);
    await keys(page, 'Enter');
    await form.waitFor();
    assert.ok(await form.getByLabel('What should we know').evaluate((field) => field.matches(':focus')), 'where writing goes on');
    await page.keyboard.type('It is full of lime.');
    await tabTo(page, form.getByLabel('E-mail'));
    await page.keyboard.type('jan@example.org');
    await tabTo(page, form.getByLabel('Name'));
    await page.keyboard.type('Jan');
    await tabTo(page, form.getByLabel('Page: '));
    await keys(page, 'Space');
    await tabTo(page, form.getByRole('button', { name: 'Send' }));
    await keys(page, 'Enter');
    await element.getByText('Reference: ZD-7K3F9Q').waitFor();
    assert.equal(await page.evaluate(unseenFocus).then((unseen) => /nowhere/.test(unseen)), false, 'the focus is not lost');
    const [{ subject, message: words, requester, consent, website }] = bodies;
    if (!inFirefox()) {
      assert.deepEqual([subject, words, requester.name, requester.email, website], ['descale', 'It is full of lime.', 'Jan', 'jan@example.org', '']);
      assert.deepEqual(consent.fields_removed, ['page.title']);
    }
    await tabTo(page, element.getByRole('link', { name: 'Follow your question' }));
    await Promise.all([page.waitForURL(/\/t\/ZD-7K3F9Q/), keys(page, 'Enter')]);
  });

  await test('a form that is filled in wrongly takes one to the field', async (page) => {
    await desk(page, () => assert.fail('nothing is sent'));
    const { form, ask } = await box(page);
    await keys(page, 'ArrowDown');
    await tabTo(page, ask);
    await keys(page, 'Enter');
    await form.waitFor();
    await tabTo(page, form.getByRole('button', { name: 'Send' }));
    await keys(page, 'Enter');
    assert.ok(await form.getByLabel('Question', { exact: true }).evaluate((field) => field.matches(':focus') && !field.validity.valid));
    await page.keyboard.type('Why?');
    await keys(page, 'Enter');
    assert.ok(await form.getByLabel('E-mail').evaluate((field) => field.matches(':focus') && !field.validity.valid));
    await keys(page, 'Escape');
    assert.equal(await form.isVisible(), false, 'Escape goes back to the search');
  });

  await test('say that an article solved it', async (page) => {
    const { box: element } = await box(page);
    await asking(page, 'key');
    await tabTo(page, element.getByRole('button', { name: 'This solved it' }));
    await keys(page, 'Enter');
    await element.locator('.panel').getByText('Thank you').waitFor();
  });

  await test('nothing traps the focus, forwards or backwards', async (page) => {
    await replies(page, () => answer([hit('one')]));
    await foreign(page, { body: '<a href="#before">before</a><zerodesk-search></zerodesk-search><a href="#after">after</a>' });
    const input = page.getByRole('combobox');
    await input.waitFor();
    const [before, after] = ['before', 'after'].map((name) => page.getByRole('link', { name, exact: true }));
    for (const text of ['', 'key']) {
      await tabTo(page, before);
      await tabTo(page, input);
      if (text) await asking(page, text);
      await tabTo(page, after);
      await tabTo(page, before, 'Shift+Tab');
    }
  });
}

// Where each walk with Tab goes, and what it must meet on its way.
const WALKS = [
  ['/?lang=en', ['Skip', 'Search the help centre', 'Ask a person']],
  ['article', ['Skip', 'Search the help centre', 'NL', 'Ask a person']],
  ['/search?q=search+box&lang=en', ['Skip', 'Search the help centre', 'Ask a person']],
  ['/search?q=xyzzy+frobnicate&lang=en', ['Skip', 'Ask a person']],
  ['/contact?lang=en', ['Skip', 'Your question', 'E-mail', 'Send']],
  ['/a/no-such-article?lang=en', ['Skip', 'Ask a person']],
  ['/explain?q=search+box&lang=en', ['Skip']],
  ['/docs', ['Skip']],
];

/** The pages: what a visitor and an agent do with them. */
export async function pagesByKeyboard() {
  await test('each stop on each page has a name and is seen', async (page) => {
    for (const [path, wanted] of WALKS) {
      await page.goto(`${server}${path === 'article' ? await someArticle() : path}`);
      const stops = [];
      for (let i = 0; i < 160; i++) {
        await page.keyboard.press('Tab');
        const stop = await page.evaluate(stopHere);
        if (!stop) break;
        assert.ok(stop.name, `${path}: ${stop.html} has no name`);
        assert.equal(await page.evaluate(unseenFocus), null, path);
        stops.push(`${stop.role} ${stop.name}`);
      }
      for (const name of wanted) assert.ok(stops.some((stop) => stop.includes(name)), `${path}: no stop at ${name}, only ${stops.slice(0, 30).join(', ')}`);
    }
  });

  await test('skip what every page has', async (page) => {
    await page.goto(`${server}${await someArticle()}`);
    await keys(page, 'Tab', 'Enter', 'Tab');
    assert.ok(await focused(page).evaluate((element) => element.closest('main') !== null));
  });

  await test('read an article: contents, language, and what one thinks of it', async (page) => {
    await page.goto(`${server}/a/embed-the-box`);
    await tabTo(page, page.locator('.contents a').nth(1));
    await keys(page, 'Enter');
    await page.waitForURL(/#./);
    await page.goto(`${server}/a/embed-the-box`);
    await tabTo(page, page.getByRole('link', { name: 'NL', exact: true }));
    await Promise.all([page.waitForURL((url) => !url.pathname.endsWith('embed-the-box')), keys(page, 'Enter')]);
    await page.goto(`${server}/a/embed-the-box`);
    await tabTo(page, page.locator('form[data-feedback] button[value="true"]'));
    await keys(page, 'Enter');
    await page.getByText('Thank you').first().waitFor();
  });

  await test('search without the box, and go through the results', async (page) => {
    await page.goto(`${server}/?lang=en`);
    await tabTo(page, page.getByRole('searchbox').or(page.locator('input[name="q"]')));
    await page.keyboard.type('search box');
    await Promise.all([page.waitForURL(/\/search\?.*q=search/), keys(page, 'Enter')]);
    await tabTo(page, page.locator('.hits a').first());
    await Promise.all([page.waitForURL(/\/a\//), keys(page, 'Enter')]);
  }, { javaScriptEnabled: false });

  let status;
  await test('write to a person, and answer on the status page', async (page) => {
    await page.goto(`${server}/contact?lang=en`);
    await tabTo(page, page.getByLabel('Your question'));
    await page.keyboard.type('Where is the key?');
    await tabTo(page, page.getByLabel(/E-mail/));
    await page.keyboard.type('jan@example.org');
    await tabTo(page, page.getByRole('button', { name: /Send/ }));
    await Promise.all([page.waitForURL(/\/t\/ZD-/), keys(page, 'Enter')]);
    status = page.url();
    await tabTo(page, page.getByLabel('Your answer'));
    await page.keyboard.type('It is under the mat.');
    await tabTo(page, page.getByRole('button', { name: 'Send' }));
    await keys(page, 'Enter');
    await page.getByText('It is under the mat.').waitFor();
  });

  await test('sign in at the desk and answer', async (page) => {
    const [reference] = /ZD-\w+/.exec(status);
    await page.goto(`${server}/desk`);
    await tabTo(page, page.locator('input[name="token"]'));
    await page.keyboard.type(token);
    await keys(page, 'Enter');
    await page.getByRole('link', { name: reference }).first().waitFor();
    await tabTo(page, page.getByRole('link', { name: reference }));
    await Promise.all([page.waitForURL(/\/desk\/tickets\//), keys(page, 'Enter')]);
    await tabTo(page, page.getByLabel('The visitor reads this'));
    await page.keyboard.type('Have you looked in the lock?');
    await tabTo(page, page.getByRole('button', { name: 'Reply', exact: true }));
    await keys(page, 'Enter');
    await page.getByText('Have you looked in the lock?').first().waitFor();
  }, { cookies: true });

  await test('the figures', async (page) => {
    await signIn(page, { at: '/stats' });
    await tabTo(page, page.getByRole('button', { name: 'Show' }));
    await Promise.all([page.waitForURL(/from=/), keys(page, 'Enter')]);
  }, { cookies: true });
}

/** Runs in the page: where the focus is; nothing at the end of the page. */
function stopHere() {
  let at = document.activeElement;
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  if (!at || at === document.body || at === document.documentElement) return null;
  const labelled = at.getAttribute('aria-labelledby');
  const name = at.ariaLabel || (labelled && document.getElementById(labelled)?.textContent) || at.labels?.[0]?.textContent || at.textContent || at.title || at.value;
  return { role: at.getAttribute('role') ?? at.localName, name: name?.trim().replaceAll(/\s+/g, ' ').slice(0, 60), html: at.outerHTML.slice(0, 120) };
}

async function someArticle() {
  const { hits } = await (await fetch(`${server}/api/v1/search?q=search+box&lang=en`)).json();
  return hits[0].url;
}
