// The box in a real WordPress, with the snippets of the article as they stand there:
//
//   scripts/wordpress FOLDER && WORDPRESS=FOLDER ZERODESK=target/debug/zerodesk node tests/browser/wordpress.mjs
//
// Site and database are made anew each time, listen on this machine only, and end with the test.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { appendFileSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { serveOther } from './other.mjs';
import { finish, lane, parts, shot, start, test } from './support.mjs';

const ARTICLE = readFileSync(new URL('../../articles/box-on-your-platform.md', import.meta.url), 'utf8');
const OWN = { 'key.md': '---\ntitle: Lost key\nlang: en\n---\n\nLook under the mat.\n' };
const THEME = 'wp-content/themes/twentytwentyfive';
const SIGN_IN = { user: 'admin', password: 'made-for-tests-only' };
const START_MS = 60_000;

/** The first block of code in this language under this heading of the article. */
function snippet(heading, language, help) {
  const [, section] = ARTICLE.split(`\n## ${heading}\n`);
  const [, code] = new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 's').exec(section.split('\n## ')[0]);
  return code.replaceAll('https://help.example.com', help);
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Settings of WordPress: nothing of it leaves this machine. */
const settings = (url, socket) => `<?php
define('DB_NAME', 'wordpress');
define('DB_USER', 'root');
define('DB_PASSWORD', '');
define('DB_HOST', 'localhost:${socket}');
define('WP_HOME', '${url}');
define('WP_SITEURL', '${url}');
define('DISABLE_WP_CRON', true);
define('WP_HTTP_BLOCK_EXTERNAL', true);
define('AUTOMATIC_UPDATER_DISABLED', true);
$table_prefix = 'wp_';
defined('ABSPATH') || define('ABSPATH', __DIR__ . '/');
require_once ABSPATH . 'wp-settings.php';
`;

const INSTALL = `define('WP_INSTALLING', true);
require 'wp-load.php';
require 'wp-admin/includes/upgrade.php';
wp_install('Acme Kettles', '${SIGN_IN.user}', 'admin@example.org', true, '', '${SIGN_IN.password}');
echo $wp_version;`;

/** Starts WordPress with its database; resolves to its address, version and folder, and `stop`. */
async function serveWordPress() {
  const work = mkdtempSync(join(tmpdir(), 'zerodesk-wordpress-'));
  const [site, database, socket] = ['site', 'database', 'socket'].map((name) => join(work, name));
  const url = `http://127.0.0.1:${await freePort()}`;
  const running = [];
  const run = (program, ...rest) => {
    // In a group of its own, so that its workers end with it.
    const child = spawn(program, rest, { cwd: work, stdio: 'ignore', env: { ...process.env, PHP_CLI_SERVER_WORKERS: '3' }, detached: true });
    const ended = new Promise((resolve) => {
      child.once('error', resolve);
      child.once('exit', (code) => resolve(new Error(`${program} ended with ${code}`)));
    });
    running.push({ group: -child.pid, ended });
    return ended.then((error) => { throw error; });
  };
  const stop = async () => {
    const all = running.splice(0);
    for (const { group } of all) process.kill(group);
    await Promise.all(all.map(({ ended }) => ended));
    rmSync(work, { recursive: true, force: true, maxRetries: 20 });
  };
  process.once('exit', () => running.forEach(({ group }) => process.kill(group, 'SIGKILL')));
  cpSync(join(process.env.WORDPRESS, 'files/usr/share/wordpress'), site, { recursive: true, verbatimSymlinks: true });
  writeFileSync(join(site, 'wp-config.php'), settings(url, socket));
  const owner = `--user=${userInfo().username}`;
  execFileSync('mariadb-install-db', ['--no-defaults', `--datadir=${database}`, owner, '--auth-root-authentication-method=normal', '--skip-test-db'], { stdio: 'ignore' });
  writeFileSync(join(work, 'init.sql'), 'CREATE DATABASE IF NOT EXISTS wordpress;\n');
  const failed = [run('/usr/sbin/mariadbd', '--no-defaults', `--datadir=${database}`, owner, `--socket=${socket}`, '--skip-networking', `--init-file=${join(work, 'init.sql')}`, `--pid-file=${join(work, 'pid')}`)];
  await until(() => existsSync(socket), failed);
  // Nobody gets a mail about it.
  const version = execFileSync('php', ['-d', 'sendmail_path=/bin/true', '-r', INSTALL], { cwd: site, stdio: ['ignore', 'pipe', 'ignore'] }).toString();
  // Its files are changed while it runs, so none is kept in memory.
  failed.push(run('php', '-d', 'sendmail_path=/bin/true', '-d', 'opcache.enable=0', '-S', new URL(url).host, '-t', site));
  await until(() => fetch(url).then(({ ok }) => ok, () => false), failed);
  return { url, version, site, stop };
}

