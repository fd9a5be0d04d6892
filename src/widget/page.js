// Makes the help centre's pages a little better; every one of them works without it.
//
// Small things, each of which does nothing where its elements are missing: it reports how long an article was really
// read, sends the "was this useful?" form without leaving the page, marks the current place in the table of contents,
// takes it along to another language, copies code, and lets the keyboard scroll what is too wide. It reads no text as
// HTML and sets no cookie.

// From here on a visit counts as reading.
const LONG_MS = 15_000;
const main = document.querySelector('main[data-article]');
// What people do and robots do not, reading without a click: the browser counts clicks and keys by itself.
const SIGNS = ['pointermove', 'wheel', 'touchmove'];

// The server puts in here what a visit is.
/*embed*/ import { Reports, visit } from './search-box-visit.js'; /*end*/

/** Goes on with the visit that a search box elsewhere has begun, and keeps its name out of the address. */
function takeOver() {
  const url = new URL(location);
  const session = url.searchParams.get('session');
  if (!/^[\w-]{16,64}$/.test(session)) return false;
  visit((known) => Object.assign(known, { session, told: true }));
  url.searchParams.delete('session');
  history.replaceState(history.state, '', url);
  return true;
}

/** How the reader came here: from a search, another page of the help centre, or another website. */
function cameFrom() {
  if (fromSearch) return 'search';
  if (!document.referrer) return 'external';
  const { origin, pathname } = new URL(document.referrer);
  if (origin !== location.origin) return 'external';
  return pathname === '/search' ? 'search' : 'link';
}

/**
 * Reports for how long the article was visible, and the share of it that was seen: when the page is left, and when it
 * is hidden after a while, because phones end hidden pages without a word. Each report covers the time since the last.
 */
function reportReading({ article, site = 'default' }) {
  const from = cameFrom();
  let used = false;
  for (const type of SIGNS) addEventListener(type, () => (used = true), { once: true, passive: true });
  const reports = new Reports('/api/v1/events', () => ({
    site, surface: 'page', locale: document.documentElement.lang, ...(used && { interacted: true }),
  }));
  let visibleSince = document.hidden ? null : performance.now();
  let dwell = 0;
  let scroll = 0;
  const look = () => {
    const { top, height } = main.getBoundingClientRect();
    if (height) scroll = Math.max(scroll, Math.min(1, Math.max(0, (innerHeight - top) / height)));
  };
  const pause = () => {
    if (visibleSince !== null) dwell += performance.now() - visibleSince;
    visibleSince = null;
  };
  const report = (how) => {
    const dwell_ms = Math.round(dwell);
    dwell = 0;
    if (dwell_ms) {
      reports.begin();
      reports.note('article_viewed', { article, from, dwell_ms, scroll: Math.round(scroll * 100) / 100 });
    }
    reports[how]();
  };
  look();
  addEventListener('scroll', look, { passive: true });
  addEventListener('pagehide', () => {
    pause();
    report('leave');
  });
  addEventListener('pageshow', ({ persisted }) => {
    if (persisted) visibleSince = performance.now();
  });
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) visibleSince = performance.now();
    else pause();
    if (dwell >= LONG_MS) report('send');
  });
  addEventListener('online', () => reports.send());
  const title = document.querySelector('h1')?.textContent.trim() || article;
  visit(({ read }) => (read[article] = title));
}

/** Sends a feedback form in the background; when that fails, the browser sends it in the plain way. */
function sendInPlace(form) {
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const fields = new FormData(form, event.submitter);
    fields.set('session', visit().session);
    try {
      const response = await fetch(form.action, { method: 'POST', body: new URLSearchParams(fields), redirect: 'manual' });
      if (!response.ok && response.type !== 'opaqueredirect') throw new Error(response.status);
      thank(form, event.submitter?.value);
    } catch {
      sendPlainly(form, event.submitter);
    }
  });
}

function sendPlainly(form, submitter) {
  if (submitter?.name) {
    const field = Object.assign(document.createElement('input'), { type: 'hidden', name: submitter.name, value: submitter.value });
    form.append(field);
  }
  form.submit();
}

