/** A key as options name it. */
export interface KeySpecText {
  readonly type: 'ec' | 'rsa';
  readonly bits: number;
}

/**
 * About what a CA certificate's DER takes beside key and signature: names 2 × 75, validity 32, serial 18, extensions (URI
 * 60, key IDs 65, usage and constraints 30), algorithm and lengths 45.
 */
const FRAME_BYTES = 400;

/**
 * Estimated DER bytes of a root or a cross-signed certificate. EC: the point is twice the field and its frame 27 bytes,
 * the signature twice the field and 8; RSA: the modulus and 38, the signature as long as the modulus.
 */
export const certificateBytes = ({ type, bits }: KeySpecText): number => {
  const field = Math.ceil(bits / 8);
  return FRAME_BYTES + (type === 'ec' ? 2 * field + 27 + 2 * field + 8 : field + 38 + field);
};
