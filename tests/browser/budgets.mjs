// What the box and the pages may cost: bytes, requests, shifts of the layout.

import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { answer, hit, replies, suggestions } from './replies.mjs';
import { PUBLIC } from './places.mjs';
import { open, server, test } from './support.mjs';

const LOADER_BYTES = 2_000;
// The box with its style and its ticket form, and beside them the words of one language, of any.
const BOX_BYTES = 12_000;
const WORDS_BYTES = 1_500;
const LANGUAGES = ['ar', 'de', 'en', 'es', 'fr', 'nl'];
const PAGE_BYTES = 50_000;
const PAGE_REQUESTS = 4;

// Scripts that come late move whatever they move after the first picture of the page.
const LATE_MS = 150;
// Browsers do not count what moves within half a second of a key.
const AFTER_KEYS_MS = 600;

const article = (name) => ({ article: name, title: `About ${name} `.repeat(5), url: `/a/${name}`, snippet: 'Turn the key' });
// What the server may suggest one after the other while somebody writes, and a field that must be there then.
const SUGGESTED = [
  [{ hits: ['one', 'two'].map(article), suggested_level: 4, needs: 'consent' }, 'Vendor (optional)'],
  [{ hits: ['three', 'four', 'five', 'six', 'seven'].map(article), suggested_level: 2, needs: 'callback' }, 'Phone'],
  [{ hits: [], suggested_level: 1, needs: 'nothing' }, 'Phone'],
];

/** Runs in the page: keeps each shift of its layout, with what moved. */
function keepShifts() {
  window.shifts = [];
  new PerformanceObserver((list) => {
    for (const { value, sources } of list.getEntries()) window.shifts.push(`${value} ${sources.map(({ node }) => node?.outerHTML?.slice(0, 80))}`);
  }).observe({ type: 'layout-shift', buffered: true });
}

const gzipped = async (address) => gzipSync(Buffer.from(await (await fetch(address)).arrayBuffer()), { level: 9 }).length;

/** Runs in the page: where whatever can be pressed, typed into or read in a form stands, but for what is suggested. */
function places(form) {
  const all = [...form.querySelectorAll('button, input, textarea, summary, h1, h2, legend, label')];
  const seen = all.filter((element) => element.checkVisibility() && !element.closest('section'));
  return Object.fromEntries(seen.map((element) => {
    const { left, top } = element.getBoundingClientRect();
    const which = element.type === 'checkbox' ? element.value : '';
    return [`${element.localName} ${element.name || element.textContent.trim().slice(0, 40)} ${which}`, `${left}, ${top}`];
  }));
}

/** Fails where something of a form stands elsewhere than before. */
async function stays(form, before, when) {
  const now = await form.evaluate(places);
  for (const [name, place] of Object.entries(before)) assert.equal(now[name], place, `${name} ${when}`);
  return now;
}

