// What search engines, feed readers and browsers read: taken apart by a real parser, with titles that are hard to write.

import assert from 'node:assert/strict';
import { serveOther } from './other.mjs';
import { test } from './support.mjs';

const HARD = 'Keys & <locks> "of" \'all\' kinds ]]> 🔑';
const head = (title, lang, more = '') => `---\ntitle: ${JSON.stringify(title)}\nlang: ${lang}\ncreated: 2026-01-02\nupdated: 2026-03-01\nauthor: "Ann & Co"\n${more}---\n\n`;
const ARTICLES = {
  'keys.md': `${head(HARD, 'en', 'kind: how-to\ndescription: "What & how < that"\nproduct: Kettle\n')}Look under the mat.\n\n## Order one\n\nBy phone.\n`,
  'nl/keys.md': `${head('Sleutels & sloten', 'nl', 'slug: sleutels\nkind: how-to\n')}Kijk onder de mat.\n`,
  'bell.md': `${head('A bell \u0007 and a backspace \b', 'en')}It rings.\n`,
  'faq.md': `${head('Questions', 'en', 'kind: faq\n')}## Why is it loud & cold?\n\nIt needs "descaling" & water.\n\n## Where is it?\n\nHere.\n`,
};
const SETTINGS = '[sites.default]\nname = "Keys & <Co>"\nlanguages = ["en", "nl"]\n';
const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** Runs in the page: an XML document as { name, space, attributes, text, children }; fails where it is not well-formed. */
function parsed(text) {
  const xml = new DOMParser().parseFromString(text, 'application/xml');
  const error = xml.querySelector('parsererror');
  if (error) throw new Error(error.textContent);
  const plain = (node) => ({
    name: node.localName, space: node.namespaceURI, text: node.textContent.trim(), children: [...node.children].map(plain),
    attributes: Object.fromEntries([...node.attributes].map(({ name, value }) => [name, value])),
  });
  return plain(xml.documentElement);
}

/** The children of this name. */
const all = (node, name) => node.children.filter((child) => child.name === name);
/** The only child of this name. */
const only = (node, name) => {
  const [child, ...more] = all(node, name);
  assert.ok(child && !more.length, `one ${name} in ${node.name}`);
  return child;
};

async function fetched(address, type) {
  const reply = await fetch(address);
  assert.equal(reply.status, 200, address);
  assert.ok(reply.headers.get('content-type').startsWith(type), `${address}: ${reply.headers.get('content-type')}`);
  return reply.text();
}

async function sitemap(page, site) {
  const map = await page.evaluate(parsed, await fetched(`${site}/sitemap.xml`, 'application/xml'));
  assert.deepEqual([map.name, map.space], ['urlset', 'http://www.sitemaps.org/schemas/sitemap/0.9']);
  const translations = new Map();
  for (const url of all(map, 'url')) {
    const { text: loc } = only(url, 'loc');
    for (const { text } of all(url, 'lastmod')) assert.ok(!Number.isNaN(Date.parse(text)), `${loc}: ${text}`);
    translations.set(loc, all(url, 'link').map(({ attributes }) => `${attributes.hreflang} ${attributes.href}`).sort());
  }
  for (const path of ['/', '/a/keys', '/a/sleutels', '/a/bell', '/a/faq']) assert.ok(translations.has(site + path), `${path} is in the map`);
  for (const [loc, links] of translations) {
    await page.goto(loc);
    const { own, told } = await page.evaluate(() => ({
      own: document.querySelector('link[rel="canonical"]').href,
      told: [...document.querySelectorAll('link[rel="alternate"][hreflang]')].map((link) => `${link.hreflang} ${link.href}`).sort(),
    }));
    assert.equal(own, loc);
    // A page may name the default, too.
    assert.deepEqual(told.filter((link) => !link.startsWith('x-default')), links.filter((link) => !link.startsWith('x-default')), loc);
    for (const link of links) assert.deepEqual(translations.get(link.split(' ')[1]), links, `${link} leads back to ${loc}`);
  }
}

