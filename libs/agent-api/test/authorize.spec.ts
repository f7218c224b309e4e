import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, rawHttp, TestAuthority } from '@banyan/testkit';
import { AGENT, MANAGER, READER, startAgent, type TestAgent, TRUST_DOMAIN, WEB } from './agent-fixture.js';

const MATCH = '/v1/connect/intentions/match?by=destination&name=web';
const TEXT = 'text/plain; charset=utf-8';
const uriOf = (service: string): string => `spiffe://${TRUST_DOMAIN}/ns/default/dc/dc2/svc/${service}`;
const row = (SourceName: string, more: object, DestinationName = 'web'): object => ({
  SourceName,
  DestinationName,
  ...more,
});

let authority: TestAuthority;
let agent: TestAgent;
let index = 10;

/** What the servers tell about `web` from now on, to everybody or to one token. */
const publish = (rows: readonly object[], token?: string): void =>
  agent.source.publish(MATCH, { index: (index += 1), body: { web: rows } }, token);

const authorize = (source: string, as = WEB) =>
  agent.ask('POST', '/v1/agent/connect/authorize', as, { Target: 'web', ClientCertURI: uriOf(source) });

const followedByWeb = (): number =>
  agent.source.followed.filter((each) => each.token?.reveal() === WEB && each.path === MATCH).length;

beforeAll(async () => {
  authority = await TestAuthority.create(TRUST_DOMAIN, 'authorize');
  agent = await startAgent({ authority });
  publish([
    row('shop', { Action: 'allow' }),
    row('bank', { Action: 'deny' }),
    row('paths', { Permissions: [{ Action: 'allow', HTTP: { PathPrefix: '/' } }] }),
  ]);
});
afterAll(() => agent.stop());

describe('authorize', () => {
  it.each([
    ['shop', true, 'Matched L4 intention: default/shop => default/web (precedence 9, allow)'],
    ['bank', false, 'Matched L4 intention: default/bank => default/web (precedence 9, deny)'],
    ['paths', false, 'Matched L7 intention: default/paths => default/web (precedence 9, L7 permissions)'],
    ['nobody', false, 'Default intention policy'],
  ])('answers 200 for %s, whatever the verdict', async (source, Authorized, Reason) => {
    const answer = await authorize(source);
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/json']);
    expect(JSON.parse(answer.body)).toEqual({ Authorized, Reason });
  });

  it('follows the default action that the servers told last', async () => {
    agent.defaultAction = 'allow';
    expect(JSON.parse((await authorize('nobody')).body)).toEqual({
      Authorized: true,
      Reason: 'Default intention policy',
    });
    agent.defaultAction = 'deny';
  });

  it('lets the exact destination win over the wildcard, as the order of precedence says', async () => {
    publish([row('*', { Action: 'deny' }, '*'), row('shop', { Action: 'allow' }), row('*', { Action: 'deny' })]);
    expect(JSON.parse((await authorize('shop')).body)).toMatchObject({ Authorized: true });
    expect(JSON.parse((await authorize('other')).body)).toMatchObject({
      Authorized: false,
      Reason: expect.stringContaining('default/* => default/web (precedence 8'),
    });
  });

  it('takes keys in any case', async () => {
    const body = { target: 'web', CLIENTCERTURI: uriOf('shop'), ClientCertSerial: '0a:0b', Namespace: 'default' };
    expect((await agent.ask('POST', '/v1/agent/connect/authorize', WEB, body)).status).toBe(200);
  });
});

describe('a request that authorize refuses', () => {
  const uri = uriOf('shop');
  it.each([
    ['an empty body', '', 'Request decode failed: EOF', 'REQUEST_INVALID'],
    ['no JSON', '{"Target"', 'Request decode failed: json: invalid syntax', 'REQUEST_INVALID'],
    ['an unknown key', { Targets: 'web' }, 'Request decode failed: json: unknown field "', 'REQUEST_INVALID'],
    ['no object', [], 'Request decode failed: json: ', 'REQUEST_INVALID'],
    ['a target that is no text', { Target: 5 }, 'Request decode failed: json: ', 'REQUEST_INVALID'],
    ['another partition', { Target: 'web', Partition: 'eu' }, 'Request decode failed: json: ', 'REQUEST_INVALID'],
    ['no target', { ClientCertURI: uri }, 'Target service must be specified', 'REQUEST_INVALID'],
    ['no URI', { Target: 'web' }, 'ClientCertURI not a valid Connect identifier', 'CONNECT_ID_INVALID'],
    [
      'a URI of something else',
      { Target: 'web', ClientCertURI: 'https://example.com/' },
      'ClientCertURI not a valid Connect identifier',
      'CONNECT_ID_INVALID',
    ],
    [
      "an agent's URI",
      { Target: 'web', ClientCertURI: `spiffe://${TRUST_DOMAIN}/agent/client/dc/dc1/id/n1` },
      'ClientCertURI not a valid Service identifier',
      'CONNECT_ID_INVALID',
    ],
  ])('with 400 for %s', async (_what, body, text, code) => {
    const answer = await agent.ask('POST', '/v1/agent/connect/authorize', MANAGER, body);
    expect([answer.status, answer.headers['content-type'], answer.headers['x-banyan-error']]).toEqual([
      400,
      TEXT,
      code,
    ]);
    expect(answer.body.startsWith(text)).toBe(true);
  });

  it.each([
    ['nobody', undefined, 'anonymous token lacks permission \'service:write\' on "web"'],
    ['a stranger', 'unknown-secret', 'ACL not found'],
    ['a reader', READER, `token with AccessorID 'accessor-of-${READER}' lacks permission 'service:write' on "web"`],
    ['the agent itself', AGENT, 'lacks permission \'service:write\' on "web"'],
  ])('with 403 for %s', async (_who, as, text) => {
    const answer = await agent.ask('POST', '/v1/agent/connect/authorize', as, { Target: 'web', ClientCertURI: uri });
    expect([answer.status, answer.headers['content-type']]).toEqual([403, TEXT]);
    expect(answer.body).toContain(text);
  });

  it("with the servers' 403 when they do not let the token read the intentions", async () => {
    agent.source.publish(MATCH, { index: 1, status: 403, body: 'Permission denied: not yours' }, MANAGER);
    const answer = await authorize('shop', MANAGER);
    expect([answer.status, answer.body, answer.headers['x-banyan-error']]).toEqual([
      403,
      'Permission denied: not yours',
      'PERMISSION_DENIED',
    ]);
  });
});