/** Sizes, and what typing and reading ask of the network. */
export async function budgets() {
  await test('the loader and the whole box with its ticket form stay within their budgets', async (page) => {
    const scripts = new Set();
    page.on('response', (response) => {
      const { origin, pathname } = new URL(response.url());
      if (origin === server && !pathname.startsWith('/api/')) scripts.add(response.url());
    });
    await replies(page, () => answer([], { decision: 'no_answer' }));
    const { input, ask, form, box } = await open(page);
    await input.fill('key');
    await page.getByText('No answer found').first().waitFor();
    await ask.click();
    await form.waitFor();
    const sizes = await Promise.all([...scripts].map(async (address) => [new URL(address).pathname, await gzipped(address)]));
    const [, loader] = sizes.find(([path]) => path === '/search-box.js');
    const [, words] = sizes.find(([path]) => path.includes('words'));
    const all = sizes.reduce((sum, [, bytes]) => sum + bytes, 0) - loader - words;
    console.log(`      with gzip -9: ${sizes.map((size) => size.join(' ')).join(', ')}`);
    console.log(`      loader ${loader}; box with ticket form ${all}, and with the English words ${all + words}; everything ${loader + all + words}`);
    assert.ok(sizes.length >= 4, 'loader, box, ticket form and words were fetched');
    assert.ok(loader <= LOADER_BYTES, `the loader has ${loader} bytes`);
    assert.ok(all <= BOX_BYTES, `the box has ${all} bytes`);
    const addresses = [...(await (await fetch(`${server}/search-box.js`)).text()).matchAll(/assets\/search-box-words\.(\w+)\.js\?v=\w+/g)];
    assert.deepEqual(addresses.map(([, lang]) => lang), LANGUAGES);
    for (const [address, lang] of addresses) {
      const bytes = await gzipped(`${server}/${address}`);
      assert.ok(bytes <= WORDS_BYTES, `the words of ${lang} have ${bytes} bytes`);
    }
    assert.ok(await box.isVisible());
  });

  await test('eight letters typed at 90 ms ask once or twice', async (page) => {
    const asked = [];
    await page.clock.install({ time: new Date('2026-03-01T08:00:00Z') });
    await replies(page, () => answer([hit('one')]));
    page.on('request', (request) => /\/api\/v1\/(search|complete)/.test(request.url()) && asked.push(request.url()));
    const { input, options } = await open(page);
    await input.focus();
    await page.clock.pauseAt(new Date('2026-03-01T09:00:00Z'));
    // The clock of the page stands still but for these 90 ms, however busy the machine is.
    for (const letter of 'password') {
      await page.keyboard.press(letter);
      await page.clock.runFor(90);
    }
    await page.clock.runFor(400);
    await options.first().waitFor();
    assert.ok(asked.length >= 1 && asked.length <= 2, `${asked.length} requests: ${asked.join(' ')}`);
    assert.match(asked.at(-1), /q=password/);
  });

  for (const [width, height] of [[1280, 900], [360, 740]]) {
    await test(`an article costs little and does not jump (${width} px)`, async (page, context) => {
      const inspector = await context.newCDPSession(page);
      await inspector.send('Network.enable');
      const types = new Map();
      let bytes = 0;
      inspector.on('Network.responseReceived', ({ requestId, type }) => types.set(requestId, type));
      inspector.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
        if (types.get(requestId) !== 'Image') bytes += encodedDataLength;
      });
      await page.addInitScript(keepShifts);
      for (const path of ['/a/embed-the-box', '/a/front-matter', '/a/settings-reference', '/?lang=en', '/search?q=search+box&lang=en', '/contact?lang=en']) {
        await inspector.send('Network.clearBrowserCache');
        types.clear();
        bytes = 0;
        await page.goto(`${server}${path}`);
        await page.waitForLoadState('networkidle');
        await page.mouse.wheel(0, 3000);
        await page.waitForTimeout(300);
        const counted = [...types.values()].filter((type) => type !== 'Image' && type !== 'Other');
        if (width > 1000) console.log(`      ${path}: ${bytes} bytes in ${counted.length} requests`);
        assert.deepEqual(await page.evaluate(() => window.shifts), [], `${path} jumps`);
        assert.ok(bytes <= PAGE_BYTES, `${path}: ${bytes} bytes`);
        if (path.startsWith('/a/')) assert.ok(counted.length <= PAGE_REQUESTS, `${path}: ${counted.length} requests, ${counted}`);
      }
    }, { viewport: { width, height } });
  }

  await test('a shift of the layout is noticed', async (page) => {
    await page.addInitScript(keepShifts);
    await page.goto(`${server}/contact?lang=en`);
    await page.evaluate(() => document.querySelector('main').prepend(Object.assign(document.createElement('p'), { textContent: 'Late' })));
    await page.waitForFunction(() => window.shifts.length > 0);
  });

  for (const [width, height] of [[360, 740], [768, 1024], [1280, 900]]) {
    await test(`no page jumps when its scripts come late (${width} px)`, async (page) => {
      await page.addInitScript(keepShifts);
      await page.route(/\.js(\?|$)/, async (route) => {
        await new Promise((resolve) => setTimeout(resolve, LATE_MS));
        await route.continue().catch(() => {});
      });
      for (const [name, path] of PUBLIC) {
        await page.goto(`${server}${path}`);
        await page.mouse.wheel(0, 3000);
        await page.waitForTimeout(LATE_MS);
        assert.deepEqual(await page.evaluate(() => window.shifts), [], `${name} jumps`);
      }
    }, { viewport: { width, height } });

    await test(`no field of the contact form moves when articles are suggested late (${width} px)`, async (page) => {
      await page.addInitScript(keepShifts);
      await page.route(`${server}/api/v1/suggest`, async (route) => {
        await new Promise((resolve) => setTimeout(resolve, AFTER_KEYS_MS));
        await route.continue();
      });
      await page.goto(`${server}/contact?lang=en`);
      const form = page.locator('form[data-contact]');
      const message = page.getByLabel('Your question');
      for (const [question, reached] of [['How do I embed the search box?', '.suggestions li'], ['The virus scanner blocks the program', '[data-needs="callback"][data-advised]']]) {
        const before = await form.evaluate(places);
        assert.ok(Object.keys(before).length > 10);
        await message.fill(question);
        await page.locator(reached).first().waitFor();
        await stays(form, before, `at ${question}`);
      }
      assert.deepEqual(await page.evaluate(() => window.shifts), []);
    }, { viewport: { width, height } });

    await test(`nothing of the box's ticket form moves when articles and other fields come late (${width} px)`, async (page) => {
      await page.addInitScript(keepShifts);
      await replies(page, () => answer([], { decision: 'no_answer' }));
      let reply;
      await suggestions(page, async () => {
        await new Promise((resolve) => setTimeout(resolve, AFTER_KEYS_MS));
        return reply;
      });
      const { input, ask, form } = await open(page);
      await input.fill('key');
      await page.getByText('No answer found').first().waitFor();
      await ask.click();
      const message = form.getByLabel('What should we know');
      await message.waitFor();
      let before = await form.evaluate(places);
      assert.ok(Object.keys(before).length > 10);
      await page.evaluate(() => { window.shifts = []; });
      for (const [suggested, field] of SUGGESTED) {
        reply = suggested;
        const { hits } = suggested;
        await message.pressSequentially(` ${hits.length}`);
        await form.locator('details').nth(hits.length).waitFor({ state: 'detached' });
        if (hits.length) await form.locator('details').nth(hits.length - 1).waitFor();
        else await form.locator('details').first().waitFor({ state: 'detached' });
        await form.getByLabel(field).waitFor();
        before = await stays(form, before, `with ${hits.length} articles`);
      }
      assert.deepEqual(await page.evaluate(() => window.shifts), []);
    }, { viewport: { width, height } });
  }
}
