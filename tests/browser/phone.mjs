// How the box and the pages look on a phone of 360 x 740, compared with kept pictures. RECORD=1 keeps new ones: look at
// them before you commit them.
//
// Words differ a little from machine to machine, so all are set in DejaVu Sans, and pictures are compared by the mean
// colours of their squares: another edge of a letter hardly changes these, another word does. What changes from day to
// day is replaced by fixed words.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { PNG } from 'pngjs';
import { serveOther } from './other.mjs';
import { everyState } from './places.mjs';
import { shot, test } from './support.mjs';

const FOLDER = new URL('phone/', import.meta.url);
const VIEWPORT = { width: 360, height: 740 };
// Points of a side of a square, and how much its colour must differ to count, of 255.
const SQUARE = 8;
const PLAINLY = 16;
// Squares that may differ: other versions of a browser draw letters a little otherwise. It is less than what tells any
// two kept pictures apart.
const ALLOWED = 24;

const differing = [];

const fileOf = (name) => new URL(`${name.replaceAll(/[^\w-]+/g, '-')}.png`, FOLDER);

/** The mean colour of each square, as red, green, blue, red, ... */
function squares({ data, width, height }) {
  const across = Math.ceil(width / SQUARE);
  const sums = new Float64Array(across * Math.ceil(height / SQUARE) * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const square = Math.floor(y / SQUARE) * across + Math.floor(x / SQUARE);
      for (let colour = 0; colour < 3; colour++) sums[square * 3 + colour] += data[(y * width + x) * 4 + colour] / SQUARE ** 2;
    }
  }
  return sums;
}

/** How many squares of two pictures differ plainly. */
function distance(one, other) {
  if (one.length !== other.length) return Infinity;
  const apart = (square) => [0, 1, 2].some((colour) => Math.abs(one[square * 3 + colour] - other[square * 3 + colour]) > PLAINLY);
  return Array.from({ length: one.length / 3 }, (_, square) => square).filter(apart).length;
}

const keptSquares = (file) => squares(PNG.sync.read(readFileSync(file)));

/** Compares what is on the screen with the picture of this name, or keeps it. */
async function compare(page, name) {
  const file = fileOf(name);
  await page.mouse.move(0, 0);
  await page.evaluate(() => document.fonts.ready);
  const now = PNG.sync.read(await page.screenshot({ animations: 'disabled', caret: 'hide', scale: 'css' }));
  if (process.env.RECORD) {
    mkdirSync(FOLDER, { recursive: true });
    return writeFileSync(file, PNG.sync.write(now, { colorType: 2, inputHasAlpha: true, deflateLevel: 9, filterType: -1 }));
  }
  assert.ok(existsSync(file), `there is no picture of ${name}: RECORD=1 makes one`);
  const apart = distance(keptSquares(file), squares(now));
  if (apart <= ALLOWED) return;
  differing.push(`${name}: ${apart} squares differ`);
  await shot(page, `phone-${name}`);
}

const FONT = '* { font-family: "DejaVu Sans" !important; }';

/** Runs in the page: fixed words for what is another each time. */
function settle() {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const { data } = texts.currentNode;
    const fixed = data.replaceAll(/ZD-[0-9A-Z]{6}/g, 'ZD-7K3F9Q').replaceAll(/\b20\d\d-\d\d-\d\d\b/g, '2026-03-01').replaceAll(/\b\d\d:\d\d\b/g, '12:00').replaceAll(/\b[0-9A-HJKMNP-TV-Z]{26}\b/g, 'ID');
    if (fixed !== data) texts.currentNode.data = fixed;
  }
}

