// The box by itself, on the page of another origin: every state, with the server's replies made up here.

import assert from 'node:assert/strict';
import { answer, desk, events, hit, replies } from './replies.mjs';
import { accessible, answered, host, open, parts, server, shot, test } from './support.mjs';

async function keyboard() {
  await test('the box follows the keyboard pattern of a combobox', async (page) => {
    await replies(page, () => answer([hit('one'), hit('two')]));
    const { input, options, chosen, panel, ask } = await open(page);
    await page.evaluate(() => document.querySelector('main').append(document.createElement('button')));
    const active = () => input.getAttribute('aria-activedescendant');
    await input.fill('key');
    await options.first().waitFor();
    assert.equal(await input.getAttribute('aria-expanded'), 'true');
    assert.equal(await active(), null, 'nothing is selected by itself');
    for (const [key, id] of [
      ['ArrowDown', 'option-0'], ['ArrowDown', 'option-1'], ['End', 'option-3'], ['ArrowDown', null], ['ArrowUp', 'option-3'],
      ['Home', 'option-0'], ['ArrowUp', null], ['ArrowDown', 'option-0'], ['ArrowRight', null],
    ]) {
      await page.keyboard.press(key);
      assert.equal(await active(), id, key);
      assert.equal(await chosen.count(), id ? 1 : 0, key);
    }
    await page.keyboard.press('Escape');
    assert.equal(await panel.isVisible(), false);
    assert.equal(await input.getAttribute('aria-expanded'), 'false');
    assert.equal(await input.inputValue(), 'key', 'the first Escape only closes');
    await page.keyboard.press('Escape');
    assert.equal(await input.inputValue(), '', 'the second one clears');
    await input.fill('key');
    await options.first().waitFor();
    for (let i = 0; i < 3; i++) await page.keyboard.press('Tab');
    assert.ok(await ask.evaluate((button) => button.matches(':focus')), 'Tab goes past the list to the actions');
    for (let i = 0; i < 2; i++) await page.keyboard.press('Tab');
    assert.equal(await panel.isVisible(), false, 'leaving closes');
  });

  await test('Enter opens the chosen section, or the results page when none is chosen', async (page, context) => {
    await replies(page, () => answer([hit('one')]));
    await context.route(`${server}/a/**`, (route) => route.fulfill({ body: 'article' }));
    await context.route(`${server}/search?*`, (route) => route.fulfill({ body: 'results' }));
    const { input, options } = await open(page);
    await input.fill('key');
    await options.first().waitFor();
    await page.keyboard.press('ArrowDown');
    const [other] = await Promise.all([context.waitForEvent('page'), page.keyboard.press('Control+Enter')]);
    const plain = (address) => `${address}`.replace(/session=[\w-]+&?/, '').replace('?#', '#').replace(/&$/, '');
    assert.equal(plain(other.url()), `${server}/a/one#s1`);
    assert.equal(page.url(), host(), 'the page stays');
    await Promise.all([page.waitForURL((url) => plain(url) === `${server}/a/one#s1`), page.keyboard.press('Enter')]);
    await open(page);
    await input.fill('key & lock');
    await Promise.all([page.waitForURL((url) => plain(url) === `${server}/search?site=default&lang=en&q=key+%26+lock`), page.keyboard.press('Enter')]);
  });

  await test('the shortcut opens the box, but not from inside another field', async (page) => {
    const { input, panel } = await open(page);
    await page.keyboard.press('Control+k');
    assert.ok(await panel.isVisible());
    assert.ok(await input.evaluate((field) => field.matches(':focus')));
    await page.evaluate(() => document.querySelector('main').prepend(Object.assign(document.createElement('textarea'), { id: 'other' })));
    await page.locator('#other').focus();
    await page.keyboard.press('Control+k');
    assert.ok(await page.locator('#other').evaluate((field) => field.matches(':focus')));
  });
}

