import { createPrivateKey, X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BanyanError } from '@banyan/kernel';
import { TestAuthority } from '@banyan/testkit';
import { MANAGER, READER, ROOTS, startAgent, type TestAgent, TRUST_DOMAIN, WEB } from './agent-fixture.js';

const AGENT_ROOTS = '/v1/agent/connect/ca/roots';
const LEAF = '/v1/agent/connect/ca/leaf/web';

let authority: TestAuthority;
let agent: TestAgent;
beforeAll(async () => {
  authority = await TestAuthority.create(TRUST_DOMAIN, 'first');
  agent = await startAgent({ authority });
});
afterAll(() => agent.stop());

describe('roots', () => {
  it('are what the servers said, byte by byte, without a token', async () => {
    const answer = await agent.ask('GET', AGENT_ROOTS);
    expect([answer.status, answer.body]).toEqual([200, authority.rootsAnswer()]);
    expect(answer.headers).toMatchObject({
      'content-type': 'application/json',
      'x-consul-index': '7',
      'x-consul-knownleader': 'true',
      'x-consul-lastcontact': '0',
      'x-cache': 'HIT',
      age: '0',
    });
  });

  it('keep integers beyond 2^53 when they are indented', async () => {
    const text = '{"SerialNumber":18446744073709551615,"Text":"a:{\\"b\\",[","None":[],"No":{}}';
    agent.source.publish(ROOTS, { index: 8, body: text });
    const waited = await agent.ask('GET', `${AGENT_ROOTS}?pretty&index=7&wait=10s`);
    expect(waited.body).toBe(
      '{\n    "SerialNumber": 18446744073709551615,\n    "Text": "a:{\\"b\\",[",\n    "None": [],\n    "No": {}\n}\n',
    );
    agent.source.publish(ROOTS, { index: 9, body: authority.rootsAnswer() });
    expect((await agent.ask('GET', `${AGENT_ROOTS}?index=8&wait=10s`)).headers['x-consul-index']).toBe('9');
  });

  it('answer a waiting reader 200 with the same index when nothing came in time', async () => {
    const answer = await agent.ask('GET', `${AGENT_ROOTS}?index=9&wait=20ms`);
    expect([answer.status, answer.headers['x-consul-index'], answer.body]).toEqual([200, '9', authority.rootsAnswer()]);
  });

  it.each([
    ['index=x', 'Invalid index'],
    ['index=-1', 'Invalid index'],
    ['index=9&wait=soon', 'Invalid wait time'],
  ])('refuse %s', async (query, text) => {
    const answer = await agent.ask('GET', `${AGENT_ROOTS}?${query}`);
    expect([answer.status, answer.body, answer.headers['x-banyan-error']]).toEqual([400, text, 'REQUEST_INVALID']);
  });

  it('are served from memory with their age while the servers are away', async () => {
    agent.source.isAway = true;
    agent.clock.aheadMs += 45_000;
    const answer = await agent.ask('GET', AGENT_ROOTS);
    expect([answer.status, answer.headers['x-cache'], answer.headers['age']]).toEqual([200, 'HIT', '45']);
    agent.source.isAway = false;
    agent.clock.aheadMs -= 45_000;
  });
});

