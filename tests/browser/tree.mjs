// What assistive technology is told: roles, names, states and announcements, read from Chromium's accessibility tree.

import assert from 'node:assert/strict';
import { answer, desk, foreign, hit, replies } from './replies.mjs';
import { ask as asking, open, server, signIn, test } from './support.mjs';

/** The tree as a list of { role, name, depth, and its states }, in the order of reading. */
async function tree(page) {
  const inspector = await page.context().newCDPSession(page);
  await inspector.send('Accessibility.enable');
  const { nodes } = await inspector.send('Accessibility.getFullAXTree');
  await inspector.detach();
  const known = new Map(nodes.map((node) => [node.nodeId, node]));
  const list = [];
  const visit = (node, depth) => {
    if (!node) return;
    if (!node.ignored) {
      const states = Object.fromEntries((node.properties ?? []).map(({ name, value }) => [name, value.relatedNodes ?? value.value]));
      list.push({ ...states, role: node.role.value, name: node.name?.value ?? '', value: node.value?.value, depth, backend: node.backendDOMNodeId });
    }
    for (const id of node.childIds ?? []) visit(known.get(id), depth + 1);
  };
  visit(nodes[0], 0);
  return list;
}

const of = (list, role) => list.filter((node) => node.role === role);
const names = (list, role) => of(list, role).map(({ name }) => name);

/** Roles that mean nothing without a name. */
const NAMED = ['button', 'link', 'textbox', 'searchbox', 'combobox', 'checkbox', 'radio', 'listbox', 'option', 'dialog', 'form', 'search', 'region', 'navigation', 'image', 'group', 'DisclosureTriangle', 'heading', 'spinbutton', 'table', 'Date', 'DateTime', 'InputTime'];
// A table, a group without a legend and a form of one button may do without.
const MAY = ['table', 'group', 'form', 'image'];

function named(list, where) {
  for (const { role, name, focusable } of list) {
    if (NAMED.includes(role) && !MAY.includes(role)) assert.ok(name.trim(), `${where}: a ${role} without a name`);
    if (focusable && !/RootWebArea|generic/.test(role)) assert.ok(name.trim() || role === 'Pre' || role === 'table', `${where}: a ${role} that takes the focus has no name`);
  }
}

