// What the articles promise of the box, tried one by one: each attribute, variable and part that they list, dates and
// numbers of each language, reduced motion, and the package from npm as plain files. And what an article is on paper.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { everyState } from './places.mjs';
import { answer, desk, foreign, hit, replies, suggestions } from './replies.mjs';
import { host, open, parts, server, test } from './support.mjs';

const article = (name) => readFileSync(new URL(`../../articles/${name}.md`, import.meta.url), 'utf8');
const names = (text) => [...text.matchAll(/`([\w-]+)`/g)].map(([, name]) => name);
/** The names in the first column of the table under this heading. */
const listed = (name, heading) => article(name).split(`\n## ${heading}\n`)[1].split('\n## ')[0].split('\n').filter((line) => line.startsWith('| `')).map((line) => names(line)[0]);

/** A search for a word, and the parameters under which the server was asked. */
async function asks({ input, asked }) {
  await input.fill('key');
  while (!asked.length) await input.page().waitForTimeout(20);
  return Object.fromEntries(new URL(asked[0].url()).searchParams);
}

const asksWith = (name, value) => async (box) => assert.equal((await asks(box))[name], value);

// Each attribute of the article: how it is written, and what it does.
const ATTRIBUTES = {
  site: ['site="acme"', asksWith('site', 'acme')],
  lang: ['lang="nl"', asksWith('lang', 'nl')],
  placeholder: ['placeholder="Well?"', async ({ input }) => assert.equal(await input.getAttribute('placeholder'), 'Well?')],
  value: ['value="lost"', async ({ input }) => assert.equal(await input.inputValue(), 'lost')],
  product: ['product="Kettle,Pot"', asksWith('product', 'Kettle,Pot')],
  kind: ['kind="faq"', asksWith('kind', 'faq')],
  tag: ['tag="lime"', asksWith('tag', 'lime')],
  limit: ['limit="3"', asksWith('limit', '3')],
  hotkey: ['hotkey="mod+alt+j"', async ({ page, panel }) => {
    await page.keyboard.press('Control+k');
    assert.equal(await panel.isVisible(), false, 'no other key opens it');
    await page.keyboard.press('Control+Alt+j');
    await panel.waitFor();
  }],
  server: ['server="http://elsewhere.invalid"', async ({ page, input }) => {
    const request = page.waitForRequest(/^http:\/\/elsewhere\.invalid\/api\/v1\/search/);
    await input.fill('key');
    await request;
  }],
  modal: ['modal', async ({ box, input }) => {
    await box.getByRole('button').first().click();
    assert.ok(await box.getByRole('dialog').isVisible());
    assert.ok(await input.evaluate((field) => field.matches(':focus')));
  }],
  trigger: ['trigger="h1"', async ({ page, panel }) => {
    await page.locator('h1').click();
    await panel.waitFor();
  }],
  loading: ['loading="lazy"', async ({ page, box, input }) => {
    assert.equal(await input.count(), 0, 'nothing is fetched yet');
    await page.keyboard.press('Control+k');
    await box.locator('.panel').waitFor();
  }],
  recent: ['recent', async ({ page, ask, ...box }) => {
    await asks(box);
    await box.options.first().waitFor();
    await ask.click();
    assert.deepEqual(await page.evaluate(() => Object.values(localStorage)), ['["key"]']);
  }],
  suggest: ['suggest="off"', async ({ input, panel, suggested }) => {
    await input.click();
    await panel.waitFor();
    assert.deepEqual(suggested, []);
  }],
  theme: ['theme="dark"', async ({ box }) => assert.equal(await box.evaluate((element) => getComputedStyle(element).colorScheme), 'dark')],
};

async function attributes() {
  await test('each attribute does what its article says', async (page) => {
    assert.deepEqual(Object.keys(ATTRIBUTES), listed('box-reference', 'Attributes'));
    for (const [name, [written, holds]] of Object.entries(ATTRIBUTES)) {
      await page.unrouteAll({ behavior: 'ignoreErrors' });
      const asked = await replies(page, () => answer([hit('one')]));
      const suggested = await suggestions(page, () => ({ hits: [] }));
      await foreign(page, { body: `<zerodesk-search ${written}></zerodesk-search>`, policy: null });
      const box = parts(page);
      if (name === 'loading') await page.waitForFunction(() => customElements.get('zerodesk-search'));
      else await box.panel.waitFor({ state: 'attached' });
      try {
        await holds({ page, asked, suggested, ...box });
      } catch (error) {
        error.message = `${name}: ${error.message}`;
        throw error;
      }
    }
  }, { faults: true });

  await test('the page can stop a search', async (page) => {
    const asked = await replies(page, () => answer([hit('one')]));
    const { input, options } = await open(page);
    await page.evaluate(() => document.addEventListener('zerodesk:search', (event) => event.detail.query === 'key' && event.preventDefault()));
    await input.fill('key');
    await input.fill('keys');
    await options.first().waitFor();
    await page.locator('zerodesk-search').evaluate((element) => element.search('key'));
    assert.deepEqual(asked.map((request) => new URL(request.url()).searchParams.get('q')), ['keys']);
  });
}

