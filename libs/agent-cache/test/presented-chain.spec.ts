import { createCsr, generateKeyPair, parseCertificates, type Certificate } from '@banyan/pki';
import { TestAuthority } from '@banyan/testkit';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { presentedChain } from '../src/domain/presented-chain.js';

const TRUST_DOMAIN = '6f1d0c52-9a3b-4e07-8d15-2b7c9e40aa61.consul';

describe('the chain that is presented', () => {
  let roots: readonly Certificate[];
  /** Leaf and intermediate under the third root, then the second by the third's predecessor, then the one before. */
  let signed: readonly Certificate[];
  beforeAll(async () => {
    const make = (name: string) => TestAuthority.create(TRUST_DOMAIN, name);
    const [first, second, third] = [await make('first'), await make('second'), await make('third')];
    const uri = `spiffe://${TRUST_DOMAIN}/ns/default/dc/dc1/svc/web`;
    const csrPem = createCsr({ keyPair: await generateKeyPair({ type: 'ec', bits: 256 }), uri });
    const extra = [await second.crossSign(third), await first.crossSign(second)];
    signed = parseCertificates(await third.sign(csrPem, { extra }));
    roots = [first.root, second.root, third.root];
  });
  const lengthUnder = (...anchors: number[]): number =>
    presentedChain(
      signed,
      anchors.map((at) => roots[at]!),
    ).length;

  it('keeps every certificate that leads to a root of the bundle', () => {
    expect(lengthUnder(0, 1, 2)).toBe(4);
    expect(lengthUnder(0)).toBe(4);
    expect(presentedChain(signed, roots)).toEqual(signed);
  });

  it('loses what leads only to roots that have left, the nearest ones last', () => {
    expect(lengthUnder(1, 2)).toBe(3);
    expect(lengthUnder(1)).toBe(3);
    expect(lengthUnder(2)).toBe(2);
  });

  it('is as it was signed while it leads to no root at all', () => {
    expect(presentedChain(signed, [])).toEqual(signed);
    expect(presentedChain([], roots)).toEqual([]);
  });
});
