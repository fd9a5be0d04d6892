// What the box offers beyond the list of hits: the dialog, phrases, recent searches, articles about the page, the
// ticket form's fields, and what it does while its own parts are missing. The server's replies are made up here.

import assert from 'node:assert/strict';
import { accessible, host, open, parts, server, test } from './support.mjs';
import { answer, desk, events, hit, replies, suggestions } from './replies.mjs';

const ARTICLE = { article: 'one', title: 'About one', url: '/a/one#s1', snippet: 'Turn the key' };

/** The page with attributes on its box, set before the box is there. */
async function openWith(page, attributes) {
  await page.addInitScript((all) => {
    new MutationObserver((_, observer) => {
      const box = document.querySelector('zerodesk-search');
      if (!box) return;
      for (const [name, value] of Object.entries(all)) box.setAttribute(name, value);
      observer.disconnect();
    }).observe(document, { childList: true, subtree: true });
  }, attributes);
  await page.goto(host());
  return parts(page);
}

const focused = (locator) => locator.evaluate((field) => field.matches(':focus'));

async function dialog() {
  for (const viewport of [{ width: 1280, height: 800 }, { width: 360, height: 740 }]) {
    await test(`as a dialog it keeps the focus, and gives it back (${viewport.width} px)`, async (page) => {
      await replies(page, () => answer([hit('one')]));
      const { box, input, options } = await openWith(page, { modal: '' });
      const trigger = box.locator('.trigger');
      await trigger.click();
      assert.ok(await focused(input));
      await input.fill('key');
      await options.first().waitFor();
      await accessible(page, 'dialog');
      const { width, height } = await box.locator('dialog').boundingBox();
      if (viewport.width < 480) assert.deepEqual([width, height], [viewport.width, viewport.height], 'it fills the screen');
      for (let i = 0; i < 12; i++) {
        await page.keyboard.press('Tab');
        assert.equal(await page.evaluate(() => document.activeElement.matches('body, zerodesk-search')), true, 'the focus left');
      }
      await page.keyboard.press('Escape');
      assert.equal(await box.locator('dialog').isVisible(), false);
      assert.ok(await focused(trigger), 'the focus is back');
      await page.keyboard.press('Control+k');
      assert.equal(await input.inputValue(), 'key', 'what was typed is still there');
      await box.getByRole('button', { name: 'Close' }).click();
      assert.equal(await box.locator('dialog').isVisible(), false);
    }, { viewport });
  }

  await test('elements of the page open it', async (page) => {
    const { box, input } = await openWith(page, { modal: '', trigger: 'header strong' });
    await box.locator('dialog').waitFor({ state: 'attached' });
    assert.equal(await box.locator('.trigger').count(), 0);
    await page.locator('header strong').dispatchEvent('click');
    await box.locator('dialog').waitFor();
    assert.ok(await focused(input));
  });
}

async function words() {
  await test('phrases are searched for, and corrections can be undone', async (page) => {
    const asked = await replies(page, (query) => answer([hit('one')], {
      corrected: query === 'kye' ? 'key' : null, completions: [{ text: 'key ring', highlights: [[0, 3]] }, { text: query, highlights: [] }],
    }));
    const { input, options, box } = await open(page);
    await input.fill('kye');
    await options.first().waitFor();
    assert.equal(await options.first().textContent(), 'key ring');
    assert.equal(await box.locator('.phrase').count(), 1, 'what was typed is not offered');
    await box.getByRole('button', { name: 'Only “kye”' }).click();
    while (asked.length < 2) await page.waitForTimeout(20);
    await page.keyboard.press('Control+a');
    await input.fill('ke');
    await box.locator('.phrase').first().waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    while (asked.length < 4) await page.waitForTimeout(20);
    const seen = asked.map((request) => new URL(request.url()).searchParams);
    assert.deepEqual(seen.map((params) => [params.get('q'), params.get('verbatim'), params.get('trigger')]),
      [['kye', null, 'typed'], ['kye', '1', 'suggested'], ['ke', null, 'typed'], ['key ring', null, 'suggested']]);
    assert.equal(await input.inputValue(), 'key ring');
  });

  await test('recent searches are kept only where the page allows it, and can be cleared', async (page) => {
    await replies(page, () => answer([hit('one')]));
    const seen = await events(page);
    for (const allowed of [false, true]) {
      await page.goto(host());
      const { input, box, options } = parts(page);
      await input.waitFor();
      if (allowed) await box.evaluate((element) => element.setAttribute('recent', ''));
      await input.fill('lost key');
      await options.first().waitFor();
      // What counts as a search is told to the server, too.
      while (!seen.some(({ type }) => type === 'results_shown')) await page.waitForTimeout(20);
      seen.length = 0;
      await input.fill('');
      assert.equal(await box.getByRole('group', { name: 'Recent searches' }).count(), allowed ? 1 : 0);
      assert.equal(await page.evaluate(() => localStorage.length), allowed ? 1 : 0);
    }
    await parts(page).box.getByRole('button', { name: 'Clear recent' }).click();
    assert.equal(await page.evaluate(() => localStorage.length), 0);
  });

  await test('articles about the page are offered once, and not on their own page', async (page) => {
    const own = { ...ARTICLE, title: 'This very page', url: host() };
    const asked = await suggestions(page, () => ({ hits: [ARTICLE, own] }));
    const { input, options, box } = await open(page);
    await input.click();
    await options.first().waitFor();
    assert.deepEqual(await options.locator('.title').allTextContents(), ['About one']);
    await page.keyboard.press('Escape');
    await input.click();
    assert.deepEqual(asked, [{ site: 'default', lang: 'en', title: 'Acme Kettles: support', path: '/plain.html' }]);
    await accessible(page, 'articles about the page');
    await box.evaluate((element) => element.setAttribute('lang', 'ar'));
    await box.getByText('عن هذه الصفحة').waitFor();
    assert.equal(await box.locator('.box').evaluate((frame) => getComputedStyle(frame).direction), 'rtl');
    await accessible(page, 'Arabic');
  });
}

