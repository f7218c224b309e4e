import { z } from 'zod';
import type { View } from '../../output/output.js';
import { type Fact, facts } from '../../output/table.js';
import { percentText, timeText } from '../../output/words.js';

const RENEWED_LONG_AGO = 0.75;

const inspected = z.looseObject({
  Subject: z.string(),
  Issuer: z.string(),
  URIs: z.array(z.string()),
  SerialNumber: z.string(),
  KeyType: z.string(),
  KeyBits: z.number(),
  NotBefore: z.string(),
  NotAfter: z.string(),
  LifeUsed: z.number(),
  Fingerprint: z.string(),
  IsCA: z.boolean(),
  PathLength: z.number().nullish(),
  SubjectKeyID: z.string().nullish(),
  AuthorityKeyID: z.string().nullish(),
  SignatureAlgorithm: z.string().nullish(),
});

/** POST /v1/connect/ca/inspect; what was read on this machine has no verdict. */
export const inspectionShape = z.looseObject({
  Certificates: z.array(inspected),
  Trusted: z.boolean().optional(),
  Reason: z.string().optional(),
  Detail: z.string().optional(),
});
export type Inspection = z.infer<typeof inspectionShape>;

const lifeFact = ({ LifeUsed }: Inspection['Certificates'][number]): Fact => [
  'life used',
  LifeUsed > 1 ? `${percentText(LifeUsed)}: it has ended` : percentText(LifeUsed),
  LifeUsed > 1 ? 'bad' : LifeUsed > RENEWED_LONG_AGO ? 'warning' : 'plain',
];

/** Every certificate, and the verdict where there is one. */
export const inspectionView: View<Inspection> = ({ Certificates, Trusted, Reason, Detail }, paint) => {
  const certificates = Certificates.map((each, position) =>
    facts(
      [
        [`certificate ${position + 1}`, each.IsCA ? 'a CA' : 'of a workload', 'strong'],
        ['subject', each.Subject],
        ...each.URIs.map((uri): Fact => ['identity', uri]),
        ['issuer', each.Issuer],
        ['serial', each.SerialNumber],
        ['key', `${each.KeyType} ${each.KeyBits}`],
        ['valid', `${timeText(each.NotBefore)} to ${timeText(each.NotAfter)}`],
        lifeFact(each),
        ['fingerprint', each.Fingerprint],
        ...(each.SubjectKeyID ? [['key ID', each.SubjectKeyID] as const] : []),
        ...(each.AuthorityKeyID ? [['issuer key ID', each.AuthorityKeyID] as const] : []),
        ...(each.SignatureAlgorithm ? [['signature', each.SignatureAlgorithm] as const] : []),
      ],
      paint,
    ),
  ).join('\n');
  if (Trusted === undefined) return certificates;
  const verdict: Fact = Trusted
    ? ['trusted', 'yes', 'good']
    : ['trusted', `NO: ${Detail ?? ''} [${Reason ?? ''}]`, 'bad'];
  return `${certificates}\n${facts([verdict], paint)}`;
};
