import { expect } from '@jest/globals';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { seriousFindings } from './axe.js';

/** Pictures of a run; not part of the repository. */
const ARTIFACTS = join(dirname(fileURLToPath(import.meta.url)), '../../../artifacts/dashboard');

/** How a visitor looks at the page. */
export interface Looks {
  readonly scheme?: 'light' | 'dark';
  /** Of the window, in pixels. A phone: 390. */
  readonly width?: number;
}

const HEIGHT = 900;
const PHONE_HEIGHT = 844;
const WIDTH = 1_280;
/** What a page shows within this was there at once, as far as a person can tell on a busy machine. */
export const SEEN_MS = 15_000;

/** Somebody in front of a browser window, with what went wrong in it. */
export class Visitor {
  /** Errors of the page: exceptions, refusals of its policy, requests that went anywhere but to its server. */
  readonly faults: string[] = [];

  private constructor(
    readonly page: Page,
    private readonly context: BrowserContext,
    address: string,
  ) {
    page.setDefaultTimeout(SEEN_MS);
    page.on('pageerror', (error) => this.faults.push(`exception: ${error.message}`));
    page.on('console', (message) => {
      // A refused or failed request is shown by the page; the browser's own line about it is no fault.
      if (message.type() === 'error' && !/Failed to load resource|net::ERR_/.test(message.text()))
        this.faults.push(`console: ${message.text()}`);
    });
    page.on('request', (request) => {
      const url = request.url();
      if (!url.startsWith(`http://${address}/`) && !/^(data|blob):/.test(url)) this.faults.push(`asked ${url}`);
    });
  }

  /** Opens `/ui/` of a server. */
  static async at(
    browser: Browser,
    address: string,
    { scheme = 'light', width = WIDTH }: Looks = {},
  ): Promise<Visitor> {
    const context = await browser.newContext({
      colorScheme: scheme,
      viewport: { width, height: width < 600 ? PHONE_HEIGHT : HEIGHT },
      permissions: ['clipboard-read', 'clipboard-write'],
      reducedMotion: 'reduce',
    });
    const visitor = new Visitor(await context.newPage(), context, address);
    await visitor.page.goto(`http://${address}/ui/`);
    return visitor;
  }

  async signIn(token: string): Promise<void> {
    await this.page.getByLabel('Token', { exact: true }).fill(token);
    await this.page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await this.page.getByRole('navigation', { name: 'Pages' }).waitFor();
  }

  /** Goes to a page by the navigation, and waits for its title. */
  async goTo(title: string): Promise<void> {
    await this.page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: title, exact: true }).click();
    await this.page.getByRole('heading', { level: 1, name: title }).waitFor();
  }

  /** A titled part of the page. */
  section(title: string | RegExp): Locator {
    return this.page.getByRole('region', { name: title });
  }

  async sees(text: string | RegExp, limitMs = SEEN_MS): Promise<void> {
    await this.page.getByText(text).first().waitFor({ timeout: limitMs });
  }

  /** The page is live: its stream is open. */
  async isLive(limitMs = SEEN_MS): Promise<void> {
    await this.page.locator('[data-connection="open"]').waitFor({ timeout: limitMs });
  }

  /** Answers the dialog: fills the fields, types the word, presses the button, and waits until it is gone. */
  async confirm(word: string, action: string, fields: Readonly<Record<string, string>> = {}): Promise<void> {
    const dialog = this.page.getByRole('dialog');
    for (const [label, text] of Object.entries(fields)) await dialog.getByLabel(new RegExp(`^${label}`)).fill(text);
    const button = dialog.getByRole('button', { name: action, exact: true });
    expect(await button.isDisabled()).toBe(true);
    await dialog.getByLabel(/^Type/).fill(word);
    await button.click();
    await dialog.waitFor({ state: 'detached' });
  }

  /** No finding of axe that is serious or critical. */
  async isAccessible(): Promise<void> {
    expect(await seriousFindings(this.page)).toEqual([]);
  }

  /** Nothing of the page is wider than its window: a phone does not scroll sideways. */
  async fits(): Promise<void> {
    const { content, window } = await this.page.evaluate(() => ({
      content: document.documentElement.scrollWidth,
      window: document.documentElement.clientWidth,
    }));
    expect(content).toBeLessThanOrEqual(window);
  }

  /** A picture of the whole page in the folder of artifacts. */
  async picture(name: string): Promise<void> {
    mkdirSync(ARTIFACTS, { recursive: true });
    await this.page.evaluate(() => window.scrollTo(0, 0));
    await this.page.screenshot({ path: join(ARTIFACTS, `${name}.png`), fullPage: true });
  }

  /** Leaves, and tells what went wrong meanwhile. */
  async leave(): Promise<void> {
    await this.context.close();
    expect(this.faults).toEqual([]);
  }
}