/** Runs in the box: what of its look a variable may change, of every element of it. */
function look({ shadowRoot: root }) {
  const wanted = ['color', 'background-color', 'border-top-color', 'border-top-left-radius', 'font-family', 'font-size', 'outline-color', 'z-index'];
  return [...root.querySelectorAll('*')].map((element) => wanted.map((name) => getComputedStyle(element).getPropertyValue(name)).join()).join('\n');
}

const VALUES = { '--zd-radius': '3px', '--zd-font': 'monospace', '--zd-font-size': '21px', '--zd-z': '7' };

async function looks() {
  await test('each variable changes the look of the box', async (page) => {
    await replies(page, () => answer([hit('one')], { decision: 'no_answer' }));
    const { input, options, ask, form, box } = await open(page);
    await input.fill('key');
    await options.first().waitFor();
    await ask.click();
    await form.waitFor();
    await input.focus();
    await page.keyboard.press('ArrowDown');
    const plain = await box.evaluate(look);
    const variables = [...article('box-theming').matchAll(/^\| `(--zd-[\w-]+)`/gm)].map(([, name]) => name);
    assert.ok(variables.length > 10);
    for (const name of variables) {
      await box.evaluate((element, [variable, value]) => element.style.setProperty(variable, value), [name, VALUES[name] ?? 'rgb(1, 2, 3)']);
      assert.notEqual(await box.evaluate(look), plain, name);
      await box.evaluate((element, variable) => element.style.removeProperty(variable), name);
      assert.equal(await box.evaluate(look), plain, `without ${name}`);
    }
  });

  await test('each part that the article names is there, and a page can style it', async (page) => {
    const [, told] = /Useful parts are (.*)/.exec(article('box-theming'));
    const wanted = names(told);
    const seen = new Set();
    const collect = async () => {
      for (const name of await parts(page).box.evaluate(({ shadowRoot }) => [...shadowRoot.querySelectorAll('[part]')].flatMap((element) => [...element.part]))) seen.add(name);
    };
    await everyState(page, collect, { body: '<zerodesk-search modal recent></zerodesk-search>', css: wanted.map((name) => `zerodesk-search::part(${name}) { scroll-margin-top: 7px; }`).join('\n') });
    await page.getByRole('button', { name: 'New search' }).click();
    await page.getByRole('group', { name: 'Recent searches' }).waitFor();
    await collect();
    assert.ok(wanted.length > 15);
    assert.deepEqual(wanted.filter((name) => !seen.has(name)), []);
    const unstyled = await parts(page).box.evaluate(({ shadowRoot }, all) => all.filter((name) => {
      const element = shadowRoot.querySelector(`[part~="${name}"]`);
      return element && getComputedStyle(element).scrollMarginTop !== '7px';
    }), wanted);
    assert.deepEqual(unstyled, []);
  });

  await test('nothing moves by itself for whoever wants less motion', async (page) => {
    const moving = () => page.evaluate(() => [document, document.querySelector('zerodesk-search')?.shadowRoot].filter(Boolean)
      .flatMap((root) => root.getAnimations()).flatMap(({ effect }) => effect.getKeyframes().flatMap((frame) => Object.keys(frame)))
      .filter((name) => !/^(background|offset$|computedOffset$|easing$|composite$)/.test(name)));
    await everyState(page, async (name) => assert.deepEqual(await moving(), [], name));
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    let release;
    await replies(page, () => new Promise((resolve) => { release = () => resolve(answer([hit('one')])); }));
    const { input, panel } = await open(page);
    await input.fill('key');
    await panel.and(page.locator('[aria-busy="true"]')).waitFor();
    assert.deepEqual(await moving(), [], 'while it waits');
    while (!release) await page.waitForTimeout(20);
    release();
    for (const path of ['/?lang=en', '/a/embed-the-box']) {
      await page.goto(`${server}${path}`);
      assert.deepEqual(await moving(), [], path);
      assert.equal(await page.evaluate(() => getComputedStyle(document.documentElement).scrollBehavior), 'auto', path);
    }
  }, { reducedMotion: 'reduce' });

  await test('an article on paper is the article alone, with the addresses of its links', async (page) => {
    await page.goto(`${server}/a/embed-the-box`);
    await page.emulateMedia({ media: 'print' });
    assert.ok(await page.locator('.prose').isVisible());
    for (const name of ['.top', '.bottom', '.contents', '.feedback', '.related', '.copy']) {
      assert.ok(await page.locator(name).count(), `${name} is on the screen`);
      assert.equal(await page.locator(name).filter({ visible: true }).count(), 0, `${name} on paper`);
    }
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, 'nothing sticks out');
  }, { viewport: { width: 700, height: 1000 } });
}

