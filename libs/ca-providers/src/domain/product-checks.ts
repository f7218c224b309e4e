import type { IntermediateOrder } from '@banyan/ca';
import { BanyanError, isBanyanError, SECOND } from '@banyan/kernel';
import { Certificate, parseCsr } from '@banyan/pki';

/**
 * Compares an intermediate that a provider made with its order: key, name, the one URI, path length 0, end, issuer. Answers
 * its PEM. Throws `PROVIDER_REFUSED`, naming what differs: a setting at the provider changes what is asked for.
 */
export const acceptIntermediate = (pem: string, order: IntermediateOrder): string => {
  const product = readProduct(pem);
  const issuer = Certificate.fromPem(order.issuerPem);
  const spki = parseCsr(order.csrPem).spki;
  const faults = [
    !sameBytes(product.spki, spki) && 'the key',
    product.commonName !== order.commonName && 'the common name',
    (product.uris.length !== 1 || product.uris[0] !== order.uri) && 'the URI',
    (!product.isCa || product.pathLength !== 0) && 'the path length',
    // Times of certificates have whole seconds.
    Math.abs(product.notAfter - order.notAfter) > SECOND && 'the end',
    !isIssuedBy(product, issuer) && 'the issuer',
  ].filter((fault) => fault !== false);
  if (faults.length > 0) throw differs('intermediate', faults);
  return product.pem;
};

/**
 * Compares a cross-signed certificate with what it shall vouch for. Answers its PEM. Throws `PROVIDER_REFUSED`. Its end is
 * the provider's affair: a chain through it ends with its issuer anyhow.
 */
export const acceptCrossSigned = (
  pem: string,
  parts: { readonly nextRootPem: string; readonly issuer?: Certificate },
): string => {
  const product = readProduct(pem);
  const next = Certificate.fromPem(parts.nextRootPem);
  const faults = [
    !sameBytes(product.spki, next.spki) && 'the key',
    !sameBytes(product.subjectDer, next.subjectDer) && 'the subject',
    product.subjectKeyId !== next.subjectKeyId && 'the key identifier',
    !product.isCa && 'the CA constraint',
    parts.issuer !== undefined && !isIssuedBy(product, parts.issuer) && 'the issuer',
  ].filter((fault) => fault !== false);
  if (faults.length > 0) throw differs('cross-signed certificate', faults);
  return product.pem;
};

/** Reads a certificate that a provider answered. Throws `PROVIDER_REFUSED`. */
export const readProduct = (pem: string): Certificate => {
  try {
    return Certificate.fromPem(pem);
  } catch (error) {
    if (!isBanyanError(error)) throw error;
    throw new BanyanError('PROVIDER_REFUSED', `the provider answered no certificate: ${error.message}`, {
      cause: error,
    });
  }
};

const differs = (what: string, faults: readonly string[]): BanyanError =>
  new BanyanError(
    'PROVIDER_REFUSED',
    `the provider made another ${what} than was ordered: ${faults.join(', ')} differs`,
    {
      fields: { differs: faults.join(', ') },
    },
  );

const isIssuedBy = (product: Certificate, issuer: Certificate): boolean =>
  issuer.isNamedIssuerOf(product) && product.hasSignatureBy(issuer);

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
