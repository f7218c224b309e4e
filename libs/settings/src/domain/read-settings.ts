import { BanyanError } from '@banyan/kernel';
import { z } from 'zod';

/** A setting as the reference page shows it. */
export interface SettingDescription {
  readonly name: string;
  readonly description: string;
  readonly fallback: string;
  readonly secret: boolean;
}

export interface SettingSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Reads a file that a `NAME_FILE` setting names. */
  readonly readFile: (path: string) => string;
}

const isSecret = (field: z.ZodType): boolean => (field.meta() as { secret?: boolean } | undefined)?.secret === true;

/**
 * Reads every setting of `schema` from the environment, once, into a frozen object. A secret may come from the file that
 * `NAME_FILE` names. An unset or empty variable means the fallback. Throws `CONFIG_INVALID`, naming settings, never values.
 */
export const readSettings = <S extends z.ZodObject>(
  schema: S,
  { env, readFile }: SettingSources,
): Readonly<z.output<S>> => {
  const raw: Record<string, string> = {};
  for (const [name, field] of Object.entries(schema.shape)) {
    const value = env[name];
    // Where NAME_FILE is a setting of its own, whoever uses it reads the file, and may make it or look at its mode.
    const byFile = isSecret(field as z.ZodType) && !(`${name}_FILE` in schema.shape);
    const file = byFile ? env[`${name}_FILE`] : undefined;
    if (value !== undefined && value !== '') raw[name] = value;
    else if (file !== undefined && file !== '') raw[name] = readSecretFile(name, file, readFile);
  }
  const parsed = schema.safeParse(raw);
  if (parsed.success) return Object.freeze(parsed.data);
  const faults = parsed.error.issues.map((issue) => {
    const name = String(issue.path[0] ?? '');
    return raw[name] === undefined
      ? `${name} is not set`
      : `${name} ${issue.code === 'custom' ? issue.message : 'has a value that is not allowed'}`;
  });
  throw new BanyanError(
    'CONFIG_INVALID',
    `${faults.join('; ')}. See the configuration reference (docs/reference/configuration.md)`,
  );
};

const readSecretFile = (name: string, file: string, readFile: (path: string) => string): string => {
  try {
    return readFile(file).trim();
  } catch (cause) {
    throw new BanyanError('CONFIG_INVALID', `the file that ${name}_FILE names cannot be read: ${file}`, { cause });
  }
};

/** What each setting is for, for the reference page; descriptions come from `.describe()`, fallbacks as they are written. */
export const describeSettings = (schema: z.ZodObject): readonly SettingDescription[] =>
  Object.entries(schema.shape).map(([name, field]) => {
    const type = field as z.ZodType;
    // A default is text, as the environment holds it; what a kind makes of it is not what a person would write.
    const { default: fallback } = z.toJSONSchema(type, { io: 'input' });
    return {
      name,
      description: type.description ?? '',
      fallback: type.safeParse(undefined).success ? (typeof fallback === 'string' ? fallback : '') : 'required',
      secret: isSecret(type),
    };
  });
