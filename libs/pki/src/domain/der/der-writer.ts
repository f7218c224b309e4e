import { TAG } from './tags.js';

const headerLength = (length: number): number => (length < 0x80 ? 2 : length < 0x100 ? 3 : length < 0x10000 ? 4 : 5);

const writeHeader = (into: Uint8Array, tag: number, length: number): number => {
  into[0] = tag;
  if (length < 0x80) {
    into[1] = length;
    return 2;
  }
  const count = headerLength(length) - 2;
  into[1] = 0x80 | count;
  for (let at = 0; at < count; at++) into[2 + at] = (length >>> (8 * (count - 1 - at))) & 0xff;
  return 2 + count;
};

/** One element: its tag, the shortest length (X.690 §10.1) and the parts, concatenated as they are. */
export const tlv = (tag: number, ...parts: readonly Uint8Array[]): Uint8Array => {
  let length = 0;
  for (const part of parts) length += part.length;
  const element = new Uint8Array(headerLength(length) + length);
  let at = writeHeader(element, tag, length);
  for (const part of parts) {
    element.set(part, at);
    at += part.length;
  }
  return element;
};

export const sequence = (...parts: readonly Uint8Array[]): Uint8Array => tlv(TAG.sequence, ...parts);

export const bytesOfHex = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));

/** Characters 0 to 255 as bytes; callers have checked that the text is ASCII. */
export const bytesOfAscii = (text: string): Uint8Array => Buffer.from(text, 'latin1');

export const oid = (contentHex: string): Uint8Array => tlv(TAG.oid, bytesOfHex(contentHex));

const NO_UNUSED_BITS = new Uint8Array([0]);
/** A bit string of whole bytes. */
export const bitString = (bytes: Uint8Array): Uint8Array => tlv(TAG.bitString, NO_UNUSED_BITS, bytes);
