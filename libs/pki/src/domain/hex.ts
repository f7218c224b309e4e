const HEX = Array.from({ length: 256 }, (_unused, byte) => byte.toString(16).padStart(2, '0'));

/** Lower-case hex. For the few bytes of an identifier this is faster than a Buffer's. */
export const hexOf = (bytes: Uint8Array): string => {
  let hex = '';
  for (const byte of bytes) hex += HEX[byte]!;
  return hex;
};

/** Bytes as `ab:cd:…`, the form in which clients know fingerprints and key identifiers. */
export const colonHex = (bytes: Uint8Array): string => {
  let hex = bytes.length === 0 ? '' : HEX[bytes[0]!]!;
  for (let at = 1; at < bytes.length; at++) hex += `:${HEX[bytes[at]!]!}`;
  return hex;
};
