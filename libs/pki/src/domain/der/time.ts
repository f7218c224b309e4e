import { BanyanError, type EpochMs, epochMs } from '@banyan/kernel';
import type { DerReader } from './der-reader.js';
import { bytesOfAscii, tlv } from './der-writer.js';
import { TAG } from './tags.js';

const twoDigits = (value: number): string => (value < 10 ? `0${value}` : String(value));

/** RFC 5280 §4.1.2.5: UTCTime up to 2049, GeneralizedTime from 2050; whole seconds, `Z`. */
export const encodeTime = (moment: EpochMs): Uint8Array => {
  const at = new Date(moment);
  const year = at.getUTCFullYear();
  const rest =
    twoDigits(at.getUTCMonth() + 1) +
    twoDigits(at.getUTCDate()) +
    twoDigits(at.getUTCHours()) +
    twoDigits(at.getUTCMinutes()) +
    twoDigits(at.getUTCSeconds());
  return year >= 1950 && year < 2050
    ? tlv(TAG.utcTime, bytesOfAscii(`${twoDigits(year % 100)}${rest}Z`))
    : tlv(TAG.generalizedTime, bytesOfAscii(`${String(year).padStart(4, '0')}${rest}Z`));
};

const invalid = (): never => {
  throw new BanyanError('DER_INVALID', 'Not strict DER: a time is not in the form RFC 5280 asks for.');
};

const numberAt = (text: Uint8Array, at: number, digits: number): number => {
  let value = 0;
  for (let index = at; index < at + digits; index++) {
    const digit = text[index]! - 48;
    if (digit < 0 || digit > 9) invalid();
    value = value * 10 + digit;
  }
  return value;
};

/** Reads a Time of RFC 5280 §4.1.2.5. Throws `DER_INVALID`, also for a date that no calendar has. */
export const readTime = (reader: DerReader): EpochMs => {
  const general = reader.tag === TAG.generalizedTime;
  const text = reader.content(general ? TAG.generalizedTime : TAG.utcTime);
  const yearDigits = general ? 4 : 2;
  if (text.length !== yearDigits + 11 || text.at(-1) !== 0x5a) invalid();
  const yearRead = numberAt(text, 0, yearDigits);
  const year = general ? yearRead : yearRead < 50 ? 2000 + yearRead : 1900 + yearRead;
  const field = (index: number): number => numberAt(text, yearDigits + index * 2, 2);
  const [month, day, hour, minute, second] = [field(0), field(1), field(2), field(3), field(4)];
  // Date.UTC takes years below 100 as 19xx, and rolls 30 February over; neither is a date of a certificate.
  const moment = Date.UTC(year, month - 1, day, hour, minute, second);
  const back = new Date(moment);
  if (year < 1000 || back.getUTCMonth() !== month - 1 || back.getUTCDate() !== day) invalid();
  if (hour > 23 || minute > 59 || second > 59) invalid();
  return epochMs(moment);
};