describe('a leaf', () => {
  it('is MISS at first, then HIT with the same certificate', async () => {
    const [first, second] = [await agent.ask('GET', LEAF, WEB), await agent.ask('GET', LEAF, WEB)];
    expect([first.status, first.headers['x-cache'], first.headers['age']]).toEqual([200, 'MISS', undefined]);
    expect([second.headers['x-cache'], second.headers['age'], second.body]).toEqual(['HIT', '0', first.body]);
    expect(agent.signer.asked).toEqual([WEB]);
  });

  it('has the shape that clients know, a chain without the root, and the key of its certificate', async () => {
    const answer = await agent.ask('GET', LEAF, WEB);
    const leaf = JSON.parse(answer.body) as Record<string, string>;
    expect(Object.keys(leaf)).toEqual([
      'SerialNumber',
      'CertPEM',
      'PrivateKeyPEM',
      'Service',
      'ServiceURI',
      'ValidAfter',
      'ValidBefore',
      'CreateIndex',
      'ModifyIndex',
    ]);
    const chain = leaf['CertPEM']!.match(/-----BEGIN[\s\S]+?-----END CERTIFICATE-----/g)!;
    expect(chain).toHaveLength(2);
    const certificate = new X509Certificate(chain[0]!);
    expect(certificate.checkPrivateKey(createPrivateKey(leaf['PrivateKeyPEM']!))).toBe(true);
    expect(certificate.subjectAltName).toBe(`URI:spiffe://${TRUST_DOMAIN}/ns/default/dc/dc1/svc/web`);
    expect(certificate.verify(new X509Certificate(chain[1]!).publicKey)).toBe(true);
    expect(leaf).toMatchObject({ Service: 'web', ServiceURI: `spiffe://${TRUST_DOMAIN}/ns/default/dc/dc1/svc/web` });
    expect(leaf['SerialNumber']).toMatch(/^[0-9a-f]{2}(:[0-9a-f]{2})+$/);
    expect(leaf['ValidBefore']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(answer.headers['x-consul-index']).toBe(String(leaf['ModifyIndex']));
    expect(answer.headers['x-consul-knownleader']).toBeUndefined();
  });

  it.each([
    ['nobody', undefined, 'anonymous token lacks permission \'service:write\' on "web"'],
    ['a reader', READER, 'lacks permission \'service:write\' on "web"'],
    ['a stranger', 'unknown-secret', 'ACL not found'],
  ])('is refused to %s', async (_who, as, text) => {
    const answer = await agent.ask('GET', LEAF, as);
    expect(answer.status).toBe(403);
    expect(answer.body).toContain(text);
  });

  it('is refused to a service for another one', async () => {
    const answer = await agent.ask('GET', '/v1/agent/connect/ca/leaf/db', WEB);
    expect([answer.status, answer.headers['x-banyan-error']]).toEqual([403, 'PERMISSION_DENIED']);
  });

  it('comes from the own datacenter only', async () => {
    expect((await agent.ask('GET', `${LEAF}?dc=dc1`, WEB)).status).toBe(200);
    const answer = await agent.ask('GET', `${LEAF}?dc=dc2`, WEB);
    expect([answer.status, answer.headers['x-banyan-error']]).toEqual([500, 'DATACENTER_UNKNOWN']);
  });

  it.each(['%25zz', 'we%20b', 'w'.repeat(200)])('is refused for the name %s', async (name) => {
    const answer = await agent.ask('GET', `/v1/agent/connect/ca/leaf/${name}`, MANAGER);
    expect([answer.status, answer.headers['x-banyan-error']]).toEqual([400, 'NAME_INVALID']);
  });

  it('wakes a waiting reader when the authority has changed, with another key under the next root', async () => {
    const before = await agent.ask('GET', LEAF, WEB);
    const index = String(before.headers['x-consul-index']);
    const quiet = await agent.ask('GET', `${LEAF}?index=${index}&wait=20ms`, WEB);
    expect([quiet.status, quiet.body]).toEqual([200, before.body]);

    const next = await TestAuthority.create(TRUST_DOMAIN, 'second');
    const waiting = agent.ask('GET', `${LEAF}?index=${index}&wait=20s`, WEB);
    agent.signer.authority = next;
    agent.source.publish(ROOTS, { index: 20, body: next.rootsAnswer([authority]) });
    const after = await waiting;
    expect(Number(after.headers['x-consul-index'])).toBeGreaterThan(Number(index));
    const [was, is] = [before, after].map(({ body }) => JSON.parse(body) as Record<string, string>);
    expect(is!['PrivateKeyPEM']).not.toBe(was!['PrivateKeyPEM']);
    expect(is!['CertPEM']).toContain(next.intermediate.pem.trim());
  });

  it('tells when to come back, if the servers sign no more and none was signed before', async () => {
    const fresh = await startAgent({ authority });
    try {
      fresh.signer.failure = new BanyanError('CSR_RATE_LIMITED', 'full', { fields: { retryAfterMs: 1_200 } });
      const answer = await fresh.ask('GET', LEAF, WEB);
      expect([answer.status, answer.headers['retry-after'], answer.body]).toEqual([
        429,
        '2',
        'Rate limit reached, try again later',
      ]);
    } finally {
      await fresh.stop();
    }
  });

  it('is not handed out once it has expired', async () => {
    const fresh = await startAgent({ authority });
    try {
      expect((await fresh.ask('GET', LEAF, WEB)).status).toBe(200);
      fresh.signer.failure = new BanyanError('SERVER_UNREACHABLE', 'no server answers');
      fresh.clock.aheadMs += 2 * 3_600_000;
      const answer = await fresh.ask('GET', LEAF, WEB);
      expect([answer.status, answer.headers['x-banyan-error']]).toEqual([503, 'SERVER_UNREACHABLE']);
    } finally {
      await fresh.stop();
    }
  });
});