/** The box in each of its states. */
export async function boxTree() {
  await test('the tree of the box: a field, a list with groups and options, and what is chosen', async (page) => {
    await replies(page, () => answer([hit('one'), hit('two')]));
    const { input, options } = await open(page);
    let list = await tree(page);
    let [field] = of(list, 'combobox');
    assert.equal(field.name, 'Search the help centre');
    assert.equal(field.expanded, false);
    assert.deepEqual(names(list, 'listbox'), [], 'no list while it is closed');
    assert.deepEqual(names(list, 'search'), ['Search the help centre']);
    await input.focus();
    await asking(page, 'key');
    list = await tree(page);
    [field] = of(list, 'combobox');
    assert.equal(field.expanded, true);
    assert.equal(field.autocomplete, 'list');
    assert.equal(field.controls?.length, 1, 'the field controls the list');
    assert.deepEqual(names(list, 'listbox'), ['Answers']);
    assert.deepEqual(names(list, 'group').filter((name) => /^About/.test(name)), ['About one', 'About two']);
    assert.equal(of(list, 'option').length, 4);
    assert.match(of(list, 'option')[0].name, /About one.*Setting up › Part 1.*Turn the key 1 times/);
    assert.equal(of(list, 'option').filter(({ selected }) => selected).length, 0, 'nothing is chosen by itself');
    named(list, 'answers');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    list = await tree(page);
    [field] = of(list, 'combobox');
    const chosen = of(list, 'option').filter(({ selected }) => selected);
    assert.equal(chosen.length, 1);
    assert.equal(field.activedescendant?.[0]?.backendDOMNodeId, chosen[0].backend, 'the field names what is chosen');
    assert.equal(field.focused, true, 'the focus stays in the field');
    await page.keyboard.press('Escape');
    [field] = of(await tree(page), 'combobox');
    assert.equal(field.expanded, false);
    assert.equal(field.activedescendant, undefined);
  });

  await test('the tree of the ticket form: names, what is required, what goes along, and its end', async (page) => {
    await desk(page, (n) => (n === 1 ? { status: 503, code: 'store-unavailable' } : { reference: 'ZD-7K3F9Q', status_url: '/t/ZD-7K3F9Q?token=x' }));
    await replies(page, () => answer([], { decision: 'no_answer' }));
    const { box, input, ask, form } = await open(page);
    await page.evaluate(() => document.querySelector('zerodesk-search').context({ product: 'Kettle' }));
    await input.fill('descale');
    await page.getByText('No answer found').first().waitFor();
    await ask.click();
    await form.waitFor();
    let list = await tree(page);
    named(list, 'form');
    assert.ok(names(list, 'form').includes('Ask a person'));
    assert.ok(names(list, 'heading').includes('Ask a person'));
    assert.ok(names(list, 'group').some((name) => /Sent along/.test(name)), 'what goes along is a group with a name');
    const required = of(list, 'textbox').filter((node) => node.required).map(({ name }) => name);
    assert.deepEqual(required.map((name) => name.split(' ')[0]), ['Question', 'E-mail']);
    assert.ok(of(list, 'checkbox').length >= 3 && of(list, 'checkbox').every(({ checked }) => checked === 'true'), 'all lines go along at first');
    assert.ok(names(list, 'checkbox').some((name) => name.includes('Kettle')));
    assert.equal(of(list, 'textbox').some(({ name }) => /website/i.test(name)), false, 'the trap for robots is not there');
    await form.getByLabel('E-mail').fill('jan@example.org');
    await form.getByRole('button', { name: 'Send' }).click();
    await form.getByText('Your text is kept here').waitFor();
    list = await tree(page);
    assert.ok(list.some(({ role, live }) => role === 'alert' && live === 'assertive'), 'a failure is an alert');
    await form.getByRole('button', { name: 'Try again' }).click();
    await box.getByText('Reference: ZD-7K3F9Q').waitFor();
    list = await tree(page);
    assert.ok(list.some(({ role, focused, name }) => role === 'heading' && focused && name === 'Your question has arrived'), 'the focus is on the news');
    assert.ok(names(list, 'link').includes('Follow your question'));
    named(list, 'sent');
  });

  await test('what is announced: one polite line, once things have settled', async (page) => {
    let current;
    await replies(page, () => current());
    const { input, said, panel } = await open(page);
    const live = of(await tree(page), 'status');
    assert.deepEqual(live.map((node) => [node.live, node.atomic]), [['polite', true]]);
    await page.evaluate(() => {
      window.heard = [];
      const [status] = document.querySelector('zerodesk-search').shadowRoot.querySelectorAll('[role="status"]');
      new MutationObserver(() => window.heard.push(status.textContent)).observe(status, { childList: true, characterData: true, subtree: true });
    });
    const table = [
      [() => answer([hit('one'), hit('two')]), /^2 articles/],
      [() => answer([hit('one')]), /^1 article/],
      [() => answer([], { decision: 'no_answer' }), /No answer found.*person/],
      [() => null, /cannot be reached/],
    ];
    for (const [reply, words] of table) {
      current = reply;
      await input.fill('');
      await input.pressSequentially('lost key', { delay: 30 });
      await said.filter({ hasText: words }).waitFor({ state: 'attached' });
    }
    const heard = await page.evaluate(() => window.heard);
    assert.ok(heard.length <= 2 * table.length, `said too much: ${heard.join(' | ')}`);
    assert.equal(await panel.locator('[aria-live], [role="status"], [role="log"]').count(), 0, 'the list itself is never live');
  });

  await test('as a dialog it has a name, keeps the focus and gives it back', async (page) => {
    await replies(page, () => answer([hit('one')]));
    await foreign(page, { body: '<a href="#x">before</a><zerodesk-search modal></zerodesk-search>' });
    const trigger = page.locator('zerodesk-search').getByRole('button').first();
    await trigger.focus();
    await page.keyboard.press('Enter');
    await page.getByRole('combobox').waitFor();
    const list = await tree(page);
    const [dialog] = of(list, 'dialog');
    assert.deepEqual([dialog?.name, dialog?.modal], ['Search the help centre', true]);
    assert.equal(names(list, 'link').includes('before'), false, 'the page behind is out of reach');
    named(list, 'dialog');
    await asking(page, 'key');
    await page.keyboard.press('Escape');
    if (await page.getByRole('dialog').count()) await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    assert.ok(await trigger.evaluate((button) => button.matches(':focus')), 'the focus is where it was');
  });
}

// Landmarks and headings of each page.
const PAGES = ['/?lang=en', 'article', '/search?q=search+box&lang=en', '/search?q=xyzzy+frobnicate&lang=en', '/contact?lang=en', '/a/no-such-article?lang=en', '/explain?q=search+box&lang=en', '/docs', '/stats', '/desk'];

/** The pages. */
export async function pagesTree() {
  await test('the tree of each page: landmarks, one main heading, no level left out, everything named', async (page) => {
    await signIn(page);
    for (const path of [...PAGES, '/desk/log', '/desk/agents', '/desk/dead-letters']) {
      const { hits } = await (await fetch(`${server}/api/v1/search?q=search+box&lang=en`)).json();
      await page.goto(`${server}${path === 'article' ? hits[0].url : path}`);
      const list = await tree(page);
      named(list, path);
      assert.equal(of(list, 'main').length, 1, `${path}: main`);
      assert.equal(of(list, 'banner').length, 1, `${path}: banner`);
      assert.equal(of(list, 'contentinfo').length, 1, `${path}: contentinfo`);
      const levels = of(list, 'heading').map(({ level }) => level);
      assert.equal(levels.filter((level) => level === 1).length, 1, `${path}: headings ${levels}`);
      levels.reduce((before, level) => (assert.ok(level <= before + 1, `${path}: a heading of level ${level} after ${before}`), level), 0);
      const navigation = names(list, 'navigation');
      assert.equal(new Set(navigation).size, navigation.length, `${path}: two navigations called ${navigation}`);
      assert.match(await page.title(), /\S.* – \S/, `${path}: a title with the name of the site`);
      assert.match(await page.locator('html').getAttribute('lang'), /^(en|nl|de)$/);
    }
  }, { cookies: true });
}
