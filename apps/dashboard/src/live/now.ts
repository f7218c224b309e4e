import { signal } from '@preact/signals';

/** The page's clock, in milliseconds, moved once a second while the page is visible: ages and countdowns read it. */
export const nowMs = signal(Date.now());

setInterval(() => {
  if (document.visibilityState === 'visible') nowMs.value = Date.now();
}, 1_000);
document.addEventListener('visibilitychange', () => {
  nowMs.value = Date.now();
});
