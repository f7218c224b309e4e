import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { RootProvider } from '@banyan/ca';
import { HOUR, MINUTE } from '@banyan/kernel';
import { eventually, FakeTime, RecordingLogger, ScriptedRandom, settled } from '@banyan/testkit';
import { VaultKind } from '../src/index.js';
import { calm } from './edges.js';
import type { LocalVault } from './local-vault/local-vault.js';
import { failure, placeIn, rootRequest } from './vault-behaviour.js';
import { localVault, policyFor, type VaultLab } from './vault-lab.js';

const REVOKE = 'POST auth/token/revoke-self';
const RENEW = 'POST auth/token/renew-self';
/** With the fraction 0, a token is renewed at 45 % of its life. */
const RENEWED_AT = 0.45;

let time: FakeTime;
let server: LocalVault;
let lab: VaultLab;
let kind: VaultKind;
let logger: RecordingLogger;

beforeEach(async () => {
  time = new FakeTime();
  ({ server, lab } = await localVault(time.clock));
  logger = new RecordingLogger();
  kind = new VaultKind({ clock: time.clock, timers: time.timers, random: new ScriptedRandom([0]), logger });
});
afterEach(async () => {
  await kind.stop();
  await server.stop();
});

const count = (request: string): number => server.requests.filter((each) => each === request).length;
const logins = (): number => server.requests.filter((each) => each.endsWith('/login')).length;

/** Lets time pass from wait to wait, and the real requests that begin at one come back before the next. */
const pass = async (ms: number): Promise<void> => {
  const end = time.now + ms;
  while (time.now < end) {
    await time.advance(Math.min(end - time.now, time.waits[0] ?? ms));
    await quiet();
  }
};

/** The limit of a request, ms: as long as one is under way, it stands among the waits. */
const REQUEST_LIMIT = 15_000;

const quiet = async (): Promise<void> => {
  await eventually('no request is under way', () => !time.waits.includes(REQUEST_LIMIT));
  await settled();
};

const provideWith = async (
  own: (mount: string) => Promise<Record<string, unknown>>,
): Promise<{ provider: RootProvider; options: Record<string, unknown> }> => {
  const { mount, options } = await placeIn(lab);
  const all = { ...options, ...(await own(mount)) };
  const provider = kind.open(all);
  await provider.provide(rootRequest(lab), calm());
  return { provider, options: all };
};

const withToken = async (life: Parameters<VaultLab['token']>[1]) =>
  provideWith(async (mount) => ({ Token: await lab.token(policyFor(mount), life) }));

const withAppRole = async (settings: Record<string, unknown>) =>
  provideWith(async (path) => {
    const { mount, roleId, secretId } = await lab.appRole(policyFor(path), settings);
    return { AuthMethod: { Type: 'approle', MountPath: mount, Params: { role_id: roleId, secret_id: secretId } } };
  });

