import type { EpochMs } from '@banyan/kernel';
import { Gauge, type Registry } from 'prom-client';
import { CONSUL_NAMES, type ConsulName } from '../domain/consul-names.js';

type Sample = { readonly value: number; readonly labels: Readonly<Record<string, string | number | undefined>> };

/** The metrics of a registry once more, under Consul's names: copied whenever the returned function is called. */
export const consulAliases = (register: Registry, now: () => EpochMs): (() => Promise<void>) => {
  const made = new Map<string, Gauge>();
  return async () => {
    for (const alias of CONSUL_NAMES) {
      const samples = await samplesOf(register, alias.from);
      const value = valueOf(alias, samples, now() / 1_000);
      const { name, help } = alias;
      if (value === undefined) {
        // Without a value it is not shown: a 0 would be an alarm.
        register.removeSingleMetric(name);
        made.delete(name);
        continue;
      }
      const gauge = made.get(name) ?? new Gauge({ name, help, registers: [register] });
      made.set(name, gauge);
      gauge.set(value);
    }
  };
};

const samplesOf = async (register: Registry, name: string): Promise<readonly Sample[]> => {
  const source = register.getSingleMetric(name);
  return source === undefined ? [] : ((await source.get()) as { values: readonly Sample[] }).values;
};

const valueOf = (
  { where = {}, value }: ConsulName,
  samples: readonly Sample[],
  nowSeconds: number,
): number | undefined => {
  const found = samples.find(({ labels }) => Object.entries(where).every(([name, is]) => labels[name] === is));
  if (found === undefined || value === 'same') return found?.value;
  // A moment that was never set is none.
  return found.value === 0 ? undefined : Math.max(0, found.value - nowSeconds);
};
