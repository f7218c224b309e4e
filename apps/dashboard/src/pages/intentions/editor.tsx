import { useState } from 'preact/hooks';
import { callApi } from '../../api/request.js';
import { exactPath } from '../../api/intentions.js';
import { FormDialog } from '../../parts/form-dialog.js';
import { ToneShape } from '../../parts/state-badge.js';
import { type Effect, effectOf, type IntentionIndex, WILDCARD } from './decide.js';
import { bodyOf, draftOf, EMPTY_PERMISSION, faultOf, type IntentionDraft } from './draft.js';
import { EffectBadge } from './effect-badge.js';
import { NameField } from './name-field.js';
import type { Pair } from './pair.js';
import { PermissionFields } from './permission-fields.js';

export interface EditorProps {
  readonly index: IntentionIndex;
  /** Whose intention is edited or made; empty names for one that is new altogether. */
  readonly pair: Pair;
  readonly names: readonly string[];
  readonly close: () => void;
  readonly done: (made: Pair) => void;
}

/** Makes an intention, or changes the one of a pair. Says before it is saved what it changes for that pair. */
export function Editor({ index, pair, names, close, done }: EditorProps) {
  const [opened] = useState(() => index.exact(pair.source, pair.destination));
  const [draft, setDraft] = useState<IntentionDraft>(() => draftOf(pair.source, pair.destination, opened));
  const set = (changes: Partial<IntentionDraft>): void => setDraft({ ...draft, ...changes });
  const made: Pair = { source: draft.source.trim(), destination: draft.destination.trim() };
  const present = index.exact(made.source, made.destination);
  const changedMeanwhile = opened !== undefined && present?.ModifyIndex !== opened.ModifyIndex;
  const save = async (): Promise<void> => {
    await callApi(exactPath(made.source, made.destination), { method: 'PUT', body: bodyOf(draft) });
    done(made);
  };
  return (
    <FormDialog
      title={opened === undefined ? 'New intention' : `Intention ${pair.source} → ${pair.destination}`}
      action={present === undefined ? 'Create' : 'Save'}
      fault={faultOf(draft)}
      submit={save}
      close={close}
    >
      {opened === undefined && (
        <div class="fields">
          <NameField label="From" value={draft.source} names={names} change={(source) => set({ source })} />
          <NameField
            label="To"
            value={draft.destination}
            names={names}
            change={(destination) => set({ destination })}
          />
        </div>
      )}
      <EffectChoice
        effect={draft.effect}
        choose={(effect) =>
          set({
            effect,
            ...(effect === 'by request' && draft.permissions.length === 0 && { permissions: [EMPTY_PERMISSION] }),
          })
        }
      />
      {draft.effect === 'by request' && (
        <>
          <p class="muted note-inline">
            <ToneShape tone="warning" /> Permissions are stored and told to every datacenter; the sidecars of this
            version do not read requests, so a connection of the pair is denied.
          </p>
          <PermissionFields permissions={draft.permissions} change={(permissions) => set({ permissions })} />
        </>
      )}
      <label class="field">
        <span>Description (may be empty)</span>
        <input
          name="description"
          maxLength={512}
          value={draft.description}
          onInput={(event) => set({ description: event.currentTarget.value })}
        />
      </label>
      {changedMeanwhile && (
        <p class="dialog-error" role="alert">
          Somebody changed it since this was opened. Saving replaces what they wrote.
        </p>
      )}
      {made.source !== '' && made.destination !== '' && <Change index={index} pair={made} effect={draft.effect} />}
    </FormDialog>
  );
}

const CHOICES: readonly (readonly [Effect, string])[] = [
  ['allow', 'Allow: the pair may connect'],
  ['deny', 'Deny: it may not; live connections are cut'],
  ['by request', 'By request: permissions for HTTP requests'],
];

function EffectChoice({ effect, choose }: { readonly effect: Effect; readonly choose: (effect: Effect) => void }) {
  return (
    <fieldset class="choice">
      <legend>It says</legend>
      {CHOICES.map(([each, words]) => (
        <label class="check" key={each}>
          <input type="radio" name="effect" checked={effect === each} onChange={() => choose(each)} />
          {words}
        </label>
      ))}
    </fieldset>
  );
}

/** What decides about the pair now, and what will. */
function Change({
  index,
  pair,
  effect,
}: {
  readonly index: IntentionIndex;
  readonly pair: Pair;
  readonly effect: Effect;
}) {
  const now = index.deciding(pair.source, pair.destination);
  const isWide = pair.source === WILDCARD || pair.destination === WILDCARD;
  return (
    <dl class="change" aria-live="polite">
      <dt>Now</dt>
      <dd>
        {now === undefined ? (
          'the default policy decides'
        ) : (
          <>
            <EffectBadge effect={effectOf(now)} /> by {now.SourceName} → {now.DestinationName}
          </>
        )}
      </dd>
      <dt>Then</dt>
      <dd>
        <EffectBadge effect={effect} /> by {pair.source} → {pair.destination}
        {isWide && ', for every pair that has no intention of its own or of a higher precedence'}
      </dd>
    </dl>
  );
}