describe('the memory behind authorize', () => {
  it('tells MISS without an age at first, then HIT with age 0', async () => {
    const fresh = await startAgent({ authority });
    try {
      fresh.source.publish(MATCH, { index: 3, body: { web: [] } });
      const ask = () =>
        fresh.ask('POST', '/v1/agent/connect/authorize', WEB, { Target: 'web', ClientCertURI: uriOf('shop') });
      const [first, second] = [await ask(), await ask()];
      expect([first.headers['x-cache'], first.headers['age']]).toEqual(['MISS', undefined]);
      expect([second.headers['x-cache'], second.headers['age']]).toEqual(['HIT', '0']);
    } finally {
      await fresh.stop();
    }
  });

  it('says that no server answers, when there never was an answer', async () => {
    const fresh = await startAgent({ authority });
    try {
      // The token is known, the intentions are not.
      fresh.source.isAway = true;
      const answer = await fresh.ask('POST', '/v1/agent/connect/authorize', WEB, {
        Target: 'web',
        ClientCertURI: uriOf('shop'),
      });
      expect([answer.status, answer.headers['x-banyan-error']]).toEqual([503, 'SERVER_UNREACHABLE']);
    } finally {
      await fresh.stop();
    }
  });

  it('decides on through an outage, with the age of what it knows, and takes the truth of afterwards', async () => {
    publish([row('shop', { Action: 'allow' })]);
    await eventually('the change has arrived', () => agent.source.followed.length > 0);
    expect(JSON.parse((await authorize('shop')).body)).toMatchObject({ Authorized: true });
    agent.source.isAway = true;
    agent.servers.isAway = true;
    agent.clock.aheadMs += 90_000;
    const during = await authorize('shop');
    expect(JSON.parse(during.body)).toMatchObject({ Authorized: true });
    expect([during.headers['x-cache'], Number(during.headers['age'])]).toEqual(['HIT', 90]);

    publish([row('shop', { Action: 'deny' })]);
    agent.servers.isAway = false;
    // This read, not any: the roots are followed, too, and whichever comes back first says nothing of the other.
    const follows = followedByWeb();
    agent.source.isAway = false;
    await eventually('the read is followed again', () => followedByWeb() > follows);
    const after = await authorize('shop');
    expect([JSON.parse(after.body).Authorized, after.headers['age']]).toEqual([false, '0']);
  });

  it('has changed its mind before a waiting reader of the same intentions is answered', async () => {
    publish([row('shop', { Action: 'allow' })]);
    const path = '/v1/connect/intentions/match?by=destination&name=web';
    const followed = followedByWeb();
    for (const action of ['deny', 'allow', 'deny', 'allow'] as const) {
      const first = await agent.ask('GET', `${path}&cached`, WEB);
      const waiting = agent.ask('GET', `${path}&cached&wait=10s&index=${String(first.headers['x-consul-index'])}`, WEB);
      // As soon as the watcher is answered, on the same turn, authorize is asked.
      const judged = waiting.then(async (answer) => [answer, await authorize('shop')] as const);
      publish([row('shop', { Action: action })]);
      const [woken, verdict] = await judged;
      expect(JSON.parse(woken.body)).toEqual({ web: [row('shop', { Action: action })] });
      expect(JSON.parse(verdict.body).Authorized).toBe(action === 'allow');
    }
    expect(followedByWeb()).toBe(followed);
  });

  it('never answers one token by what another one may read', async () => {
    publish([row('shop', { Action: 'allow' })]);
    agent.servers.grant('second-web', { kind: 'service', service: 'web' });
    publish([row('shop', { Action: 'deny' })], 'second-web');
    expect(JSON.parse((await authorize('shop', WEB)).body).Authorized).toBe(true);
    expect(JSON.parse((await authorize('shop', 'second-web')).body).Authorized).toBe(false);
  });

  it('asks about a token again when its time is over, and refuses it once it is withdrawn', async () => {
    agent.servers.grant('passing', { kind: 'service', service: 'web' });
    expect((await authorize('shop', 'passing')).status).toBe(200);
    agent.servers.grant('passing');
    expect((await authorize('shop', 'passing')).status).toBe(200);
    agent.clock.aheadMs += agent.servers.ttlMs;
    const answer = await authorize('shop', 'passing');
    expect([answer.status, answer.body]).toEqual([403, 'ACL not found']);
  });

  it('takes a token from the query and from Authorization, too', async () => {
    const body = JSON.stringify({ Target: 'web', ClientCertURI: uriOf('shop') });
    const path = '/v1/agent/connect/authorize';
    const byQuery = await rawHttp({ port: agent.port, method: 'POST', path: `${path}?token=${WEB}`, body });
    const byBearer = await rawHttp({
      port: agent.port,
      method: 'POST',
      path,
      headers: { authorization: `bearer ${WEB}` },
      body,
    });
    expect([byQuery.status, byBearer.status]).toEqual([200, 200]);
  });
});
