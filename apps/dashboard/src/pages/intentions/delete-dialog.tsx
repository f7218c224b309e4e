import { callApi } from '../../api/request.js';
import { exactPath, type Intention } from '../../api/intentions.js';
import { ConfirmDialog } from '../../parts/confirm-dialog.js';
import { effectOf, IntentionIndex } from './decide.js';
import { EffectBadge } from './effect-badge.js';
import { pairText } from './pair.js';

export interface DeleteDialogProps {
  readonly intention: Intention;
  readonly all: readonly Intention[];
  readonly close: () => void;
  readonly done: () => void;
}

/** Says which rule decides once this one is gone, and deletes it by a typed word. */
export function DeleteDialog({ intention, all, close, done }: DeleteDialogProps) {
  const { SourceName, DestinationName } = intention;
  const rest = new IntentionIndex(all.filter((each) => pairText(each) !== pairText(intention)));
  const next = rest.deciding(SourceName, DestinationName);
  return (
    <ConfirmDialog
      title={`Delete the intention ${pairText(intention)}?`}
      word="delete"
      action="Delete"
      isDangerous
      confirm={async () => {
        await callApi(exactPath(SourceName, DestinationName), { method: 'DELETE' });
        done();
      }}
      close={close}
    >
      <dl class="change">
        <dt>Now</dt>
        <dd>
          <EffectBadge effect={effectOf(intention)} /> by this intention
        </dd>
        <dt>Then</dt>
        <dd>
          {next === undefined ? (
            'the default policy decides'
          ) : (
            <>
              <EffectBadge effect={effectOf(next)} /> by {pairText(next)}
            </>
          )}
        </dd>
      </dl>
      <p>Live connections of the pair are asked about again at once, and cut where they are denied.</p>
    </ConfirmDialog>
  );
}
