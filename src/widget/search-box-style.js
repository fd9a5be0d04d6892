// The style of the search box, as a module, so that it needs no request of its own and no `style-src`.
//
// Everything is drawn inside the shadow root. `all: initial` on .box keeps the host page's inherited resets out; what
// should follow the host page (font family, colour scheme) is taken back by name. Elements keep clear of the class
// names: each class is a part that a page can style.
// Some themes frame whatever has the focus; the element itself never has it, so that would be a second frame.

export default /* css */ `
:host { display: block; outline: 0!important; }
:host([modal]) { display: inline-block; }
:host([hidden]), [hidden], :disabled { display: none!important; }
:host([theme=light]) { color-scheme: light; }
:host([theme=dark]) { color-scheme: dark; }
:host([theme=auto]) { color-scheme: light dark; }

.box {
  all: initial;
  color-scheme: inherit;
  --bg: var(--zd-bg, light-dark(#fff, #1b1f24));
  --text: var(--zd-text, light-dark(#1b2430, #e8ebef));
  --muted: var(--zd-muted, light-dark(#56616f, #a5afbb));
  --line: var(--zd-border, light-dark(#e2e6eb, #363d46));
  --edge: var(--zd-input-border, #7a8592);
  --hover: var(--zd-hover, light-dark(#f1f5fa, #262d37));
  --mark: var(--zd-mark, light-dark(#ffe9a8, #5c4a12));
  --bad: var(--zd-error, light-dark(#a8201a, #ff9b94));
  --accent: var(--zd-accent, light-dark(#1d5bbf, #8db8ff));
  --on: var(--zd-on-accent, var(--bg));
  --r: var(--zd-radius, 10px);
  display: block;
  position: relative;
  font: var(--zd-font-size, medium)/1.5 sans-serif;
  font-family: var(--zd-font, inherit);
  color: var(--text);
}
*, ::before, ::after { box-sizing: border-box; margin: 0; }
a { color: var(--accent); }
button, input, textarea { font: inherit; color: inherit; }
fieldset, legend { padding: 0; border: 0; min-width: 0; }
h2 { font-size: 1.125em; outline: 0; }
legend { font-weight: 600; }
h3, small { font-size: .875em; font-weight: 400; color: var(--muted); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
kbd { font: inherit; font-size: .75em; color: var(--muted); border: 1px solid var(--line); border-radius: 5px; padding: 0 .45em; white-space: nowrap; margin-inline-end: 12px; }

.search { display: flex; align-items: center; min-height: 48px; background: var(--bg); border: 1px solid var(--edge); border-radius: var(--r); }
.search:focus-within { border-color: var(--accent); box-shadow: 0 0 0 1px var(--accent); }
.trigger { width: 100%; min-width: 240px; padding: 0; text-align: start; color: var(--muted); cursor: pointer; }
.trigger .text { flex: 1; margin-inline-end: 16px; }
.icon { flex: none; position: relative; width: 13px; height: 13px; margin-inline: 16px 13px; margin-block-end: 4px; border: 2px solid var(--muted); border-radius: 50%; }
.icon::after { content: ""; position: absolute; inset-block-start: 9px; left: 8px; width: 7px; border-block-start: 2px solid var(--muted); transform: rotate(45deg); transform-origin: 0 50%; }
.input { flex: 1; min-width: 0; height: 46px; padding: 0; border: 0; background: none; font-size: max(16px, 1em); outline: 0; }
::placeholder { color: var(--muted); opacity: 1; }
.clear { flex: none; width: 44px; height: 44px; padding: 0; border: 0; background: none; color: var(--muted); font-size: 22px; cursor: pointer; }
.search .link { display: none; padding-inline: 4px 16px; }

.panel { position: absolute; z-index: var(--zd-z, 1000); inset-inline: 0; inset-block-start: calc(100% + 6px); max-height: var(--room); overflow: auto; scroll-padding-block: 8px 76px; overscroll-behavior: contain; background: var(--bg); border: 1px solid var(--line); border-radius: var(--r); box-shadow: 0 12px 32px #0003; }
.panel[aria-busy=true]::before { content: ""; position: sticky; display: block; inset-block-start: 0; height: 2px; margin-block-end: -2px; animation: wait 1s .3s forwards; }
@keyframes wait { to { background: var(--accent); } }
.message { padding: 10px 16px 6px; color: var(--muted); font-size: .875em; overflow-wrap: anywhere; }
.loud p:first-child { padding-block: 6px; color: var(--text); font-size: 1.143em; font-weight: 600; }
.message a, .link { display: inline-block; min-height: 44px; padding: 10px 0; margin-inline-end: 16px; }

.group { padding-block: 4px; border-block-start: 1px solid var(--line); }
.label { padding: 8px 16px 4px; font-size: .875em; font-weight: 600; color: var(--muted); }
.hit { display: block; position: relative; padding: 9px 16px; min-height: 44px; color: inherit; text-decoration: none; overflow-wrap: anywhere; cursor: pointer; }
.section { padding: 5px 12px; margin-inline-start: 16px; border-inline-start: 2px solid var(--line); }
.hit:hover, .hit[aria-selected=true] { background: var(--hover); }
.hit[aria-selected=true] { outline: 2px solid var(--accent); outline-offset: -2px; }
.phrase { display: flex; align-items: center; }
.phrase .icon { margin-inline-start: 0; }
.title, .snippet { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden; }
.title { font-weight: 600; color: var(--accent); }
.path { display: block; font-size: .875em; color: var(--muted); }
.section .path { color: var(--text); font-weight: 550; }
.snippet { font-size: .875em; color: var(--muted); }
mark { background: var(--mark); color: var(--text); border-radius: 2px; }

.actions { display: flex; flex-wrap: wrap; align-items: center; gap: 8px; padding: 8px 16px; border-block-start: 1px solid var(--line); font-size: .9375em; position: sticky; inset-block-end: 0; background: var(--bg); }
.all { display: block; padding: 10px 16px; border-block-start: 1px solid var(--line); font-size: .9375em; }
.button { padding-inline: 16px; background: none; color: inherit; font-weight: 550; text-decoration: none; cursor: pointer; }
.button:hover { background: var(--hover); }
.link { border: 0; background: none; color: var(--accent); text-decoration: underline; cursor: pointer; }
.main, .main:hover { border-color: var(--accent); background: var(--accent); color: var(--on); }

.form, .sent { display: grid; gap: 14px; padding: 18px 16px; }
.sent { justify-items: start; }
.form { padding-block-end: 0; }
.form > p { color: var(--muted); font-size: .9375em; margin-block-start: -10px; }
.pair { display: flex; flex-wrap: wrap; gap: 14px; }
.row { display: grid; flex: 1 1 210px; gap: 4px; font-size: .9375em; font-weight: 550; }
.field { width: 100%; padding-inline: 12px; font-size: 16px; font-weight: 400; background: var(--bg); }
.field, .button { min-height: 44px; padding-block: 9px; border: 1px solid var(--edge); border-radius: calc(var(--r) - 3px); }
textarea { resize: vertical; min-height: 92px; }
:user-invalid { border-color: var(--bad); }
.along { font-size: .875em; }
.check { display: flex; gap: 10px; align-items: center; min-height: 36px; cursor: pointer; overflow-wrap: anywhere; }
.check input { flex: none; width: 18px; height: 18px; accent-color: var(--accent); }
.along :not(:checked) + span { text-decoration: line-through; color: var(--muted); }
.perhaps { height: 10em; padding: 9px 12px; overflow: auto; background: var(--hover); }
.perhaps:has([open]) { height: auto; }
details { border-block-start: 1px solid var(--line); padding-block-end: 8px; font-size: .9375em; }
details p, fieldset p, fieldset > .row { margin-block: 8px; }
summary { padding-block: 10px; color: var(--accent); cursor: pointer; }
.problem { flex: 1 0 100%; color: var(--bad); }
.problem:empty { display: none; }
.form .actions { margin-inline: -16px; }
.said { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

dialog.box { position: fixed; width: min(640px, 100vw - 32px); max-width: none; height: fit-content; max-height: min(720px, 80vh); margin: 12vh auto auto; inset: 0; padding: 0; overflow: hidden; border: 1px solid var(--line); border-radius: var(--r); background: var(--bg); box-shadow: 0 12px 32px #0003; }
dialog.box:not([open]) { display: none; }
::backdrop { background: #0008; }
.box:is([open], :popover-open) { display: flex; flex-direction: column; }
:is([open], :popover-open) > .search { flex: none; border-width: 0 0 1px; border-color: var(--line); border-radius: 0; box-shadow: none; }
:is([open], :popover-open) > .panel { position: static; max-height: none; border: 0; border-radius: 0; box-shadow: none; }
:is([open], :popover-open) > .search .link { display: block; }
@media (max-width: 480px) {
  .box:is([open], :popover-open) { position: fixed; inset: var(--top, 0) 0 auto; width: 100%; height: var(--height); max-height: none; margin: 0; border: 0; border-radius: 0; background: var(--bg); }
  :host(:not([modal])) { min-height: 50px; }
  .button { flex: auto; text-align: center; padding-inline: 10px; }
}
@media (max-width: 480px), (pointer: coarse) { kbd { display: none; } .check { min-height: 44px; } }
`;
