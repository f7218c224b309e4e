import type { View } from '../../output/output.js';
import { type Column, facts, table } from '../../output/table.js';
import type { WireIntention } from '../../wire/intention-shapes.js';
import type { Tone } from '../../output/paint.js';

/** What an intention says in one word; `L7` where requests decide, which is a denial for a connection. */
export const actionText = ({ Action, Permissions }: Pick<WireIntention, 'Action' | 'Permissions'>): string =>
  Action ?? `L7 (${Permissions?.length ?? 0} permissions)`;

const actionTone = ({ Action }: WireIntention): Tone => (Action === 'allow' ? 'good' : 'warning');

/** `web => api`. */
export const pairText = ({ SourceName, DestinationName }: { SourceName: string; DestinationName: string }): string =>
  `${SourceName} => ${DestinationName}`;

const COLUMNS: readonly Column<WireIntention>[] = [
  { title: 'SOURCE', value: ({ SourceName }) => SourceName },
  { title: 'ACTION', value: actionText, tone: actionTone },
  { title: 'DESTINATION', value: ({ DestinationName }) => DestinationName },
  { title: 'PRECEDENCE', value: ({ Precedence }) => Precedence, align: 'right' },
  { title: 'DESCRIPTION', value: ({ Description }) => Description },
];

/** Intentions in the order in which they are looked at. */
export const intentionsView: View<readonly WireIntention[]> = (intentions, paint) =>
  intentions.length === 0 ? 'no intentions\n' : table(COLUMNS, intentions, paint);

/** One intention. */
export const intentionView: View<WireIntention> = (intention, paint) =>
  facts(
    [
      ['source', intention.SourceName],
      ['destination', intention.DestinationName],
      ['action', actionText(intention), actionTone(intention)],
      ['precedence', intention.Precedence],
      ['description', intention.Description],
      ...Object.entries(intention.Meta ?? {}).map(([name, value]) => [`meta ${name}`, value] as const),
      ...(intention.Permissions ?? []).map(
        (permission, position) => [`permission ${position + 1}`, JSON.stringify(permission)] as const,
      ),
    ],
    paint,
  );
