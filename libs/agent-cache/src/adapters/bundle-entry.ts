import type { Bundle } from '../domain/roots-answer.js';
import { parseBundle } from '../domain/roots-answer.js';
import type { EntryValue, WatchedEntry } from './watched-entry.js';

/** The bundle of this datacenter: the followed roots, parsed once per change. Listens for as long as the process runs. */
export class BundleEntry {
  #parsed: { readonly value: EntryValue; readonly bundle: Bundle } | undefined;

  constructor(readonly entry: WatchedEntry) {
    // Whoever listens is not dropped: without readers of the roots, leaves would be checked by a bundle of long ago.
    entry.onValue(() => undefined);
  }

  /** The bundle in memory; undefined before the first answer. */
  get current(): Bundle | undefined {
    const value = this.entry.current;
    if (value === undefined) return undefined;
    if (this.#parsed?.value !== value) this.#parsed = { value, bundle: parseBundle(value.body) };
    return this.#parsed.bundle;
  }

  onChange(listener: () => void): () => void {
    return this.entry.onValue(listener);
  }
}
