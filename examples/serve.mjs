// Serves this folder as a website of its own, to try the box on another origin than the help centre's.
//
//   node examples/serve.mjs [PORT] [HELP CENTRE]      (8090, http://127.0.0.1:8080)
//
// It sends the strictest content security policy under which the box works.

import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { fileURLToPath } from 'node:url';

const TYPES = { '.html': 'text/html; charset=utf-8', '.css': 'text/css; charset=utf-8' };

/** Starts the website; resolves to the server once it listens on 127.0.0.1. Port 0 picks a free one. */
export function serve(port = 8090, helpCentre = 'http://127.0.0.1:8080') {
  const { origin } = new URL(helpCentre);
  const policy = `default-src 'none'; style-src 'self'; script-src 'self' ${origin}; connect-src ${origin}; base-uri 'none'; form-action ${origin}`;
  const server = createServer(async (request, response) => {
    const name = basename(new URL(request.url, 'http://localhost').pathname) || 'plain.html';
    const type = TYPES[extname(name)];
    try {
      if (!type) throw new Error('not a file of this folder');
      const text = await readFile(new URL(name, import.meta.url), 'utf8');
      response.writeHead(200, { 'content-type': type, 'content-security-policy': policy, 'cache-control': 'no-store' });
      response.end(text.replaceAll('http://127.0.0.1:8080', origin));
    } catch {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('Not found\n');
    }
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [port, helpCentre] = process.argv.slice(2);
  const server = await serve(port && Number(port), helpCentre);
  console.log(`http://127.0.0.1:${server.address().port}/plain.html`);
}
