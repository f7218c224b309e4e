import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Api, startApi } from './api-fixture.js';

let api: Api;
beforeEach(async () => {
  api = await startApi();
});
afterEach(async () => {
  await api.stop();
});

const json = async (path: string, as: Parameters<Api['ask']>[2] = 'manager'): Promise<unknown> =>
  JSON.parse((await api.ask('GET', path, as)).body);

describe('catalog and health', () => {
  const web = {
    Node: 'n1',
    Address: '10.0.0.5',
    Service: { Service: 'web', ID: 'web-1', Port: 8080, Tags: ['v1'] },
    Check: { CheckID: 'service:web-1', Name: 'alive', Status: 'critical', ServiceID: 'web-1' },
  };
  beforeEach(async () => {
    const answer = await api.ask('PUT', '/v1/catalog/register', 'manager', web);
    expect([answer.status, answer.body]).toEqual([200, 'true']);
  });

  it('answer services as a map, instances as flat rows, nodes as a list', async () => {
    expect(await json('/v1/catalog/services')).toEqual({ web: ['v1'] });
    expect(await json('/v1/catalog/service/web')).toMatchObject([
      { Node: 'n1', ServiceID: 'web-1', ServicePort: 8080 },
    ]);
    expect(await json('/v1/catalog/service/web?tag=v2')).toEqual([]);
    expect(await json('/v1/catalog/nodes')).toMatchObject([{ Node: 'n1', Address: '10.0.0.5', Datacenter: 'dc1' }]);
    expect(await json('/v1/catalog/node/n1')).toMatchObject({
      Node: { Node: 'n1' },
      Services: { 'web-1': { Service: 'web' } },
    });
  });

  it('answer null for an unknown node, [] for an unknown service', async () => {
    expect((await api.ask('GET', '/v1/catalog/node/none', 'manager')).body).toBe('null');
    expect((await api.ask('GET', '/v1/catalog/service/none', 'manager')).body).toBe('[]');
    expect((await api.ask('GET', '/v1/health/connect/none', 'manager')).body).toBe('[]');
  });

  it('include critical instances unless ?passing is true', async () => {
    expect(((await json('/v1/health/service/web')) as unknown[]).length).toBe(1);
    expect(await json('/v1/health/service/web?passing')).toEqual([]);
    expect(((await json('/v1/health/service/web?passing=false')) as unknown[]).length).toBe(1);
    const bad = await api.ask('GET', '/v1/health/service/web?passing=maybe', 'manager');
    expect([bad.status, bad.body]).toEqual([400, 'Invalid value for ?passing']);
    expect(await json('/v1/health/node/n1')).toMatchObject([{ CheckID: 'service:web-1', Status: 'critical' }]);
  });

  it('let an agent register on its own node only', async () => {
    expect((await api.ask('PUT', '/v1/catalog/register', 'agent', web)).status).toBe(200);
    const foreign = await api.ask('PUT', '/v1/catalog/register', 'agent', { ...web, Node: 'n2' });
    expect([foreign.status, foreign.body.includes('lacks permission \'node:write\' on "n2"')]).toEqual([403, true]);
  });

  it('count the instances of each service by the worst of their checks', async () => {
    const second = { ...web, Node: 'n2', Check: { ...web.Check, CheckID: 'c', Status: 'passing' } };
    await api.ask('PUT', '/v1/catalog/register', 'manager', second);
    await api.ask('PUT', '/v1/catalog/register', 'manager', { ...web, Service: { Service: 'api' }, Check: undefined });
    expect(await json('/v1/health/services')).toEqual([
      { Name: 'api', Kind: '', Tags: [], Nodes: 1, Instances: 1, Passing: 1, Warning: 0, Critical: 0 },
      { Name: 'web', Kind: '', Tags: ['v1'], Nodes: 2, Instances: 2, Passing: 1, Warning: 0, Critical: 1 },
    ]);
    // A check without a service is about its node: all that is on it.
    const node = { Node: 'n2', Address: '10.0.0.6', Check: { CheckID: 'disk', Name: 'disk', Status: 'warning' } };
    await api.ask('PUT', '/v1/catalog/register', 'manager', node);
    expect(await json('/v1/health/services')).toMatchObject([
      { Name: 'api' },
      { Name: 'web', Warning: 1, Critical: 1 },
    ]);
  });

  it('forget what is deregistered, and answer true again when nothing is left', async () => {
    for (const _ of [1, 2]) {
      const answer = await api.ask('PUT', '/v1/catalog/deregister', 'manager', { Node: 'n1', ServiceID: 'web-1' });
      expect([answer.status, answer.body]).toEqual([200, 'true']);
    }
    expect(await json('/v1/catalog/services')).toEqual({});
  });

  it('answer a registration without a node with 500, one with an unknown key with 400', async () => {
    const nameless = await api.ask('PUT', '/v1/catalog/register', 'manager', { Address: '10.0.0.5' });
    expect([nameless.status, nameless.body]).toEqual([500, 'Must provide node and address']);
    const unknown = await api.ask('PUT', '/v1/catalog/register', 'manager', { ...web, Foo: 1 });
    expect([unknown.status, unknown.body]).toEqual([400, 'Request decode failed: json: unknown field "Foo"']);
  });
});
