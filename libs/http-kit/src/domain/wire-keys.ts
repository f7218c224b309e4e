import { z } from 'zod';

/**
 * Renames the keys of a parsed JSON body to the spelling its schema declares, matching without regard to case, as
 * clients of this API rely on. Keys the schema does not know are kept, so that strict schemas can refuse them by name.
 * When two spellings of one key are given, the later wins.
 */
export const matchKeys = (schema: z.core.$ZodType, value: unknown): unknown => {
  if (value === null || typeof value !== 'object') return value;
  const inner = unwrap(schema);
  if (Array.isArray(value)) {
    return inner instanceof z.ZodArray
      ? value.map((item: unknown) => matchKeys(inner.element, item))
      : (value as unknown);
  }
  if (inner instanceof z.ZodObject) return matchObject(shapesOf([inner]), value);
  if (inner instanceof z.ZodUnion) return matchObject(shapesOf(inner.options), value);
  if (inner instanceof z.ZodRecord) return mapEntries(value, (key, item) => [key, matchKeys(inner.valueType, item)]);
  return value;
};

/** Removes what wraps a shape without changing it. A pipe shows its object side, whichever that is. */
const unwrap = (schema: z.core.$ZodType): z.core.$ZodType => {
  if (schema instanceof z.ZodPipe) return unwrap(schema.in instanceof z.ZodTransform ? schema.out : schema.in);
  if (schema instanceof z.ZodLazy) return unwrap(schema.unwrap());
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodReadonly
  ) {
    return unwrap(schema.unwrap());
  }
  return schema;
};

type Fields = ReadonlyMap<string, { readonly name: string; readonly schema: z.core.$ZodType }>;

const shapesOf = (options: readonly z.core.$ZodType[]): Fields => {
  const fields = new Map<string, { name: string; schema: z.core.$ZodType }>();
  for (const option of options) {
    const inner = unwrap(option);
    if (inner instanceof z.ZodUnion) for (const [key, field] of shapesOf(inner.options)) fields.set(key, field);
    if (!(inner instanceof z.ZodObject)) continue;
    for (const [name, schema] of Object.entries(inner.shape)) {
      fields.set(name.toLowerCase(), { name, schema });
    }
  }
  return fields;
};

const matchObject = (fields: Fields, value: object): unknown =>
  mapEntries(value, (key, item) => {
    const field = fields.get(key.toLowerCase());
    return field === undefined ? [key, item] : [field.name, matchKeys(field.schema, item)];
  });

/** `Object.fromEntries` defines own properties, so a key `__proto__` stays a harmless key. */
const mapEntries = (value: object, map: (key: string, item: unknown) => [string, unknown]): unknown =>
  Object.fromEntries(Object.entries(value).map(([key, item]) => map(key, item)));
