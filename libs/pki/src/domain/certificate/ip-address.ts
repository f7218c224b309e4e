import { BanyanError } from '@banyan/kernel';

const invalid = (): never => {
  throw new BanyanError('CSR_SAN_INVALID', 'An IP address must be four decimal numbers or eight hex groups.');
};

const v4Bytes = (text: string): number[] | undefined => {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)) {
    return undefined;
  }
  return parts.map(Number);
};

const groupsOf = (text: string): number[] => {
  if (text === '') return [];
  return text.split(':').flatMap((group, index, all) => {
    const dotted = index === all.length - 1 ? v4Bytes(group) : undefined;
    if (dotted !== undefined) return dotted;
    if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return invalid();
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
};

const v6Bytes = (text: string): number[] => {
  const halves = text.split('::');
  if (halves.length > 2) return invalid();
  const head = groupsOf(halves[0]!);
  if (halves.length === 1) return head.length === 16 ? head : invalid();
  const tail = groupsOf(halves[1]!);
  const gap = 16 - head.length - tail.length;
  return gap >= 2 ? [...head, ...Array.from({ length: gap }, () => 0), ...tail] : invalid();
};

/** The 4 or 16 bytes of an address. Throws `CSR_SAN_INVALID`. */
export const parseIpAddress = (text: string): Uint8Array =>
  Uint8Array.from(v4Bytes(text) ?? (text.includes(':') && text.length <= 45 ? v6Bytes(text) : invalid()));

/** RFC 5952 §4: lower case, no leading zeros, the longest run of at least two zero groups as `::`. */
const formatV6 = (bytes: Uint8Array): string => {
  const groups = Array.from({ length: 8 }, (_unused, at) => ((bytes[at * 2]! << 8) | bytes[at * 2 + 1]!).toString(16));
  let best = { at: -1, length: 1 };
  for (let at = 0; at < 8; at++) {
    let length = 0;
    while (groups[at + length] === '0') length++;
    if (length > best.length) best = { at, length };
  }
  if (best.at < 0) return groups.join(':');
  return `${groups.slice(0, best.at).join(':')}::${groups.slice(best.at + best.length).join(':')}`;
};

/** The text of an address of 4 or 16 bytes; undefined for any other length. */
export const formatIpAddress = (bytes: Uint8Array): string | undefined => {
  if (bytes.length === 4) return bytes.join('.');
  return bytes.length === 16 ? formatV6(bytes) : undefined;
};
