import { epochMs, stateIndex, SystemRandom } from '@banyan/kernel';
import type { Store } from '@banyan/store';
import { withTestStore } from '@banyan/testkit';
import { describe, expect, it } from '@jest/globals';
import {
  CATALOG_ENTITIES,
  CatalogProjection,
  type CheckState,
  type CheckStatus,
  expandSidecar,
  type NodeSync,
  parseAgentRegistration,
  parseCatalogRegistration,
  type ServiceInstance,
  StoreCatalogWriter,
} from '../src/index.js';

const stores = withTestStore(CATALOG_ENTITIES);
const NOW = epochMs(1_900_000_000_000);

const open = async (): Promise<{ store: Store; writer: StoreCatalogWriter; catalog: CatalogProjection }> => {
  const store = await stores.open();
  return {
    store,
    writer: new StoreCatalogWriter(store, new SystemRandom()),
    catalog: new CatalogProjection(store, 'dc1'),
  };
};

const service = (name: string, changes: Partial<ServiceInstance> = {}): ServiceInstance => ({
  ...parseAgentRegistration({ Name: name, Port: 80 }).service,
  ...changes,
});

const sidecar = (name: string): ServiceInstance => {
  const registration = parseAgentRegistration({ Name: name, Port: 80, Connect: { SidecarService: {} } });
  const expanded = expandSidecar(registration, { allocatePort: () => 21_000 });
  if (expanded === undefined) throw new Error('no sidecar');
  return expanded.service;
};

const check = (ServiceID: string, Status: CheckStatus, CheckID = `service:${ServiceID}`): CheckState => ({
  CheckID,
  Name: 'alive',
  Status,
  Notes: '',
  Output: '',
  ServiceID,
  Type: 'tcp',
  Interval: '10s',
  Timeout: '10s',
});

const sync = (node: string, services: readonly ServiceInstance[], checks: readonly CheckState[] = []): NodeSync => ({
  node: { Node: node, Address: `${node}.example`, Meta: {} },
  services,
  checks,
  now: NOW,
});

const logged = async (store: Store, after = 0): Promise<string[]> =>
  (await store.changesAfter(stateIndex(after), 1_000)).changes
    .map((change) => `${change.operation} ${change.topic} ${change.key}`)
    .toSorted();

describe('syncNode', () => {
  it('writes only what differs, in one transaction', async () => {
    const { store, writer } = await open();
    const first = await writer.syncNode(sync('n1', [service('a'), service('b')], [check('a', 'passing')]));
    expect(await logged(store)).toEqual([
      'upsert check n1/serfHealth',
      'upsert check n1/service:a',
      'upsert node n1',
      'upsert service n1/a',
      'upsert service n1/b',
    ]);
    expect(await writer.syncNode(sync('n1', [service('a'), service('b')], [check('a', 'passing')]))).toBe(first);
    const next = await writer.syncNode(
      sync('n1', [service('a', { Port: 81 }), { ...service('c'), ID: 'c/with/slashes' }], [check('a', 'critical')]),
    );
    expect(next).toBe(first + 1);
    expect(await logged(store, first)).toEqual([
      'delete service n1/b',
      'upsert check n1/service:a',
      'upsert service n1/a',
      'upsert service n1/c/with/slashes',
    ]);
  });

  it('keeps the node ID that was drawn for a node without one', async () => {
    const { writer, catalog } = await open();
    await writer.syncNode(sync('n1', []));
    await catalog.load();
    const id = catalog.nodes()[0]?.ID;
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    await writer.syncNode({ ...sync('n1', []), node: { Node: 'n1', Address: 'moved', Meta: {} } });
    await catalog.load();
    expect(catalog.nodes()).toMatchObject([{ ID: id, Address: 'moved' }]);
  });

  it('serializes agents of one name, and leaves other nodes alone', async () => {
    const { store, writer, catalog } = await open();
    await writer.syncNode(sync('other', [service('x')]));
    const rounds = Array.from({ length: 8 }, (_, at) => writer.syncNode(sync('n1', [service(`s${at}`)])));
    await Promise.all(rounds);
    await catalog.load();
    expect(Object.keys(catalog.node('n1')?.Services ?? {})).toHaveLength(1);
    expect(Object.keys(catalog.node('other')?.Services ?? {})).toEqual(['x']);
    expect(await store.dataSource.query('SELECT count(*)::int AS count FROM node')).toEqual([{ count: 2 }]);
  });

  it.each<[string, NodeSync, string]>([
    ['a bad node name', { ...sync('n1', []), node: { Node: 'a/b', Address: '', Meta: {} } }, 'NODE_INVALID'],
    [
      'no meta',
      { ...sync('n1', []), node: { Node: 'n1', Address: '' } as unknown as NodeSync['node'] },
      'NODE_INVALID',
    ],
    ['an ID twice', sync('n1', [service('a'), service('a')]), 'SERVICE_INVALID'],
    ['a check twice', sync('n1', [service('a')], [check('a', 'passing'), check('a', 'passing')]), 'SERVICE_INVALID'],
    ['an orphaned check', sync('n1', [], [check('a', 'passing')]), 'SERVICE_INVALID'],
    ["the servers' check", sync('n1', [], [check('', 'passing', 'serfHealth')]), 'SERVICE_INVALID'],
    ['no tags', sync('n1', [{ ...service('a'), Tags: null } as unknown as ServiceInstance]), 'SERVICE_INVALID'],
    ['unknown members', sync('n1', [{ ...service('a'), Extra: 1 } as unknown as ServiceInstance]), 'SERVICE_INVALID'],
    ['U+0000', sync('n1', [service('a', { Tags: ['\u0000'] })]), 'SERVICE_INVALID'],
    ['an unknown status', sync('n1', [], [check('', 'fine' as CheckStatus, 'x')]), 'SERVICE_INVALID'],
  ])('refuses %s and writes nothing', async (_, wrong, code) => {
    const { store, writer } = await open();
    await expect(writer.syncNode(wrong)).rejects.toMatchObject({ name: 'BanyanError', code });
    expect(await logged(store)).toEqual([]);
  });
});

