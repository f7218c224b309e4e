import { BanyanError, parsedJson } from '@banyan/kernel';
import { Certificate } from '@banyan/pki';
import { z } from 'zod';

const rootsAnswer = z.object({
  ActiveRootID: z.string().max(64),
  TrustDomain: z.string().max(64),
  LeavingKeys: z.array(z.string().max(256)).max(64).optional(),
  Roots: z
    .array(
      z.object({
        ID: z.string().max(64),
        SigningKeyID: z.string().max(256),
        RootCert: z.string().max(65_536),
        Active: z.boolean(),
        Tainted: z.boolean().optional(),
      }),
    )
    .min(1)
    .max(64),
  DeniedKeys: z
    .array(z.object({ KeySHA256: z.string().max(128) }))
    .max(1024)
    .optional(),
});

/** The bundle as the servers serve it, parsed once per change. */
export interface Bundle {
  readonly trustDomain: string;
  readonly roots: readonly Certificate[];
  /** Their IDs (SHA-1 fingerprints) in the same order: computed from the certificates, not believed. */
  readonly rootIds: readonly string[];
  readonly bundlePem: string;
  /** ID of the root that leaves of this datacenter are signed under now, which is to stay. */
  readonly activeRootId: string;
  /** IDs of the roots among these whose key is in wrong hands. */
  readonly taintedRootIds: readonly string[];
  /** Keys that nobody may believe (SHA-256 of the SubjectPublicKeyInfo), whoever certified them. */
  readonly deniedKeys: ReadonlySet<string>;
  /** Subject key IDs of the datacenter's former intermediates: certificates under them are to be signed again. */
  readonly leavingKeyIds: readonly string[];
}

/** Parses the answer of `GET /v1/connect/ca/roots`. Throws `CERTIFICATE_INVALID` or `REQUEST_INVALID`. */
export const parseBundle = (body: Uint8Array | string): Bundle => {
  const text = typeof body === 'string' ? body : Buffer.from(body).toString('utf8');
  const parsed = rootsAnswer.safeParse(parsedJson(text));
  const active = parsed.data?.Roots.findIndex((root) => root.Active) ?? -1;
  if (!parsed.success || active === -1) {
    throw new BanyanError('REQUEST_INVALID', 'the roots that the server answered do not follow their schema');
  }
  const roots = parsed.data.Roots.map((root) => Certificate.fromPem(root.RootCert));
  const rootIds = roots.map((root) => root.fingerprintSha1);
  return {
    trustDomain: parsed.data.TrustDomain,
    roots,
    rootIds,
    bundlePem: roots.map((root) => root.pem).join(''),
    activeRootId: rootIds[active]!,
    leavingKeyIds: parsed.data.LeavingKeys ?? [],
    taintedRootIds: rootIds.filter((_, at) => parsed.data.Roots[at]?.Tainted === true),
    deniedKeys: new Set(parsed.data.DeniedKeys?.map(({ KeySHA256 }) => KeySHA256)),
  };
};
