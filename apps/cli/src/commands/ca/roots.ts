import { X509Certificate } from 'node:crypto';
import { Command } from 'commander';
import { lifeUsedOf } from '../../output/life-used.js';
import { type Column, facts, table } from '../../output/table.js';
import { percentText, timeText } from '../../output/words.js';
import { inSession } from '../../session/session.js';
import type { Surroundings } from '../../session/surroundings.js';
import { rootsShape, type WireRoot, type WireRoots } from '../../wire/federation-shapes.js';

const EXAMPLES = `
Needs no token.

Examples:
  banyan ca roots
  banyan ca roots --datacenter dc2      as dc2 has them
  banyan ca roots --pem > bundle.pem    the bundle, to verify with
`;

const columns = (now: number): readonly Column<WireRoot>[] => [
  { title: 'ROOT', value: ({ ID }) => ID },
  {
    title: 'STATE',
    value: ({ Active, Tainted }) => (Tainted ? 'tainted' : Active ? 'active' : 'trusted'),
    tone: ({ Active, Tainted }) => (Tainted ? 'bad' : Active ? 'good' : 'plain'),
  },
  { title: 'KEY', value: ({ PrivateKeyType, PrivateKeyBits }) => `${PrivateKeyType} ${PrivateKeyBits}` },
  { title: 'LIFE USED', value: (root) => percentText(lifeUsedOf(root, now)), align: 'right' },
  { title: 'UNTIL', value: ({ NotAfter }) => timeText(NotAfter) },
  { title: 'CROSS-SIGNED', value: ({ IntermediateCerts }) => ((IntermediateCerts?.length ?? 0) > 1 ? 'yes' : 'no') },
];

const fingerprintOf = ({ RootCert }: WireRoot): string => new X509Certificate(RootCert).fingerprint256.toLowerCase();

/** `banyan ca roots`. */
export const rootsCommand = (surroundings: Surroundings): Command =>
  new Command('roots')
    .description('the roots that are trusted, and their fingerprints (pins)')
    .option('--pem', 'write their certificates')
    .addHelpText('after', EXAMPLES)
    .action(
      inSession<{ readonly pem?: boolean }>(surroundings, async ({ api, out }, { pem }) => {
        const roots = await api.get('/v1/connect/ca/roots', rootsShape);
        if (pem === true) {
          for (const { RootCert } of roots.Roots) out.write(RootCert.endsWith('\n') ? RootCert : `${RootCert}\n`);
          return;
        }
        out.show(roots, (value: WireRoots, paint) =>
          [
            facts([['trust domain', value.TrustDomain]], paint),
            `\n${table(columns(surroundings.clock.now()), value.Roots, paint)}\n`,
            table(
              [
                { title: 'ROOT', value: ({ ID }: WireRoot) => ID.slice(0, 11) },
                { title: 'FINGERPRINT (SHA-256): THE PIN', value: fingerprintOf },
              ],
              value.Roots,
              paint,
            ),
          ].join(''),
        );
      }),
    );
