import { useEffect, useState } from 'preact/hooks';
import { ApiError } from '../../api/api-error.js';
import { callApi } from '../../api/request.js';
import type { Blocker, Rotation, StepPreview, Verb } from '../../api/rotations.js';
import { ConfirmDialog } from '../../parts/confirm-dialog.js';
import { plural } from '../../parts/format.js';
import { ToneShape } from '../../parts/state-badge.js';
import { LoadingState } from '../../parts/states.js';
import { Blockers } from './blockers.js';
import { VERBS } from './verbs.js';

export interface StepDialogProps {
  readonly rotation: Rotation;
  readonly verb: Verb;
  /** Whom a waiver is about, if that was pointed at. */
  readonly whom: Blocker | undefined;
  readonly close: () => void;
  readonly done: () => void;
}

/** Shows what a step would do and who would break, and takes it once its word is typed. Quotes the hash of what was shown. */
export function StepDialog({ rotation, verb, whom, close, done }: StepDialogProps) {
  const { question, button, word, isDangerous, needsReason } = VERBS[verb];
  const [datacenter, setDatacenter] = useState(whom?.Datacenter ?? rotation.Datacenters[0]?.Datacenter ?? '');
  const [node, setNode] = useState(whom?.Node ?? '');
  const [reason, setReason] = useState('');
  const path = `/v1/connect/ca/rotations/${encodeURIComponent(rotation.ID)}/${verb}`;
  const target = verb === 'waive' ? { Datacenter: datacenter, ...(node.trim() !== '' && { Node: node.trim() }) } : {};
  const { preview, error, look } = usePreview(path, target);
  const act = async (): Promise<void> => {
    const body = { ...target, ...(reason.trim() !== '' && { Reason: reason.trim() }), PlanHash: preview?.PlanHash };
    try {
      await callApi(path, { method: 'PUT', body });
    } catch (thrown) {
      if (ApiError.of(thrown).code === 'ROTATION_PLAN_STALE') look();
      throw thrown;
    }
    done();
  };
  return (
    <ConfirmDialog
      title={question}
      word={word}
      action={button.replace('…', '')}
      isDangerous={isDangerous}
      isReady={preview !== undefined && (!needsReason || reason.trim() !== '')}
      confirm={act}
      close={close}
    >
      {verb === 'waive' && (
        <div class="fields">
          <label class="field">
            <span>Datacenter</span>
            <input required value={datacenter} onInput={(event) => setDatacenter(event.currentTarget.value)} />
          </label>
          <label class="field">
            <span>Agent: empty for the datacenter itself, * for all its agents</span>
            <input value={node} onInput={(event) => setNode(event.currentTarget.value)} />
          </label>
        </div>
      )}
      <Preview preview={preview} error={error} />
      <label class="field">
        <span>Reason, for the journal{needsReason ? '' : ' (may be empty)'}</span>
        <input
          name="reason"
          maxLength={512}
          required={needsReason}
          value={reason}
          onInput={(event) => setReason(event.currentTarget.value)}
        />
      </label>
    </ConfirmDialog>
  );
}

/** Asks for the preview of a step whenever what it is about changes. */
function usePreview(path: string, target: Readonly<Record<string, string>>) {
  const [preview, setPreview] = useState<StepPreview>();
  const [error, setError] = useState<ApiError>();
  const [looks, setLooks] = useState(0);
  const body = JSON.stringify(target);
  useEffect(() => {
    const closing = new AbortController();
    setPreview(undefined);
    setError(undefined);
    callApi<StepPreview>(path, {
      method: 'PUT',
      body: { ...(JSON.parse(body) as object), DryRun: true },
      signal: closing.signal,
    }).then(setPreview, (thrown: unknown) => {
      if (!closing.signal.aborted) setError(ApiError.of(thrown));
    });
    return () => closing.abort();
  }, [path, body, looks]);
  return { preview, error, look: () => setLooks((count) => count + 1) };
}

function Preview({
  preview,
  error,
}: {
  readonly preview: StepPreview | undefined;
  readonly error: ApiError | undefined;
}) {
  if (error !== undefined)
    return (
      <p class="dialog-error" role="alert">
        {error.message} <code>{error.code}</code>
      </p>
    );
  if (preview === undefined) return <LoadingState what="what this would do" rows={3} />;
  return (
    <div class="preview">
      <h3>What it does</h3>
      <ul class="effects">
        {preview.Effect.map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
      {preview.BreakCount === 0 ? (
        <p class="breaks-none">
          <ToneShape tone="good" /> Nobody breaks as things stand.
        </p>
      ) : (
        <>
          <h3 class="breaks-title">
            <ToneShape tone="bad" /> {plural(preview.BreakCount, 'party', 'parties')} would break
          </h3>
          <Blockers caption="Who would break" blockers={preview.Breaks} count={preview.BreakCount} />
        </>
      )}
    </div>
  );
}
