import type { ServiceInstance, ServiceSummary } from '../../api/catalog.js';

export type Health = 'critical' | 'warning' | 'passing';

/** A service is as well as the worst of its instances. */
export const healthOf = ({ Critical, Warning }: ServiceSummary): Health => {
  if (Critical > 0) return 'critical';
  return Warning > 0 ? 'warning' : 'passing';
};

const SEVERITY: readonly string[] = ['passing', 'warning', 'critical'];

/** An instance is as well as the worst of its checks; a status that is not known is taken for the worst. */
export const instanceHealth = ({ Checks }: ServiceInstance): string =>
  Checks.map(({ Status }) => Status).reduce(
    (worst, status) => (severity(status) > severity(worst) ? status : worst),
    'passing',
  );

const severity = (status: string): number => {
  const at = SEVERITY.indexOf(status);
  return at < 0 ? SEVERITY.length : at;
};

export interface ServiceFilter {
  /** In the name or in a tag. */
  readonly search: string;
  readonly health: Health | 'any' | 'not passing';
  /** Sidecars beside the services that they stand for. */
  readonly withProxies: boolean;
}

/** What passes, the worst first, then by name. */
export function filteredServices(
  services: readonly ServiceSummary[],
  filter: ServiceFilter,
): readonly ServiceSummary[] {
  const text = filter.search.trim().toLowerCase();
  const passes = (service: ServiceSummary): boolean => {
    if (!filter.withProxies && service.Kind === 'connect-proxy') return false;
    const health = healthOf(service);
    if (filter.health === 'not passing' ? health === 'passing' : filter.health !== 'any' && health !== filter.health)
      return false;
    return (
      text === '' ||
      service.Name.toLowerCase().includes(text) ||
      service.Tags.some((tag) => tag.toLowerCase().includes(text))
    );
  };
  return services
    .filter(passes)
    .toSorted(
      (a, b) => severity(healthOf(b)) - severity(healthOf(a)) || (a.Name === b.Name ? 0 : a.Name < b.Name ? -1 : 1),
    );
}
