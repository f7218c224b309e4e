import { z } from 'zod';

/**
 * Renames the keys of a JSON body to the spelling of its schema: without regard to case, and with or without the
 * underscores of snake_case (contract §0.3). Unknown keys stay as they are, so that the strict schema refuses them by
 * name; keys of maps (Meta, Config) are the caller's own and are never touched. Of two spellings the later wins.
 */
export const renameBodyKeys = (schema: z.core.$ZodType, value: unknown): unknown => {
  const shape = withoutWrappers(schema);
  if (Array.isArray(value)) {
    return shape instanceof z.ZodArray ? value.map((item: unknown) => renameBodyKeys(shape.element, item)) : value;
  }
  if (value === null || typeof value !== 'object') return value;
  if (shape instanceof z.ZodObject) return renameMembers(shape.shape, value);
  if (shape instanceof z.ZodRecord) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, renameBodyKeys(shape.valueType, item)]));
  }
  return value;
};

const renameMembers = (members: Record<string, z.core.$ZodType>, value: object): unknown => {
  const known = new Map(Object.keys(members).map((name) => [folded(name), name]));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      const name = known.get(folded(key));
      return name === undefined ? [key, item] : [name, renameBodyKeys(members[name] as z.core.$ZodType, item)];
    }),
  );
};

const folded = (key: string): string => key.replaceAll('_', '').toLowerCase();

const withoutWrappers = (schema: z.core.$ZodType): z.core.$ZodType =>
  schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodDefault
    ? withoutWrappers(schema.unwrap())
    : schema;
