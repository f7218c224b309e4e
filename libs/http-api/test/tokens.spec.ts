import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { rawHttp } from '@banyan/testkit';
import { type Api, startApi } from './api-fixture.js';

const TEXT = 'text/plain; charset=utf-8';

let api: Api;
beforeEach(async () => {
  api = await startApi();
});
afterEach(async () => {
  await api.stop();
});

const json = async (path: string, as: Parameters<Api['ask']>[2] = 'manager'): Promise<unknown> =>
  JSON.parse((await api.ask('GET', path, as)).body);

describe('tokens', () => {
  it('are bootstrapped once: the answer has the secret as ID too, the second time is 403', async () => {
    const empty = await startApi(false);
    const first = await empty.ask('PUT', '/v1/acl/bootstrap');
    const token = JSON.parse(first.body) as { ID: string; SecretID: string };
    expect([first.status, token.ID]).toEqual([200, token.SecretID]);
    const second = await empty.ask('PUT', '/v1/acl/bootstrap', undefined, { BootstrapSecret: 'x'.repeat(20) });
    expect([second.status, second.headers['content-type']]).toEqual([403, TEXT]);
    expect(second.body).toContain('Permission denied: ACL bootstrap no longer allowed');
    const self = await rawHttp({
      port: empty.port,
      path: '/v1/acl/token/self',
      headers: { 'x-consul-token': token.ID },
    });
    expect((JSON.parse(self.body) as { SecretID: string }).SecretID).toBe(token.ID);
    await empty.stop();
  });

  it('show their secret to their maker and holder only', async () => {
    const body = { ServiceIdentities: [{ ServiceName: 'pay' }], Description: 'pay' };
    const made = JSON.parse((await api.ask('PUT', '/v1/acl/token', 'manager', body)).body) as Record<string, string>;
    expect(made['SecretID']).toMatch(/^[0-9a-f-]{36}$/);
    const path = `/v1/acl/token/${made['AccessorID']}`;
    expect(await json(path)).toMatchObject({ SecretID: '<hidden>', ServiceIdentities: [{ ServiceName: 'pay' }] });
    const list = (await json('/v1/acl/tokens?servicename=pay')) as unknown[];
    expect(list).toMatchObject([{ AccessorID: made['AccessorID'], SecretID: '<hidden>' }]);
    expect(await json('/v1/acl/token/self')).toMatchObject({ SecretID: 'manager-secret-0001', Description: 'manager' });
  });

  it('get another role and description, and keep their secret', async () => {
    const made = JSON.parse(
      (await api.ask('PUT', '/v1/acl/token', 'manager', { ServiceIdentities: [{ ServiceName: 'pay' }] })).body,
    ) as { AccessorID: string; SecretID: string };
    const path = `/v1/acl/token/${made.AccessorID}`;
    const change = { Description: 'reads', Role: { kind: 'operator-read' }, SecretID: '<hidden>' };
    const changed = await api.ask('PUT', path, 'manager', change);
    expect(JSON.parse(changed.body)).toMatchObject({ ...change, AccessorID: made.AccessorID });
    const self = await rawHttp({
      port: api.port,
      path: '/v1/acl/token/self',
      headers: { 'x-consul-token': made.SecretID },
    });
    expect(JSON.parse(self.body)).toMatchObject({ Role: { kind: 'operator-read' }, Description: 'reads' });
    const other = { ...change, AccessorID: '11111111-2222-4333-8444-555555555555' };
    expect((await api.ask('PUT', path, 'manager', other)).status).toBe(400);
    expect((await api.ask('PUT', path, 'manager', { ...change, SecretID: 'another-secret-0001' })).status).toBe(400);
    expect((await api.ask('PUT', path, 'web', change)).status).toBe(403);
    const nobody = '/v1/acl/token/11111111-2222-4333-8444-555555555555';
    const missing = await api.ask('PUT', nobody, 'manager', change);
    expect([missing.status, missing.body]).toEqual([404, 'Cannot find token to update']);
  });

  it('answer 404 with the text clients match on when they are missing', async () => {
    const path = '/v1/acl/token/11111111-2222-4333-8444-555555555555';
    const read = await api.ask('GET', path, 'manager');
    expect([read.status, read.body]).toEqual([404, 'Requested token does not exist: ACL not found']);
    const removed = await api.ask('DELETE', path, 'manager');
    expect([removed.status, removed.body]).toEqual([404, 'Cannot find token to delete']);
  });

  it('lose their rights the moment their deletion is answered', async () => {
    const made = JSON.parse(
      (await api.ask('PUT', '/v1/acl/token', 'manager', { Role: { kind: 'management' } })).body,
    ) as Record<string, string>;
    expect((await api.ask('DELETE', `/v1/acl/token/${made['AccessorID']}`, 'manager')).body).toBe('true');
    const after = await rawHttp({
      port: api.port,
      path: '/v1/acl/tokens',
      headers: { 'x-consul-token': made['SecretID'] ?? '' },
    });
    expect([after.status, after.body]).toEqual([403, 'ACL not found']);
  });

  it('refuse unknown keys with the prefix of token bodies', async () => {
    const answer = await api.ask('PUT', '/v1/acl/token', 'manager', { Foo: 1 });
    expect([answer.status, answer.body]).toEqual([400, 'Token decoding failed: json: unknown field "Foo"']);
  });

  it('may be read or written by nobody but managers and readers', async () => {
    expect((await api.ask('GET', '/v1/acl/tokens', 'web')).body).toContain("lacks permission 'acl:read'");
    expect((await api.ask('PUT', '/v1/acl/token', 'reader', { Role: { kind: 'management' } })).status).toBe(403);
    expect((await api.ask('GET', '/v1/acl/tokens', 'reader')).status).toBe(200);
  });

  it('answer the anonymous token to a caller without one', async () => {
    const answer = await api.ask('GET', '/v1/acl/token/self');
    expect(JSON.parse(answer.body)).toMatchObject({ AccessorID: '00000000-0000-0000-0000-000000000002' });
  });
});
