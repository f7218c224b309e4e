import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { rawHttp, type RawHttpAnswer } from '@banyan/testkit';
import { type Edge, startEdge } from './edge-fixture.js';

const TEXT = 'text/plain; charset=utf-8';
const MANAGER = { 'x-consul-token': 'first-secret' };

let edge: Edge;

const ask = (
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body?: string,
): Promise<RawHttpAnswer> =>
  rawHttp({ port: edge.port, method, path, headers, ...(body === undefined ? {} : { body }) });

const put = (body: string, headers: Record<string, string> = {}): Promise<RawHttpAnswer> =>
  ask('PUT', '/v1/items/a', { ...MANAGER, ...headers }, body);

const self = async (query: string, headers: Record<string, string>): Promise<string> =>
  (await ask('GET', `/v1/self${query}`, headers)).body;

describe('the conventions of the HTTP edge, byte for byte', () => {
  beforeAll(async () => {
    edge = await startEdge();
  });
  afterAll(async () => {
    await edge.app.close();
  });

  describe('answers', () => {
    it('writes compact JSON without a newline, and 4 spaces and a newline for ?pretty', async () => {
      expect((await ask('GET', '/v1/items/exact?source=web')).body).toBe('{"source":"web","passing":false}');
      const pretty = '{\n    "source": "web",\n    "passing": false\n}\n';
      expect((await ask('GET', '/v1/items/exact?source=web&pretty')).body).toBe(pretty);
      expect((await ask('GET', '/v1/items/exact?source=web&pretty=false')).body).toBe(pretty);
    });

    it('writes bare scalars as JSON', async () => {
      const answer = await ask('GET', '/v1/scalar');
      expect([answer.status, answer.body, answer.headers['content-type']]).toEqual([
        200,
        '"10.0.0.5:8300"',
        'application/json',
      ]);
    });

    it('writes integers above 2^53 with all their digits', async () => {
      const digits = BigInt('0x5bcd0000000000000000000000000001').toString();
      expect((await ask('GET', '/v1/big')).body).toBe(`{"SerialNumber":${digits},"note":"12345"}`);
    });

    it('answers PUT and POST with 200, and an empty body as nothing at all', async () => {
      expect((await ask('POST', '/v1/optional')).status).toBe(200);
      const removed = await ask('DELETE', '/v1/items/a', MANAGER);
      expect([removed.status, removed.body, removed.headers['content-length']]).toEqual([200, '', '0']);
    });
  });

  describe('paths and methods', () => {
    it('answers unknown paths with 404 in plain text, worded by prefix', async () => {
      const inside = await ask('GET', '/v1/nothing');
      expect([inside.status, inside.headers['content-type'], inside.body]).toEqual([
        404,
        TEXT,
        'Unknown path: no such API endpoint',
      ]);
      expect((await ask('GET', '/nothing')).body).toBe('Unknown path: paths of the API start with /v1/');
    });

    it('answers undeclared methods, HEAD among them, with 405 and Allow', async () => {
      const post = await ask('POST', '/v1/items/a', MANAGER, '{}');
      expect([post.status, post.headers['allow'], post.headers['content-type']]).toEqual([
        405,
        'OPTIONS,DELETE,GET,PUT',
        TEXT,
      ]);
      const head = await ask('HEAD', '/v1/scalar');
      expect([head.status, head.headers['allow'], head.body]).toEqual([405, 'OPTIONS,GET', '']);
    });

    it('answers OPTIONS with 200, Allow without spaces and no body', async () => {
      const options = await ask('OPTIONS', '/v1/items/a');
      expect([options.status, options.headers['allow'], options.body]).toEqual([200, 'OPTIONS,DELETE,GET,PUT', '']);
      expect((await ask('OPTIONS', '/v1/nothing')).status).toBe(404);
    });

    it('prefers static paths to parameters and decodes parameters, slashes included', async () => {
      expect((await ask('GET', '/v1/items/exact?source=x')).body).toContain('"source":"x"');
      expect(JSON.parse((await ask('GET', '/v1/items/a%2Fb', MANAGER)).body)).toEqual({ id: 'a/b', caller: 'first' });
    });

    it('refuses control characters and broken escapes in a path', async () => {
      const control = await ask('GET', '/v1/items/a%00b', MANAGER);
      expect([control.status, control.body]).toEqual([400, 'The request path has non-printable characters']);
      const broken = await ask('GET', '/v1/items/a%zz', MANAGER);
      expect([broken.status, broken.headers['content-type']]).toEqual([400, TEXT]);
    });
  });

  describe('bodies', () => {
    it.each([
      {},
      { 'content-type': 'application/x-www-form-urlencoded' },
      { 'content-type': 'application/json' },
      { 'content-type': 'text/xml' },
    ])('parses JSON whatever the Content-Type is: %j', async (headers) => {
      const answer = await put('{"Name":"a&b=c"}', headers as Record<string, string>);
      expect([answer.status, answer.body]).toEqual([200, '{"Name":"a&b=c"}']);
    });

    it('matches keys without regard to case, at every depth, but leaves the keys of maps alone', async () => {
      const body = '{"name":"a","INNER":{"deepkey":1},"list":[{"itemKEY":"x"}],"labels":{"CaSe":"kept"}}';
      expect(JSON.parse((await put(body)).body)).toEqual({
        Name: 'a',
        Inner: { DeepKey: 1 },
        List: [{ ItemKey: 'x' }],
        Labels: { CaSe: 'kept' },
      });
    });

    it.each([
      ['{"Name":"a","Foo":1}', 'Request decode failed: json: unknown field "Foo"'],
      ['{"Name":"a","Inner":{"DeepKey":1,"Bar":2}}', 'Request decode failed: json: unknown field "Bar"'],
      ['{"Name":"a","__proto__":{}}', 'Request decode failed: json: unknown field "__proto__"'],
      ['{"Name":', 'Request decode failed: json: invalid syntax'],
      ['', 'Request decode failed: EOF'],
      ['{"Name":"a\\u0000b"}', 'Request decode failed: json: a text has a NUL character (\\u0000)'],
      [`{"Name":${'['.repeat(100)}`, 'Request decode failed: json: nested too deeply'],
    ])('refuses %s', async (body, text) => {
      const answer = await put(body);
      expect([answer.status, answer.headers['content-type'], answer.body]).toEqual([400, TEXT, text]);
    });

    it('names the field of a wrong type and never quotes what was sent', async () => {
      const answer = await put('{"Name":{"Secret":"hunter2"}}');
      expect([answer.status, answer.body.startsWith('Request decode failed: json: field "Name": ')]).toEqual([
        400,
        true,
      ]);
      expect(answer.body).not.toContain('hunter2');
    });

    it('starts body errors with the prefix of the route', async () => {
      expect((await ask('POST', '/v1/optional', {}, '{"Foo":1}')).body).toBe(
        'Token decoding failed: json: unknown field "Foo"',
      );
    });

    it('refuses a body over 1 MiB with 413, declared or chunked', async () => {
      const chunked = await put(`{"Name":"${'a'.repeat(1_048_577)}"}`, { 'transfer-encoding': 'chunked' });
      expect([chunked.status, chunked.body]).toEqual([413, 'The request body is too large']);
      const declared = await put(`{"Name":"${'a'.repeat(1_048_577)}"}`);
      expect([declared.status, declared.headers['content-type'], declared.body]).toEqual([
        413,
        TEXT,
        'The request body is too large',
      ]);
    });
  });

  describe('query parameters', () => {
    it.each([
      ['/v1/items/exact', 500, "required query parameter 'source' not set"],
      ['/v1/items/exact?source=', 500, "required query parameter 'source' not set"],
      ['/v1/items/exact?source=a&index=x', 400, 'Invalid index'],
      ['/v1/items/exact?source=a&index=-1', 400, 'Invalid index'],
      ['/v1/items/exact?source=a&wait=10', 400, 'Invalid wait time'],
      [
        '/v1/items/exact?source=a&stale&consistent',
        400,
        'Cannot specify ?stale with ?consistent, conflicting semantics.',
      ],
      [
        '/v1/items/exact?source=a&cached&consistent',
        400,
        'Cannot specify ?cached with ?consistent, conflicting semantics.',
      ],
      ['/v1/items/exact?source=a&passing=perhaps', 400, 'Invalid value for ?passing'],
      ['/v1/items/exact?source=a&ns=team', 400, 'Invalid query parameter: "ns" - only the value "default" exists here'],
      ['/v1/items/exact?source=a&filter=Name==x', 400, 'Filter expressions are not supported by this endpoint'],
    ])('%s answers %d', async (path, status, text) => {
      const answer = await ask('GET', path);
      expect([answer.status, answer.headers['content-type'], answer.body]).toEqual([status, TEXT, text]);
    });

    it('ignores unknown parameters and accepts the namespace default', async () => {
      expect((await ask('GET', '/v1/items/exact?source=a&whatever=1&ns=default&partition=default')).status).toBe(200);
    });

    it.each([
      ['', true],
      ['=', true],
      ['=true', true],
      ['=1', true],
      ['=false', false],
      ['=0', false],
    ])('reads ?passing%s as %s', async (suffix, expected) => {
      const answer = await ask('GET', `/v1/items/exact?source=a&passing${suffix}`);
      expect(JSON.parse(answer.body)).toEqual({ source: 'a', passing: expected });
    });
  });

  describe('callers', () => {
    it('takes the token from ?token, then X-Consul-Token, then Authorization', async () => {
      const all = { 'x-consul-token': 'second-secret', authorization: 'bEaReR third-secret trailing' };
      expect(await self('?token=first-secret', all)).toBe('"first"');
      expect(await self('?token=', all)).toBe('"second"');
      expect(await self('', { authorization: all.authorization })).toBe('"third"');
      expect(await self('', { authorization: 'Basic third-secret' })).toBe('"00000000-0000-0000-0000-000000000002"');
    });

    it('refuses an unknown secret with 403, and anonymous callers before looking at their input', async () => {
      const unknown = await ask('GET', '/v1/items/a', { 'x-consul-token': 'nobody' });
      expect([unknown.status, unknown.headers['content-type'], unknown.body]).toEqual([403, TEXT, 'ACL not found']);
      const anonymous = await ask('PUT', '/v1/items/a', {}, 'not json');
      expect(anonymous.status).toBe(403);
      expect(anonymous.body).toContain("Permission denied: anonymous token lacks permission 'service:write'");
    });

    it('does not look at tokens on public routes', async () => {
      expect((await ask('GET', '/v1/scalar?token=nobody')).status).toBe(200);
    });
  });

  describe('errors', () => {
    it('conceals defects behind a constant text and an id that the log has', async () => {
      const answer = await ask('GET', '/v1/fails/defect?token=in-the-query');
      expect([answer.status, answer.headers['content-type'], answer.body]).toEqual([500, TEXT, 'Internal error']);
      const id = String(answer.headers['x-banyan-error-id']);
      const line = edge.logger.lines.find((text) => text.includes(id));
      expect(line).toContain('path=/v1/fails/defect ');
      expect(line).toContain('secret inside');
    });

    it('never logs a query, so no token reaches the log', async () => {
      await ask('GET', '/v1/self?token=first-secret');
      expect(edge.logger.lines.some((line) => line.includes('path=/v1/self'))).toBe(true);
      expect(edge.logger.lines.filter((line) => /first-secret|in-the-query/.test(line))).toEqual([]);
    });

    it('says when to come back after a rate limit, in whole seconds', async () => {
      const answer = await ask('GET', '/v1/fails/limit');
      expect([answer.status, answer.headers['retry-after'], answer.body]).toEqual([
        429,
        '2',
        'Rate limit reached, try again later',
      ]);
    });

    it('answers 503 when the store is away, without telling where it is', async () => {
      const answer = await ask('GET', '/v1/fails/store');
      expect([answer.status, answer.body]).toEqual([503, 'The datacenter cannot reach its store; try again later']);
    });

    it('answers a missing object with 404 and its own text', async () => {
      const answer = await ask('GET', '/v1/fails/other');
      expect([answer.status, answer.headers['content-type'], answer.body]).toEqual([404, TEXT, 'Intention not found']);
    });
  });

  describe('other datacenters', () => {
    it('carries a request with a foreign ?dc there, token apart, and relays its answer with its index', async () => {
      const path = '/v1/items/a?dc=dc2&token=first-secret&index=5';
      const answer = await ask('PUT', path, { 'x-consul-token': 'second-secret' }, '{"Name":"x"}');
      expect([answer.status, answer.body, answer.headers['x-consul-index'], answer.headers['set-cookie']]).toEqual([
        200,
        '{"from":"dc2"}',
        '77',
        undefined,
      ]);
      const { datacenter, request } = edge.forwarder.requests.at(-1)!;
      expect([datacenter, request.method, request.path]).toEqual(['dc2', 'PUT', '/v1/items/a?dc=dc2&index=5']);
      expect(request.token?.reveal()).toBe('first-secret');
      expect(Buffer.from(request.body).toString()).toBe('{"Name":"x"}');
    });

    it('relays the code of a refusal', async () => {
      const answer = await ask('GET', '/v1/fails/other?dc=dc2', MANAGER);
      expect([answer.status, answer.headers['x-banyan-error'], answer.body]).toEqual([
        404,
        'INTENTION_NOT_FOUND',
        'Intention not found',
      ]);
    });

    it('answers 500 for an unknown datacenter, and serves its own itself', async () => {
      const unknown = await ask('GET', '/v1/items/a?dc=dc9', MANAGER);
      expect([unknown.status, unknown.headers['content-type'], unknown.body]).toEqual([
        500,
        TEXT,
        'No path to datacenter',
      ]);
      expect((await ask('GET', '/v1/items/a?dc=dc1', MANAGER)).status).toBe(200);
    });

    it('does not forward routes about this process', async () => {
      const before = edge.forwarder.requests.length;
      expect((await ask('GET', '/v1/self?dc=dc2')).status).toBe(200);
      expect(edge.forwarder.requests.length).toBe(before);
    });
  });
});