describe('heartbeats', () => {
  it('take no index while the node is alive', async () => {
    const { store, writer } = await open();
    const index = await writer.syncNode(sync('n1', []));
    expect(await writer.touchNode('n1', epochMs(NOW + 5_000))).toBe(true);
    expect(await writer.touchNode('unknown', NOW)).toBe(false);
    expect(await store.currentIndex()).toBe(index);
    const [row] = (await store.dataSource.query('SELECT last_seen FROM node')) as { last_seen: Date }[];
    expect(row?.last_seen.getTime()).toBe(NOW + 5_000);
    await writer.touchNode('n1', NOW);
    const [later] = (await store.dataSource.query('SELECT last_seen FROM node')) as { last_seen: Date }[];
    expect(later?.last_seen.getTime()).toBe(NOW + 5_000);
  });

  it('that stop make the node critical once, and that return make it alive', async () => {
    const { store, writer, catalog } = await open();
    await writer.syncNode(sync('quiet', [service('a')]));
    await writer.syncNode(sync('loud', [service('a')]));
    await writer.register(
      parseCatalogRegistration({ Node: 'ext', Address: '10.0.0.1', Service: { Service: 'a' } }),
      NOW,
    );
    const later = epochMs(NOW + 60_000);
    await writer.touchNode('loud', later);
    expect(await writer.expireNodes(later, 60_000)).toEqual([]);
    expect(await writer.expireNodes(later, 30_000)).toEqual(['quiet']);
    const index = await store.currentIndex();
    expect(await writer.expireNodes(later, 30_000)).toEqual([]);
    expect(await store.currentIndex()).toBe(index);
    await catalog.load();
    expect(catalog.healthService('a', { passing: true }).map((row) => row.Node.Node)).toEqual(['ext', 'loud']);
    expect(catalog.healthService('a')).toHaveLength(3);
    await writer.touchNode('quiet', later);
    await catalog.apply((await store.changesAfter(index, 10)).changes);
    expect(catalog.healthService('a', { passing: true })).toHaveLength(3);
  });
});

describe('register and deregister', () => {
  it('adds to a node what is there, and refuses a check of an unknown service', async () => {
    const { store, writer, catalog } = await open();
    const body = { Node: 'ext', Address: '10.0.0.1', Service: { Service: 'db', Port: 5432 } };
    const first = await writer.register(parseCatalogRegistration(body), NOW);
    expect(await writer.register(parseCatalogRegistration(body), NOW)).toBe(first);
    const check = { Node: 'ext', SkipNodeUpdate: true, Check: { CheckID: 'c', ServiceID: 'db', Status: 'passing' } };
    await writer.register(parseCatalogRegistration(check), NOW);
    await catalog.load();
    expect(catalog.nodes()).toMatchObject([{ Address: '10.0.0.1' }]);
    expect(catalog.healthNode('ext')).toMatchObject([{ CheckID: 'c', ServiceName: 'db', ServiceTags: [] }]);
    const orphan = parseCatalogRegistration({ ...check, Check: { CheckID: 'd', ServiceID: 'none' } });
    await expect(writer.register(orphan, NOW)).rejects.toMatchObject({ code: 'SERVICE_INVALID' });
    const nowhere = parseCatalogRegistration({ ...check, Node: 'unknown' });
    await expect(writer.register(nowhere, NOW)).rejects.toMatchObject({ code: 'NODE_INVALID' });
    expect(await store.currentIndex()).toBe(first + 1);
  });

  it('removes a check, a service with its checks, a node with everything, and nothing silently', async () => {
    const { store, writer } = await open();
    await writer.syncNode(
      sync(
        'n1',
        [service('a'), service('b')],
        [check('a', 'passing', 'a1'), check('a', 'passing', 'a2'), check('b', 'passing')],
      ),
    );
    const removed = async (work: () => Promise<unknown>): Promise<string[]> => {
      const before = await store.currentIndex();
      await work();
      return logged(store, before);
    };
    expect(await removed(() => writer.deregister({ node: 'n1', checkId: 'a1' }))).toEqual(['delete check n1/a1']);
    expect(await removed(() => writer.deregister({ node: 'n1', serviceId: 'a' }))).toEqual([
      'delete check n1/a2',
      'delete service n1/a',
    ]);
    expect(await removed(() => writer.deregister({ node: 'n1', serviceId: 'a' }))).toEqual([]);
    expect(await removed(() => writer.deregister({ node: 'n1' }))).toEqual([
      'delete check n1/serfHealth',
      'delete check n1/service:b',
      'delete node n1',
      'delete service n1/b',
    ]);
    expect(await removed(() => writer.deregister({ node: 'n1' }))).toEqual([]);
  });
});

