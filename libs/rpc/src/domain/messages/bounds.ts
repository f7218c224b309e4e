import { SecretText } from '@banyan/kernel';
import { z } from 'zod';

/** Largest message either side sends or takes, in bytes. */
export const MESSAGE_LIMIT_BYTES = 8 * 1024 * 1024;

/** A signing request: RSA 4096 in PEM is under 2 KiB; 64 KiB is the bound the pki room parses. */
const CSR_LIMIT = 64 * 1024;
/** Chains and bundles: 64 certificates of 4 KiB, with room. */
const PEM_LIMIT = 1024 * 1024;

/** Certificates in PEM. */
export const pemText = z.string().max(PEM_LIMIT);
/** A PKCS#10 in PEM. */
export const csrText = z.string().min(1).max(CSR_LIMIT);
/** The name of a node or service. */
export const nameText = z.string().min(1).max(128);
/** A DNS label, checked where it is used. */
export const datacenterText = z.string().min(1).max(64);
/** host:port; empty where none is told. */
export const addressText = z.string().max(300);
/** Several host:port, separated by commas. */
export const addressesText = z.string().max(4_096);
/** Whole JSON documents: bounded by the message itself. */
export const jsonText = z.string().max(MESSAGE_LIMIT_BYTES);
/** A path with query of the HTTP API. Longer ones are refused by the HTTP edge as well. */
export const pathText = z
  .string()
  .startsWith('/v1/')
  .max(16 * 1024);
/** Bytes as gRPC gives them. */
export const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array, 'not bytes');
/** 64-bit fields arrive as numbers; beyond 2^53 they would be wrong, so they are refused. */
export const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
/** A token, hidden as soon as it is read. Empty is the anonymous token. */
export const tokenText = z
  .union([z.string().max(512), z.instanceof(SecretText)])
  .transform((text) => (typeof text === 'string' ? new SecretText(text) : text));
