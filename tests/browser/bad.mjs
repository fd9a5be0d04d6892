// What goes wrong: servers that are away, slow, busy or talk nonsense, settings that do not fit, articles that nobody
// foresaw. Each time something sensible is shown, and a person can be asked.

import assert from 'node:assert/strict';
import { PNG } from 'pngjs';
import { serveOther } from './other.mjs';
import { answer, foreign, hit, replies } from './replies.mjs';
import { accessible, host, open, parts, server, shot, test } from './support.mjs';

const GOOD = () => answer([hit('one')]);

// Replies to a search: each is answered by a message, keeps the way to a person, and is forgotten at the next good one.
const REPLIES = [
  ['no connection', () => null],
  ['an empty reply', () => ({ body: '' })],
  ['a page of a proxy', () => ({ body: '<!doctype html><title>Welcome</title>' })],
  ['half of a reply', () => ({ body: '{"hits": [{"title": "On' })],
  ['a list', () => ({ body: '[1, 2, 3]' })],
  ['null', () => ({ body: 'null' })],
  ['a number', () => ({ body: '7' })],
  ['no hits', () => ({ body: '{"decision": "answer"}' })],
  ['hits that are none', () => ({ ...GOOD(), hits: 'many' })],
  ['a hit that is none', () => ({ ...GOOD(), hits: [null] })],
  ['an error of the server', () => ({ status: 500, code: 'internal' })],
  ['an overloaded server', () => ({ status: 503, code: 'overloaded', headers: { 'retry-after': '1' } })],
  ['too many requests', () => ({ status: 429, code: 'rate-limited', headers: { 'retry-after': '1' } })],
  ['too many requests, and nonsense about when to come back', () => ({ status: 429, body: 'Slow down', headers: { 'retry-after': 'Sun, 99 Foo' } })],
  ['a proxy that is not there', () => ({ status: 502, body: 'Bad Gateway' })],
];

// Strange, but to be shown as far as it goes.
const ODD = [
  ['fields left out', () => answer([{ article: 'one', title: 'About one', url: '/a/one' }])],
  ['fields of other types', () => answer([{ ...hit('one'), updated: 7, sections: [{ anchor: null, url: '/a/one', heading: null, snippet: 'x', highlights: 'x' }] }])],
  ['highlights out of range', () => answer([hit('one', { sections: [{ anchor: '', url: '/a/one', heading: [], snippet: 'short', highlights: [[-5, 2], [3, 99], [1, 2], [4, 4], ['a', null]] }] })])],
  ['a title of 5,000 characters', () => answer([hit('one', { title: `About one ${'W'.repeat(5000)}` })])],
  ['two hundred hits', () => answer(Array.from({ length: 200 }, (_, n) => hit(`one ${n}`)))],
  ['a date of another age', () => answer([hit('one', { updated: '0000-99-99' })])],
];

/** The way to a person is there, and leads there. */
async function leadsToAPerson({ ask, form, input }) {
  assert.ok(await ask.isVisible(), 'a person can be asked');
  await ask.click();
  await form.waitFor();
  assert.ok(await form.getByLabel('Question', { exact: true }).inputValue());
  await input.focus();
}

