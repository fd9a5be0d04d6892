// Makes the contact form better; it works without this.
//
// While somebody writes, it asks which articles may answer, and shows them in the room that the page has for them: each
// opens in place, with "this solved it" and "not this". It marks what the question's level asks for. It never moves the
// focus or anything else, sends nothing but what is in the fields, and reads no text as HTML.

// Quiet time after the last key, in milliseconds.
const PAUSE_MS = 275;
const MIN_CHARS = 3;

const form = document.querySelector('form[data-contact]');
const box = form?.querySelector('[data-suggestions]');

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

// The server puts in here what a visit is. The form has its session in a field.
/*embed*/ import { Reports } from './search-box-visit.js'; /*end*/

const reports = new Reports('/api/v1/events', () => {
  const { site, session, lang } = form.elements;
  return { site: site.value, session: session.value, locale: lang.value, surface: 'form' };
});

function report(type, more) {
  reports.note(type, more);
  reports.send();
}

function suggesting() {
  const { subject, message, site, lang, session } = form.elements;
  const list = box.querySelector('ul');
  const said = form.querySelector('[data-said]');
  const refused = new Set();
  let timer;
  let asked = 0;

  const show = (hits) => {
    const wanted = hits.filter((hit) => !refused.has(hit.article));
    const open = list.querySelector('details[open]');
    // What somebody is reading stays where it is.
    if (open && wanted.some((hit) => hit.article === open.dataset.article)) return;
    // A list that holds the focus is not taken away from under it.
    if (list.contains(document.activeElement)) return;
    list.replaceChildren(...wanted.map(item));
    said.textContent = wanted.length ? box.dataset.count.replace('{count}', wanted.length) : '';
  };

  const item = (hit) => {
    const solved = element('button', { type: 'button', class: 'button plain' }, box.dataset.solved);
    const not = element('button', { type: 'button', class: 'button plain' }, box.dataset.not);
    const link = element('a', { href: hit.url, target: '_blank', rel: 'noopener' }, box.dataset.open);
    const details = element('details', { 'data-article': hit.article },
      element('summary', {}, hit.title), element('p', {}, hit.snippet), element('p', {}, link),
      element('p', { class: 'buttons' }, solved, not));
    details.addEventListener('toggle', () => details.open && report('suggestion_clicked', { article: hit.article }));
    solved.addEventListener('click', () => {
      report('marked_solved', { article: hit.article });
      const thanks = element('p', { class: 'notice good', role: 'status', tabindex: '-1' }, box.dataset.thanks);
      form.replaceWith(thanks);
      // The button that was pressed is gone: whoever used the keyboard is taken along.
      thanks.focus();
    });
    not.addEventListener('click', () => {
      refused.add(hit.article);
      details.open = false;
      details.querySelector('summary').focus();
      const row = details.parentElement;
      const next = row.nextElementSibling ?? row.previousElementSibling;
      (next?.querySelector('summary') ?? message).focus();
      row.remove();
    });
    return element('li', {}, details);
  };

  const ask = async () => {
    const turn = ++asked;
    if (subject.value.trim().length + message.value.trim().length < MIN_CHARS) return show([]);
    const body = { site: site.value || null, lang: lang.value, session: session.value, subject: subject.value, message: message.value };
    try {
      const response = await fetch('/api/v1/suggest', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
      if (!response.ok) return;
      const reply = await response.json();
      // A late reply never replaces a newer one.
      if (turn !== asked) return;
      show(reply.hits);
      for (const part of form.querySelectorAll('details[data-needs]')) part.toggleAttribute('data-advised', part.dataset.needs === reply.needs);
    } catch {
      // Without suggestions the form is a form.
    }
  };

  for (const field of [subject, message]) {
    field.addEventListener('input', () => {
      clearTimeout(timer);
      timer = setTimeout(ask, PAUSE_MS);
    });
  }
}

/** The visitor's own clock is the one in which times for a call are meant. */
function tellZone() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!zone || form.elements.time_zone.value) return;
  form.elements.time_zone.value = zone;
  for (const line of form.querySelectorAll('[data-zone]')) line.textContent = line.textContent.replace(line.dataset.zone, zone);
}

if (form) {
  tellZone();
  suggesting();
  addEventListener('online', () => reports.send());
  addEventListener('pagehide', () => reports.leave());
}