/** Waits until it is so, or one of these programs has failed. */
async function until(isSo, failed) {
  const wait = async () => {
    for (const began = Date.now(); !(await isSo()); await pause(50)) assert.ok(Date.now() - began < START_MS, 'it does not start');
  };
  await Promise.race([wait(), ...failed]);
  for (const end of failed) end.catch(() => {});
}

/** Publishes a page as the block editor does: its block over the API, under the editor's own sign. Gives its address. */
async function publish({ request }, { url }, title, html) {
  await request.get(`${url}/wp-login.php`);
  const signedIn = await request.post(`${url}/wp-login.php`, { form: { log: SIGN_IN.user, pwd: SIGN_IN.password, testcookie: 1 }, maxRedirects: 0 });
  assert.equal(signedIn.status(), 302);
  const nonce = await (await request.get(`${url}/wp-admin/admin-ajax.php?action=rest-nonce`)).text();
  const data = { title, content: `<!-- wp:html -->\n${html}\n<!-- /wp:html -->`, status: 'publish' };
  const reply = await request.post(`${url}/?rest_route=/wp/v2/pages`, { headers: { 'x-wp-nonce': nonce }, data });
  assert.equal(reply.status(), 201);
  return (await reply.json()).link;
}

/** Opens a page of WordPress; whatever it wants from elsewhere is not there. */
async function visit(page, address) {
  await page.route(({ hostname }) => hostname !== '127.0.0.1', (route) => route.abort());
  await page.goto(address, { waitUntil: 'domcontentloaded' });
}

/** The box of a page answers, and takes a question to a person. */
async function works(page, name) {
  const { input, options, ask, form } = parts(page);
  await input.fill('lost key');
  await options.filter({ hasText: 'Lost key' }).first().waitFor();
  await shot(page, `wordpress-${name}-answers`);
  await ask.click();
  await form.getByLabel('E-mail').fill('jan@example.org');
  await form.getByRole('button', { name: 'Send' }).scrollIntoViewIfNeeded();
  await shot(page, `wordpress-${name}-form`);
  await form.getByRole('button', { name: 'Send' }).click();
  await parts(page).box.getByText('Reference: ZD-').waitFor();
}

/** All tests of this file, one after the other. */
async function wordPress() {
  const site = await serveWordPress();
  const help = await serveOther({ articles: OWN, settings: `[sites.default]\norigins = ["${site.url}"]\n` });
  console.log(`      WordPress ${site.version}`);
  const html = snippet('Plain HTML', 'html', help.url);
  try {
    await test('the snippet for plain HTML works in a block of WordPress', async (page, context) => {
      const address = await publish(context, site, 'Help', html);
      await context.clearCookies();
      await visit(page, address);
      await works(page, 'block');
    });

    await test('without JavaScript the form in a block of WordPress leads to the help centre', async (page) => {
      await visit(page, `${site.url}/?pagename=help`);
      await page.getByLabel('Search the help centre').fill('lost key');
      await Promise.all([page.waitForURL(`${help.url}/search?q=lost+key`), page.keyboard.press('Enter')]);
      await page.getByText('Lost key').first().waitFor();
    }, { javaScriptEnabled: false });

    await test('the snippet for functions.php brings the box to every page of WordPress', async (page) => {
      appendFileSync(join(site.site, THEME, 'functions.php'), `\n${snippet('WordPress', 'php', help.url)}`);
      appendFileSync(join(site.site, THEME, 'parts/header.html'), `\n<!-- wp:html -->\n${snippet('WordPress', 'html', help.url)}\n<!-- /wp:html -->\n`);
      for (const path of ['/', '/?p=1']) {
        await visit(page, `${site.url}${path}`);
        assert.equal(await page.locator(`script[type="module"][src^="${help.url}/search-box.js"]`).count(), 1);
        await works(page, `theme-${path.length}`);
      }
    });
  } finally {
    await help.stop();
    await site.stop();
  }
}

await start();
await lane('chromium', [wordPress]);
process.exitCode = (await finish()) ? 0 : 1;
