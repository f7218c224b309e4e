import { ApiError } from '../../api/api-error.js';
import { callApi, withQuery } from '../../api/request.js';
import type { Held, Replication } from '../../api/replication.js';
import { useResource } from '../../live/resource.js';
import { ConfirmDialog } from '../../parts/confirm-dialog.js';
import { CopyButton } from '../../parts/copy-button.js';
import { countText, plural, shortId } from '../../parts/format.js';
import { VirtualTable } from '../../parts/virtual-table.js';

export interface HeldDialogProps {
  readonly held: Held;
  readonly datacenter: string | undefined;
  readonly close: () => void;
  readonly done: () => void;
}

/**
 * Shows what a held round would delete and confirms exactly that. Another datacenter tells only the beginning of its list, so
 * it is asked for the whole; when it cannot be asked it cannot be confirmed from here either.
 */
export function HeldDialog({ held, datacenter, close, done }: HeldDialogProps) {
  const there = useResource<Replication>(
    datacenter === undefined ? undefined : withQuery('/v1/replication', { dc: datacenter }),
  );
  const told = datacenter === undefined ? held : there.value?.Held.find(({ Stream }) => Stream === held.Stream);
  const shown = told ?? held;
  const { Stream, Hash, Deletions, WouldDelete } = shown;
  const confirm = async (): Promise<void> => {
    const path = withQuery(`/v1/replication/${encodeURIComponent(Stream)}/confirm`, { dc: datacenter });
    try {
      await callApi(path, { method: 'PUT', body: { Hash } });
    } catch (thrown) {
      if (ApiError.of(thrown).code === 'REPLICATION_DIFF_STALE') there.reload();
      throw thrown;
    }
    done();
  };
  return (
    <ConfirmDialog
      title={`Delete ${plural(Deletions, 'record')} of ${Stream}${datacenter === undefined ? '' : ` in ${datacenter}`}?`}
      word={`delete ${Deletions}`}
      action="Delete them"
      isDangerous
      isReady={told !== undefined}
      confirm={confirm}
      close={close}
    >
      <p>
        {shown.Reason}. Confirming applies exactly this set, named by its hash{' '}
        <code title={Hash}>{shortId(Hash, 12)}</code>
        <CopyButton text={Hash} what="the hash" />; if it changes meanwhile, it is refused.
      </p>
      {there.error !== undefined && (
        <p class="dialog-error" role="alert">
          {datacenter} cannot be asked: {there.error.message} <code>{there.error.code}</code>
        </p>
      )}
      <VirtualTable
        label={`What would be deleted of ${Stream}`}
        class="held-rows"
        mostHeight={240}
        count={WouldDelete.length}
        rowAt={(index) => WouldDelete[index]}
        columns={[
          { title: 'Would be deleted', cell: ({ Key }) => Key },
          { title: 'Kind', cell: ({ Topic }) => Topic },
        ]}
      />
      {WouldDelete.length < Deletions && (
        <p class="muted">
          The first {countText(WouldDelete.length)} of {countText(Deletions)}.
        </p>
      )}
    </ConfirmDialog>
  );
}
