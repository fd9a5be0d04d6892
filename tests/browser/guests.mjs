// The box as a guest in other people's pages: policies, style sheets and scripts that mean no good, and what it leaves
// behind when it goes.

import assert from 'node:assert/strict';
import { answer, desk, foreign, hit, replies } from './replies.mjs';
import { ask as asking, inFirefox, open, parts, server, shot, test, violations } from './support.mjs';

// Pages by what is unfriendly about them.
const PAGES = [
  ['the strictest policy', { policy: `default-src 'none'; script-src ${server}; connect-src ${server}; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'` }],
  ['trusted types', { policy: `default-src 'none'; script-src ${server}; connect-src ${server}; style-src 'unsafe-inline'; require-trusted-types-for 'script'; trusted-types 'none'` }],
  ['a reset', { css: '*, ::before, ::after { margin: 0; padding: 0; border: 0; outline: none; box-sizing: content-box; list-style: none; font: inherit; background: none; appearance: none; }' }],
  ['all: initial', { css: '* { all: initial; }' }],
  ['all: unset, and important', { css: '* { all: unset !important; } script, style, head, title { display: none !important; }' }],
  ['styles by element', { css: 'form { display: none; } input { position: fixed; top: -99px; width: 9px; } button { visibility: hidden; } a { pointer-events: none; font-size: 2px; } div { float: right; height: 1px; overflow: hidden; opacity: .1; } [role] { display: none; }' }],
  ['odd text', { css: 'body { font: 700 40px/1 cursive; letter-spacing: .5em; word-spacing: 2em; text-transform: uppercase; text-align: right; white-space: nowrap; color: #fff; background: #fff; text-indent: 4em; }' }],
  ['a tiny root', { css: 'html { font-size: 1px; } body { font-size: 4px; line-height: 0; }' }],
  ['quirks mode', { doctype: '' }],
  ['right to left', { attributes: 'dir="rtl"' }],
  ['a stack of layers', { css: 'h1 { position: relative; z-index: 999; } main { transform: translateX(0); } p { position: relative; z-index: 999; background: #fff; height: 30em; }', body: '<zerodesk-search></zerodesk-search><p>below</p>' }],
  ['a form of the page', { body: '<form action="/elsewhere"><zerodesk-search></zerodesk-search><input name="own"></form>' }],
  ['another base address', { head: `<base href="${server}/elsewhere/">`, policy: null }],
];

async function works(page, name) {
  const { input, options, ask, form, box } = parts(page);
  await input.waitFor();
  await input.click();
  await asking(page, 'key');
  for (const [what, target, least] of [['the field', input, 40], ['an option', options.first(), 40], ['the button', ask, 40]]) {
    await target.waitFor();
    const { width, height } = await target.boundingBox();
    assert.ok(height >= least && height < 200 && width > 60, `${what} is ${Math.round(width)} x ${Math.round(height)}`);
  }
  assert.equal(await options.first().evaluate(isOnTop), true, 'nothing lies over the list');
  await page.keyboard.press('ArrowDown');
  const [plain, chosen] = await options.evaluateAll((all) => [all[1], all[0]].map((option) => getComputedStyle(option).backgroundColor));
  assert.notEqual(plain, chosen, 'what is chosen can be seen');
  await shot(page, `guest-${name}`);
  await ask.click();
  await form.getByLabel('E-mail').fill('jan@example.org');
  assert.ok((await form.getByLabel('E-mail').boundingBox()).height >= 40);
  await form.getByRole('button', { name: 'Send' }).click();
  await box.getByText('Reference: ZD-7K3F9Q').waitFor();
}

/** Runs in the page: whether a click on the middle of the element would reach it. */
function isOnTop(element) {
  const { left, top, width, height } = element.getBoundingClientRect();
  let there = document.elementFromPoint(left + width / 2, top + height / 2);
  while (there?.shadowRoot) {
    const inner = there.shadowRoot.elementFromPoint(left + width / 2, top + height / 2);
    if (!inner || inner === there) break;
    there = inner;
  }
  return element.contains(there);
}

/** Pages that are no friends of their guests. */
export async function unfriendlyPages() {
  for (const [name, page] of PAGES) {
    await test(`a guest on a page with ${name}`, async (tab) => {
      await replies(tab, () => answer([hit('one'), hit('two')]));
      await desk(tab, () => ({ reference: 'ZD-7K3F9Q', status_url: '/t/ZD-7K3F9Q?token=x' }));
      await foreign(tab, page);
      await works(tab, name);
    }, { viewport: { width: 1000, height: 900 } });
  }

  await test('a guest on a page whose scripts put things into every object', async (page) => {
    await page.addInitScript(() => {
      Object.prototype.junk = 'junk';
      Array.prototype.more = () => 'junk';
      window.name = 'junk';
      window.h = window.button = window.marked = () => { throw new Error('not yours'); };
    });
    await replies(page, () => answer([hit('one'), hit('two')]));
    await desk(page, () => ({ reference: 'ZD-7K3F9Q', status_url: '/t/ZD-7K3F9Q?token=x' }));
    await foreign(page, {});
    await works(page, 'junk');
  });

  await test('nothing global but the element', async (page) => {
    await foreign(page, { body: '' });
    const before = await page.evaluate(() => Object.getOwnPropertyNames(window));
    await replies(page, () => answer([hit('one')]));
    await foreign(page, {});
    const { input, options } = parts(page);
    await input.fill('key');
    await options.first().waitFor();
    const after = await page.evaluate(() => Object.getOwnPropertyNames(window));
    assert.deepEqual(after.filter((name) => !before.includes(name)), []);
    assert.ok(await page.evaluate(() => customElements.get('zerodesk-search') !== undefined));
  });

  await test('the script twice, and the element before and after it', async (page) => {
    await replies(page, () => answer([hit('one')]));
    await foreign(page, { head: `<script type="module" src="${server}/search-box.js?again"></script>` });
    await parts(page).input.waitFor();
    await page.evaluate(() => document.querySelector('main').append(document.createElement('zerodesk-search')));
    await parts(page, 1).input.waitFor();
  });

  await test('two boxes on a page do not disturb each other', async (page) => {
    await replies(page, (query) => answer([hit(query)]));
    await foreign(page, { body: '<zerodesk-search></zerodesk-search><zerodesk-search lang="nl"></zerodesk-search>' });
    const [first, second] = [parts(page, 0), parts(page, 1)];
    await first.input.fill('one');
    await first.options.first().waitFor();
    await second.input.fill('two');
    await second.options.first().waitFor();
    assert.equal(await first.panel.isVisible(), false, 'one panel at a time');
    assert.match(await second.options.first().textContent(), /About two/);
    assert.match(await first.box.locator('.hit').first().textContent(), /About one/);
    if (!inFirefox()) assert.deepEqual(await violations(page, ['duplicate-id-aria', 'landmark-unique']), []);
  });
}

