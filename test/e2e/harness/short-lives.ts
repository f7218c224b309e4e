import { expect } from '@jest/globals';
import type { Datacenter } from './datacenter.js';

/** How long certificates live, as the configuration writes it. */
export interface Lives {
  readonly leaf: string;
  readonly intermediate: string;
}

/** From now on what is signed ends that soon: below what is allowed in earnest. Everything begins a minute before it is made. */
export const shortenLives = async (primary: Datacenter, { leaf, intermediate }: Lives): Promise<void> => {
  const { status, text } = await primary.callServer({
    method: 'PUT',
    path: '/v1/connect/ca/configuration',
    body: {
      Provider: 'consul',
      Config: { LeafCertTTL: leaf, IntermediateCertTTL: intermediate, RootCertTTL: '87600h', SkipValidate: true },
    },
  });
  expect({ status, text }).toEqual({ status: 200, text: '' });
};