/** The box with a server that does not do as it should. */
export async function badReplies() {
  await test('whatever the server replies, something sensible is shown, and the next good reply, too', async (page) => {
    let current = GOOD;
    await replies(page, () => current());
    const { input, options, message, ask, box } = await open(page);
    for (const [name, reply] of REPLIES) {
      current = reply;
      await input.fill('');
      await input.fill(`key ${name}`);
      await message.filter({ hasText: /reached|busy|many|moment/i }).waitFor();
      assert.equal(await options.count(), 0, name);
      assert.ok(await ask.isVisible(), `${name}: a person can be asked`);
      assert.ok(await box.getByRole('link', { name: 'Open the help centre' }).isVisible(), `${name}: the help centre is there`);
      current = GOOD;
      await input.fill('key');
      await options.first().waitFor();
    }
    for (const [name, reply] of ODD) {
      current = reply;
      await input.fill('');
      await input.fill(`key ${name}`);
      await options.first().filter({ hasText: 'About one' }).waitFor().catch(() => assert.fail(`${name} is not shown`));
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, `${name} scrolls sideways`);
    }
  });

  await test('after an error a person can be asked', async (page) => {
    await replies(page, () => null);
    const box = await open(page);
    await box.input.fill('key');
    await box.message.filter({ hasText: /reached/ }).waitFor();
    await leadsToAPerson(box);
  });

  await test('429 while typing: it waits as long as it was told, and goes on by itself', async (page) => {
    await page.clock.install({ time: new Date('2026-03-01T08:00:00Z') });
    let busy = true;
    const asked = await replies(page, () => (busy ? { status: 429, code: 'rate-limited', headers: { 'retry-after': '3', 'access-control-expose-headers': 'retry-after' } } : GOOD()));
    const { input, message, options } = await open(page);
    await input.focus();
    await page.clock.pauseAt(new Date('2026-03-01T09:00:00Z'));
    for (const letter of 'lost') {
      await page.keyboard.press(letter);
      await page.clock.runFor(200);
    }
    await message.filter({ hasText: /many people|reached/ }).waitFor();
    const before = asked.length;
    await page.clock.runFor(1000);
    assert.equal(asked.length, before, 'it does not hurry');
    busy = false;
    await page.clock.runFor(3000);
    await options.first().waitFor();
    assert.equal(asked.length, before + 1);
    assert.equal(await input.inputValue(), 'lost');
  });

  await test('a server that takes five seconds: it says so, and shows the answer then', async (page) => {
    await page.clock.install({ time: new Date('2026-03-01T08:00:00Z') });
    let release;
    await replies(page, () => new Promise((resolve) => { release = () => resolve(GOOD()); }));
    const { input, options, panel, message, ask } = await open(page);
    await input.focus();
    await page.clock.pauseAt(new Date('2026-03-01T09:00:00Z'));
    await page.keyboard.type('key');
    await page.clock.runFor(300);
    while (!release) await page.waitForTimeout(20).catch(() => {});
    assert.equal(await panel.getAttribute('aria-busy'), 'true');
    await page.clock.runFor(4800);
    await message.filter({ hasText: /longer than usual/ }).waitFor();
    assert.ok(await ask.isVisible());
    release();
    await options.first().waitFor();
    assert.equal(await panel.getAttribute('aria-busy'), 'false');
  });

  await test('a site that is not there: the box says that it cannot search', async (page) => {
    await foreign(page, { body: '<zerodesk-search site="nope"></zerodesk-search>' });
    const { input, message, ask } = parts(page);
    await input.fill('key');
    await message.filter({ hasText: /reached/ }).waitFor();
    assert.ok(await ask.isVisible());
  });

  for (const [name, path] of [['the loader', '**/search-box.js*'], ['its parts', '**/search-box-*.js*'], ['its words', '**/search-box-words*']]) {
    await test(`without ${name} the page keeps its own form`, async (page) => {
      let refused;
      const missing = new Promise((resolve) => { refused = resolve; });
      await page.route(path, (route) => route.abort().then(refused));
      await page.goto(host());
      await missing;
      const field = page.getByLabel('Search the help centre');
      assert.ok(await field.isVisible());
      await page.route(`${server}/search?*`, (route) => route.fulfill({ contentType: 'text/html', body: 'results' }));
      await field.fill('key');
      await Promise.all([page.waitForURL(/\/search\?q=key/), field.press('Enter')]);
    }, { faults: true });
  }

  await test('a language without words speaks English, and asks in that language', async (page) => {
    const asked = await replies(page, GOOD);
    await foreign(page, { lang: 'eo' });
    const { input, options } = parts(page);
    await input.waitFor();
    assert.equal(await input.getAttribute('placeholder'), 'How can we help?');
    await input.fill('key');
    await options.first().waitFor();
    assert.equal(new URL(asked[0].url()).searchParams.get('lang'), 'eo');
  });
}

/** Without JavaScript, which cannot be switched off in Firefox from here. */
export async function withoutScripts() {
  await test('without JavaScript the page keeps its own form, and the help centre works', async (page) => {
    await page.goto(host());
    await page.getByLabel('Search the help centre').fill('search box');
    await Promise.all([page.waitForURL(`${server}/search?*`), page.keyboard.press('Enter')]);
    assert.ok((await page.locator('main a[href^="/a/"]').count()) > 0);
    await page.locator('.hits a').first().click();
    await page.locator('h1').waitFor();
    await page.getByRole('link', { name: 'Ask a person' }).first().click();
    await page.getByLabel('Your question').fill('Where?');
    await page.getByLabel(/E-mail/).fill('jan@example.org');
    await page.getByRole('button', { name: /Send/ }).click();
    await page.waitForURL(/\/t\/ZD-/);
  }, { javaScriptEnabled: false });
}

/** A server that knows no other website, and one that goes away. */
export async function badServers() {
  await test('a website that is not allowed, and a server that is gone: the box says so, and keeps the contact link', async (page) => {
    const other = await serveOther({ articles: { 'key.md': '---\ntitle: Lost key\nlang: en\n---\n\nLook under the mat.\n' } });
    try {
      const form = `<form action="${other.url}/search"><label>Search <input name="q"></label></form><a href="${other.url}/contact">Ask a person</a>`;
      await foreign(page, { from: other.url, policy: null, body: `<zerodesk-search>${form}</zerodesk-search>` });
      await page.waitForTimeout(300);
      assert.ok(await page.getByRole('link', { name: 'Ask a person' }).isVisible(), 'what stands between the tags stays');
      await page.getByLabel('Search').fill('key');
      await Promise.all([page.waitForURL(/\/search\?q=key/), page.keyboard.press('Enter')]);
      await page.goto(`${other.url}/`);
      const own = parts(page);
      await own.input.fill('key');
      await own.options.first().waitFor();
      await other.stop();
      await own.input.fill('lost key');
      await own.message.filter({ hasText: /reached/ }).waitFor();
      assert.ok(await own.ask.isVisible(), 'a person can be asked');
    } finally {
      await other.stop();
    }
  }, { faults: true });
}

