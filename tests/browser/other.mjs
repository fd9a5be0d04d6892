// Another Zerodesk, with articles and settings of its own: for what the shared one must not hold, and for servers that
// go away.

import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const PROGRAM = process.env.ZERODESK ?? fileURLToPath(new URL('../../target/debug/zerodesk', import.meta.url));

/**
 * Starts a server with these articles ({ path: text or bytes }) and this zerodesk.toml; `preview` makes it one for
 * writers. Resolves to its `url`, the `token` of its desk, `write` to save a file, and `stop`, once it listens and has
 * read everything.
 */
export async function serveOther({ articles, settings = '', files = {}, limits = 'off', preview = false }) {
  const folder = mkdtempSync(join(tmpdir(), 'zerodesk-browser-'));
  const write = (path, content) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  };
  for (const [path, content] of Object.entries(articles)) write(`articles/${path}`, content);
  for (const [path, content] of Object.entries({ ...files, 'zerodesk.toml': settings })) write(path, content);
  const flags = ['serve', '--config', 'zerodesk.toml', '--articles', 'articles', '--index', 'index', '--data', 'data',
    '--listen', '127.0.0.1:0', '--limits', limits, ...(preview ? ['--preview'] : [])];
  // Our own settings are none of its.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('ZERODESK')));
  const program = spawn(PROGRAM, flags, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  program.stderr.on('data', (text) => (log = `${log}${text}`.slice(-2000)));
  const ended = new Promise((resolve) => program.once('close', resolve));
  const stop = async () => {
    program.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', () => program.kill('SIGKILL'));
  const found = { stop, write, token: '' };
  for await (const line of createInterface(program.stdout)) {
    if (line.startsWith('access token')) found.token = line.split(' ').at(-1);
    const [, url] = /^listening on (\S+)/.exec(line) ?? [];
    if (url) return { ...found, url: url.replace(/\/$/, '') };
  }
  throw new Error(`${PROGRAM} does not say that it listens: ${log}`);
}
