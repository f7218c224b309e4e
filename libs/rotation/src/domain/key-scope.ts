import { BanyanError } from '@banyan/kernel';
import { z } from 'zod';

/** The signing key of one datacenter that is to go. The root above it stays. */
export const keyScopeSchema = z.object({
  datacenter: z.string().max(64),
  /** Subject key ID of its certificate, colon hex. */
  keyId: z.string().max(256),
  /** SHA-256 of its SubjectPublicKeyInfo, colon hex. */
  keyFingerprint: z.string().max(128),
  /** End of its certificate, ms since 1970. */
  endsAt: z.number(),
});
export type KeyScope = z.output<typeof keyScopeSchema>;

interface Scoped {
  readonly scope: 'root' | KeyScope;
}

/** What a rotation of one datacenter's key is about; undefined for one of the root. */
export const keyOf = ({ scope }: Scoped): KeyScope | undefined => (scope === 'root' ? undefined : scope);

/** The same where it cannot be a rotation of the root; `INTERNAL` if it is. */
export const getKey = (rotation: Scoped & { readonly id: string }): KeyScope => {
  const key = keyOf(rotation);
  if (key === undefined) throw new BanyanError('INTERNAL', `rotation ${rotation.id} is one of the root`);
  return key;
};
