import { signal } from '@preact/signals';
import { PAGES } from './pages.js';
import { switchTheme } from './theme.js';

/** Whether the list of keys is shown. */
export const areKeysShown = signal(false);

/** How long after `g` the second key counts. */
const SEQUENCE_MS = 1_500;

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

/** Listens to the keys of the whole page: `g` and a letter, `?`, `/`, `d`. Returns what ends it. */
export function listenToKeys(navigate: (path: string) => void): () => void {
  let wentAt = -SEQUENCE_MS;
  const onKey = (event: KeyboardEvent): void => {
    if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.querySelector('dialog[open]') !== null) return;
    const isSecond = event.timeStamp - wentAt < SEQUENCE_MS;
    wentAt = -SEQUENCE_MS;
    const page = isSecond ? PAGES.find(({ key }) => key === event.key) : undefined;
    if (page !== undefined) navigate(page.path);
    else if (event.key === 'g') wentAt = event.timeStamp;
    else if (event.key === '?') areKeysShown.value = true;
    else if (event.key === 'd') switchTheme();
    else if (event.key === '/') focusSearch(event);
    else return;
    if (page !== undefined) event.preventDefault();
  };
  document.addEventListener('keydown', onKey);
  return () => document.removeEventListener('keydown', onKey);
}

function focusSearch(event: KeyboardEvent): void {
  const field = document.querySelector<HTMLInputElement>('main input[type=search]');
  if (field === null) return;
  event.preventDefault();
  field.focus();
}
