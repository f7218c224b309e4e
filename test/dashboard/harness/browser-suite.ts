import { afterAll, beforeAll } from '@jest/globals';
import type { Browser } from 'playwright-core';
import type { Mesh } from '../../e2e/harness/mesh.js';
import { openChromium } from './chromium.js';
import { type Looks, Visitor } from './visitor.js';

/** One browser for the tests of one `describe`, and the visitors in it. */
export interface BrowserSuite {
  /** Somebody new at a server of a datacenter, signed in as the operator. */
  readonly operator: (mesh: Mesh, datacenter?: 'dc1' | 'dc2', looks?: Looks) => Promise<Visitor>;
  /** Somebody new who has no token yet. */
  readonly stranger: (mesh: Mesh, datacenter?: 'dc1' | 'dc2', looks?: Looks) => Promise<Visitor>;
  /** Somebody new at whatever listens there. */
  readonly at: (address: string, looks?: Looks) => Promise<Visitor>;
}

/** Call it inside of `describe`. */
export const browserSuite = (): BrowserSuite => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openChromium();
  });
  afterAll(() => browser?.close());
  const stranger = (mesh: Mesh, datacenter: 'dc1' | 'dc2' = 'dc1', looks: Looks = {}): Promise<Visitor> =>
    Visitor.at(browser, mesh[datacenter].addresses.serverHttp, looks);
  return {
    stranger,
    at: (address, looks = {}) => Visitor.at(browser, address, looks),
    operator: async (mesh, datacenter, looks) => {
      const visitor = await stranger(mesh, datacenter, looks);
      await visitor.signIn(mesh.secrets.token('management'));
      return visitor;
    },
  };
};
