import { expect, it } from '@jest/globals';
import { rootName } from './root-name.js';

it('names a root by its provider', () => {
  expect(['consul', 'vault', 'aws-pca', 'package:@acme/banyan-hsm'].map(rootName)).toEqual([
    'Consul CA Primary Cert',
    'Vault CA Primary Cert',
    'Aws-Pca CA Primary Cert',
    '@Acme/Banyan-Hsm CA Primary Cert',
  ]);
});
