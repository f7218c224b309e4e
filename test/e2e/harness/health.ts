import { callHttp } from './http-call.js';

/** What `/readyz` of a process says: whether it is ready, and the reason or note of each dependency by its name. */
export const healthOf = async (
  address: string,
): Promise<{ readonly ok: boolean; readonly reasons: Readonly<Record<string, string>> }> => {
  const { text } = await callHttp(address, { path: '/readyz', limitMs: 5_000 });
  const { ok, dependencies } = JSON.parse(text) as {
    readonly ok: boolean;
    readonly dependencies: readonly { readonly name: string; readonly reason: string }[];
  };
  return { ok, reasons: Object.fromEntries(dependencies.map(({ name, reason }) => [name, reason])) };
};
