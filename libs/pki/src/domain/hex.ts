/** Bytes as `ab:cd:…`, the form in which clients know fingerprints and key identifiers. */
export const colonHex = (bytes: Uint8Array): string => {
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
  return hex.replace(/(..)(?=.)/g, '$1:');
};
