import { effect, signal } from '@preact/signals';

/** `system` follows the operating system. */
export type Theme = 'system' | 'light' | 'dark';

const KEY = 'banyan-theme';
const isTheme = (text: string | null): text is Theme => text === 'system' || text === 'light' || text === 'dark';

const stored = localStorage.getItem(KEY);

/** The chosen theme. It is the only thing that this page stores in the browser. */
export const theme = signal<Theme>(isTheme(stored) ? stored : 'system');

effect(() => {
  document.documentElement.dataset['theme'] = theme.value;
  localStorage.setItem(KEY, theme.value);
});

const NEXT: Readonly<Record<Theme, Theme>> = { system: 'light', light: 'dark', dark: 'system' };

export const switchTheme = (): void => {
  theme.value = NEXT[theme.value];
};