async function asking() {
  await test('the form suggests articles, asks for what the level needs, and knows who is signed in', async (page) => {
    const asked = await suggestions(page, () => ({ hits: [ARTICLE, { ...ARTICLE, article: 'two', title: 'About two' }], suggested_level: 2, needs: 'callback' }));
    const bodies = await desk(page, () => ({ reference: 'ZD-7K3F9Q', status_url: '/t/ZD-7K3F9Q?token=x' }));
    const seen = await events(page);
    const { input, ask, form, box } = await open(page);
    await box.evaluate((element) => element.identify({ id: 'user-42', signature: 'abc', name: 'Kim', email: 'kim@example.org' }));
    await input.click();
    await ask.click();
    await form.getByLabel('Question', { exact: true }).pressSequentially('blocked by a scanner', { delay: 20 });
    const articles = form.locator('summary');
    await articles.nth(1).waitFor();
    assert.ok(asked.filter(({ subject }) => subject).length <= 3, 'it waits for a pause');
    assert.ok(await focused(form.getByLabel('Question', { exact: true })), 'the focus stays');
    await articles.first().click();
    await form.getByRole('button', { name: 'Not this' }).click();
    assert.deepEqual(await articles.allTextContents(), ['About two']);
    await accessible(page, 'call-back');
    await form.getByLabel('Phone number').fill('+31 20 123 4567');
    await form.getByLabel('From').fill('2030-01-07T09:00');
    await form.getByLabel('Until').fill('2030-01-07T12:00');
    await form.getByLabel('Articles that were suggested').uncheck();
    await form.getByRole('button', { name: 'Send' }).click();
    await box.getByText('Reference: ZD-7K3F9Q').waitFor();
    const [{ requester, callback, consent, lines }] = bodies;
    assert.deepEqual(requester, { name: 'Kim', email: 'kim@example.org', user_ref: 'user-42', signature: 'abc' });
    assert.deepEqual(callback, { phone: '+31 20 123 4567', windows: [{ from: '2030-01-07T09:00', until: '2030-01-07T12:00' }] });
    assert.deepEqual(consent, { context_shared: true, fields_removed: ['suggested_in_form'] });
    assert.ok(!lines.includes('suggested_in_form') && lines.includes('locale'));
    assert.ok(seen.some((event) => event.type === 'suggestion_clicked' && event.article === 'one'));
  });

  await test('the form asks for consent where the question may go to another vendor', async (page) => {
    await suggestions(page, () => ({ hits: [], suggested_level: 4, needs: 'consent' }));
    const bodies = await desk(page, () => ({ reference: 'ZD-7K3F9Q' }));
    const { input, ask, form, box } = await open(page);
    await input.click();
    await ask.click();
    const vendor = form.getByLabel('Vendor (optional)');
    assert.equal(await vendor.isVisible(), false, 'not before it is needed');
    await form.getByLabel('Question', { exact: true }).fill('the drive is not found');
    await form.getByLabel('E-mail').fill('jan@example.org');
    await vendor.fill('QNAP');
    const agree = form.getByLabel('You may pass my question on');
    assert.equal(await agree.isChecked(), false, 'nobody agrees by silence');
    for (const consent of [false, true]) {
      await agree.setChecked(consent);
      await form.getByRole('button', { name: 'Send' }).click();
      await box.getByText('Reference: ZD-7K3F9Q').waitFor();
      assert.deepEqual(bodies.at(-1).external, { vendor: 'QNAP', consent });
      await box.getByRole('button', { name: 'New search' }).click();
      await ask.click();
      await form.getByLabel('Question', { exact: true }).fill('the drive is not found');
      await form.getByLabel('E-mail').fill('jan@example.org');
      await vendor.fill('QNAP');
    }
  });

  await test('an article that solved it ends the form without a ticket', async (page) => {
    await suggestions(page, () => ({ hits: [ARTICLE], suggested_level: 1, needs: 'nothing' }));
    const bodies = await desk(page, () => ({ reference: 'ZD-7K3F9Q' }));
    const seen = await events(page);
    const { input, ask, form, message } = await open(page);
    await input.click();
    await ask.click();
    await form.getByLabel('Question', { exact: true }).fill('turn a key');
    await form.locator('summary').click();
    await form.getByRole('button', { name: 'This solved it' }).click();
    await message.filter({ hasText: 'Good to hear' }).waitFor();
    while (!seen.some(({ type }) => type === 'marked_solved')) await page.waitForTimeout(20);
    assert.equal(seen.find(({ type }) => type === 'marked_solved').article, 'one');
    assert.deepEqual(bodies, []);
  });
}

