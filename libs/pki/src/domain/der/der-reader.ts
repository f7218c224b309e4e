import { BanyanError } from '@banyan/kernel';
import { hexOf } from '../hex.js';
import { TAG } from './tags.js';

const refuse = (reason: string): never => {
  throw new BanyanError('DER_INVALID', `Not strict DER: ${reason}.`);
};

/**
 * Walks DER (X.690 §10) front to back, by tag. BER's freedoms are refused: indefinite and non-minimal lengths,
 * multi-byte tags, non-minimal integers, booleans other than 00 and FF. Views share the bytes that were given.
 * Every method throws `DER_INVALID`.
 */
export class DerReader {
  #at: number;

  constructor(
    private readonly bytes: Uint8Array,
    start = 0,
    private readonly end = bytes.length,
  ) {
    this.#at = start;
  }

  /** The next element's tag, or -1 at the end. */
  get tag(): number {
    return this.#at < this.end ? this.bytes[this.#at]! : -1;
  }

  get atEnd(): boolean {
    return this.#at === this.end;
  }

  /** Refuses anything left over. */
  finish(): void {
    if (this.#at !== this.end) refuse('bytes follow the last element');
  }

  /** Steps over the header of an element with this tag and gives the length of its content. */
  #header(tag: number): number {
    if (this.tag !== tag) refuse(`expected tag 0x${tag.toString(16)}`);
    const { bytes, end } = this;
    if (this.#at + 2 > end) refuse('truncated');
    const first = bytes[this.#at + 1]!;
    this.#at += 2;
    const length = first < 0x80 ? first : this.#longLength(first & 0x7f);
    if (length > end - this.#at) refuse('truncated');
    return length;
  }

  /** X.690 §10.1: the shortest form. Three bytes (16 MiB) are more than any bound here. */
  #longLength(count: number): number {
    if (count === 0) refuse('indefinite length');
    if (count > 3) refuse('length beyond every bound');
    if (this.#at + count > this.end) refuse('truncated');
    let length = 0;
    for (let read = 0; read < count; read++) length = length * 256 + this.bytes[this.#at + read]!;
    if (length < 0x80 || length < 256 ** (count - 1)) refuse('length not in its shortest form');
    this.#at += count;
    return length;
  }

  /** The content of a constructed element, as a reader of its own. */
  enter(tag: number): DerReader {
    const length = this.#header(tag);
    const start = this.#at;
    this.#at += length;
    return new DerReader(this.bytes, start, this.#at);
  }

  /** The content of the next element, if it has this tag. */
  enterIf(tag: number): DerReader | undefined {
    return this.tag === tag ? this.enter(tag) : undefined;
  }

  /** The content bytes of a primitive element. */
  content(tag: number): Uint8Array {
    const length = this.#header(tag);
    const start = this.#at;
    this.#at += length;
    return this.bytes.subarray(start, this.#at);
  }

  /** An element with its header, unread. */
  element(tag: number): Uint8Array {
    const start = this.#at;
    // Not `+=` on the call: that would read the position before the header moved it.
    const length = this.#header(tag);
    this.#at += length;
    return this.bytes.subarray(start, this.#at);
  }

  /** Steps over an element of any one-byte tag. */
  skip(): void {
    const { tag } = this;
    if (tag < 0 || (tag & 0x1f) === 0x1f) refuse('truncated or multi-byte tag');
    const length = this.#header(tag);
    this.#at += length;
  }

  boolean(): boolean {
    const content = this.content(TAG.boolean);
    if (content.length !== 1 || (content[0] !== 0xff && content[0] !== 0)) refuse('boolean other than 00 or FF');
    return content[0] === 0xff;
  }

  /** X.690 §8.3.2: an integer's first nine bits are not all equal. Two's complement, as in the element. */
  integer(): Uint8Array {
    const content = this.content(TAG.integer);
    if (content.length === 0) refuse('empty integer');
    const [first, second] = content as unknown as [number, number | undefined];
    if (second !== undefined && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80))) {
      refuse('integer not in its shortest form');
    }
    return content;
  }

  /** An integer from 0 to 2^31-1. */
  smallInteger(): number {
    const content = this.integer();
    if (content[0]! >= 0x80 || content.length > 4) refuse('integer out of range');
    let value = 0;
    for (const byte of content) value = value * 256 + byte;
    return value;
  }

  /** A bit string of whole bytes. */
  bitString(): Uint8Array {
    const content = this.content(TAG.bitString);
    if (content.length === 0 || content[0] !== 0) refuse('bit string of other than whole bytes');
    return content.subarray(1);
  }

  /** X.690 §11.2.2: a named bit list has no trailing zero bits, and unused bits are zero. Bit 0 is the first. */
  namedBits(): readonly number[] {
    const content = this.content(TAG.bitString);
    const unused = content[0] ?? 8;
    const last = content.length > 1 ? content.at(-1)! : 0;
    if (unused > 7 || (content.length === 1 && unused !== 0)) refuse('malformed bit list');
    if (content.length > 1 && (last & ((1 << (unused + 1)) - 1)) !== 1 << unused)
      refuse('bit list with trailing zeros');
    const set: number[] = [];
    for (let bit = 0; bit < (content.length - 1) * 8; bit++) {
      if ((content[1 + (bit >> 3)]! & (0x80 >> (bit & 7))) !== 0) set.push(bit);
    }
    return set;
  }

  /** An object identifier's content as lower-case hex, to compare with {@link OID}. */
  oid(): string {
    const content = this.content(TAG.oid);
    if (content.length === 0 || content.length > 64 || content.at(-1)! >= 0x80) refuse('malformed object identifier');
    let first = true;
    for (const byte of content) {
      if (first && byte === 0x80) refuse('object identifier not in its shortest form');
      first = byte < 0x80;
    }
    return hexOf(content);
  }
}
