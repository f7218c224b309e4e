import { IntentionIndex, precedenceOf } from '@banyan/intentions';
import { BanyanError, parsedJson, stateIndex } from '@banyan/kernel';
import { z } from 'zod';

const row = z.object({
  SourceName: z.string(),
  DestinationName: z.string(),
  Action: z.enum(['allow', 'deny']).optional(),
  Permissions: z.array(z.unknown()).optional(),
  Description: z.string().optional(),
});
const answer = z.record(z.string(), z.array(row).nullable());

/** Compiles the servers' answer of `match` for one destination into decisions. */
export const readIntentions = (body: Uint8Array, destination: string): IntentionIndex => {
  const parsed = answer.safeParse(parsedJson(Buffer.from(body).toString('utf8')));
  if (!parsed.success)
    throw new BanyanError('INTERNAL', 'the intentions that the server answered do not follow their schema');
  const byDestination = new Map<string, z.infer<typeof row>[]>();
  for (const each of parsed.data[destination] ?? []) {
    const rows = byDestination.get(each.DestinationName);
    if (rows === undefined) byDestination.set(each.DestinationName, [each]);
    else rows.push(each);
  }
  return IntentionIndex.of(
    [...byDestination].map(([name, rows]) => ({
      name,
      sources: rows.map((r) => ({
        name: r.SourceName,
        type: 'consul' as const,
        precedence: precedenceOf(r.SourceName, name),
        ...(r.Action !== undefined && { action: r.Action }),
        ...(r.Permissions !== undefined && { permissions: r.Permissions as never }),
        ...(r.Description !== undefined && { description: r.Description }),
      })),
      createIndex: stateIndex(1),
      modifyIndex: stateIndex(1),
    })),
  );
};
