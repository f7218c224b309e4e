import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { LocalServices } from '@banyan/agent-api';
import { type AgentReport, NO_SIDECARS } from '@banyan/adoption';
import { type Bundle, parseBundle } from '@banyan/agent-cache';
import { BanyanError, HOUR, SecretText, SystemClock, SystemRandom, SystemTimers } from '@banyan/kernel';
import { parseAgentRegistration } from '@banyan/catalog';
import { LanClient } from '@banyan/rpc';
import { eventually, RecordingLogger, TestAuthority, testKeyEncryption } from '@banyan/testkit';
import { AgentIdentity, type AgentIdentityOptions } from '../src/agent-identity.js';
import { Heartbeat } from '../src/heartbeat.js';
import { StoredIdentity } from '../src/stored-identity.js';
import { LanServer, TRUST_DOMAIN } from './lan-server.js';

const TOKEN = 'agent-token-0123456789';
const clock = new SystemClock();
const tools = { clock, timers: new SystemTimers(), random: new SystemRandom() };
const keys = testKeyEncryption();

let first: TestAuthority;
let second: TestAuthority;
let server: LanServer;
let folder: string;
let logger: RecordingLogger;
const ending: (() => Promise<void> | void)[] = [];

beforeAll(async () => {
  [first, second] = await Promise.all([
    TestAuthority.create(TRUST_DOMAIN, 'first'),
    TestAuthority.create(TRUST_DOMAIN, 'second'),
  ]);
});
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'banyan-identity-'));
  logger = new RecordingLogger();
  server = await LanServer.start(first);
});
afterEach(async () => {
  for (const end of ending.splice(0).toReversed()) await end();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Tied {
  readonly identity: AgentIdentity;
  readonly lan: LanClient;
  readonly serial: () => string | undefined;
}

/** The bundle as the roots of servers tell it that sign with `authority` and still trust `older` ones. */
const bundleOf = (authority: TestAuthority, ...older: TestAuthority[]): Bundle =>
  parseBundle(authority.rootsAnswer(older));

const file = (): string => join(folder, 'identity.json');

/** An identity as the agent composes it, started. */
const startIdentity = (changes: Partial<AgentIdentityOptions> = {}): Tied => {
  const identity: AgentIdentity = new AgentIdentity(
    {
      ...tools,
      logger,
      datacenter: 'dc1',
      node: 'n1',
      addresses: () => [server.address],
      token: () => new SecretText(TOKEN),
      anchor: () => ({ pin: first.root.fingerprintSha256 }),
      stored: new StoredIdentity(file(), keys, logger),
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
  return { identity, lan, serial: () => identity.rotating.material?.certChainPem };
};

const ready = (tied: Tied): Promise<void> =>
  eventually('there is an identity', () => tied.identity.rotating.material !== undefined);

describe('an agent without an identity', () => {
  it('enrols by the pin, and keeps what it got, the key sealed', async () => {
    const tied = startIdentity();
    await ready(tied);
    expect(server.tokensSeen).toEqual([TOKEN]);
    expect(tied.identity.rotating.id).toMatchObject({ kind: 'agent', datacenter: 'dc1', node: 'n1' });
    expect(tied.identity.failure).toBeUndefined();
    const text = readFileSync(file(), 'utf8');
    expect([text.includes('PRIVATE KEY'), text.includes('BEGIN CERTIFICATE'), statSync(file()).mode & 0o777]).toEqual([
      false,
      true,
      0o600,
    ]);
    expect(text).not.toContain(TOKEN);
  });

  it('sends no token to a server that the pin does not name, and says why it is not ready', async () => {
    const tied = startIdentity({ anchor: () => ({ pin: 'ab'.repeat(32) }) });
    await eventually('the refusal is known', () => tied.identity.failure !== undefined);
    expect(logger.of('agent identity not ready')[0]).toMatchObject({ code: 'PIN_MISMATCH' });
    expect([server.tokensSeen, tied.identity.rotating.material]).toEqual([[], undefined]);
  });

  it('goes on trying until the anchor is there', async () => {
    let known = false;
    const tied = startIdentity({
      anchor: () => {
        if (!known) throw new BanyanError('CONFIG_INVALID', 'the file with the pin is not there yet');
        return { pin: first.root.fingerprintSha256 };
      },
    });
    await eventually('it has failed', () => tied.identity.failure !== undefined);
    known = true;
    await ready(tied);
    await eventually('the failure is over', () => tied.identity.failure === undefined);
  });
});

describe('an agent that starts again', () => {
  it('comes with the identity it had, and does not enrol', async () => {
    const before = startIdentity();
    await ready(before);
    await before.identity.stop();
    const after = startIdentity();
    expect(after.serial()).toBe(before.serial());
    expect(await after.lan.heartbeat({ node: 'n1', address: '', version: '', observedMs: 1 })).toMatchObject({
      known: true,
    });
    expect(server.tokensSeen).toHaveLength(1);
  });

  it.each<[string, () => void, Partial<AgentIdentityOptions>]>([
    ['the file is damaged', () => writeFileSync(file(), '{"chainPem":"x"'), {}],
    ['the file is of another node', () => undefined, { node: 'n2' }],
  ])('enrols when %s', async (_what, change, options) => {
    const before = startIdentity();
    await ready(before);
    await before.identity.stop();
    change();
    const after = startIdentity(options);
    await ready(after);
    expect(server.tokensSeen).toHaveLength(2);
    expect(after.identity.rotating.id).toMatchObject({ node: options.node ?? 'n1' });
  });

  it('enrols when the identity has expired', async () => {
    const before = startIdentity();
    await ready(before);
    await before.identity.stop();
    const late = { now: () => (clock.now() + 2 * HOUR) as ReturnType<SystemClock['now']> };
    const after = startIdentity({ clock: late });
    await eventually('it tries to enrol', () => logger.of('agent identity not ready').length > 0);
    // The server signs by its own clock, so the certificate is refused; what counts is that the old one was not enough.
    expect(server.tokensSeen.length).toBeGreaterThan(1);
    expect(after.serial()).toBe(before.serial());
  });
});

describe('an identity in use', () => {
  it('is renewed by itself when the authority changes, within the slot, without the token', async () => {
    const tied = startIdentity();
    await ready(tied);
    const before = tied.serial();
    // As the roots tell it: the next root is trusted first, then the server shows it.
    tied.identity.trust(bundleOf(second, first));
    await server.rotate(second, [first]);
    await eventually('it is renewed', () => tied.serial() !== before);
    expect([server.renewals, server.tokensSeen.length]).toEqual([1, 1]);
    expect(readFileSync(file(), 'utf8')).toContain(JSON.stringify(second.intermediate.pem).slice(1, 60));
  });

  it('is renewed at once when its root is compromised and another one signs, and not again at once by a server that is behind', async () => {
    const tied = startIdentity({ reissueSlotMs: () => HOUR });
    await ready(tied);
    const before = tied.serial();
    tied.identity.trust(parseBundle(first.rootsAnswer([second], [first])));
    tied.identity.trust(parseBundle(second.rootsAnswer([first], [first])));
    await eventually('the server that is behind was asked', () => tied.serial() !== before);
    expect([server.renewals, tied.identity.rootId]).toEqual([1, first.root.fingerprintSha1]);
    await server.rotate(second, [first]);
    tied.identity.trust(parseBundle(second.rootsAnswer([first], [first]))); // wakes it
    await eventually('it is under the other root', () => tied.identity.rootId === second.root.fingerprintSha1);
    expect(server.renewals).toBe(2);
  });

  it('is enrolled again when its renewal is refused', async () => {
    const tied = startIdentity();
    await ready(tied);
    server.refusal = new BanyanError('PEER_NOT_ALLOWED', 'the node was removed');
    const before = tied.serial();
    tied.identity.trust({ ...bundleOf(first), activeRootId: 'another' });
    await eventually('it has enrolled again', () => server.tokensSeen.length === 2 && tied.serial() !== before);
    expect(logger.of('the servers refuse this identity: the agent enrols again')).toEqual([
      { reason: 'the node was removed' },
    ]);
  });

  it('is enrolled again after a change of root that the agent slept through, told by the heartbeat', async () => {
    const before = startIdentity();
    await ready(before);
    await before.identity.stop();
    await server.rotate(second);
    const after = startIdentity({ anchor: () => ({ pin: second.root.fingerprintSha256 }) });
    startHeartbeat(after);
    await eventually('a server was told of this node', () => server.beats.length > 0);
    expect(server.tokensSeen).toHaveLength(2);
    expect(after.serial()).not.toBe(before.serial());
  });

  it('is not enrolled anew with every refusal', async () => {
    const tied = startIdentity();
    await ready(tied);
    for (let count = 0; count < 50; count += 1) tied.identity.refused('no');
    await tied.lan.heartbeat({ node: 'n1', address: '', version: '', observedMs: 1 });
    expect(server.tokensSeen).toHaveLength(1);
  });
});

/** How many beats told the whole node. On the wire no text is empty text. */
const wholeBeats = (): number => server.beats.filter(({ nodeJson }) => (nodeJson ?? '') !== '').length;

const report = (clockOffsetMs: number): AgentReport => ({
  bundle: ['r1'],
  leaves: { byRoot: {}, rateLimited: 0 },
  ...NO_SIDECARS,
  clockOffsetMs,
  version: '1',
});
const onServers = (): void => undefined;

/** The heartbeat of a node with its services, started. */
const startHeartbeat = ({ identity, lan }: Tied): { heartbeat: Heartbeat; services: LocalServices } => {
  const services = new LocalServices(join(folder, 'services.json'), logger);
  const node = { node: 'n1', nodeId: '00000000-0000-4000-8000-000000000001', address: '10.0.0.7', version: '1' };
  const onRefused = (reason: string): void => identity.refused(reason);
  const heartbeat = new Heartbeat({ ...tools, ...node, logger, lan, services, onRefused, onServers, report });
  ending.push(() => heartbeat.stop());
  heartbeat.start();
  return { heartbeat, services };
};

describe('a heartbeat', () => {
  it('tells the whole node at first and after every change, and takes over what the server says', async () => {
    const tied = startIdentity();
    await ready(tied);
    const { heartbeat, services } = startHeartbeat(tied);
    expect(heartbeat.defaultAction).toBe('deny');
    server.defaultPolicy = 'allow';
    await eventually('the first beat is answered', () => heartbeat.lastHeardAt !== undefined);
    expect(JSON.parse(server.beats[0]!.nodeJson!)).toEqual({
      node: { Node: 'n1', ID: '00000000-0000-4000-8000-000000000001', Address: '10.0.0.7', Meta: {} },
      services: [],
      checks: [],
    });
    expect(heartbeat.defaultAction).toBe('allow');
    expect(heartbeat.skewMs).toBeGreaterThanOrEqual(5_000);
    expect([heartbeat.reissueSpreadMs, JSON.parse(server.beats[0]!.reportJson!)]).toMatchObject([
      700,
      { bundle: ['r1'], clockOffsetMs: 0 },
    ]);

    services.register(parseAgentRegistration({ Name: 'web', Port: 1, Check: { TTL: '1h' } }));
    await eventually('the change is told', () => server.beats.length === 2);
    expect(JSON.parse(server.beats[1]!.nodeJson!)).toMatchObject({
      services: [{ ID: 'web' }],
      checks: [{ CheckID: 'service:web', Status: 'critical' }],
    });
    server.defaultPolicy = 'deny';
    heartbeat.wake();
    await eventually('a plain beat follows', () => server.beats.length === 3);
    expect(wholeBeats()).toBe(2);
    await eventually('the policy is taken over', () => heartbeat.defaultAction === 'deny');
  });

  it('tells the whole node again to a server that does not know it, and after a failure', async () => {
    const tied = startIdentity();
    await ready(tied);
    const { heartbeat } = startHeartbeat(tied);
    await eventually('the first beat is answered', () => heartbeat.lastHeardAt !== undefined);
    server.knows = false;
    heartbeat.wake();
    await eventually('it is told again', () => wholeBeats() === 2);
    server.knows = true;
    server.refusal = new BanyanError('STORE_UNREACHABLE', 'no store');
    heartbeat.wake();
    await eventually('the failure is logged', () => logger.of('no server was told of this node').length === 1);
    server.refusal = undefined;
    await eventually('it is told again', () => wholeBeats() === 3);
  });
});
