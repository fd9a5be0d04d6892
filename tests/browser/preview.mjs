// What writers see with `serve --preview`: an open page follows its file, and tells what is wrong with it.

import assert from 'node:assert/strict';
import { serveOther } from './other.mjs';
import { accessible, shot, test } from './support.mjs';

const head = (title, more = '') => `---\ntitle: ${title}\nlang: en\ndescription: How it is done.\n${more}---\n\n`;
const part = (n) => `## Part ${n}\n\n${`Sentence ${n} of this part. `.repeat(60)}\n\n`;
const long = (first) => `${head('A long article')}${first}\n\n${[1, 2, 3, 4, 5, 6, 7, 8].map(part).join('')}`;
const ARTICLES = {
  'long.md': long('As it was.'),
  'other.md': `${head('Another article')}Nothing special.\n`,
  'draft.md': `${head('Not yet', 'draft: true\n')}A secret plan, see [gone](gone.md).\n`,
};

/** Runs the body beside a server for writers. */
async function writing(body) {
  const site = await serveOther({ articles: ARTICLES, preview: true });
  try {
    await body(site);
  } finally {
    await site.stop();
  }
}

/** Opens a page and waits until it knows the outcome of the check of the articles, for which it may load once more. */
async function settled(page, address) {
  await page.goto(address);
  await page.waitForFunction(async () => {
    const { article, preview } = document.querySelector('script[data-preview]').dataset;
    const events = new EventSource(`/preview/events?article=${article}`);
    const now = await new Promise((resolve) => { events.onmessage = ({ data }) => resolve(data); });
    events.close();
    return now === preview;
  });
}

async function following() {
  await test('an open page of a writer loads again when its file is saved, and keeps its place', async (page) => writing(async (site) => {
    await settled(page, `${site.url}/a/long`);
    for (const [place, words] of [[900, 'It says so.'], [0, 'At the top.'], [400, 'Further down.']]) {
      await page.evaluate((top) => scrollTo({ top, behavior: 'instant' }), place);
      site.write('articles/long.md', long(words));
      await page.getByText(words).waitFor();
      await page.waitForFunction((top) => scrollY === top, place);
    }
    assert.equal(await page.evaluate(() => sessionStorage.getItem('zerodesk-preview')), null, 'a place is used once');
  }));

  await test('a page of a writer is left alone while other files change, and follows after a pause of the server', async (page) => writing(async (site) => {
    await settled(page, `${site.url}/a/long`);
    await page.evaluate(() => { window.sameAsBefore = true; });
    const home = await page.context().newPage();
    await settled(home, `${site.url}/?lang=en`);
    site.write('articles/other.md', `${head('Renamed')}Nothing special.\n`);
    await home.getByText('Renamed').waitFor();
    assert.ok(await page.evaluate(() => window.sameAsBefore), 'it did not load again');
    await page.context().setOffline(true);
    site.write('articles/long.md', long('Saved meanwhile.'));
    await page.context().setOffline(false);
    await page.getByText('Saved meanwhile.').waitFor();
  }));
}

async function telling() {
  await test('problems are told on the page, with file and line, and are gone when they are mended', async (page) => writing(async (site) => {
    await settled(page, `${site.url}/a/draft`);
    const told = page.getByRole('region', { name: 'Preview' });
    const problem = told.getByRole('listitem').filter({ hasText: 'draft.md:8:20' });
    await problem.filter({ hasText: 'broken-link' }).waitFor();
    await page.getByText('Draft', { exact: true }).waitFor();
    await accessible(page, 'a preview with problems');
    await shot(page, 'preview-problems', { fullPage: true });
    site.write('articles/draft.md', `${head('Not yet', 'draft: true\n')}A secret plan, see [the other](other.md).\n`);
    await page.getByRole('link', { name: 'the other' }).waitFor();
    await problem.waitFor({ state: 'detached' });
    await page.goto(`${site.url}/?lang=en`);
    await told.waitFor();
    await accessible(page, 'a home page of writers');
  }));

  await test('an article can be looked at as search sees it', async (page) => writing(async (site) => {
    await settled(page, `${site.url}/a/draft`);
    await page.getByRole('link', { name: 'As search sees it' }).click();
    await page.getByRole('heading', { name: 'Not yet', level: 1 }).waitFor();
    const line = page.getByRole('listitem').filter({ hasText: 'A secret plan' });
    assert.match(await line.textContent(), /text.*A secret plan, see gone.*secret\s+plan/s);
    assert.equal(await line.locator('s').first().textContent(), 'a', 'words that are left out are struck');
    await accessible(page, 'an article as search sees it');
    await shot(page, 'preview-as-searched', { fullPage: true });
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, 'it scrolls sideways');
    await page.getByRole('searchbox').last().fill('secret plan');
    await page.keyboard.press('Enter');
    await page.getByText('Not yet').first().waitFor();
    await accessible(page, 'why it is found');
  }), { viewport: { width: 360, height: 740 } });
}

/** All tests of this file, one after the other. */
export async function preview() {
  for (const group of [following, telling]) await group();
}
