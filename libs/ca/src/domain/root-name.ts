/**
 * The name of a root that is made by a provider, as Consul writes it: `Consul CA Primary Cert`, `Vault CA Primary Cert`,
 * `Aws-Pca CA Primary Cert`. Each word of the provider's name begins with a capital letter; a package is named without the
 * `package:` before it.
 */
export const rootName = (provider: string): string => {
  const words = provider.replace(/^package:/, '').matchAll(/[^-/@]+|[-/@]+/g);
  return `${[...words].map(([word]) => word.slice(0, 1).toUpperCase() + word.slice(1)).join('')} CA Primary Cert`;
};