async function searching() {
  await test('a search needs no preflight, and says where it comes from', async (page) => {
    const asked = await replies(page, () => answer([hit('one')]));
    const { input, options } = await open(page);
    await input.fill('lost keys');
    await options.first().waitFor();
    const headers = Object.keys(await asked.at(-1).allHeaders());
    assert.deepEqual(headers.filter((name) => /^(x-|authorization|content-type|cookie)/.test(name)), []);
    const params = Object.fromEntries(new URL(asked.at(-1).url()).searchParams);
    assert.equal(params.surface, 'box');
    assert.equal(params.trigger, 'typed');
    assert.match(params.session, /^[\w-]{16,64}$/);
  });

  await test('a late reply never replaces a newer one, and the old list stays until then', async (page) => {
    const release = {};
    await replies(page, async (query) => {
      if (query !== 'first') await new Promise((resolve) => (release[query] = resolve));
      return answer([hit(query)]);
    });
    const arrived = async (query) => {
      while (!release[query]) await page.waitForTimeout(20);
    };
    const { input, options, panel } = await open(page);
    await input.fill('first');
    await options.first().waitFor();
    await input.fill('second');
    await arrived('second');
    assert.equal(await panel.getAttribute('aria-busy'), 'true');
    assert.match(await options.first().textContent(), /About first/, 'the old list stays');
    await input.fill('third');
    await arrived('third');
    release.third();
    await panel.getByText('About third').waitFor();
    release.second();
    await page.waitForTimeout(150);
    assert.match(await options.first().textContent(), /About third/);
    assert.equal(await panel.getAttribute('aria-busy'), 'false');
  });

  await test('only a settled search is reported, and clicks with their place', async (page, context) => {
    await replies(page, () => answer([hit('one'), hit('two')]));
    await context.route(`${server}/a/**`, (route) => route.fulfill({ body: 'article' }));
    const seen = await events(page);
    await page.clock.install({ time: new Date('2026-03-01T08:00:00Z') });
    const { input, options, box } = await open(page);
    await input.focus();
    await page.clock.pauseAt(new Date('2026-03-01T09:00:00Z'));
    // Somebody goes on typing before the first search counts.
    for (const [letters, question] of [['key', 'key'], ['s', 'keys']]) {
      const shown = answered(page, question);
      await page.keyboard.type(letters);
      await page.clock.runFor(200);
      await shown;
      await page.clock.runFor(1400);
      assert.deepEqual(seen, [], 'too early');
    }
    await page.clock.runFor(200);
    while (seen.length < 2) await page.waitForTimeout(20);
    assert.deepEqual(seen.map(({ type: name }) => name), ['session_started', 'results_shown']);
    assert.equal(seen[0].page, page.url(), 'the page, without anything after ? or #');
    assert.deepEqual(seen[1].ranks, ['one#s1', 'one#s2', 'two#s1', 'two#s2']);
    await Promise.all([context.waitForEvent('page'), options.nth(3).click({ modifiers: ['Control'] })]);
    await box.locator('.results [data-do="solved"]').click();
    while (seen.length < 4) await page.waitForTimeout(20);
    const { rank, article, section: anchor, surface } = seen[2];
    assert.deepEqual({ rank, article, anchor, surface }, { rank: 2, article: 'two', anchor: 's2', surface: 'box' });
    assert.deepEqual([seen[3].type, seen[3].article], ['marked_solved', 'two']);
    assert.equal(new Set(seen.map(({ id }) => id)).size, 4);
    await parts(page).panel.getByText('Thank you').waitFor();
  });

  await test('events that did not arrive go again under their ids: with the next, online again, and when the page is left', async (page) => {
    const statuses = [null, 503, 202, null];
    await replies(page, () => answer([hit('one')]));
    const seen = await events(page, (batch) => statuses[batch - 1]);
    const { input, options, box } = await open(page);
    const told = (channel) => box.evaluate((element, way) => element.contacted(way), channel);
    const batch = async (...types) => {
      while (seen.length < types.length) await page.waitForTimeout(20);
      await page.waitForTimeout(100);
      const came = seen.splice(0);
      assert.deepEqual(came.map(({ type: name }) => name), types);
      return came.map(({ id }) => id);
    };
    await told('phone');
    assert.equal((await batch('session_started', 'contact_elsewhere')).length, 2, 'no reply');
    await input.fill('key');
    await options.first().waitFor();
    await input.press('Escape');
    await told('chat');
    const [began, phone, chat] = await batch('session_started', 'contact_elsewhere', 'contact_elsewhere');
    await page.evaluate(() => dispatchEvent(new Event('online')));
    while (!seen.length) await page.waitForTimeout(20);
    const [{ interacted, sent_at: sent, site, locale, at }] = seen;
    assert.deepEqual([interacted, site, locale], [true, 'default', 'en']);
    assert.ok(Date.parse(sent) >= Date.parse(at), `${sent} ${at}`);
    assert.deepEqual(await batch('session_started', 'contact_elsewhere', 'contact_elsewhere'), [began, phone, chat]);
    await told('e-mail');
    const [mail] = await batch('contact_elsewhere');
    await page.evaluate(() => dispatchEvent(new Event('pagehide')));
    assert.deepEqual(await batch('contact_elsewhere'), [mail], 'what arrived is not sent again');
  });
}

