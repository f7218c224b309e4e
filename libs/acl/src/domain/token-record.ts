import { createHash, timingSafeEqual } from 'node:crypto';
import {
  BanyanError,
  contentHash,
  type EpochMs,
  type JsonValue,
  type SecretText,
  type StateIndex,
} from '@banyan/kernel';
import type { Role } from './caller.js';

/**
 * A token as it is stored and replicated. I1: the secret itself is never stored; `secretHash` is the SHA-256 of it in
 * lower-case hex. (Secrets are random and long, so an unsalted hash cannot be searched.)
 */
export interface TokenRecord {
  /** Public name of the token, a UUID. */
  readonly accessorId: string;
  readonly secretHash: string;
  readonly role: Role;
  readonly description: string;
  readonly createTime: EpochMs;
}

/** A token with the indexes of the datacenter that stores it. */
export interface IndexedTokenRecord extends TokenRecord {
  readonly createIndex: StateIndex;
  readonly modifyIndex: StateIndex;
}

/** A secret's bounds, in characters. Shorter ones could be guessed; banyan's own are UUIDs (122 random bits). */
export const SECRET_LENGTH = { least: 16, most: 256 } as const;

/** Throws `REQUEST_INVALID` for a secret that is too short or too long; never says what it is. */
export const requireUsableSecret = (secret: SecretText): void => {
  const { length } = secret.reveal();
  if (length < SECRET_LENGTH.least || length > SECRET_LENGTH.most) {
    throw new BanyanError(
      'REQUEST_INVALID',
      `A token's secret must have ${SECRET_LENGTH.least} to ${SECRET_LENGTH.most} characters`,
    );
  }
};

/** SHA-256 of a secret in lower-case hex. */
export const hashSecret = (secret: SecretText): string => createHash('sha256').update(secret.reveal()).digest('hex');

/** Compares two hex hashes in time that does not depend on where they differ. */
export const sameHash = (left: string, right: string): boolean =>
  left.length === right.length && timingSafeEqual(Buffer.from(left), Buffer.from(right));

/** A record as plain JSON: what is hashed and replicated. Holds the secret's hash, never the secret. */
export const tokenBody = (record: TokenRecord): JsonValue => ({
  accessorId: record.accessorId,
  secretHash: record.secretHash,
  role: record.role,
  description: record.description,
  createTime: record.createTime,
});

/** The hash of a record's content, equal in every datacenter. */
export const tokenContentHash = (record: TokenRecord): string => contentHash(tokenBody(record));
