import { z } from 'zod';

const scalar = z.union([z.string().max(65_536), z.number(), z.boolean(), z.null()]);
const name = z.string().max(128);
const most = (count: number) => (map: object) => Object.keys(map).length <= count;

/** Three levels: some providers take maps, such as the parameters of a login. */
const inner = z.record(name, z.union([scalar, z.record(name, scalar).refine(most(64), 'more than 64 values')]));

/** The option map of a CA provider, bounded; what its names and values mean is for the provider to say. */
export const caOptions = z
  .record(name, z.union([scalar, inner.refine(most(64), 'more than 64 values')]))
  .refine(most(64), 'more than 64 options');
