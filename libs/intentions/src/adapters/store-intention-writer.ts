import { Logger, type StateIndex } from '@banyan/kernel';
import { Store } from '@banyan/store';
import { entryContentHash, withoutSource, withSource } from '../domain/compose-entry.js';
import type { IntentionDraft } from '../domain/intention.js';
import { IntentionWriter, type WriteContext } from '../ports/intention-writer.js';
import { lockEntry, stageEntry, stageRemoval } from './entry-writes.js';
import { entryOf } from './service-intentions-row.js';

/** Writes intentions to this datacenter's store. The caller has been authorized; the accessor is for the log. */
export class StoreIntentionWriter extends IntentionWriter {
  constructor(
    private readonly store: Store,
    private readonly logger: Logger,
  ) {
    super();
  }

  override async upsert(context: WriteContext, intention: IntentionDraft): Promise<StateIndex> {
    const { value: changed, index } = await this.store.run(async (tx) => {
      const row = await lockEntry(tx, intention.destinationName);
      const next = withSource(row === null ? undefined : entryOf(row), intention);
      if (row?.contentHash === entryContentHash(next)) return false;
      stageEntry(tx, next);
      return true;
    });
    if (changed) this.#log('intention written', context, intention, index);
    return index;
  }

  override async delete(context: WriteContext, sourceName: string, destinationName: string): Promise<StateIndex> {
    const { value: changed, index } = await this.store.run(async (tx) => {
      const row = await lockEntry(tx, destinationName);
      if (row === null) return false;
      const stored = { name: row.name, sources: row.sources, ...(row.meta === null ? {} : { meta: row.meta }) };
      const next = withoutSource(stored, sourceName);
      if (next === stored) return false;
      if (next === undefined) stageRemoval(tx, row);
      else stageEntry(tx, next);
      return true;
    });
    if (changed) this.#log('intention deleted', context, { sourceName, destinationName }, index);
    return index;
  }

  #log(
    message: string,
    { accessorId }: WriteContext,
    { sourceName, destinationName }: { readonly sourceName: string; readonly destinationName: string },
    index: StateIndex,
  ): void {
    this.logger.info(message, { accessorId, source: sourceName, destination: destinationName, index });
  }
}
