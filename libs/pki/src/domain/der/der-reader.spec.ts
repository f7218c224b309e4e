import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { BanyanError, epochMs } from '@banyan/kernel';
import { DerReader } from './der-reader.js';
import { tlv } from './der-writer.js';
import { dottedOid, OID } from './oids.js';
import { TAG } from './tags.js';
import { encodeTime, readTime } from './time.js';

const reader = (hex: string): DerReader => new DerReader(Buffer.from(hex, 'hex'));

const refused = (work: () => unknown): boolean => {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(BanyanError);
    expect((error as BanyanError).code).toBe('DER_INVALID');
    return true;
  }
  return false;
};

describe('DerReader', () => {
  it('reads every length that tlv writes', () => {
    for (const length of [0, 1, 127, 128, 255, 256, 65_535, 65_536]) {
      const element = tlv(TAG.octetString, new Uint8Array(length).fill(7));
      const whole = new DerReader(element);
      expect(whole.content(TAG.octetString)).toHaveLength(length);
      expect(whole.atEnd).toBe(true);
    }
  });

  it.each([
    ['an indefinite length', '0480', (r: DerReader) => r.content(TAG.octetString)],
    ['a long length that fits the short form', '04810100', (r: DerReader) => r.content(TAG.octetString)],
    ['a length with a leading zero', `048200ff${'00'.repeat(255)}`, (r: DerReader) => r.content(TAG.octetString)],
    ['a length of four bytes', '048400000001', (r: DerReader) => r.content(TAG.octetString)],
    ['a length beyond the end', '040500', (r: DerReader) => r.content(TAG.octetString)],
    ['a tag alone', '04', (r: DerReader) => r.content(TAG.octetString)],
    ['nothing', '', (r: DerReader) => r.content(TAG.octetString)],
    ['another tag', '0500', (r: DerReader) => r.content(TAG.octetString)],
    ['a multi-byte tag', '1f8100', (r: DerReader) => r.skip()],
    ['an empty integer', '0200', (r: DerReader) => r.integer()],
    ['a padded integer', '02020001', (r: DerReader) => r.integer()],
    ['a padded negative integer', '0202ff80', (r: DerReader) => r.integer()],
    ['a negative small integer', '0201ff', (r: DerReader) => r.smallInteger()],
    ['a large small integer', '02050100000000', (r: DerReader) => r.smallInteger()],
    ['a boolean of 1', '010101', (r: DerReader) => r.boolean()],
    ['a bit string with unused bits', '030203b8', (r: DerReader) => r.bitString()],
    ['a bit list with trailing zeros', '030200b8', (r: DerReader) => r.namedBits()],
    ['a bit list with used unused bits', '030204b8', (r: DerReader) => r.namedBits()],
    ['an empty bit string', '0300', (r: DerReader) => r.namedBits()],
    ['an unfinished identifier', '060181', (r: DerReader) => r.oid()],
    ['a padded identifier', '06028001', (r: DerReader) => r.oid()],
    ['an empty identifier', '0600', (r: DerReader) => r.oid()],
  ])('refuses %s', (_name, hex, read) => {
    expect(refused(() => read(reader(hex)))).toBe(true);
  });

  it('refuses what is left over', () => {
    const two = reader('05000500');
    two.skip();
    expect(refused(() => two.finish())).toBe(true);
    two.skip();
    expect(refused(() => two.finish())).toBe(false);
  });

  it('names bits from the first', () => {
    expect(reader('030203b8').namedBits()).toEqual([0, 2, 3, 4]);
    expect(reader('03020186').namedBits()).toEqual([0, 5, 6]);
    expect(reader('0303070080').namedBits()).toEqual([8]);
  });

  it('knows identifiers in dotted form', () => {
    expect(dottedOid(OID.clientAuth)).toBe('1.3.6.1.5.5.7.3.2');
    expect(dottedOid(OID.subjectAltName)).toBe('2.5.29.17');
    expect(dottedOid(OID.ecdsaSha256)).toBe('1.2.840.10045.4.3.2');
  });
});

describe('times', () => {
  it('reads every second it writes, across 2049', () => {
    const [from, to] = [Date.UTC(1950, 0), Date.UTC(9999, 11, 31)];
    fc.assert(
      fc.property(fc.integer({ min: from / 1000, max: to / 1000 }), (second) => {
        const moment = epochMs(second * 1000);
        expect(readTime(new DerReader(encodeTime(moment)))).toBe(moment);
      }),
    );
    expect(encodeTime(epochMs(Date.UTC(2049, 11, 31, 23, 59, 59)))[0]).toBe(TAG.utcTime);
    expect(encodeTime(epochMs(Date.UTC(2050, 0)))[0]).toBe(TAG.generalizedTime);
  });

  it.each([
    '270230000000Z',
    '271301000000Z',
    '270001000000Z',
    '270101240000Z',
    '270101006000Z',
    '2701010000Z',
    '270101000000z',
    '27010100000aZ',
    '270101000000+0000',
  ])('refuses %s', (text) =>
    expect(refused(() => readTime(new DerReader(tlv(TAG.utcTime, Buffer.from(text)))))).toBe(true),
  );
});