// How each language says 1 March 2026, and 1,234 articles.
const WORDS = [
  ['en-GB', /1 Mar 2026/, /1,234 articles found/],
  ['nl', /1 mrt 2026/, /1\.234 artikelen/],
  ['de', /01\.03\.2026/, /1\.234 Artikel/],
  ['fr', /1 mars 2026/, /1 234 articles/],
  ['es', /1 mar 2026/, /1234 artículos/],
  ['ar', /مارس|٠٣|03|3/, /1,234|١٬٢٣٤/],
];

async function languages() {
  await test('dates and numbers are written as in the language of the box', async (page) => {
    await replies(page, () => answer([hit('one', { updated: '2026-03-01' })], { total: 1234 }));
    for (const [lang, day, count] of WORDS) {
      await foreign(page, { lang });
      const { input, options, message } = parts(page);
      await input.fill('key');
      await options.first().waitFor();
      const plain = async (locator) => (await locator.textContent()).replaceAll(/\p{Zs}/gu, ' ');
      assert.match(await plain(options.first()), day, lang);
      assert.match(await plain(message), count, lang);
    }
  });
}

const WIDGET = new URL('../../src/widget/', import.meta.url);

async function fromNpm() {
  await test('the package from npm works as plain files, with no others than it has', async (page) => {
    const packed = execFileSync('npm', ['pack', '--dry-run', '--json', '--loglevel=error'], { cwd: WIDGET, stdio: ['ignore', 'pipe', 'ignore'] });
    const files = JSON.parse(packed)[0].files.map(({ path }) => path);
    assert.ok(files.includes('search-box.d.ts') && files.includes('README.md'));
    await page.route(`${new URL(host()).origin}/package/**`, (route) => {
      const path = new URL(route.request().url()).pathname.replace('/package/', '');
      if (!files.includes(path)) return route.fulfill({ status: 404 });
      return route.fulfill({ body: readFileSync(new URL(path, WIDGET)), contentType: path.endsWith('.json') ? 'application/json' : 'text/javascript' });
    });
    await replies(page, () => answer([hit('one')]));
    await desk(page, () => ({ reference: 'ZD-7K3F9Q' }));
    for (const [lang, send] of [['en', 'Send'], ['nl', 'Versturen']]) {
      // Nothing of the server but its replies; browsers count words in JSON as connections.
      const policy = `default-src 'none'; script-src 'self'; connect-src 'self' ${server}; style-src 'unsafe-inline'`;
      const head = '<script type="module" src="/package/search-box.js"></script>';
      await foreign(page, { lang, policy, head, from: 'http://elsewhere.invalid', body: `<zerodesk-search server="${server}"></zerodesk-search>` });
      const { input, options, ask, form, box } = parts(page);
      await input.fill('key');
      await options.first().waitFor();
      await ask.click();
      await form.locator('[name="email"]').fill('jan@example.org');
      await form.getByRole('button', { name: send, exact: true }).click();
      await box.getByText('ZD-7K3F9Q').waitFor();
    }
  }, { faults: true });

  await test('where pages are rendered on a server, the package can be imported and does nothing', async () => {
    const { SearchBox } = await import(new URL('search-box.js', WIDGET));
    assert.equal(typeof SearchBox, 'function');
    assert.equal(globalThis.customElements, undefined);
  });
}

/** All tests of this file, one after the other. */
export async function promises() {
  for (const group of [attributes, looks, languages, fromNpm]) await group();
}
