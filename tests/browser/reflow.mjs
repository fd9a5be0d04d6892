// Small windows and large letters: 320 px, as in a window of 1280 px at 400 %; zoom of 200 %; letters twice as large. The
// page never scrolls sideways, nothing is cut off, and whatever can be pressed can be brought into view.

import assert from 'node:assert/strict';
import { PUBLIC, everyState } from './places.mjs';
import { parts, server, shot, test } from './support.mjs';

// A window of 1280 x 1024, seen at 400 % and at 200 %.
const WINDOWS = [
  ['at 400 %', { viewport: { width: 320, height: 256 }, deviceScaleFactor: 4 }],
  ['at 200 %', { viewport: { width: 640, height: 512 }, deviceScaleFactor: 2 }],
];

/** Runs in the page: what is cut off, or sticks out of the screen where nothing can be scrolled. */
function cutOff() {
  const found = [];
  const name = (element) => `${element.localName}.${element.className} “${element.textContent.trim().slice(0, 30)}”`;
  const up = (element) => element.parentElement ?? element.getRootNode().host;
  const hides = (style) => /hidden|clip/.test(`${style.overflowX} ${style.overflowY}`);
  const scrolled = (element) => {
    for (let at = up(element); at; at = up(at)) if (/auto|scroll/.test(getComputedStyle(at).overflowX) && at !== document.documentElement) return true;
    return false;
  };
  const look = (root) => {
    for (const element of root.querySelectorAll('body *')) seen(element);
  };
  const seen = (element) => {
    if (element.shadowRoot) for (const inner of element.shadowRoot.querySelectorAll('*')) seen(inner);
    const style = getComputedStyle(element);
    // Not for the eye: what is heard only, and traps.
    if (!element.checkVisibility() || style.clipPath !== 'none' || element.closest('.trap, .unseen, .said, .skip')) return;
    const { left, right, width } = element.getBoundingClientRect();
    if (width && (left < -1 || right > innerWidth + 1) && !scrolled(element)) found.push(`${name(element)} from ${left} to ${right} px`);
    const more = element.scrollWidth > element.clientWidth + 1 || element.scrollHeight > element.clientHeight + 1;
    // Long words in a field can be reached with the arrow keys.
    if (more && hides(style) && !/^(input|textarea)$/.test(element.localName) && style.textOverflow !== 'ellipsis' && element.clientWidth) found.push(`${name(element)} is cut off`);
  };
  look(document);
  if (document.documentElement.scrollWidth > innerWidth) found.push('the page scrolls sideways');
  return found;
}

/** Runs in the box: which of its buttons, links and fields can not be brought into view. */
function outOfReach({ shadowRoot: root }) {
  const all = (root.querySelector('dialog[open]') ?? root).querySelectorAll('button, a[href], input, textarea');
  return [...all].filter((element) => {
    if (!element.checkVisibility() || element.tabIndex < 0) return false;
    element.scrollIntoView({ block: 'center', behavior: 'instant' });
    const { left, top, width, height } = element.getBoundingClientRect();
    const there = root.elementFromPoint(left + width / 2, top + height / 2);
    return !(there && (element.contains(there) || there.contains(element) || element.labels?.[0]?.contains(there)));
  }).map((element) => element.outerHTML.slice(0, 120));
}

async function boxes() {
  for (const [name, window] of WINDOWS) {
    for (const [form, body] of [['inline', undefined], ['modal', '<zerodesk-search modal></zerodesk-search>']]) {
      await test(`nothing of the box is cut off ${name} (${form})`, async (page) => {
        const css = 'html { color-scheme: light dark; } body { margin: 16px; }';
        await everyState(page, async (state) => {
          const place = `${state} ${name}`;
          assert.deepEqual(await page.evaluate(cutOff), [], place);
          await shot(page, `reflow-${form}-${place}`);
          assert.deepEqual(await parts(page).box.evaluate(outOfReach), [], `out of reach at ${place}`);
          await page.evaluate(() => scrollTo(0, 0));
        }, { css, body });
      }, window);
    }
  }
}

async function pages() {
  for (const [name, options] of WINDOWS) {
    await test(`nothing of a page is cut off ${name}`, async (page) => {
      for (const [place, path] of PUBLIC) {
        await page.goto(`${server}${path}`);
        assert.deepEqual(await page.evaluate(cutOff), [], place);
        await shot(page, `reflow-page-${place}-${name}`, { fullPage: true });
      }
    }, options);
  }

  await test('nothing of a page is cut off when letters are twice as large', async (page) => {
    for (const [place, path] of PUBLIC) {
      await page.goto(`${server}${path}`);
      await page.evaluate(() => { document.documentElement.style.fontSize = '200%'; });
      assert.deepEqual(await page.evaluate(cutOff), [], place);
      await shot(page, `reflow-letters-${place}`);
    }
  });

  await test('what is cut off is noticed', async (page) => {
    await page.goto(`${server}/?lang=en`);
    for (const css of ['inline-size: 2000px', 'inline-size: 4em; overflow: hidden; white-space: nowrap', 'block-size: 1em; overflow: clip; inline-size: 3em', 'position: absolute; left: -9em']) {
      await page.evaluate((style) => {
        const made = Object.assign(document.createElement('p'), { id: 'cut', textContent: 'Some words that have to be read' });
        made.style.cssText = style;
        document.querySelector('main').append(made);
      }, css);
      assert.notDeepEqual(await page.evaluate(cutOff), [], css);
      await page.evaluate(() => document.getElementById('cut').remove());
      assert.deepEqual(await page.evaluate(cutOff), [], css);
    }
  });
}

/** All tests of this file, one after the other. */
export async function reflow() {
  for (const group of [boxes, pages]) await group();
}
