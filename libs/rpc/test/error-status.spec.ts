import { BanyanError, ERROR_CODES, type ErrorCode } from '@banyan/kernel';
import { describe, expect, it } from '@jest/globals';
import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { errorOf, statusOf } from '../src/adapters/wire/error-status.js';
import { STATUS_OF_CODE } from '../src/adapters/wire/status-of-code.js';

const codes = Object.keys(ERROR_CODES) as ErrorCode[];

const received = (code: status, details: string, metadata = new Metadata()): ServiceError =>
  Object.assign(new Error(details), { code, details, metadata });

describe('error status', () => {
  it('gives every code a status that is an error', () => {
    expect(codes.filter((code) => !(STATUS_OF_CODE[code] > status.OK))).toEqual([]);
  });

  it.each(codes)('brings %s back with the same message and fields', (code) => {
    const sent = statusOf(
      new BanyanError(code, 'why, 100 % — und wo', { fields: { retryAfterMs: 5, datacenter: 'dc2' } }),
    );
    const back = errorOf(received(sent.code, sent.details, sent.metadata), 'SERVER_UNREACHABLE');
    expect(back).toBeInstanceOf(BanyanError);
    expect(back).toMatchObject({
      code,
      message: 'why, 100 % — und wo',
      fields: { retryAfterMs: 5, datacenter: 'dc2' },
    });
  });

  it('tells nothing of an error that is not ours', () => {
    const sent = statusOf(new Error('password=hunter2'));
    expect(sent.code).toBe(status.INTERNAL);
    expect(JSON.stringify([sent.details, sent.metadata.toJSON()])).not.toContain('hunter2');
  });

  it.each([
    [status.UNAVAILABLE, 'DATACENTER_UNREACHABLE'],
    [status.DEADLINE_EXCEEDED, 'DATACENTER_UNREACHABLE'],
    [status.CANCELLED, 'ABORTED'],
    [status.UNIMPLEMENTED, 'METHOD_NOT_ALLOWED'],
    [status.RESOURCE_EXHAUSTED, 'REQUEST_TOO_LARGE'],
    [status.UNKNOWN, 'INTERNAL'],
  ])('translates status %i without our trailers to %s', (code, expected) => {
    expect(errorOf(received(code, 'x'), 'DATACENTER_UNREACHABLE')).toMatchObject({ code: expected });
  });

  it('does not take a code that is not in the catalogue', () => {
    const metadata = new Metadata();
    metadata.set('banyan-code', 'toString');
    expect(errorOf(received(status.UNKNOWN, 'x', metadata), 'SERVER_UNREACHABLE').code).toBe('INTERNAL');
  });
});
