// Tests in real browsers, against a running server:
//
//   ZERODESK_URL=http://127.0.0.1:8080 ZERODESK_TOKEN=zdk_... node tests/browser/box.mjs
//
// The server must allow the origin http://127.0.0.1:8090 (EXAMPLE_PORT chooses another port) and should run with
// --limits off. ZERODESK names the program, of which some tests start one of their own. SHOTS=folder keeps pictures,
// ONLY=words runs the tests whose name contains them, CHROMIUM and FIREFOX name the browsers, LANES=chromium leaves one
// out.

import { badArticles, badReplies, badServers, withoutScripts } from './bad.mjs';
import { budgets } from './budgets.mjs';
import { boxFeatures } from './features.mjs';
import { comingAndGoing, unfriendlyPages } from './guests.mjs';
import { boxByKeyboard, pagesByKeyboard } from './keyboard.mjs';
import { machines } from './machines.mjs';
import { phone } from './phone.mjs';
import { boxPlaces, headers, places } from './places.mjs';
import { preview } from './preview.mjs';
import { promises } from './promises.mjs';
import { reflow } from './reflow.mjs';
import { pageScript } from './script.mjs';
import { boxStates } from './states.mjs';
import { finish, lane, start } from './support.mjs';
import { boxTree, pagesTree } from './tree.mjs';
import { wholeVisit } from './visit.mjs';
import { careless, hostilePages, poisonedBox } from './xss.mjs';

const { LANES = 'chromium firefox' } = process.env;

// Lanes run side by side, each in a browser of its own. More of them would not be quicker on two processors.
const PLAN = [
  ['chromium', [budgets, boxStates, boxFeatures, boxTree, boxByKeyboard, boxPlaces, promises, unfriendlyPages, comingAndGoing, poisonedBox, careless, badReplies, withoutScripts]],
  ['chromium', [headers, pageScript, wholeVisit, pagesTree, pagesByKeyboard, places, reflow, badServers, badArticles, hostilePages, machines, phone, preview]],
  ['firefox', [boxByKeyboard, unfriendlyPages, badReplies, poisonedBox]],
];

await start();
await Promise.all(PLAN.filter(([name]) => LANES.includes(name)).map(([name, groups]) => lane(name, groups)));
process.exitCode = (await finish()) ? 0 : 1;
