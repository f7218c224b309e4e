import { useState } from 'preact/hooks';
import { ApiError } from '../../api/api-error.js';
import { callApi } from '../../api/request.js';
import type { Planned, Rotation } from '../../api/rotations.js';
import { ConfirmDialog } from '../../parts/confirm-dialog.js';
import { Section } from '../../parts/section.js';
import { OrderFields } from './order-fields.js';
import { EMPTY_ORDER, isTaint, requestOf, type RotationOrder } from './order.js';
import { PlanView } from './plan-view.js';

export interface PlanFormProps {
  /** Told the rotation that was started. */
  readonly started: (rotation: Rotation) => void;
  /** What is asked for at first. */
  readonly order?: RotationOrder;
}

/** Plans a rotation or a taint by a dry run, shows the plan, and starts exactly what was shown. */
export function PlanForm({ started, order: first = EMPTY_ORDER }: PlanFormProps) {
  const [order, setOrder] = useState(first);
  const [planned, setPlanned] = useState<Planned>();
  const [error, setError] = useState<ApiError>();
  const [isBusy, setBusy] = useState(false);
  const [isAsked, setAsked] = useState(false);
  const { path, body } = requestOf(order);
  const plan = async (): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      setPlanned(await callApi<Planned>(path, { method: 'POST', body: { ...body, DryRun: true } }));
    } catch (thrown) {
      setPlanned(undefined);
      setError(ApiError.of(thrown));
    }
    setBusy(false);
  };
  const start = async (): Promise<void> => {
    started(await callApi<Rotation>(path, { method: 'POST', body: { ...body, PlanHash: planned?.PlanHash } }));
    setPlanned(undefined);
  };
  const change = (fields: Partial<RotationOrder>): void => {
    setOrder({ ...order, ...fields });
    setPlanned(undefined);
  };
  const taints = isTaint(order);
  return (
    <Section title="Plan" class="plan">
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void plan();
        }}
      >
        <OrderFields order={order} change={change} />
        <div class="buttons">
          <button type="submit" class={`button ${planned === undefined ? 'button-primary' : ''}`} disabled={isBusy}>
            {isBusy ? 'Planning…' : 'Plan (nothing changes)'}
          </button>
          {planned !== undefined && (
            <button
              type="button"
              class={`button ${taints ? 'button-danger' : 'button-primary'}`}
              onClick={() => setAsked(true)}
            >
              Start this plan…
            </button>
          )}
        </div>
      </form>
      {error !== undefined && (
        <p class="dialog-error" role="alert">
          {error.message} <code>{error.code}</code>
        </p>
      )}
      {planned !== undefined && <PlanView plan={planned.Plan} hash={planned.PlanHash} />}
      {isAsked && planned !== undefined && (
        <ConfirmDialog
          title={taints ? 'Declare it compromised, and replace it?' : 'Start this rotation?'}
          word={taints ? 'taint' : 'rotate'}
          action="Start"
          isDangerous={taints}
          confirm={start}
          close={() => setAsked(false)}
        >
          <PlanView plan={planned.Plan} hash={planned.PlanHash} />
        </ConfirmDialog>
      )}
    </Section>
  );
}
