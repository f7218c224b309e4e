import { BanyanError } from '@banyan/kernel';
import { z } from 'zod';

/** What the flags of `services register` say. */
export interface RegistrationOptions {
  readonly name?: string;
  readonly id?: string;
  readonly address?: string;
  readonly port?: number;
  readonly tag?: readonly string[];
  readonly meta?: readonly string[];
  readonly sidecar?: boolean;
}

const definition = z.record(z.string(), z.unknown());

/** The bodies in a file: a registration, or Consul's `{"service": …}` and `{"services": […]}`. Throws `CONFIG_INVALID`. */
export const registrationsIn = (given: unknown): readonly Readonly<Record<string, unknown>>[] => {
  const whole = definition.safeParse(given).data;
  const inside = whole?.['services'] ?? whole?.['service'] ?? whole;
  const bodies = z
    .array(definition)
    .min(1)
    .safeParse(Array.isArray(inside) ? inside : [inside]);
  if (bodies.success) return bodies.data;
  throw new BanyanError('CONFIG_INVALID', 'the file holds no registration of a service');
};

const metaOf = (pairs: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    pairs.map((pair) => {
      const end = pair.indexOf('=');
      if (end < 1) throw new BanyanError('CONFIG_INVALID', `--meta ${pair} is not name=value`);
      return [pair.slice(0, end), pair.slice(end + 1)];
    }),
  );

/** The body that the flags stand for. Throws `CONFIG_INVALID` without a name. */
export const registrationOf = (options: RegistrationOptions): Readonly<Record<string, unknown>> => {
  const { name, id, address, port, tag, meta, sidecar } = options;
  if (name === undefined) throw new BanyanError('CONFIG_INVALID', 'give a file, or --name of the service');
  return {
    Name: name,
    ...(id !== undefined && { ID: id }),
    ...(address !== undefined && { Address: address }),
    ...(port !== undefined && { Port: port }),
    ...(tag !== undefined && { Tags: tag }),
    ...(meta !== undefined && { Meta: metaOf(meta) }),
    ...(sidecar === true && { Connect: { SidecarService: {} } }),
  };
};

/** Name and ID of a registration, whatever the case of its keys; the ID is the name where none is given. */
export const namesOf = (body: Readonly<Record<string, unknown>>): { readonly id: string; readonly name: string } => {
  const value = (key: string): string | undefined => {
    const found = Object.entries(body).find(([name]) => name.toLowerCase() === key)?.[1];
    return typeof found === 'string' && found !== '' ? found : undefined;
  };
  const name = value('name');
  if (name === undefined) throw new BanyanError('CONFIG_INVALID', 'a registration needs the Name of its service');
  return { name, id: value('id') ?? name };
};
