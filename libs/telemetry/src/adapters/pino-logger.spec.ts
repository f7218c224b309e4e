import { BanyanError, SecretText } from '@banyan/kernel';
import { describe, expect, it } from '@jest/globals';
import { PinoLogger, type PinoLoggerOptions } from './pino-logger.js';

const PEM = '-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n-----END EC PRIVATE KEY-----\n';

const capture = (options: PinoLoggerOptions = {}) => {
  const lines: string[] = [];
  const logger = new PinoLogger({ ...options, destination: { write: (line) => void lines.push(line) } });
  return { logger, lines };
};

const recordOf = (fields: Record<string, unknown>): Record<string, unknown> => {
  const { logger, lines } = capture();
  logger.info('a thing happened', fields);
  return JSON.parse(lines[0] ?? '') as Record<string, unknown>;
};

describe('PinoLogger', () => {
  it('writes a constant message and named fields, one JSON record per line', () => {
    const { logger, lines } = capture({ fields: { datacenter: 'dc1' } });
    logger.warn('a lease was lost', { lease: 'replication', fencing: 3 });
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 40,
      msg: 'a lease was lost',
      datacenter: 'dc1',
      lease: 'replication',
      fencing: 3,
    });
    expect(lines[0]?.endsWith('\n')).toBe(true);
  });

  it('writes nothing below its level', () => {
    const { logger, lines } = capture({ level: 'warn' });
    logger.debug('x');
    logger.info('x');
    expect(lines).toEqual([]);
    logger.error('x');
    expect(lines).toHaveLength(1);
  });

  it('hides what stands under a name that smells of a secret, at any depth', () => {
    const record = recordOf({
      secretId: 'S1',
      nested: { authorization: 'Bearer S2', list: [{ replicationToken: 'S3' }] },
      privateKey: 'S4',
      node: 'n1',
    });
    expect(JSON.stringify(record)).not.toMatch(/S[1-4]/);
    expect(record).toMatchObject({ secretId: '<hidden>', node: 'n1', nested: { authorization: '<hidden>' } });
  });

  it('hides a private key in PEM under any name, in errors, causes and messages', () => {
    const cause = new Error(`cannot read ${PEM}`);
    const error = new BanyanError('PEM_INVALID', 'bad', { cause, fields: { file: PEM } });
    const { logger, lines } = capture();
    logger.error(`oops ${PEM}`, { innocent: PEM, error, list: [PEM] });
    expect(lines.join('')).not.toContain('MHcCAQEE');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ error: { code: 'PEM_INVALID', message: 'bad' } });
  });

  it('takes any value without failing: secrets, bytes, cycles, bigints', () => {
    const cycle: Record<string, unknown> = { a: 1 };
    cycle['self'] = cycle;
    const record = recordOf({ pass: new SecretText('S1'), bytes: new Uint8Array(3), cycle, big: 10n, none: undefined });
    expect(record).toMatchObject({ pass: '<hidden>', bytes: '<3 bytes>', big: '10' });
  });

  it('does not let a field replace the record’s own parts', () => {
    expect(recordOf({ level: 'x', msg: 'forged', time: 0 })).toMatchObject({
      level: 30,
      msg: 'a thing happened',
      field_msg: 'forged',
    });
  });

  it('prints one line for a person, whatever the values hold', () => {
    const { logger, lines } = capture({ format: 'line' });
    logger.info('a node joined', { node: 'n1', note: 'two\nlines level=fatal' });
    expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d\.\d{3} INFO {2}a node joined node=n1 note="two\\nlines level=fatal"\n$/);
  });
});
