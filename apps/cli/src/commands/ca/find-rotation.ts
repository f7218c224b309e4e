import { BanyanError } from '@banyan/kernel';
import type { ApiClient } from '../../api/api-client.js';
import { isFinished, rotationsShape, type WireRotation } from '../../wire/rotation-shapes.js';

export const ROTATIONS = '/v1/connect/ca/rotations';

/** The path of one rotation. */
export const rotationPath = (id: string): string => `${ROTATIONS}/${encodeURIComponent(id)}`;

/**
 * The ID of the rotation that is meant: as given, where the beginning of one is enough; without one, the newest that is not
 * finished, else (for looking) the newest. Throws `ROTATION_NOT_FOUND`, and `CONFIG_INVALID` for an ambiguous beginning.
 */
export const findRotation = async (
  api: ApiClient,
  id: string | undefined,
  wanted: { readonly maybeFinished: boolean },
): Promise<string> => {
  const all = await api.get(ROTATIONS, rotationsShape);
  if (id !== undefined) return named(all, id).ID;
  const running = all.find((rotation) => !isFinished(rotation)) ?? (wanted.maybeFinished ? all[0] : undefined);
  if (running !== undefined) return running.ID;
  const text = all.length === 0 ? 'there was never a rotation' : 'no rotation is under way';
  throw new BanyanError('ROTATION_NOT_FOUND', text, { fields: { next: '`banyan ca rotate --dry-run` plans one' } });
};

const named = (all: readonly WireRotation[], id: string): WireRotation => {
  const found = all.filter((rotation) => rotation.ID.startsWith(id));
  const [only, another] = found;
  if (only === undefined) throw new BanyanError('ROTATION_NOT_FOUND', `there is no rotation ${id}`);
  if (another !== undefined && only.ID !== id) {
    throw new BanyanError('CONFIG_INVALID', `${found.length} rotations begin with ${id}: give more of the ID`);
  }
  return only;
};