/** A picture of this many pixels each way whose bytes cannot be packed: three for each pixel. */
function noise(size) {
  const png = new PNG({ width: size, height: size, colorType: 2 });
  let seed = 7;
  for (let i = 0; i < png.data.length; i++) {
    seed = (seed * 1103515245 + 12345) & 0x7fffffff;
    png.data[i] = i % 4 === 3 ? 255 : seed >> 16;
  }
  return PNG.sync.write(png, { colorType: 2, inputHasAlpha: true, filterType: 0, deflateLevel: 0 });
}

const head = (title) => `---\ntitle: ${title}\nlang: en\ncreated: 2026-01-02\n---\n\n`;
const LONG = 'antidisestablishmentarianism'.repeat(360).slice(0, 10_000);
const COLUMNS = Array.from({ length: 40 }, (_, n) => `column ${n}`);

// Articles that nobody foresaw.
const ARTICLES = {
  'headings.md': `${head('Three hundred headings')}${Array.from({ length: 300 }, (_, n) => `## Heading ${n} of many\n\nText ${n}.\n`).join('\n')}`,
  'picture.md': `${head('A large picture')}![Noise](noise.png)\n\n## After it\n\nText after the picture.\n`,
  'table.md': `${head('Forty columns')}| ${COLUMNS.join(' | ')} |\n|${'---|'.repeat(40)}\n${`| ${COLUMNS.map((_, n) => `value ${n}`).join(' | ')} |\n`.repeat(3)}`,
  'word.md': `${head(`One word ${LONG.slice(0, 200)}`)}${LONG}\n\n## ${LONG.slice(0, 300)}\n\n- ${LONG.slice(0, 500)}\n\n\`${LONG.slice(0, 500)}\`\n\n    ${LONG.slice(0, 500)}\n\nhttps://www.example.org/${LONG.slice(0, 300)}\n`,
  'deep.md': `${head('Lists in lists')}${Array.from({ length: 30 }, (_, n) => `${'  '.repeat(n)}- level ${n}`).join('\n')}\n\n${'> '.repeat(30)}deep\n`,
  'empty.md': '',
  'nothing.md': head('Nothing to say'),
  'untitled.md': '###### Only a small heading\n\ntext\n',
};

/** Articles that are too much of something, on narrow screens. */
export async function badArticles() {
  const picture = noise(1300);
  assert.ok(picture.length > 5_000_000);
  const site = await serveOther({ articles: { ...ARTICLES, 'noise.png': picture } });
  try {
    const { articles } = await (await fetch(`${site.url}/api/v1/articles`)).json();
    assert.ok(articles.length >= 7, `${articles.length} articles`);
    for (const width of [320, 360]) {
      await test(`articles that are too much of something fit ${width} px, and lead to a person`, async (page) => {
        await page.addInitScript(() => {
          window.shifts = [];
          new PerformanceObserver((list) => window.shifts.push(...list.getEntries().map(({ value }) => value))).observe({ type: 'layout-shift', buffered: true });
        });
        for (const { slug } of articles) {
          await page.goto(`${site.url}/a/${slug}`);
          assert.ok(await page.locator('h1').isVisible(), slug);
          assert.ok((await page.locator('h1').boundingBox()).y < 500, `${slug}: the article is at the top`);
          assert.ok(await page.locator('main').getByRole('link', { name: 'Ask a person' }).isVisible(), slug);
          const { wide, screen } = await page.evaluate(() => ({ wide: document.documentElement.scrollWidth, screen: innerWidth }));
          assert.ok(wide <= screen, `${slug} is ${wide} px wide on ${screen}`);
          if (width === 320 && slug !== 'headings') await accessible(page, slug);
          await shot(page, `bad-article-${slug}-${width}`);
        }
        await page.goto(`${site.url}/a/picture`);
        await page.locator('.prose img').evaluate((img) => img.decode());
        const box = await page.locator('.prose img').boundingBox();
        assert.ok(box.width <= width && box.height > 100, 'the picture fits');
        assert.deepEqual(await page.evaluate(() => window.shifts), [], 'nothing jumps when it has come');
        for (const query of ['noise', 'heading', LONG.slice(0, 250)]) {
          await page.goto(`${site.url}/search?q=${query}&lang=en`);
          assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `results of ${query.slice(0, 20)}`);
          assert.ok(await page.locator('main').getByRole('link', { name: 'Ask a person' }).first().isVisible());
        }
        await page.goto(`${site.url}/?lang=en`);
        const { input, options } = parts(page);
        await input.fill('one word');
        await options.first().waitFor();
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'the box');
        await shot(page, `bad-article-box-${width}`);
      }, { viewport: { width, height: 740 } });
    }
  } finally {
    await site.stop();
  }
}
