import { BanyanError } from '@banyan/kernel';

/** One PEM block (RFC 7468). */
export interface PemBlock {
  readonly label: string;
  readonly der: Uint8Array;
}

const BEGIN = '-----BEGIN ';
const DASHES = '-----';

const refuse = (reason: string): never => {
  throw new BanyanError('PEM_INVALID', `Not PEM: ${reason}.`);
};

const isBase64 = (code: number): boolean =>
  (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || (code >= 48 && code <= 57) || code === 43 || code === 47;

/** The characters without white space; anything else than base64 with right padding is refused. */
const decodeBody = (body: string): Uint8Array => {
  const dense = body.replace(/[\r\n\t ]+/g, '');
  const padding = dense.endsWith('==') ? 2 : dense.endsWith('=') ? 1 : 0;
  if (dense.length === 0 || dense.length % 4 !== 0) refuse('the base64 is incomplete');
  for (let at = 0; at < dense.length - padding; at++) {
    if (!isBase64(dense.charCodeAt(at))) return refuse('the body is not base64 (an encrypted key is not supported)');
  }
  const bytes = Buffer.from(dense, 'base64');
  // Catches bits set beyond the last byte: two texts must not be the same bytes.
  if (bytes.toString('base64') !== dense) refuse('the base64 is not in its one right form');
  return new Uint8Array(bytes);
};

/**
 * Every block of `text`, in order. Text between blocks is allowed, as tools write comments there. Linear in the
 * length, which the caller bounds. Throws `PEM_INVALID`; messages never repeat the text.
 */
export const decodePem = (text: string): PemBlock[] => {
  const blocks: PemBlock[] = [];
  for (let from = text.indexOf(BEGIN); from >= 0; from = text.indexOf(BEGIN, from)) {
    const labelEnd = text.indexOf(DASHES, from + BEGIN.length);
    if (labelEnd < 0) return refuse('a BEGIN line does not end');
    const label = text.slice(from + BEGIN.length, labelEnd);
    if (!/^[A-Z0-9 ]{1,40}$/.test(label)) return refuse('a label has an unusual form');
    const bodyAt = labelEnd + DASHES.length;
    const endAt = text.indexOf(DASHES, bodyAt);
    const endLine = `-----END ${label}-----`;
    if (endAt < 0 || !text.startsWith(endLine, endAt)) return refuse('a block does not end with its own label');
    blocks.push({ label, der: decodeBody(text.slice(bodyAt, endAt)) });
    from = endAt + endLine.length;
  }
  return blocks;
};

/** The one block of `text`, which must have `label`. Throws `PEM_INVALID`. */
export const decodeOnePem = (text: string, label: string): Uint8Array => {
  const [block, ...more] = decodePem(text);
  if (block === undefined || more.length > 0 || block.label !== label) {
    return refuse(`expected exactly one block ${label}`);
  }
  return block.der;
};

/** PEM with lines of 64 characters and a trailing line end. */
export const encodePem = (label: string, der: Uint8Array): string => {
  const lines: string[] = [`-----BEGIN ${label}-----`];
  const text = Buffer.from(der.buffer, der.byteOffset, der.byteLength).toString('base64');
  for (let at = 0; at < text.length; at += 64) lines.push(text.slice(at, at + 64));
  lines.push(`-----END ${label}-----`, '');
  // join gives a flat string; += would keep a rope alive for as long as the PEM is cached.
  return lines.join('\n');
};
