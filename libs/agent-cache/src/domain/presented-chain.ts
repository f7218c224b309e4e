import type { Certificate } from '@banyan/pki';

/**
 * What of a signed chain is to be presented under a bundle: without cross-signed certificates that lead to no root of it any
 * more. All of it while the first certificate leads to none. Names decide: this trusts nobody, and runs for every leaf
 * whenever the bundle changes.
 */
export const presentedChain = (
  signed: readonly Certificate[],
  anchors: readonly Certificate[],
): readonly Certificate[] => {
  const leading = new Set<Certificate>();
  // Each round finds those one step further from an anchor.
  for (let found = true; found;) {
    const more = signed.filter(
      (each) =>
        !leading.has(each) &&
        [...anchors, ...leading].some((issuer) => issuer !== each && issuer.isNamedIssuerOf(each)),
    );
    for (const each of more) leading.add(each);
    found = more.length > 0;
  }
  const [first] = signed;
  return first !== undefined && leading.has(first) ? signed.filter((each) => leading.has(each)) : signed;
};
