import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BanyanError } from '@banyan/kernel';
import { Certificate } from '@banyan/pki';
import { describe, expect, it } from '@jest/globals';
import type { Authorization } from '../ports/mesh-source.js';
import { Admission } from './admission.js';
import { EndpointRotation } from './endpoint-rotation.js';
import { readExpectedPeer, readServicePeer, type ServicePeer } from './peer-identity.js';

const TRUST_DOMAIN = '11111111-2222-4333-8444-555555555555.consul';
const OTHER = '99999999-2222-4333-8444-555555555555.consul';
const WEB = `spiffe://${TRUST_DOMAIN}/ns/default/dc/dc1/svc/web`;
const webId = {
  kind: 'service',
  trustDomain: TRUST_DOMAIN,
  namespace: 'default',
  datacenter: 'dc1',
  service: 'web',
} as const;
const peer: ServicePeer = { uri: WEB, id: webId, serial: '01' };

/** A certificate with any names, made by openssl. */
const certificateWith = (alternativeNames: string | undefined): Uint8Array => {
  const folder = mkdtempSync(join(tmpdir(), 'banyan-peer-'));
  try {
    const names = alternativeNames === undefined ? [] : ['-addext', `subjectAltName=${alternativeNames}`];
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', join(folder, 'key.pem')];
    const out = execFileSync('openssl', ['req', '-x509', ...key, '-subj', '/CN=x', ...names], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return Certificate.fromPem(out.toString().slice(out.indexOf('-----BEGIN'))).der;
  } finally {
    rmSync(folder, { recursive: true });
  }
};

describe('readServicePeer', () => {
  it('reads the only URI', () => {
    const reading = readServicePeer(certificateWith(`URI:${WEB}`), TRUST_DOMAIN);
    expect(reading).toMatchObject({ ok: true, peer: { uri: WEB, id: webId } });
  });

  it.each([
    ['two URIs', `URI:${WEB},URI:spiffe://${TRUST_DOMAIN}/ns/default/dc/dc1/svc/api`, 'carries 2 URIs'],
    ['no name', undefined, 'carries 0 URIs'],
    ['a DNS name only', 'DNS:web', 'carries 0 URIs'],
    ['another trust domain', `URI:spiffe://${OTHER}/ns/default/dc/dc1/svc/web`, 'another trust domain'],
    ['a server', `URI:spiffe://${TRUST_DOMAIN}/agent/server/dc/dc1`, 'a server, not of a service'],
    ['an escape', `URI:spiffe://${TRUST_DOMAIN}/ns/default/dc/dc1/svc/we%62`, 'Not a SPIFFE ID'],
  ])('refuses %s', (_, names, reason) => {
    expect(readServicePeer(certificateWith(names), TRUST_DOMAIN)).toEqual({
      ok: false,
      reason: expect.stringContaining(reason),
    });
  });

  it('refuses the absence of a certificate, and bytes that are none', () => {
    expect(readServicePeer(undefined, TRUST_DOMAIN).ok).toBe(false);
    expect(readServicePeer(Uint8Array.of(0x30, 0x80), TRUST_DOMAIN).ok).toBe(false);
  });

  it('is exact about an expected peer, its datacenter included', () => {
    const der = certificateWith(`URI:${WEB}`);
    expect(readExpectedPeer(der, webId).ok).toBe(true);
    expect(readExpectedPeer(der, { ...webId, datacenter: 'dc2' }).ok).toBe(false);
    expect(readExpectedPeer(der, { ...webId, service: 'we' }).ok).toBe(false);
  });
});

describe('EndpointRotation', () => {
  it('starts one further each time and gives every endpoint once', () => {
    const rotation = new EndpointRotation();
    expect(rotation.order()).toEqual([]);
    rotation.replace([1, 2, 3].map((port) => ({ address: 'h', port, datacenter: 'dc1' })));
    const orders = [1, 2, 3, 4].map(() => rotation.order().map(({ port }) => port));
    expect(orders).toEqual([
      [1, 2, 3],
      [2, 3, 1],
      [3, 1, 2],
      [1, 2, 3],
    ]);
  });
});

const connection = () => {
  const reasons: string[] = [];
  return { reasons, cut: (reason: string) => void reasons.push(reason) };
};

const agentIsAway = (): Promise<Authorization> => Promise.reject(new BanyanError('SERVER_UNREACHABLE', 'away'));

describe('Admission', () => {
  it('cuts a connection whose question is still under way when a later answer denies its source', async () => {
    const waiting: ((answer: Authorization) => void)[] = [];
    const admission = new Admission('api', { authorize: () => new Promise((resolve) => waiting.push(resolve)) });
    const racing = connection();
    const admitted = admission.admit(peer, racing);
    const rechecked = admission.recheck(); // the intentions changed just now
    waiting[1]?.({ authorized: false, reason: 'denied by the change' });
    expect(await rechecked).toBe(true);
    waiting[0]?.({ authorized: true, reason: 'allowed before the change' });
    await admitted;
    expect(racing.reasons).toEqual(['denied by the change']);
  });

  it('denies when the agent cannot be asked, and keeps what is live then', async () => {
    const admission = new Admission('api', { authorize: agentIsAway });
    const live = connection();
    expect(await admission.admit(peer, live)).toEqual({
      authorized: false,
      reason: 'the agent could not be asked: away',
    });
    expect(await admission.recheck()).toBe(false);
    expect(live.reasons).toEqual([]);
  });

  it('asks once per source, and not about forgotten ones', async () => {
    let asked = 0;
    const authorize = async (): Promise<Authorization> => ({ authorized: true, reason: String((asked += 1)) });
    const admission = new Admission('api', { authorize });
    const [one, two] = [connection(), connection()];
    await admission.admit(peer, one);
    await admission.admit(peer, two);
    await admission.recheck();
    expect(asked).toBe(3);
    for (const each of [one, two]) admission.forget(peer, each);
    await admission.recheck();
    expect(asked).toBe(3);
  });
});
