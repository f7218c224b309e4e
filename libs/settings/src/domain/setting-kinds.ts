import { type DurationMs, isBanyanError, parseGoDuration, SecretText } from '@banyan/kernel';
import { z } from 'zod';

/** An address to listen at or to call. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** `host:port`, an IPv6 host in brackets. */
export const addressText = ({ host, port }: HostPort): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

const parseHostPort = (value: string): HostPort | undefined => {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:\s]+)):(\d{1,5})$/.exec(value);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) return undefined;
  return { host: (match[1] ?? match[2])!, port };
};

/** `host:port`, with an IPv6 host in brackets. */
export const hostPort = (fallback?: string) =>
  withFallback(fallback).transform((value, context): HostPort => {
    const parsed = parseHostPort(value);
    if (parsed !== undefined) return parsed;
    context.addIssue({ code: 'custom', message: 'is not of the form host:port' });
    return z.NEVER;
  });

/** Several `host:port`, separated by commas; kept as text, as clients dial them. */
export const hostPortList = () =>
  z
    .string()
    .max(4_096)
    .transform((value, context): readonly string[] => {
      const parts = value.split(',').map((part) => part.trim());
      if (parts.every((part) => parseHostPort(part) !== undefined)) return parts;
      context.addIssue({ code: 'custom', message: 'is not a list of host:port separated by commas' });
      return z.NEVER;
    });

const withFallback = (fallback: string | undefined) => {
  const kind = z.string().max(1_024);
  return fallback === undefined ? kind : kind.default(fallback);
};

/** A Go duration such as `72h`, of at least so much. */
export const duration = (fallback: string, least: string) =>
  withFallback(fallback).transform((value, context): DurationMs => {
    try {
      const parsed = parseGoDuration(value);
      if (parsed >= parseGoDuration(least)) return parsed;
      context.addIssue({ code: 'custom', message: `is less than ${least}` });
    } catch (error) {
      if (!isBanyanError(error, 'DURATION_INVALID')) throw error;
      context.addIssue({ code: 'custom', message: 'is not a duration such as 72h' });
    }
    return z.NEVER;
  });

/** Any text that is not empty; required unless a fallback is given. */
export const text = (fallback: string) => z.string().min(1).max(1_024).default(fallback);
/** Any text that must be set. */
export const required = () => z.string().min(1).max(1_024);
/** A file or folder; optional. */
export const path = () => z.string().min(1).max(4_096).optional();
/** One of a few words. */
export const choice = <const T extends readonly [string, ...string[]]>(values: T, fallback: T[number]) =>
  z.enum(values).default(fallback as never);
/** `true` or `false`. */
export const toggle = (fallback: boolean) =>
  z
    .enum(['true', 'false'])
    .default(fallback ? 'true' : 'false')
    .transform((value) => value === 'true');
/** A secret; `NAME_FILE` may name a file that holds it instead. */
export const secret = () =>
  z
    .string()
    .min(1)
    .max(16_384)
    .transform((value) => new SecretText(value))
    .optional()
    .meta({ secret: true });