async function feed(page, site) {
  const atom = await page.evaluate(parsed, await fetched(`${site}/feed.xml?lang=en`, 'application/atom+xml'));
  assert.deepEqual([atom.name, atom.space], ['feed', 'http://www.w3.org/2005/Atom']);
  for (const name of ['id', 'title', 'updated']) assert.ok(only(atom, name).text, name);
  const entries = all(atom, 'entry');
  assert.equal(new Set(entries.map((entry) => only(entry, 'id').text)).size, 3);
  assert.ok(all(atom, 'link').some(({ attributes }) => attributes.rel === 'self'));
  assert.ok(entries.some((entry) => only(entry, 'title').text === HARD), `${HARD} is a title`);
  for (const entry of [atom, ...entries]) {
    assert.match(only(entry, 'updated').text, MOMENT);
    assert.ok(URL.canParse(only(entry, 'id').text), 'an id is an address');
    for (const { attributes } of all(entry, 'link')) await fetched(attributes.href, attributes.type ?? 'text/html');
  }
  for (const entry of entries) assert.ok(all(entry, 'author').every((author) => only(author, 'name').text) && all(entry, 'author').length, 'somebody wrote it');
}

async function openSearch(page, site) {
  const found = await page.evaluate(parsed, await fetched(`${site}/opensearch.xml?lang=en`, 'application/opensearchdescription+xml'));
  assert.deepEqual([found.name, found.space], ['OpenSearchDescription', 'http://a9.com/-/spec/opensearch/1.1/']);
  const name = only(found, 'ShortName').text;
  assert.ok(name.startsWith('Keys & <Co>') && [...name].length <= 16, name);
  assert.ok(only(found, 'Description').text);
  for (const { attributes: { type, template } } of all(found, 'Url')) await fetched(template.replace('{searchTerms}', 'key').replaceAll(/\{\w+\?\}/g, ''), type);
}

/** The blocks of data of a page, by type. */
async function told(page, address) {
  await page.goto(address);
  const texts = await page.locator('script[type="application/ld+json"]').allTextContents();
  const blocks = texts.map((text) => JSON.parse(text)).flatMap((block) => block['@graph'] ?? [block]);
  return Object.fromEntries(blocks.map((block) => [block['@type'], block]));
}

async function data(page, site) {
  const article = await told(page, `${site}/a/keys`);
  const { headline, datePublished, dateModified, inLanguage, author, mainEntityOfPage } = article.TechArticle;
  assert.deepEqual([headline, datePublished, dateModified, inLanguage], [HARD, '2026-01-02', '2026-03-01', 'en']);
  assert.ok(JSON.stringify(author).includes('Ann & Co'));
  assert.ok(JSON.stringify(mainEntityOfPage ?? '').includes(`${site}/a/keys`));
  const steps = article.BreadcrumbList.itemListElement;
  assert.deepEqual(steps.map(({ position }) => position), steps.map((_, at) => at + 1));
  const { FAQPage: faq } = await told(page, `${site}/a/faq`);
  const answers = faq.mainEntity.map(({ name, acceptedAnswer }) => [name, acceptedAnswer['@type'], acceptedAnswer.text.includes('descaling')]);
  assert.deepEqual(answers, [['Why is it loud & cold?', 'Answer', true], ['Where is it?', 'Answer', false]]);
}

async function lists(site) {
  const list = await fetched(`${site}/llms.txt`, 'text/');
  assert.match(list, /^# .+\n/);
  const links = [...list.matchAll(/^- \[((?:\\.|[^\]\\])+)\]\(([^)\s]+)\)(: .+)?$/gm)];
  assert.equal(links.length, list.match(/^- /gm).length, 'each line is a link');
  assert.ok(links.length >= 3);
  for (const [, , address] of links) assert.match(await fetched(address, 'text/markdown'), /^# /);
  assert.ok((await fetched(`${site}/llms-full.txt`, 'text/')).includes('Look under the mat.'));
}

/** All tests of this file, one after the other. */
export async function machines() {
  await test('what machines read is well-formed, complete, and leads to where it says', async (page) => {
    const { url, stop } = await serveOther({ articles: ARTICLES, settings: SETTINGS });
    try {
      await page.goto(`${url}/robots.txt`);
      for (const part of [sitemap, feed, openSearch, data]) await part(page, url);
      await lists(url);
    } finally {
      await stop();
    }
  });
}
