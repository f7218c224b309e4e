import type { RotationEffect } from './event.js';
import { getKey } from './key-scope.js';
import { isCompromise, type Rotation } from './rotation.js';

/** What ends the rotation of a compromised key. The former one of a planned rotation was destroyed when it was replaced. */
export const denialOf = (rotation: Rotation): readonly RotationEffect[] => {
  if (!isCompromise(rotation)) return [];
  const { datacenter, keyFingerprint, endsAt } = getKey(rotation);
  return [{ kind: 'deny-key', datacenter, keyFingerprint, endsAt }];
};