describe('CatalogProjection', () => {
  it('answers health of a service and of its way into the mesh in the wire shape', async () => {
    const { writer, catalog } = await open();
    const web = service('web', { Tags: ['v1', 'blue'], Meta: { a: 'b' } });
    const index = await writer.syncNode(sync('n1', [web, sidecar('web')], [check('web', 'passing')]));
    await catalog.load();
    const [row] = catalog.healthService('web', { tags: ['blue'] });
    const node = catalog.nodes()[0];
    expect(JSON.parse(JSON.stringify(row))).toEqual({
      Node: {
        ID: node?.ID,
        Node: 'n1',
        Address: 'n1.example',
        Datacenter: 'dc1',
        TaggedAddresses: { lan: 'n1.example', wan: 'n1.example' },
        Meta: {},
        CreateIndex: index,
        ModifyIndex: index,
      },
      Service: {
        Kind: '',
        ID: 'web',
        Service: 'web',
        Tags: ['v1', 'blue'],
        Address: '',
        Meta: { a: 'b' },
        Port: 80,
        Weights: { Passing: 1, Warning: 1 },
        EnableTagOverride: false,
        Connect: {},
        PeerName: '',
        CreateIndex: index,
        ModifyIndex: index,
      },
      Checks: [
        expect.objectContaining({ CheckID: 'serfHealth', ServiceID: '', ServiceName: '', ServiceTags: [] }),
        {
          Node: 'n1',
          CheckID: 'service:web',
          Name: 'alive',
          Status: 'passing',
          Notes: '',
          Output: '',
          ServiceID: 'web',
          ServiceName: 'web',
          ServiceTags: ['v1', 'blue'],
          Type: 'tcp',
          Interval: '10s',
          Timeout: '10s',
          ExposedPort: 0,
          Definition: {},
          CreateIndex: index,
          ModifyIndex: index,
        },
      ],
    });
    expect(catalog.healthService('web', { tags: ['blue', 'none'] })).toEqual([]);
    expect(catalog.healthService('none')).toEqual([]);
    const mesh = catalog.healthService('web', { connect: true });
    expect(mesh.map((each) => [each.Service.Service, each.Service.Port])).toEqual([['web-sidecar-proxy', 21_000]]);
    expect(catalog.serviceRows('web')).toMatchObject([
      { Node: 'n1', ServiceID: 'web', ServiceTags: ['v1', 'blue'], NodeMeta: {}, ServiceProxy: {}, ServiceConnect: {} },
    ]);
    expect(catalog.catalogServices()).toEqual({ web: ['blue', 'v1'], 'web-sidecar-proxy': [] });
    expect(Object.keys(catalog.node('n1')?.Services ?? {})).toEqual(['web', 'web-sidecar-proxy']);
    expect(catalog.node('none')).toBeUndefined();
  });

  it('equals a fresh load after following changes one by one', async () => {
    const { store, writer, catalog } = await open();
    await catalog.load();
    let seen = stateIndex(0);
    const follow = async (): Promise<void> => {
      const { changes, latest } = await store.changesAfter(seen, 1_000);
      await catalog.apply(changes);
      seen = latest;
      const fresh = new CatalogProjection(store, 'dc1');
      await fresh.load();
      for (const name of ['web', 'web-sidecar-proxy', 'db', 'api']) {
        expect(catalog.healthService(name)).toEqual(fresh.healthService(name));
        expect(catalog.healthService(name, { connect: true })).toEqual(fresh.healthService(name, { connect: true }));
      }
      expect(catalog.catalogServices()).toEqual(fresh.catalogServices());
      expect(catalog.nodes()).toEqual(fresh.nodes());
    };
    await writer.syncNode(sync('n1', [service('web'), sidecar('web')], [check('web', 'passing')]));
    await writer.syncNode(sync('n2', [service('db', { Connect: { Native: true } })]));
    await follow();
    expect(catalog.healthService('db', { connect: true })).toHaveLength(1);
    // The same ID becomes another service, and the proxy another's proxy.
    const renamed = { ...service('api'), ID: 'web' };
    const proxy = { ...sidecar('api'), ID: 'web-sidecar-proxy' };
    await writer.syncNode(sync('n1', [renamed, proxy], [check('web', 'critical')]));
    await follow();
    expect(catalog.healthService('web')).toEqual([]);
    expect(catalog.healthService('web', { connect: true })).toEqual([]);
    expect(catalog.healthService('api', { connect: true })).toHaveLength(1);
    await writer.deregister({ node: 'n1' });
    await follow();
    expect(catalog.catalogServices()).toEqual({ db: [] });
  });
});
