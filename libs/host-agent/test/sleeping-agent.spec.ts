import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MINUTE, SecretText, SystemClock, SystemRandom, SystemTimers } from '@banyan/kernel';
import { parseCertificates } from '@banyan/pki';
import { LanClient } from '@banyan/rpc';
import { eventually, FakeTime, RecordingLogger, TestAuthority, testKeyEncryption } from '@banyan/testkit';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { AgentIdentity, type AgentIdentityOptions } from '../src/agent-identity.js';
import { StoredIdentity } from '../src/stored-identity.js';
import { LanServer, TRUST_DOMAIN } from './lan-server.js';

const clock = new SystemClock();
const tools = { clock, timers: new SystemTimers(), random: new SystemRandom() };
const keys = testKeyEncryption();

let first: TestAuthority;
let second: TestAuthority;
let third: TestAuthority;
let server: LanServer;
let folder: string;
let logger: RecordingLogger;
const ending: (() => Promise<void> | void)[] = [];

beforeAll(async () => {
  const made = await Promise.all(['one', 'two', 'three'].map((name) => TestAuthority.create(TRUST_DOMAIN, name)));
  [first, second, third] = made as [TestAuthority, TestAuthority, TestAuthority];
});
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'banyan-sleeper-'));
  logger = new RecordingLogger();
  server = await LanServer.start(first);
});
afterEach(async () => {
  for (const end of ending.splice(0).toReversed()) await end();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

const start = (changes: Partial<AgentIdentityOptions> = {}): AgentIdentity => {
  const identity: AgentIdentity = new AgentIdentity(
    {
      ...tools,
      logger,
      datacenter: 'dc1',
      node: 'n1',
      addresses: () => [server.address],
      token: () => new SecretText('agent-token-0123456789'),
      anchor: () => ({ pin: first.root.fingerprintSha256 }),
      stored: new StoredIdentity(join(folder, 'identity.json'), keys, logger),
      reissueSlotMs: () => 20,
      ...changes,
    },
    () => lan,
  );
  const lan = new LanClient({ addresses: [server.address], identity: identity.rotating, datacenter: 'dc1', clock });
  ending.push(
    () => lan.close(),
    () => identity.stop(),
  );
  identity.start();
  return identity;
};

const link = async (from: TestAuthority, to: TestAuthority) => ({
  kind: 'vouched' as const,
  fromFingerprint: from.root.fingerprintSha256,
  fromPem: from.root.pem,
  crossSignedPem: (await from.crossSign(to)).pem,
  nextFingerprint: to.root.fingerprintSha256,
});
const tainted = (of: TestAuthority) => ({
  kind: 'tainted' as const,
  fromFingerprint: of.root.fingerprintSha256,
  fromPem: '',
  crossSignedPem: '',
  nextFingerprint: '',
});
/** The servers have rotated twice, and the first two roots have left the bundle. */
const rotateTwice = async (): Promise<void> => {
  server.transitions = [await link(second, third), await link(first, second)];
  await server.rotate(third);
};
const isUnder = (identity: AgentIdentity, authority: TestAuthority): boolean => {
  const chain = identity.rotating.material?.certChainPem;
  return chain !== undefined && parseCertificates(chain)[1]?.equals(authority.intermediate) === true;
};
const recovered = (from: TestAuthority, steps: number) => [
  { from: from.root.fingerprintSha256, to: third.root.fingerprintSha256, steps },
];

describe('an agent that knows only a retired root', () => {
  it('joins with a pin from two rotations ago, and says how', async () => {
    await rotateTwice();
    const identity = start();
    await eventually('it has joined', () => isUnder(identity, third));
    expect(logger.of('trust recovered by transitions')).toEqual(recovered(first, 2));
  });

  it('comes back after its identity has expired and two rotations were slept through', async () => {
    server.leafLifetimeMs = MINUTE + 4_000;
    const before = start();
    await eventually('it has joined', () => isUnder(before, first));
    await before.stop();
    const { notAfter } = parseCertificates(before.rotating.material!.certChainPem)[0]!;
    await eventually('its identity has expired', () => clock.now() > notAfter);
    server.leafLifetimeMs = 10 * MINUTE;
    await rotateTwice();
    const after = start();
    await eventually('it is back', () => isUnder(after, third));
    expect(logger.of('trust recovered by transitions')).toEqual(recovered(first, 2));
    expect(server.tokensSeen).toHaveLength(2);
  });

  it('comes back with its identity still valid when a server no longer takes it', async () => {
    const before = start();
    await eventually('it has joined', () => isUnder(before, first));
    await before.stop();
    await rotateTwice();
    const after = start();
    after.refused('the server’s certificate is not trusted');
    await eventually('it is back', () => isUnder(after, third));
  });

  it('is told what to do, and sends no token, when the key was compromised', async () => {
    server.transitions = [tainted(first)];
    await server.rotate(third);
    const identity = start();
    await eventually('it says why not', () => identity.failure !== undefined);
    expect(identity.failure).toMatch(/^ROOT_TAINTED: .*have the operator give a new pin$/);
    expect(server.tokensSeen).toEqual([]);
  });
});

/** It had received the next root before it slept; the pin it was given is of the compromised one. */
const sleepAndTaint = async (): Promise<void> => {
  const before = start();
  await eventually('it has joined', () => isUnder(before, first));
  const bundlePem = first.root.pem + third.root.pem;
  before.trust({ bundlePem, activeRootId: first.root.fingerprintSha1, rootIds: [first.root.fingerprintSha1] });
  await before.stop();
  server.transitions = [tainted(first)];
  await server.rotate(third);
};

describe('an agent whose pinned root was compromised', () => {
  it('comes back by the last bundle it was given, and says so', async () => {
    await sleepAndTaint();
    const after = start();
    after.refused('not trusted');
    await eventually('it is back', () => isUnder(after, third));
    expect(logger.of('the configured anchor leads to no root of the servers, the last known bundle does')).toEqual([
      { code: 'ROOT_TAINTED', reason: expect.any(String) },
    ]);
  });

  it('means nothing but the anchor that it has now, when the operator gave another one', async () => {
    await sleepAndTaint();
    const after = start({ anchor: () => ({ pin: second.root.fingerprintSha256 }) });
    after.refused('not trusted');
    await eventually('it says why not', () => after.failure !== undefined);
    expect(after.failure).toMatch(/^PIN_MISMATCH: /);
    expect(server.tokensSeen).toHaveLength(1);
  });
});

describe('an agent whose clock is 10 min behind', () => {
  it('says CLOCK_SKEW, and asks for another certificate after half a minute, not at once', async () => {
    server.aheadMs = 10 * MINUTE;
    const time = new FakeTime();
    const identity = start({ timers: time.timers });
    await time.advance(0);
    await eventually('it says why not', () => identity.failure !== undefined);
    expect(identity.failure).toMatch(/^CLOCK_SKEW: our clock is at least (599|600) s behind the server's/);
    expect(logger.of('agent identity not ready')).toMatchObject([{ code: 'CLOCK_SKEW' }]);
    await time.advance(29_000);
    expect(server.tokensSeen).toHaveLength(1);
    server.aheadMs = 0;
    await time.advance(1_000);
    await eventually('it has joined', () => isUnder(identity, first));
    expect([server.tokensSeen.length, identity.failure]).toEqual([2, undefined]);
  });
});