describe('the token for Vault', () => {
  it('is renewed before half of its life is over, for as long as it takes', async () => {
    const { provider } = await withToken({ ttl: '1h' });
    for (let renewals = 1; renewals <= 4; renewals += 1) {
      await pass(RENEWED_AT * HOUR);
      expect(count(RENEW)).toBe(renewals);
    }
    await provider.provide(rootRequest(lab), calm());
    expect(logger.lines).toEqual([]);
  });

  it('without an end is asked about once', async () => {
    const { provider } = await provideWith(async () => Promise.resolve({ Token: server.rootToken }));
    const lookups = count('GET auth/token/lookup-self');
    await pass(12 * HOUR);
    expect(count(RENEW)).toBe(0);
    expect(count('GET auth/token/lookup-self')).toBe(lookups);
    await provider.provide(rootRequest(lab), calm());
  });

  it('is renewed with back-off while Vault is sealed, with a few lines of log, and at once afterwards', async () => {
    const { provider } = await withToken({ ttl: '10h' });
    server.isSealed = true;
    await pass(RENEWED_AT * 10 * HOUR);
    await pass(60 * MINUTE);
    const tries = count(RENEW);
    expect(tries).toBeGreaterThan(55);
    expect(tries).toBeLessThan(70);
    const told = logger.of('the token for Vault is not renewed, trying again');
    expect(told.map(({ failures }) => failures)).toEqual([1, 2, 4, 8, 16, 32, 64].slice(0, told.length));
    expect(told.length).toBeLessThanOrEqual(7);
    expect(told[0]).toMatchObject({ code: 'PROVIDER_UNREACHABLE' });
    server.isSealed = false;
    await pass(2 * MINUTE);
    const renewed = count(RENEW);
    await pass(60 * MINUTE);
    expect(count(RENEW)).toBe(renewed);
    await provider.provide(rootRequest(lab), calm());
  });

  it('that cannot be renewed beyond a point is told about once, used until it ends, and then named', async () => {
    const { provider } = await withToken({ ttl: '60m', explicit_max_ttl: '90m' });
    await pass(85 * MINUTE);
    expect(
      logger.of('the token for Vault ends and cannot be renewed: put a fresh one into the CA configuration'),
    ).toHaveLength(1);
    const renewals = count(RENEW);
    await provider.provide(rootRequest(lab), calm());
    await pass(6 * MINUTE);
    expect(count(RENEW)).toBe(renewals);
    const error = await failure(provider.provide(rootRequest(lab), calm()));
    expect(error).toMatchObject({ code: 'PROVIDER_REFUSED' });
    expect(error.message).toContain('Put a fresh Token into the CA configuration');
  });

  it('that is not renewable is told about once', async () => {
    await withToken({ ttl: '1h', renewable: false });
    await pass(50 * MINUTE);
    expect(count(RENEW)).toBe(0);
    expect(logger.lines.map(({ level }) => level)).toEqual(['warn']);
  });

  it('of an AppRole is replaced by a fresh login when it cannot be renewed any more', async () => {
    const { provider } = await withAppRole({ token_ttl: '60m', token_max_ttl: '90m' });
    await pass(24 * HOUR);
    expect(logins()).toBeGreaterThan(10);
    expect(logins()).toBeLessThan(30);
    await provider.provide(rootRequest(lab), calm());
    expect(logger.lines).toEqual([]);
  }, 60_000);

  it('is shared by all providers of equal options', async () => {
    const { options } = await withAppRole({ token_ttl: '60m' });
    await kind.open(options).provide(rootRequest(lab), calm());
    await kind.open({ ...options, LeafCertTTL: '2h' }).provide(rootRequest(lab), calm());
    expect(logins()).toBe(1);
  });

  it('is let go when nobody has used it for a day, and obtained again by the next use', async () => {
    const { provider } = await withAppRole({ token_ttl: '60m' });
    await pass(25 * HOUR);
    const renewals = count(RENEW);
    await pass(5 * HOUR);
    expect(count(RENEW)).toBe(renewals);
    await provider.provide(rootRequest(lab), calm());
    expect(logins()).toBe(2);
  }, 60_000);

  it('is renewed no more after the kind was stopped', async () => {
    await withToken({ ttl: '1h' });
    await kind.stop();
    await pass(HOUR);
    expect(count(RENEW)).toBe(0);
  });

  it('that a login brought is revoked when the kind is stopped, and one that was given is not', async () => {
    await withAppRole({ token_ttl: '60m' });
    await kind.stop();
    expect(count(REVOKE)).toBe(1);
    await withToken({ ttl: '1h' });
    await kind.stop();
    expect(count(REVOKE)).toBe(1);
    expect(logger.lines).toEqual([]);
  });

  it('does not hold up a stop when it cannot be revoked', async () => {
    await withAppRole({ token_ttl: '60m' });
    await server.stop();
    await kind.stop();
    expect(logger.lines.map(({ level, message }) => [level, message])).toContainEqual([
      'warn',
      'a login token for Vault is left to end by itself: it could not be revoked',
    ]);
  });

  it('of a service account is got with the file of the moment, and refused by name', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'banyan-jwt-')), 'token');
    writeFileSync(file, 'first-jwt\n');
    const { mount, options } = await placeIn(lab);
    server.serviceAccounts.set('second-jwt', { role: 'banyan', policies: [await lab.policy(policyFor(mount))] });
    const own = { AuthMethod: { type: 'kubernetes', params: { role: 'banyan', token_path: file } } };
    const provider = kind.open({ ...options, ...own });
    const error = await failure(provider.provide(rootRequest(lab), calm()));
    expect(error).toMatchObject({ code: 'PROVIDER_REFUSED' });
    expect(error.message).toContain('Vault refuses the Kubernetes login: check role');
    expect(error.message).not.toContain('first-jwt');
    writeFileSync(file, 'second-jwt\n');
    await provider.provide(rootRequest(lab), calm());
    const missing = kind.open({
      ...options,
      AuthMethod: { Type: 'kubernetes', Params: { role: 'x', token_path: '/none' } },
    });
    const unread = await failure(missing.provide(rootRequest(lab), calm()));
    expect(unread).toMatchObject({ code: 'PROVIDER_REFUSED' });
    expect(unread.message).toContain('AuthMethod.Params.token_path cannot be read');
  });
});
