import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { rawHttp, TestAuthority } from '@banyan/testkit';
import { startAgent, type TestAgent, TRUST_DOMAIN, WEB } from './agent-fixture.js';

let agent: TestAgent;
beforeAll(async () => {
  agent = await startAgent({ authority: await TestAuthority.create(TRUST_DOMAIN, 'first') });
});
afterAll(() => agent.stop());

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0';

const ask = (path: string, headers: Record<string, string>, body?: string) =>
  rawHttp({
    port: agent.port,
    path,
    method: body === undefined ? 'GET' : 'POST',
    headers: { 'x-consul-token': WEB, ...headers },
    ...(body !== undefined && { body }),
  });

const QUESTION = JSON.stringify({
  Target: 'api',
  ClientCertURI: `spiffe://${TRUST_DOMAIN}/ns/default/dc/dc1/svc/web`,
  ClientCertSerial: '01',
});

describe('an agent', () => {
  it('gives no key and no verdict to a page whose name was pointed at its port', async () => {
    const foreign = { host: 'evil.example', 'user-agent': FIREFOX };
    for (const [path, body] of [
      ['/v1/agent/connect/ca/leaf/web'],
      ['/v1/agent/connect/authorize', QUESTION],
    ] as const) {
      const answer = await ask(path, foreign, body);
      expect([path, answer.status, answer.headers['x-banyan-error']]).toEqual([path, 421, 'HOST_NOT_ALLOWED']);
      expect(answer.body).not.toContain('PRIVATE KEY');
    }
  });

  it('takes no question from a page of another origin', async () => {
    const answer = await ask('/v1/agent/connect/authorize', { origin: 'http://localhost:3000' }, QUESTION);
    expect([answer.status, answer.headers['x-banyan-error']]).toEqual([403, 'ORIGIN_NOT_ALLOWED']);
  });

  it('answers every other client, whatever it calls the agent', async () => {
    const answer = await ask('/v1/agent/connect/ca/leaf/web', { host: 'agent.mesh.internal.example' });
    expect([answer.status, answer.body.includes('PRIVATE KEY')]).toEqual([200, true]);
  });
});
