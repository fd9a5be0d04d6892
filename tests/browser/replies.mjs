// A made-up server for the box: replies to its searches, tickets and events, and pages that embed it.

import { publish, server } from './support.mjs';

const CORS = { 'access-control-allow-origin': '*', 'access-control-allow-headers': 'content-type' };

const section = (n) => ({ anchor: `s${n}`, url: `/a/one#s${n}`, heading: ['Setting up', `Part ${n}`], snippet: `Turn the key ${n} times`, highlights: [[9, 12]] });

/** One article in a reply. */
export const hit = (article, more = {}) => ({
  article, title: `About ${article}`, description: 'A description', url: `/a/${article}`, kind: 'how-to', language: 'en',
  updated: '2026-03-01', score: 5, sections: [section(1), section(2)], ...more,
});

/** A reply to a search. */
export const answer = (hits, more = {}) => ({
  query: '', query_id: '01JD8WQXK3M5V7Y9ZABCDEFGHJ', language: 'en', took_us: 90, total: hits.length, decision: 'answer', confidence: 0.9,
  corrected: null, hits, handoff: { level: 1, suggested_level: 1, url: '/contact' }, ...more,
});

/**
 * Answers the API's search by the function, and keeps what was asked. It gives null for no reply at all, or the JSON,
 * perhaps with `status`, `headers`, or a `body` in its place. No article is suggested.
 */
export async function replies(page, reply) {
  const asked = [];
  await page.route(`${server}/api/v1/suggest*`, (route) => route.fulfill({ json: { hits: [], suggested_level: 1, needs: 'nothing' }, headers: CORS }).catch(() => {}));
  await page.route(`${server}/api/v1/complete*`, (route) => route.fulfill({ json: { query: '', completions: [] }, headers: CORS }).catch(() => {}));
  await page.route(`${server}/api/v1/search?*`, async (route) => {
    const query = new URL(route.request().url()).searchParams.get('q');
    asked.push(route.request());
    const given = await reply(query, asked.length);
    if (given === null) return route.abort().catch(() => {});
    const { status = 200, headers = {}, body, ...json } = given;
    // A search that was given up in the meantime cannot be answered any more.
    await route.fulfill({ status, ...(body === undefined ? { json } : { body }), headers: { ...CORS, ...headers } }).catch(() => {});
  });
  return asked;
}

/** Takes the place of POST /api/v1/tickets; keeps the bodies. */
export async function desk(page, reply) {
  const bodies = [];
  await page.route(`${server}/api/v1/tickets`, async (route) => {
    if (route.request().method() === 'OPTIONS') return route.fulfill({ status: 204, headers: CORS });
    // Firefox does not say what was sent.
    bodies.push(route.request().postDataJSON() ?? {});
    const body = reply(bodies.length);
    if (body === null) return route.abort();
    const { status = 201, ...json } = body;
    await route.fulfill({ status, json, headers: CORS });
  });
  return bodies;
}

/** Takes the place of /api/v1/suggest; keeps what was asked. */
export async function suggestions(page, reply) {
  const asked = [];
  await page.route(`${server}/api/v1/suggest**`, async (route) => {
    const request = route.request();
    if (request.method() === 'OPTIONS') return route.fulfill({ status: 204, headers: CORS });
    asked.push(request.method() === 'GET' ? Object.fromEntries(new URL(request.url()).searchParams) : request.postDataJSON());
    await route.fulfill({ json: await reply(), headers: CORS }).catch(() => {});
  });
  return asked;
}

/** Keeps the events that the box sends, each with what was said about all of its batch; `status` gives null for no reply. */
export async function events(page, status = () => 202) {
  const seen = [];
  let batches = 0;
  await page.route(`${server}/api/v1/events`, async (route) => {
    const { events: batch, ...all } = JSON.parse(route.request().postData());
    seen.push(...batch.map((event) => ({ ...event, ...all })));
    const said = status(++batches);
    if (said === null) return route.abort();
    await route.fulfill({ status: said, json: {}, headers: CORS });
  });
  return seen;
}

// The strictest policy under which the box works.
const POLICY = `default-src 'none'; style-src 'self' 'unsafe-inline'; script-src ${server}; connect-src ${server}; img-src 'self'; base-uri 'self'; form-action ${server}`;

/** Opens a page of another website, made up here: its body, what stands in its head, and its doctype. */
export async function foreign(page, { body = '<zerodesk-search site="default"></zerodesk-search>', css = '', head = '', doctype = '<!doctype html>', policy = POLICY, lang = 'en', from = server, attributes = '' }) {
  const html = `${doctype}<html lang="${lang}" ${attributes}><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Made up</title>${head}`
    + `<style>${css}</style><script type="module" src="${from}/search-box.js"></script></head><body><main><h1>Made up</h1>${body}</main></body></html>`;
  await page.goto(publish(html, policy ? { 'content-security-policy': policy } : {}));
}
