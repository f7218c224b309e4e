/** A member that differs between what was and what is; undefined: it was not there. */
export interface Change {
  /** `Config.RotationPeriod`; empty for the whole. */
  readonly path: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const textOf = (value: unknown): string | undefined => {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'string' ? value : JSON.stringify(value);
};

/** What changed between two states of something, member by member; lists are compared as a whole. */
export function changesOf(before: unknown, after: unknown, path = ''): Change[] {
  if (!isRecord(before) && !isRecord(after)) {
    const [was, is] = [textOf(before), textOf(after)];
    return was === is ? [] : [{ path, before: was, after: is }];
  }
  const [was, is] = [isRecord(before) ? before : {}, isRecord(after) ? after : {}];
  const names = [...new Set([...Object.keys(was), ...Object.keys(is)])];
  return names.flatMap((name) => changesOf(was[name], is[name], path === '' ? name : `${path}.${name}`));
}
