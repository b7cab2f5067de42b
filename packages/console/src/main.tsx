import { render } from 'preact';
import { App } from './app.js';
import { keepFocus } from './focus/keep-focus.js';
import { follow } from './state/live.js';

const root = document.getElementById('app');
if (root === null) throw new Error('the page has no place for the console');
render(<App />, root);
keepFocus(root);
void follow();

// `/` goes to the filter of the page, as in many tools.
addEventListener('keydown', (event) => {
  const isTyping = event.target instanceof HTMLElement && event.target.matches('input, select, textarea');
  if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || isTyping) return;
  const filter = document.querySelector<HTMLElement>('[data-filter]');
  if (filter === null) return;
  event.preventDefault();
  filter.focus();
});