async function missing() {
  await test('lazy, it is fetched when the focus comes, and goes on with what was typed', async (page) => {
    const fetched = [];
    page.on('request', (request) => /search-box-/.test(request.url()) && fetched.push(request.url()));
    await replies(page, () => answer([hit('one')]));
    const { input, options } = await openWith(page, { loading: 'lazy' });
    const plain = page.locator('zerodesk-search > form input[name="q"]');
    await page.waitForTimeout(300);
    assert.deepEqual(fetched, []);
    await plain.evaluate((field) => { field.value = 'ke'; field.focus(); });
    await input.waitFor();
    assert.ok(await focused(input));
    await input.pressSequentially('y');
    await options.first().waitFor();
    assert.equal(await input.inputValue(), 'key');
    assert.equal(fetched.length, 2, 'the box and one language');
  });

  for (const part of ['core', 'words']) {
    await test(`without its ${part} the plain form stays`, async (page) => {
      let refused;
      const missing = new Promise((resolve) => { refused = resolve; });
      await page.route(`${server}/assets/search-box-${part}*`, (route) => route.abort().then(refused));
      await page.goto(host());
      await missing;
      assert.ok(await page.locator('zerodesk-search > form button').isVisible());
      await page.locator('zerodesk-search').evaluate((element) => element.open());
      await page.evaluate(() => document.body.append(document.createElement('zerodesk-search')));
      await page.locator(`zerodesk-search > a[href="${server}/contact"]`).waitFor();
    });
  }

  await test('without its form, asking leads to the contact page', async (page, context) => {
    await context.route(`${server}/assets/search-box-form*`, (route) => route.abort());
    await context.route(`${server}/contact?*`, (route) => route.fulfill({ body: 'contact' }));
    const { input, ask, message } = await open(page);
    await input.click();
    await ask.click();
    await message.filter({ hasText: 'cannot be reached' }).waitFor();
    await Promise.all([page.waitForURL(`${server}/contact?*`), ask.click()]);
  });

  await test('a slow server is named, and a wrong site key stands in the console', async (page) => {
    const said = [];
    page.on('console', (line) => said.push(line.text()));
    await replies(page, async (query) => {
      if (query === 'slow') await new Promise((resolve) => setTimeout(resolve, 5000));
      return query === 'slow' ? answer([hit('one')]) : { status: 404, code: 'not-found', detail: 'There is no site "shop".' };
    });
    const { input, message, ask, options } = await open(page);
    await input.fill('slow');
    await message.filter({ hasText: 'longer than usual' }).waitFor();
    assert.ok(await ask.isVisible());
    await options.first().waitFor();
    await input.fill('key');
    await message.filter({ hasText: 'cannot be reached' }).waitFor();
    assert.ok(said.some((line) => line.includes('There is no site "shop".')), said.join('\n'));
  });
}

/** All tests of this file, one after the other. */
export async function boxFeatures() {
  for (const group of [dialog, words, asking, missing]) await group();
}