async function states() {
  const table = [
    ['answers', () => answer([hit('one'), hit('two')]), /2 articles found/],
    ['weak', () => answer([hit('one')], { decision: 'candidates' }), /No certain answer/],
    ['corrected', () => answer([hit('one')], { corrected: 'lost key' }), /Searched for “lost key”. Only “key”/],
    ['meant', () => answer([], { decision: 'no_answer', did_you_mean: 'lost key' }), /Did you mean “lost key”/],
    ['relaxed', () => answer([hit('one')], { relaxed: true, excluded: ['red', 'blue'] }), /side by side.*Without: red, blue/],
    ['phrases', () => answer([hit('one')], { completions: [{ text: 'key ring', kind: 'title', language: 'en', highlights: [[0, 3]] }] }), /1 article found/],
    ['none', () => answer([], { decision: 'no_answer' }), /No answer found for “key”/],
    ['nearest', () => answer([hit('one')], { decision: 'no_answer' }), /No answer found.*nearest/],
    ['unreachable', () => null, /cannot be reached/],
    ['limited', () => ({ status: 429, code: 'rate-limited' }), /Very many people/],
    ['garbage', () => ({ surprise: true }), /cannot be reached/],
  ];
  await test('every state says what it is, and leads to a person', async (page) => {
    let current;
    await replies(page, () => current());
    const { input, message, ask, said } = await open(page);
    for (const [name, reply, text] of table) {
      current = reply;
      await input.fill('');
      await input.fill('key');
      await message.filter({ hasText: text }).waitFor();
      assert.ok(await ask.isVisible(), name);
    }
    await said.filter({ hasText: /cannot be reached/ }).waitFor({ state: 'attached' });
  });

  await test('offline it says so, and goes on when the connection is back', async (page, context) => {
    await replies(page, () => answer([hit('one')]));
    const { input, message, options } = await open(page);
    await page.unrouteAll();
    await context.setOffline(true);
    await input.fill('key');
    await message.filter({ hasText: 'You are offline' }).waitFor();
    await replies(page, () => answer([hit('one')]));
    await context.setOffline(false);
    await options.first().waitFor();
  });

  await test('highlights count characters, not UTF-16 units', async (page) => {
    await replies(page, () => answer([hit('one', { sections: [{ anchor: '', url: '/a/one', heading: [], snippet: '👋🏽 the 🔑 key', highlights: [[9, 12]] }] })]));
    const { input, box } = await open(page);
    await input.fill('key');
    assert.equal(await box.locator('mark').textContent(), 'key');
  });
}

