import { BanyanError, type ChainPlace } from '@banyan/kernel';
import { z } from 'zod';
import type { View } from '../../output/output.js';
import { facts } from '../../output/table.js';

const place = z.looseObject({ Seq: z.number(), Hash: z.string() });

/** The proof of a chain, as the API answers it and as files give it. */
export const proofShape = z.looseObject({
  Valid: z.boolean(),
  Entries: z.number(),
  Head: place.nullish(),
  Checkpoint: place.nullish(),
  Break: z.looseObject({ Seq: z.number(), Kind: z.string(), Detail: z.string() }).nullish(),
});
export type Proof = z.infer<typeof proofShape>;

const placeText = (at: z.infer<typeof place> | null | undefined): string | undefined =>
  at === null || at === undefined ? undefined : `${at.Seq}:${at.Hash}`;

/** The verdict first; then what to note elsewhere, or the first break. */
export const proofView: View<Proof> = ({ Valid, Entries, Head, Checkpoint, Break }, paint) =>
  facts(
    [
      ['chain', Valid ? 'holds' : 'BROKEN', Valid ? 'good' : 'bad'],
      ['entries', Entries],
      ['begins after', placeText(Checkpoint)],
      ['head', placeText(Head)],
      ...(Break === null || Break === undefined
        ? []
        : ([
            ['first break', `${Break.Kind} at entry ${Break.Seq}`, 'bad'],
            ['what', Break.Detail, 'bad'],
            ...(typeof Break['Server'] === 'string' ? ([['server', Break['Server']]] as const) : []),
            ...(typeof Break['Line'] === 'number' ? ([['line', Break['Line']]] as const) : []),
          ] as const)),
    ],
    paint,
  );

/** `<seq>:<hash>` of an earlier proof. Throws `CONFIG_INVALID`. */
export const anchorOf = (text: string): ChainPlace => {
  const match = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text);
  if (match !== null) return { seq: Number(match[1]), hash: match[2] ?? '' };
  throw new BanyanError('CONFIG_INVALID', '--anchor is <seq>:<hash>, the head of an earlier proof');
};