/** Counts what a page could keep of a box that is gone: run before anything else there. */
function countLeaks() {
  const counts = { timers: new Set(), observers: 0, listeners: 0 };
  const { setTimeout: later, clearTimeout: never, setInterval: often } = window;
  window.setTimeout = (action, ms, ...rest) => {
    const id = later(() => { counts.timers.delete(id); action(...rest); }, ms);
    counts.timers.add(id);
    return id;
  };
  window.clearTimeout = (id) => { counts.timers.delete(id); never(id); };
  window.setInterval = (...rest) => { const id = often(...rest); counts.timers.add(id); return id; };
  for (const name of ['MutationObserver', 'ResizeObserver', 'IntersectionObserver']) {
    const { observe, disconnect } = window[name].prototype;
    window[name].prototype.observe = function (...rest) { counts.observers++; return observe.apply(this, rest); };
    window[name].prototype.disconnect = function () { counts.observers--; return disconnect.apply(this); };
  }
  window.counts = () => ({ timers: counts.timers.size, observers: counts.observers });
}

/** A box that comes and goes. */
export async function comingAndGoing() {
  await test('taken out and put in again a hundred times, it leaves no listener, timer, observer or node', async (page, context) => {
    await page.addInitScript(countLeaks);
    await replies(page, () => answer([hit('one')]));
    const { input, options } = await open(page);
    const inspector = await context.newCDPSession(page);
    await inspector.send('Performance.enable');
    const count = async () => {
      await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)));
      for (let i = 0; i < 3; i++) await inspector.send('HeapProfiler.collectGarbage');
      const { metrics } = await inspector.send('Performance.getMetrics');
      const { Nodes: nodes, JSEventListeners: listeners } = Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
      return { nodes, listeners, ...(await page.evaluate(() => window.counts())) };
    };
    const again = (times) => page.evaluate(async (n) => {
      const box = document.querySelector('zerodesk-search');
      const place = box.parentNode;
      for (let i = 0; i < n; i++) {
        box.remove();
        place.append(box);
        const other = document.createElement('zerodesk-search');
        place.append(other);
        await new Promise((resolve) => setTimeout(resolve));
        // Gone in the middle of a search, with its timers set and its request on the way.
        await other.search?.('key');
        other.remove();
      }
    }, times);
    await again(5);
    await input.fill('warm');
    await options.first().waitFor();
    await input.fill('');
    const before = await count();
    await again(100);
    const after = await count();
    console.log(`      before ${JSON.stringify(before)}, after ${JSON.stringify(after)}`);
    assert.ok(after.listeners <= before.listeners, `listeners ${before.listeners} -> ${after.listeners}`);
    assert.ok(after.nodes <= before.nodes + 20, `nodes ${before.nodes} -> ${after.nodes}`);
    assert.ok(after.timers <= before.timers, `timers ${before.timers} -> ${after.timers}`);
    assert.ok(after.observers <= before.observers, `observers ${before.observers} -> ${after.observers}`);
    await input.fill('key');
    await options.first().waitFor();
  });

  await test('a box that is taken out for good is forgotten, whatever it was doing', async (page, context) => {
    await replies(page, () => answer([hit('one')]));
    await open(page);
    const inspector = await context.newCDPSession(page);
    await page.evaluate(async () => {
      window.gone = [];
      for (const act of [() => {}, (box) => box.open(), (box) => box.search('key'), (box) => box.context({ product: 'x' })]) {
        const box = document.body.appendChild(document.createElement('zerodesk-search'));
        await act(box);
        await new Promise((resolve) => setTimeout(resolve, 200));
        box.remove();
        window.gone.push(new WeakRef(box));
      }
    });
    await page.evaluate(() => document.querySelector('zerodesk-search').focus());
    const left = async () => {
      await inspector.send('HeapProfiler.collectGarbage');
      return page.evaluate(() => window.gone.filter((box) => box.deref()).length);
    };
    let kept = await left();
    for (let i = 0; kept && i < 20; i++) {
      await page.waitForTimeout(100);
      kept = await left();
    }
    assert.equal(kept, 0);
  });
}
