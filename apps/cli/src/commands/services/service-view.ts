import type { Tone } from '../../output/paint.js';
import type { View } from '../../output/output.js';
import { type Column, table } from '../../output/table.js';
import type { WireInstance, WireServiceSummary } from '../../wire/service-shapes.js';

const toneOf = (status: string): Tone => (status === 'passing' ? 'good' : status === 'warning' ? 'warning' : 'bad');

/** Worst first. */
const STATUSES = ['critical', 'warning', 'passing'] as const;

const summaryStatus = ({ Critical, Warning }: WireServiceSummary): string =>
  Critical > 0 ? 'critical' : Warning > 0 ? 'warning' : 'passing';

const SUMMARIES: readonly Column<WireServiceSummary>[] = [
  { title: 'SERVICE', value: ({ Name }) => Name, tone: () => 'strong' },
  { title: 'KIND', value: ({ Kind }) => Kind },
  { title: 'STATUS', value: summaryStatus, tone: (each) => toneOf(summaryStatus(each)) },
  { title: 'PASSING', value: ({ Passing, Instances }) => `${Passing} of ${Instances}`, align: 'right' },
  { title: 'NODES', value: ({ Nodes }) => Nodes, align: 'right' },
  { title: 'TAGS', value: ({ Tags }) => Tags.join(', ') },
];

/** Services, each with the worst of its instances. */
export const summariesView: View<readonly WireServiceSummary[]> = (services, paint) =>
  services.length === 0 ? 'no services\n' : table(SUMMARIES, services, paint);

const instanceStatus = ({ Checks }: WireInstance): string => {
  const present = new Set(Checks.map(({ Status }) => Status));
  return STATUSES.find((status) => present.has(status)) ?? 'passing';
};

const INSTANCES: readonly Column<WireInstance>[] = [
  { title: 'INSTANCE', value: ({ Service }) => Service.ID, tone: () => 'strong' },
  { title: 'NODE', value: ({ Node }) => Node.Node },
  { title: 'DATACENTER', value: ({ Node }) => Node.Datacenter },
  { title: 'ADDRESS', value: ({ Node, Service }) => `${Service.Address || Node.Address}:${Service.Port}` },
  { title: 'STATUS', value: instanceStatus, tone: (each) => toneOf(instanceStatus(each)) },
  { title: 'TAGS', value: ({ Service }) => Service.Tags.join(', ') },
  { title: 'PROXY OF', value: ({ Service }) => Service.Proxy?.DestinationServiceName },
];

interface Trouble {
  readonly instance: string;
  readonly name: string;
  readonly status: string;
  readonly text: string;
}

const TROUBLES: readonly Column<Trouble>[] = [
  { title: 'CHECK', value: ({ name }) => name },
  { title: 'INSTANCE', value: ({ instance }) => instance },
  { title: 'STATUS', value: ({ status }) => status, tone: ({ status }) => toneOf(status) },
  { title: 'SAYS', value: ({ text }) => text.trim().split('\n', 1)[0] },
];

/** The instances of a service, and below them the checks that do not pass. */
export const instancesView: View<readonly WireInstance[]> = (instances, paint) => {
  const troubles = instances.flatMap(({ Service, Checks }) =>
    Checks.filter(({ Status }) => Status !== 'passing').map(({ Name, Status, Output }): Trouble => ({
      instance: Service.ID,
      name: Name,
      status: Status,
      text: Output,
    })),
  );
  const below = troubles.length === 0 ? '' : `\n${table(TROUBLES, troubles, paint)}`;
  return `${table(INSTANCES, instances, paint)}${below}`;
};