/** The thanks are in the page already, hidden; people who used the keyboard are taken along. */
function thank(form, helpful) {
  const thanks = document.querySelector(`[data-feedback-thanks="${helpful === 'false' ? 'false' : 'true'}"]`);
  form.hidden = true;
  if (!thanks) return;
  const stuck = document.querySelector('[data-stuck]');
  if (stuck) stuck.hidden = helpful === 'false';
  thanks.hidden = false;
  thanks.tabIndex = -1;
  thanks.focus();
}

const headings = [...document.querySelectorAll('.prose :is(h2, h3)[id]')];
/** The number of the heading that is being read; -1 above the first. */
const place = () => headings.findLastIndex((heading) => heading.getBoundingClientRect().top < innerHeight / 4);

/** Marks the link of the section that is being read with aria-current, and shows the list where there is room. */
function followContents(contents) {
  const links = new Map();
  for (const link of contents.querySelectorAll('a[href^="#"]')) {
    links.set(document.getElementById(decodeURIComponent(link.hash.slice(1))), link);
  }
  const mark = () => {
    const listed = headings.slice(0, place() + 1).findLast((heading) => links.has(heading));
    for (const [heading, link] of links) {
      if (heading !== listed) link.removeAttribute('aria-current');
      else if (!link.hasAttribute('aria-current')) {
        link.setAttribute('aria-current', 'location');
        // Only the list moves, never the page.
        const { offsetTop, offsetHeight } = link;
        const hidden = offsetTop < contents.scrollTop || offsetTop + offsetHeight > contents.scrollTop + contents.clientHeight;
        if (hidden) contents.scrollTop = offsetTop - contents.clientHeight / 2;
      }
    }
  };
  const observer = new IntersectionObserver(mark, { rootMargin: '0px 0px -75% 0px' });
  for (const heading of headings) observer.observe(heading);
  const wide = matchMedia('(min-width: 62rem)');
  const show = () => (contents.open = wide.matches);
  wide.addEventListener('change', show);
  show();
}

/** Another language opens at the same heading: its number goes along, because its name is another one there. */
function keepPlace() {
  for (const link of document.querySelectorAll('a[data-keeps-place]')) {
    link.addEventListener('click', () => {
      const at = place();
      link.hash = at < 0 ? '' : `:${at}:${headings.length}`;
    });
  }
  const [, at, of] = /^#:(\d+):(\d+)$/.exec(location.hash) ?? [];
  // A translation that is built differently has no such place.
  const heading = Number(of) === headings.length ? headings[at] : null;
  if (at) history.replaceState(history.state, '', heading ? `#${heading.id}` : location.pathname + location.search);
  heading?.scrollIntoView({ behavior: 'instant' });
}

/** A button at each piece of code that copies it; only where the browser lets pages copy. */
function copyCode(prose) {
  if (!navigator.clipboard) return;
  for (const code of prose.querySelectorAll('pre')) {
    const button = Object.assign(document.createElement('button'), { type: 'button', className: 'copy', textContent: prose.dataset.copy });
    const frame = Object.assign(document.createElement('div'), { className: 'code' });
    let timer;
    button.addEventListener('click', async () => {
      await navigator.clipboard.writeText(code.textContent.replace(/\n$/, ''));
      button.textContent = prose.dataset.copied;
      clearTimeout(timer);
      timer = setTimeout(() => (button.textContent = prose.dataset.copy), 2000);
    });
    button.setAttribute('aria-live', 'polite');
    code.replaceWith(frame);
    frame.append(code, button);
  }
}

/** Code and tables that scroll sideways can be reached by keyboard, not only by pointer. */
function reachWide() {
  for (const wide of document.querySelectorAll('pre, table, .table, .scroll, .stats-scroll')) {
    if (wide.scrollWidth > wide.clientWidth) wide.tabIndex = 0;
    else wide.removeAttribute('tabindex');
  }
}

reachWide();
addEventListener('resize', reachWide);
const fromSearch = takeOver();
if (main) reportReading(main.dataset);
for (const form of document.querySelectorAll('form[data-feedback]')) sendInPlace(form);
for (const contents of document.querySelectorAll('[data-contents]')) followContents(contents);
for (const prose of document.querySelectorAll('[data-copy]')) copyCode(prose);
keepPlace();
