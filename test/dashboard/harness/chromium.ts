import { type Browser, chromium } from 'playwright-core';
import { existsSync } from 'node:fs';

/** Where Debian's package puts it. */
const DEBIAN = '/usr/bin/chromium';

/** Nothing that a browser does by itself: no update, no component, no request but the page's own. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // Says what the heap really holds, and lets a test collect it.
  '--js-flags=--expose-gc',
  '--enable-precise-memory-info',
];

/** The browser of this machine. Fails with what to do where there is none. */
export const openChromium = (): Promise<Browser> => {
  const executablePath = process.env['BANYAN_CHROMIUM'] ?? DEBIAN;
  if (!existsSync(executablePath)) {
    throw new Error(
      `No browser at ${executablePath}: install one (apt-get install chromium) or name yours in BANYAN_CHROMIUM`,
    );
  }
  return chromium.launch({ executablePath, headless: true, args: FLAGS });
};
