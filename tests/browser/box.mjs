// Tests in a real browser, against a running server:
//
//   ZERODESK_URL=http://127.0.0.1:8080 ZERODESK_TOKEN=zdk_... node tests/browser/box.mjs
//
// The server must allow the origin http://127.0.0.1:8090 (EXAMPLE_PORT chooses another port) and should run with
// --limits off. SHOTS=folder keeps pictures, ONLY=words runs the tests whose name contains them, CHROMIUM names the
// browser.

import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { boxFeatures } from './features.mjs';
import { pageScript } from './script.mjs';
import { boxStates } from './states.mjs';
import { finish, server, start, test } from './support.mjs';
import { wholeVisit } from './visit.mjs';

// With gzip -9: what every page pays, the box with its style and ticket form, and the words of the longest language.
const LOADER_BUDGET_BYTES = 2_000;
const BOX_BUDGET_BYTES = 12_000;
const WORDS_BUDGET_BYTES = 1_500;

await start();
await test('loader and box stay within their budgets', async () => {
  const bytes = async (address) => gzipSync(Buffer.from(await (await fetch(address)).arrayBuffer()), { level: 9 }).length;
  const address = `${server}/search-box.js`;
  const parts = [...(await (await fetch(address)).text()).matchAll(/import\('([^']+)'\)/g)].map(([, part]) => new URL(part, address));
  const sizes = new Map(await Promise.all(parts.map(async (part) => [part.pathname.split('/').pop(), await bytes(part)])));
  const words = [...sizes].filter(([name]) => name.includes('words')).map(([, size]) => size);
  const [loader, core, form] = [await bytes(address), sizes.get('search-box-core.js'), sizes.get('search-box-form.js')];
  console.log(`      loader ${loader}, box ${core}, ticket form ${form}, words ${Math.min(...words)} to ${Math.max(...words)} bytes`);
  assert.ok(loader <= LOADER_BUDGET_BYTES, `loader: ${loader} bytes`);
  assert.ok(core + form <= BOX_BUDGET_BYTES, `box with ticket form: ${core + form} bytes`);
  assert.ok(words.length >= 6 && Math.max(...words) <= WORDS_BUDGET_BYTES, `words: ${words} bytes`);
});
await boxStates();
await boxFeatures();
await pageScript();
await wholeVisit();
process.exitCode = (await finish()) ? 0 : 1;