/** A help centre of a few words that stay as they are. */
const ARTICLES = {
  'lost-key.md': '---\ntitle: What to do when the key is lost\nlang: en\nkind: how-to\nproduct: Kettle\nauthor: Service team\ncreated: 2026-01-02\nupdated: 2026-03-01\ndescription: Find it, or order another one.\nrelated: [order]\n---\n\n'
    + 'Most keys turn up within a day.\n\n## Look for it\n\n1. Look under the mat.\n2. Look in the **lock**.\n\n```sh\nfind / -name key\n```\n\n## Order another one\n\n| model | key |\n|---|---|\n| Kettle 1 | A |\n| Kettle 2 | B |\n\n> A key of another model does not fit.\n',
  'order.md': '---\ntitle: Order a part\nlang: en\nkind: how-to\ncreated: 2026-01-02\nupdated: 2026-03-01\n---\n\nParts and keys are ordered by telephone.\n',
  'faq.md': '---\ntitle: Questions about kettles\nlang: en\nkind: faq\ncreated: 2026-01-02\nupdated: 2026-03-01\n---\n\n## Why is the kettle loud?\n\nIt needs descaling.\n',
};
const SETTINGS = '[sites.default]\nname = "Acme Kettles"\nlanguages = ["en"]\n';
const PAGES = [
  ['home', '/'], ['article', '/a/lost-key'], ['results', '/search?q=lost+key'], ['no results', '/search?q=xyzzy+frobnicate'], ['contact', '/contact'], ['missing', '/a/nothing'],
];

async function sendTicket(url) {
  const body = { idempotency_key: 'phone-1', subject: 'The key is lost', message: 'Where is it?', requester: { name: 'Jan', email: 'jan@example.org' } };
  const reply = await fetch(`${url}/api/v1/tickets`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  return (await reply.json()).status_url;
}

/** All pictures. */
export async function phone() {
  await test('pictures of other states and other colours do not count as equal', async (page) => {
    const kept = readdirSync(FOLDER).filter((name) => name.endsWith('.png')).map((name) => [name, keptSquares(new URL(name, FOLDER))]);
    assert.ok(kept.length > 20);
    const alike = [];
    for (const [at, [name, picture]] of kept.entries()) {
      assert.equal(distance(picture, picture), 0);
      for (const [other, another] of kept.slice(at + 1)) if (distance(picture, another) <= ALLOWED) alike.push(`${name} and ${other}`);
    }
    assert.deepEqual(alike, []);
    if (process.env.RECORD) return;
    // And the comparison with what is on the screen: one line that stands elsewhere is enough.
    differing.length = 0;
    await page.setContent('<body style="margin: 0"><p>A line that no picture has.</p>');
    const blank = PNG.sync.read(await page.screenshot());
    await page.evaluate(() => document.querySelector('p').style.setProperty('margin', '100px'));
    assert.ok(distance(squares(blank), squares(PNG.sync.read(await page.screenshot()))) > ALLOWED);
    await compare(page, 'page home light');
    assert.equal(differing.length, 1);
  }, { viewport: VIEWPORT });

  for (const colorScheme of ['light', 'dark']) {
    await test(`on a phone each state of the box looks as it did (${colorScheme})`, async (page) => {
      differing.length = 0;
      const css = `html { color-scheme: light dark; --zd-font: "DejaVu Sans"; } body { margin: 16px; } ${FONT}`;
      const some = ['empty', 'answers', 'none', 'form', 'sent'];
      await everyState(page, async (name) => {
        if (colorScheme === 'light' || some.includes(name)) await compare(page, `box ${name} ${colorScheme}`);
      }, { css });
      assert.deepEqual(differing, []);
    }, { viewport: VIEWPORT, colorScheme, hasTouch: true });
  }

  await test('on a phone each page looks as it did', async (page) => {
    differing.length = 0;
    const site = await serveOther({ articles: ARTICLES, settings: SETTINGS });
    try {
      for (const [name, path] of [...PAGES, ['status', await sendTicket(site.url)]]) {
        for (const colorScheme of name === 'article' ? ['light', 'dark'] : ['light']) {
          await page.emulateMedia({ colorScheme });
          await page.goto(`${site.url}${path}`);
          await page.addStyleTag({ content: FONT });
          await page.evaluate(settle);
          await compare(page, `page ${name} ${colorScheme}`);
        }
      }
    } finally {
      await site.stop();
    }
    assert.deepEqual(differing, []);
  }, { viewport: VIEWPORT, bypassCSP: true, hasTouch: true });
}
