import type { DatacenterCore } from '../core/datacenter-core.js';
import { bundleJson } from './bundle-items.js';

/**
 * The public state of the CA as first contact hands it over, read once per change of the CA: whoever asks without a
 * certificate costs no transaction.
 */
export class RememberedBundle {
  #json: Promise<string> | undefined;

  constructor(private readonly core: Pick<DatacenterCore, 'ca' | 'transitions' | 'store'>) {
    const forget = (): void => {
      this.#json = undefined;
    };
    core.ca.onChange(forget);
    core.transitions.onChange(forget);
  }

  /** Shared by all who ask meanwhile. A failure is not remembered. */
  json(): Promise<string> {
    if (this.#json !== undefined) return this.#json;
    const reading = bundleJson(this.core.store);
    this.#json = reading;
    reading.catch(() => {
      if (this.#json === reading) this.#json = undefined;
    });
    return reading;
  }
}