async function form() {
  await test('a ticket that could not be sent is kept and sent again under the same key', async (page) => {
    const replies503 = (n) => [null, { status: 503, code: 'store-unavailable' }, { reference: 'ZD-7K3F9Q', status_url: '/t/ZD-7K3F9Q?token=x' }][n - 1];
    const bodies = await desk(page, replies503);
    await replies(page, () => answer([], { decision: 'no_answer' }));
    const { input, ask, form: ticket, box, message } = await open(page, { address: `${host()}?secret=1#part` });
    await page.evaluate(() => {
      window.tickets = [];
      addEventListener('zerodesk:ticket', ({ detail }) => window.tickets.push(detail.reference));
      document.querySelector('zerodesk-search').context({ product: 'Kettle', version: '3', colour: 'red' });
    });
    await input.fill('descale');
    await message.filter({ hasText: 'No answer' }).waitFor();
    await ask.click();
    assert.equal(await ticket.getByLabel('Question', { exact: true }).inputValue(), 'descale');
    await ticket.getByLabel('E-mail').fill('jan@example.org');
    await ticket.getByLabel('What should we know').fill('It is full of lime.');
    await ticket.getByLabel('Page: ').uncheck();
    await ticket.getByLabel('About this product: ').uncheck();
    for (let i = 1; i <= 3; i++) {
      await ticket.locator('.main').click();
      if (i < 3) await ticket.getByText('Your text is kept here').waitFor();
      while (bodies.length < i) await page.waitForTimeout(20);
    }
    await box.getByText('Reference: ZD-7K3F9Q').waitFor();
    await accessible(page, 'sent');
    await shot(page, 'box-sent');
    assert.equal(new Set(bodies.map((body) => body.idempotency_key)).size, 1);
    assert.deepEqual(bodies[0], bodies[2]);
    const { subject, message: words, requester, page: where, host: about, consent, reason, website } = bodies[0];
    assert.deepEqual({ subject, words, reason, website }, { subject: 'descale', words: 'It is full of lime.', reason: 'no_answer', website: '' });
    assert.equal(requester.email, 'jan@example.org');
    assert.deepEqual(where, { url: host(), title: '' }, 'no query string, no struck title');
    assert.equal(about, undefined);
    assert.deepEqual(consent, { context_shared: true, fields_removed: ['page.title', 'host'] });
    assert.deepEqual(await page.evaluate(() => window.tickets), ['ZD-7K3F9Q']);
  });

  await test('a field that the server refuses is shown at the field', async (page) => {
    await desk(page, () => ({ status: 422, code: 'invalid-value', field: 'requester.email', detail: 'This address takes no mail.' }));
    const { input, ask, form: ticket } = await open(page);
    await input.click();
    await ask.click();
    await ticket.getByLabel('Question', { exact: true }).fill('Why?');
    await ticket.getByLabel('E-mail').fill('jan@example.org');
    await ticket.locator('.main').click();
    await page.waitForFunction((field) => field.validationMessage === 'This address takes no mail.', await ticket.getByLabel('E-mail').elementHandle());
    assert.ok(await ticket.getByLabel('E-mail').evaluate((field) => field.matches(':focus')));
  });
}

async function guests() {
  await test('it speaks the language of its place, and English where it has no words', async (page) => {
    const { box, ask, input } = await open(page);
    await input.click();
    for (const [lang, words] of [['nl', 'Vraag het een medewerker'], ['de-AT', 'Einen Menschen fragen'], ['xx', 'Ask a person'], ['not a language', 'Ask a person']]) {
      await box.evaluate((element, value) => element.setAttribute('lang', value), lang);
      await ask.filter({ hasText: words }).waitFor();
    }
  });

  await test('the page can open it, search and listen', async (page) => {
    await replies(page, () => answer([hit('one')]));
    const { box, options } = await open(page);
    await page.evaluate(() => {
      window.heard = [];
      for (const name of ['search', 'answered']) {
        document.addEventListener(`zerodesk:${name}`, ({ detail }) => window.heard.push([name, detail.query, detail.decision ?? detail.trigger]));
      }
    });
    await box.evaluate((element) => element.search('lost key'));
    await options.first().waitFor();
    assert.deepEqual(await page.evaluate(() => window.heard), [['search', 'lost key', 'enter'], ['answered', 'lost key', 'answer']]);
  });

  for (const [width, dir] of [[320, 'ltr'], [360, 'rtl']]) {
    await test(`it fits ${width} px, ${dir}`, async (page) => {
      await replies(page, () => answer([hit('one', { title: 'W'.repeat(300) }), hit('two')]));
      const { input, options, ask, form: ticket } = await open(page);
      await page.evaluate((value) => { document.documentElement.dir = value; }, dir);
      await input.fill('key');
      await options.first().waitFor();
      await shot(page, `box-answers-${width}`);
      const scrolls = () => page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
      assert.equal(await scrolls(), false, 'answers');
      for (const target of [input, options.first(), ask]) assert.ok((await target.boundingBox()).height >= 44);
      await ask.click();
      await ticket.waitFor();
      assert.equal(await scrolls(), false, 'form');
      await shot(page, `box-form-${width}`);
    }, { viewport: { width, height: 740 } });
  }
}

/** All tests of this file, one after the other. */
export async function boxStates() {
  for (const group of [keyboard, searching, states, form, guests]) await group();
}
