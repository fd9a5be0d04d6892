// Reloads a page of a writer's preview when the file that it shows has been saved, and keeps the place.

const own = document.querySelector('script[data-preview]');
const place = JSON.parse(sessionStorage.getItem('zerodesk-preview') ?? 'null');
sessionStorage.removeItem('zerodesk-preview');
if (place?.path === location.pathname) scrollTo({ top: place.top, behavior: 'instant' });

const address = new URL('/preview/events', location);
if (own.dataset.article) address.searchParams.set('article', own.dataset.article);
const events = new EventSource(address);
events.addEventListener('message', ({ data }) => {
  if (data === own.dataset.preview) return;
  events.close();
  sessionStorage.setItem('zerodesk-preview', JSON.stringify({ path: location.pathname, top: scrollY }));
  location.reload();
});
addEventListener('pagehide', () => events.close());
