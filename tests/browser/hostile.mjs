// Whether hostile text ran, or got further than being text: what `payloads.mjs` tries to do is noticed here.

import { isBreach } from './support.mjs';

const LOADED = 'pwn.invalid';
const RAN = 'pwn() ran';

/** Keeps what happens in the tab because of a payload, until it is taken. */
export async function watch(page) {
  let seen = [];
  await page.addInitScript((text) => { window.pwn = () => console.error(text); }, RAN);
  page.on('console', (message) => {
    const text = message.text();
    if (text.includes(RAN)) seen.push(RAN);
    else if (isBreach(text)) seen.push(text);
  });
  page.on('dialog', (dialog) => {
    seen.push('a dialog');
    dialog.dismiss().catch(() => {});
  });
  page.on('request', (request) => new URL(request.url()).hostname === LOADED && seen.push(`asked for ${request.url()}`));
  /** What happened, and what stands in the page that may yet. */
  return async function taken() {
    const left = await page.evaluate(intruders).catch((error) => [`the page went away: ${error.message.split('\n')[0]}`]);
    const all = [...new Set([...seen, ...left])];
    seen = [];
    return all;
  };
}

/** Runs in the page: elements, attributes and addresses that no page of ours has. */
function intruders() {
  const found = [];
  const program = /^(javascript|vbscript|data):/i;
  const look = (root) => {
    for (const element of root.querySelectorAll('*')) {
      const name = element.localName;
      const note = (what) => found.push(`${what} in ${element.outerHTML.slice(0, 120)}`);
      if (element.shadowRoot) look(element.shadowRoot);
      if (['iframe', 'frame', 'object', 'embed', 'base', 'math', 'foreignObject', 'animate', 'noscript', 'style', 'made-up'].includes(name)) note(name);
      if (name === 'script' && !(element.src ? new URL(element.src).origin === location.origin || element.matches('[src*="/search-box"]') : /^application\/(ld\+)?json$/.test(element.type))) note('script');
      if (name === 'meta' && element.hasAttribute('http-equiv')) note('http-equiv');
      for (const { name: attribute, value } of element.attributes) {
        // As browsers read addresses: without control characters and spaces.
        const address = value.replaceAll(/[\u0000-\u0020]/g, '');
        if (attribute.startsWith('on')) note(attribute);
        if (attribute === 'style' && /url\(/i.test(value)) note('style');
        if (!['href', 'src', 'srcset', 'action', 'formaction', 'xlink:href', 'data', 'poster', 'ping'].includes(attribute)) continue;
        if (program.test(address) && !(name === 'img' && address.startsWith('data:image/')) && !element.matches('[rel="icon"][href="data:,"]')) note(attribute);
        if (/^(https?:)?\/\/[^/]*pwn\.invalid/.test(address)) note(attribute);
      }
    }
  };
  look(document);
  return found;
}

/** Pages that put a text where it is without looking at it: at each of them some payload must be noticed. */
export const CARELESS = [
  (text) => `<body><div>${text}</div>`,
  (text) => `<body><div title="${text}">x</div>`,
  (text) => `<body><div title='${text}'>x</div>`,
  (text) => `<body><img src=${text}>`,
  (text) => `<body><a href="${text}">x</a>`,
  (text) => `<body><textarea>${text}</textarea>`,
  (text) => `<title>${text}</title><body>`,
  (text) => `<body><!-- ${text} -->`,
  (text) => `<body><script>var x = '${text}';</script>`,
  (text) => `<body><script>var x = "${text}";</script>`,
  (text) => `<body><style>/* ${text} */</style>`,
  (text) => `<body><div id=x></div><script>document.getElementById('x').innerHTML = ${JSON.stringify(text).replaceAll('<', '\\u003c')};</script>`,
  // Decoded once too often.
  (text) => `<body>${text.replaceAll('&lt;', '<').replaceAll('&gt;', '>')}`,
  (text) => `<body>${text.replaceAll(/%[0-9A-F]{2}/g, (code) => decodeURIComponent(code))}`,
  (text) => `<body>${text.replaceAll(/\\u00(..)/g, (_, code) => String.fromCharCode(parseInt(code, 16)))}`,
  (text) => `<body>${text.normalize('NFKC')}`,
  // Markdown, read by a few regular expressions.
  (text) => `<body>${text.replaceAll(/!\[(.*?)\]\((.*)\)/g, '<img alt="$1" src="$2">').replaceAll(/\[(.*?)\]\(<?(.*?)>?\)/g, '<a href="$2">$1</a>').replaceAll(/<(\w+:.*?)>/g, '<a href="$1">$1</a>')}`,
  (text) => `<body>${text.replaceAll(/\[(.*?)\]\((\S+) "(.*)"\)/g, (_, words, address, title) => `<a href="${address}" title="${title.replaceAll('\\"', '"')}">${words}</a>`)}`,
];
