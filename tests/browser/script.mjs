// The script of the help centre's pages, on a page made up here.

import assert from 'node:assert/strict';
import { server, test } from './support.mjs';

const PAGE = `<!doctype html><html lang="en"><title>Keys</title>
<main data-article="lost-key" data-site="acme"><h1>Lost key</h1>
<nav data-contents><a href="#one">One</a> <a href="#two">Two</a></nav>
<a href="/made-up?nl" data-keeps-place>NL</a>
<div class="prose" data-copy="Copy" data-copied="Copied"><pre><code>first
second
</code></pre><div style="height:400px"></div><h2 id="one">One</h2><div style="height:1500px"></div><h2 id="two">Two</h2><div style="height:1500px"></div></div>
<form method="post" action="/api/v1/articles/lost-key/feedback" data-feedback><button name="helpful" value="true">Yes</button><button name="helpful" value="false">No</button></form>
<p data-feedback-thanks="true" hidden>Thank you.</p><p data-feedback-thanks="false" hidden>Sorry.</p></main>
<script type="module" src="/assets/page.js"></script>`;

async function open(page, html = PAGE, rest = '') {
  await page.addInitScript(() => {
    window.sent = [];
    navigator.sendBeacon = (url, body) => window.sent.push({ url, ...JSON.parse(body) });
  });
  await page.route(`${server}/made-up*`, (route) => route.fulfill({ contentType: 'text/html', body: html }));
  await page.goto(`${server}/made-up${rest}`);
}

/** All tests of this file, one after the other. */
export async function pageScript() {
  await test('reading time is reported once, when the article is left', async (page) => {
    await open(page);
    await page.waitForTimeout(200);
    await page.mouse.wheel(0, 1200);
    await page.waitForTimeout(200);
    await page.evaluate(() => { dispatchEvent(new Event('pagehide')); dispatchEvent(new Event('pagehide')); });
    const sent = await page.evaluate(() => window.sent);
    const [{ url, site, surface, session, locale, interacted, events: [began, event] }, again] = sent;
    assert.deepEqual([url, site, surface, locale, interacted], ['/api/v1/events', 'acme', 'page', 'en', true]);
    assert.deepEqual([began.type, began.page], ['session_started', `${server}/made-up`]);
    // Nobody knows whether the first arrived.
    assert.deepEqual(again.events, [began, event]);
    assert.match(session, /^[\w-]{16,64}$/);
    assert.deepEqual([event.type, event.article, event.from], ['article_viewed', 'lost-key', 'external']);
    assert.ok(event.dwell_ms >= 350 && event.dwell_ms < 60_000, `${event.dwell_ms} ms`);
    assert.ok(event.scroll > 0.3 && event.scroll < 1, `${event.scroll}`);
  });

  await test('a visit that began at a search box elsewhere goes on, and leaves the address clean', async (page) => {
    const session = 'a1'.repeat(16);
    await open(page, PAGE, `?lang=en&session=${session}#one`);
    await page.waitForURL(`${server}/made-up?lang=en#one`);
    await page.evaluate(() => dispatchEvent(new Event('pagehide')));
    const [batch] = await page.evaluate(() => window.sent);
    assert.deepEqual([batch.session, batch.events[0].from], [session, 'search'], 'and did not begin here');
  });

  await test('feedback is sent without leaving the page', async (page) => {
    const posted = [];
    await open(page);
    await page.route(`${server}/api/v1/articles/**`, (route) => {
      posted.push(new URLSearchParams(route.request().postData()));
      return route.fulfill({ status: 204 });
    });
    await page.getByRole('button', { name: 'Yes' }).click();
    await page.getByText('Thank you.').waitFor();
    assert.equal(page.url(), `${server}/made-up`);
    assert.equal(posted[0].get('helpful'), 'true');
    assert.match(posted[0].get('session'), /^[\w-]{16,64}$/);
  });

  await test('a no offers a person, and takes the focus there', async (page) => {
    await open(page);
    await page.route(`${server}/api/v1/articles/**`, (route) => route.fulfill({ status: 204 }));
    await page.getByRole('button', { name: 'No' }).click();
    await page.getByText('Sorry.').waitFor();
    assert.ok(await page.getByText('Thank you.').isHidden());
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Sorry.');
  });

  await test('another language opens at the same heading', async (page) => {
    await open(page);
    const away = () => page.locator('[data-keeps-place]').evaluate((link) => {
      link.addEventListener('click', (event) => event.preventDefault(), { once: true });
      link.click();
      return link.getAttribute('href');
    });
    assert.ok(!(await away()).includes('#:'));
    await page.evaluate(() => document.getElementById('two').scrollIntoView());
    assert.match(await away(), /#:1:2$/);
    // The same heading has another name there.
    await open(page, PAGE.replaceAll('"two"', '"twee"').replace('#two', '#twee'), '?nl#:1:2');
    await page.waitForURL(`${server}/made-up?nl#twee`);
    assert.ok(await page.locator('#twee').evaluate((heading) => Math.abs(heading.getBoundingClientRect().top) < 100));
    await open(page, PAGE, '?de#:1:7');
    await page.waitForURL(`${server}/made-up?de`);
    assert.equal(await page.evaluate(() => scrollY), 0, 'a translation that is built differently begins at its top');
  });

  await test('code can be copied', async (page, context) => {
    await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: server });
    await open(page);
    await page.getByRole('button', { name: 'Copy' }).click();
    await page.getByRole('button', { name: 'Copied' }).waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), 'first\nsecond');
  });

  await test('feedback that fails in the background is sent in the plain way', async (page) => {
    let posts = 0;
    await open(page);
    await page.route(`${server}/api/v1/articles/**`, (route) => (posts++ ? route.fulfill({ body: 'plainly' }) : route.abort()));
    await page.getByRole('button', { name: 'Yes' }).click();
    await page.getByText('plainly').waitFor();
  });

  await test('the table of contents follows the reader', async (page) => {
    await open(page);
    const current = () => page.locator('[aria-current]').allTextContents();
    assert.deepEqual(await current(), []);
    for (const [id, name] of [['one', 'One'], ['two', 'Two'], ['one', 'One']]) {
      await page.evaluate((target) => document.getElementById(target).scrollIntoView(), id);
      await page.locator('[aria-current="location"]', { hasText: name }).waitFor();
      assert.deepEqual(await current(), [name]);
    }
  });

  await test('what is too wide can be scrolled by keyboard', async (page) => {
    await open(page, `<!doctype html><html lang="en"><title>x</title><main><pre id="wide" style="overflow:auto">${'x'.repeat(900)}</pre><pre>narrow</pre></main><script type="module" src="/assets/page.js"></script>`);
    await page.locator('#wide[tabindex="0"]').waitFor();
    assert.equal(await page.locator('[tabindex]').count(), 1);
  });

  await test('a page without any of it is left alone', async (page) => {
    await open(page, '<!doctype html><html lang="en"><title>x</title><main><p>Text</p></main><script type="module" src="/assets/page.js"></script>');
    await page.evaluate(() => dispatchEvent(new Event('pagehide')));
    assert.deepEqual(await page.evaluate(() => window.sent), []);
  });
}
