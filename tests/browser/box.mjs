// Tests in a real browser, against a running server:
//
//   ZERODESK_URL=http://127.0.0.1:8080 ZERODESK_TOKEN=zdk_... node tests/browser/box.mjs
//
// The server must allow the origin http://127.0.0.1:8090 (EXAMPLE_PORT chooses another port) and should run with
// --limits off. SHOTS=folder keeps pictures, ONLY=words runs the tests whose name contains them, CHROMIUM names the
// browser.

import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { pageScript } from './script.mjs';
import { boxStates } from './states.mjs';
import { finish, server, start, test } from './support.mjs';
import { wholeVisit } from './visit.mjs';

const BOX_BUDGET_BYTES = 12_000;

await start();
await test('the whole box stays within its budget', async () => {
  const module = Buffer.from(await (await fetch(`${server}/search-box.js`)).arrayBuffer());
  const bytes = gzipSync(module, { level: 9 }).length;
  console.log(`      search-box.js: ${module.length} bytes, ${bytes} with gzip -9`);
  assert.ok(bytes <= BOX_BUDGET_BYTES, `${bytes} bytes`);
});
await boxStates();
await pageScript();
await wholeVisit();
process.exitCode = (await finish()) ? 0 : 1;
