import { describe, expect, it } from '@jest/globals';
import type { ServiceInstance, ServiceSummary } from '../../api/catalog.js';
import { filteredServices, instanceHealth } from './service-filter.js';

const service = (Name: string, changes: Partial<ServiceSummary> = {}): ServiceSummary => ({
  Name,
  Kind: '',
  Tags: [],
  Nodes: 1,
  Instances: 1,
  Passing: 1,
  Warning: 0,
  Critical: 0,
  ...changes,
});

const LIST = [
  service('api'),
  service('web', { Critical: 1, Tags: ['Blue'] }),
  service('db', { Warning: 1 }),
  service('web-sidecar-proxy', { Kind: 'connect-proxy' }),
];
const ANY = { search: '', health: 'any', withProxies: false } as const;
const names = (filter: Partial<Parameters<typeof filteredServices>[1]>) =>
  filteredServices(LIST, { ...ANY, ...filter }).map(({ Name }) => Name);

describe('the list of services', () => {
  it('has the worst first, and sidecars when they are asked for', () => {
    expect(names({})).toEqual(['web', 'db', 'api']);
    expect(names({ withProxies: true })).toEqual(['web', 'db', 'api', 'web-sidecar-proxy']);
  });

  it('is searched by name and tag, and by health', () => {
    expect(names({ search: 'BLUE' })).toEqual(['web']);
    expect(names({ search: 'a' })).toEqual(['api']);
    expect(names({ health: 'not passing' })).toEqual(['web', 'db']);
    expect(names({ health: 'passing' })).toEqual(['api']);
  });
});

const of = (...statuses: string[]): string =>
  instanceHealth({ Checks: statuses.map((Status) => ({ Status })) } as unknown as ServiceInstance);

it('an instance is as well as its worst check; an unknown status is the worst', () => {
  expect([of(), of('passing', 'warning'), of('critical', 'warning'), of('critical', 'odd')]).toEqual([
    'passing',
    'warning',
    'critical',
    'odd',
  ]);
});
