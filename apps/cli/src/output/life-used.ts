/** The share of its life that a certificate has behind it, 0 to 1; more than 1 after its end. */
export const lifeUsedOf = (
  { NotBefore, NotAfter }: { readonly NotBefore: string; readonly NotAfter: string },
  now: number,
): number => {
  const from = Date.parse(NotBefore);
  return Math.max(0, (now - from) / (Date.parse(NotAfter) - from));
};
