/** Object identifiers as the hex of their content bytes; what each is stands in dotted form beside it. */
export const OID = {
  commonName: '550403', // 2.5.4.3
  ecPublicKey: '2a8648ce3d0201', // 1.2.840.10045.2.1
  rsaEncryption: '2a864886f70d010101', // 1.2.840.113549.1.1.1
  p256: '2a8648ce3d030107', // 1.2.840.10045.3.1.7
  p384: '2b81040022', // 1.3.132.0.34
  p521: '2b81040023', // 1.3.132.0.35
  p192: '2a8648ce3d030101', // 1.2.840.10045.3.1.1
  p224: '2b81040021', // 1.3.132.0.33
  ecdsaSha256: '2a8648ce3d040302', // 1.2.840.10045.4.3.2
  ecdsaSha384: '2a8648ce3d040303', // 1.2.840.10045.4.3.3
  ecdsaSha512: '2a8648ce3d040304', // 1.2.840.10045.4.3.4
  rsaSha256: '2a864886f70d01010b', // 1.2.840.113549.1.1.11
  rsaSha384: '2a864886f70d01010c', // 1.2.840.113549.1.1.12
  rsaSha512: '2a864886f70d01010d', // 1.2.840.113549.1.1.13
  extensionRequest: '2a864886f70d01090e', // 1.2.840.113549.1.9.14
  subjectKeyId: '551d0e', // 2.5.29.14
  keyUsage: '551d0f', // 2.5.29.15
  subjectAltName: '551d11', // 2.5.29.17
  basicConstraints: '551d13', // 2.5.29.19
  authorityKeyId: '551d23', // 2.5.29.35
  extendedKeyUsage: '551d25', // 2.5.29.37
  serverAuth: '2b06010505070301', // 1.3.6.1.5.5.7.3.1
  clientAuth: '2b06010505070302', // 1.3.6.1.5.5.7.3.2
} as const;

/** The dotted form of an identifier given as the hex of its content. */
export const dottedOid = (hex: string): string => {
  const arcs: bigint[] = [];
  let arc = 0n;
  for (const byte of Buffer.from(hex, 'hex')) {
    arc = (arc << 7n) | BigInt(byte & 0x7f);
    if (byte < 0x80) {
      arcs.push(arc);
      arc = 0n;
    }
  }
  const [first = 0n, ...rest] = arcs;
  const top = first < 80n ? first / 40n : 2n;
  return [top, first - top * 40n, ...rest].join('.');
};
