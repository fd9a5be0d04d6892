// How the box and the pages look on a phone of 360 x 740, compared with kept pictures. RECORD=1 keeps new ones: look at
// them before you commit them.
//
// Words differ a little from machine to machine, so all are set in DejaVu Sans, and two pictures count as equal as long
// as few of their points differ plainly (see ALLOWED). What changes from day to day is replaced by fixed words.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import pixelmatch from 'pixelmatch';
import { PNG } from 'pngjs';
import { serveOther } from './other.mjs';
import { everyState } from './places.mjs';
import { shot, test } from './support.mjs';

const FOLDER = new URL('phone/', import.meta.url);
const VIEWPORT = { width: 360, height: 740 };
// The share of points that may differ: other versions of a browser draw edges of letters otherwise.
const ALLOWED = 0.02;
// How much a point must differ to count, from 0 to 1.
const PLAINLY = 0.2;

const differing = [];

/** Compares what is on the screen with the picture of this name, or keeps it. */
async function compare(page, name) {
  const file = new URL(`${name.replaceAll(/[^\w-]+/g, '-')}.png`, FOLDER);
  await page.mouse.move(0, 0);
  await page.evaluate(() => document.fonts.ready);
  const now = PNG.sync.read(await page.screenshot({ animations: 'disabled', caret: 'hide', scale: 'css' }));
  if (process.env.RECORD) {
    mkdirSync(FOLDER, { recursive: true });
    return writeFileSync(file, PNG.sync.write(now, { colorType: 2, inputHasAlpha: true, deflateLevel: 9, filterType: -1 }));
  }
  assert.ok(existsSync(file), `there is no picture of ${name}: RECORD=1 makes one`);
  const kept = PNG.sync.read(readFileSync(file));
  const { width, height } = kept;
  if (now.width !== width || now.height !== height) return differing.push(`${name} is ${now.width} x ${now.height}`);
  const difference = new PNG({ width, height });
  const points = pixelmatch(kept.data, now.data, difference.data, width, height, { threshold: PLAINLY });
  const share = points / (width * height);
  if (share <= ALLOWED) return;
  differing.push(`${name}: ${(share * 100).toFixed(1)} % of the points differ`);
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
