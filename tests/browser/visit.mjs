// A visit from end to end on the real server: an answer, no answer, a ticket, and the desk that has it.

import assert from 'node:assert/strict';
import { accessible, ask as asking, open, server, shot, signIn, test, token } from './support.mjs';

const NONSENSE = 'xyzzy frobnicate qwortle';

async function visit() {
  let reference;
  let status;

  await test('a visitor of another website finds an answer while typing', async (page) => {
    const { input, box, chosen } = await open(page);
    await input.focus();
    await asking(page, 'embed the search box');
    assert.ok((await box.locator('mark').count()) > 0, 'the words are highlighted');
    await shot(page, 'visit-answers');
    // Past the phrases to go on with, to the first article.
    do await page.keyboard.press('ArrowDown');
    while (!(await chosen.getAttribute('href')));
    await Promise.all([page.waitForURL(`${server}/a/**`), page.keyboard.press('Enter')]);
    assert.ok(await page.locator('main[data-article]').isVisible());
  });

  await test('what has no answer becomes a ticket', async (page) => {
    const { input, message, ask, form, box } = await open(page);
    await input.focus();
    await asking(page, NONSENSE);
    await message.filter({ hasText: 'No answer found' }).waitFor();
    await shot(page, 'visit-no-answer');
    await ask.click();
    await form.getByLabel('E-mail').fill('jan@example.org');
    await form.getByLabel('Name').fill('Jan Jansen');
    await form.getByLabel('What should we know').fill('It happens <b>every</b> time.');
    await form.locator('.main').click();
    reference = /ZD-[0-9A-Z]{6}/.exec(await box.getByText('Reference: ZD-').textContent())?.[0];
    assert.ok(reference);
    await shot(page, 'visit-ticket-sent');
    status = await box.getByRole('link', { name: 'Follow your question' }).getAttribute('href');
  });

  await test('the visitor can follow the ticket', async (page) => {
    assert.ok(status, 'no status link');
    await page.goto(status);
    await page.getByText(reference).first().waitFor();
    await shot(page, 'page-status', { fullPage: true });
  });

  await test('the desk shows the ticket with its trail', async (page) => {
    assert.ok(token, 'ZERODESK_TOKEN is not set');
    await page.goto(`${server}/desk`);
    await page.locator('input[name="token"]').fill(token);
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: reference }).first().waitFor();
    await shot(page, 'page-desk', { fullPage: true });
    await page.getByRole('link', { name: reference }).first().click();
    const text = page.locator('main');
    await text.getByText('It happens <b>every</b> time.').first().waitFor();
    for (const part of [reference, 'jan@example.org', NONSENSE]) assert.ok((await text.textContent()).includes(part), part);
    await shot(page, 'page-desk-ticket', { fullPage: true });
  }, { cookies: true });

  await test('an agent works on the ticket without JavaScript, and the visitor reads and answers', async (page) => {
    await signIn(page);
    await page.goto(`${server}/desk/tickets/${reference}`);
    await page.getByLabel('The visitor reads this').fill('Which <i>version</i> is it?');
    await page.getByLabel('Wait for an answer').check();
    await page.getByRole('button', { name: 'Reply', exact: true }).click();
    await page.locator('dd', { hasText: 'Waiting for you' }).waitFor();
    await page.goto(status);
    await page.getByText('Which <i>version</i> is it?').waitFor();
    await page.getByLabel('Your answer').fill('Version 2.1');
    await page.getByRole('button', { name: 'Send' }).click();
    await page.getByText('Version 2.1').waitFor();
    await page.getByText('I would like to be called back').click();
    await page.getByLabel('Phone number with the code').fill('+31 20 123 4567');
    const [call] = await page.locator('form:has(input[value="callback"])').all();
    await call.getByLabel('Day').fill(new Date(Date.now() + 2 * 86_400_000).toISOString().slice(0, 10));
    await call.getByLabel('From').fill('09:00');
    await call.getByLabel('Until').fill('12:00');
    await shot(page, 'page-status-callback', { fullPage: true });
    await page.getByRole('button', { name: 'Ask to be called' }).click();
    await page.getByText('We call you at:').waitFor();
    await page.goto(`${server}/desk/tickets/${reference}`);
    await page.getByText('Escalate', { exact: true }).first().click();
    await page.getByLabel('Why?', { exact: true }).fill('It is deep');
    await page.getByRole('button', { name: 'Escalate', exact: true }).click();
    await page.locator('dd', { hasText: '2 Call-back by a technician' }).first().waitFor();
  }, { javaScriptEnabled: false, cookies: true });
}

async function suggestions() {
  await test('articles are suggested while a ticket is written, and the focus stays where it is', async (page) => {
    const asked = [];
    page.on('request', (request) => request.url().endsWith('/suggest') && asked.push(request.postDataJSON()));
    await page.goto(`${server}/contact?lang=en`);
    const message = page.getByLabel('Your question');
    await message.pressSequentially('How do I embed the search box?', { delay: 40 });
    const list = page.locator('.suggestions li');
    await list.first().waitFor();
    assert.ok(asked.length <= 3, `${asked.length} requests`);
    assert.ok(await message.evaluate((field) => field.matches(':focus')), 'the focus stays in the field');
    const count = await list.count();
    assert.ok(count >= 1 && count <= 5);
    await page.locator('[data-said]', { hasText: `${count} articles may help` }).waitFor();
    await list.first().locator('summary').click();
    await accessible(page, 'suggestions');
    await shot(page, 'page-contact-suggestions', { fullPage: true });
    const first = await list.first().locator('summary').textContent();
    await list.first().getByRole('button', { name: 'Not this' }).click();
    assert.ok(!(await list.locator('summary').allTextContents()).includes(first), 'what was refused does not come back');
    await list.first().locator('summary').click();
    await list.first().getByRole('button', { name: 'This solved it' }).click();
    await page.getByText('Nothing was sent.').waitFor();
    assert.equal(await page.locator('form[data-contact]').count(), 0);
  });

  await test('what the question needs is advised, and the visitor\'s own time zone goes along', async (page) => {
    await page.goto(`${server}/contact?lang=en`);
    await page.getByLabel('Your question').pressSequentially('The virus scanner blocks the program', { delay: 20 });
    const callback = page.locator('details[data-needs="callback"][data-advised]');
    await callback.getByText('advised for this question').waitFor();
    await callback.locator('summary').click();
    await page.getByText('Times are those of Asia/Tokyo').waitFor();
    assert.equal(await page.locator('input[name="time_zone"]').inputValue(), 'Asia/Tokyo');
    await accessible(page, 'call-back');
    await shot(page, 'page-contact-callback', { fullPage: true });
  }, { timezoneId: 'Asia/Tokyo' });
}

async function figures() {
  await test('the figures are shown to who has a token, and count the visit before', async (page) => {
    await signIn(page, { at: '/stats' });
    await page.locator('#deflection').waitFor();
    assert.match(await page.getByRole('row', { name: /^Sent a ticket/ }).textContent(), /[1-9]/);
  }, { cookies: true });
}

/** All tests of this file, one after the other. */
export async function wholeVisit() {
  for (const group of [visit, suggestions, figures]) await group();
}
