import { useResource } from './resource.js';
import type { Federation } from '../api/federation.js';

/** The datacenters that can be asked, and which one answers by itself. Empty until it is known, or when the token may not know. */
export function useDatacenters(): { readonly here: string | undefined; readonly names: readonly string[] } {
  const names = useResource<readonly string[]>('/v1/catalog/datacenters');
  const federation = useResource<Federation>('/v1/operator/federation', 'federation');
  return { here: federation.value?.Datacenter, names: names.value ?? [] };
}
