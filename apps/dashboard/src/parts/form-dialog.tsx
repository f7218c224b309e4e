import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError } from '../api/api-error.js';

export interface FormDialogProps {
  readonly title: string;
  readonly children: ComponentChildren;
  /** On the button. */
  readonly action: string;
  /** What keeps the form from being sent; shown beside the button. */
  readonly fault: string | undefined;
  /** Sends it. The dialog closes when it resolves, and shows why when it rejects. */
  readonly submit: () => Promise<unknown>;
  readonly close: () => void;
}

/** A form for what can be taken back by the same form. What cannot be is asked by ConfirmDialog. */
export function FormDialog({ title, children, action, fault, submit, close }: FormDialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError>();
  useEffect(() => dialog.current?.showModal(), []);
  const send = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (isBusy || fault !== undefined) return;
    setBusy(true);
    setError(undefined);
    try {
      await submit();
      close();
    } catch (thrown) {
      setError(ApiError.of(thrown));
      setBusy(false);
    }
  };
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby="form-title" onClose={close}>
      <form onSubmit={(event) => void send(event)}>
        <h2 id="form-title">{title}</h2>
        <div class="dialog-body">{children}</div>
        {error !== undefined && (
          <p class="dialog-error" role="alert">
            {error.message} <code>{error.code}</code>
          </p>
        )}
        <p class="muted" role="status">
          {fault ?? ''}
        </p>
        <div class="dialog-buttons">
          <button type="button" class="button" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <button type="submit" class="button button-primary" disabled={isBusy || fault !== undefined}>
            {isBusy ? 'Working…' : action}
          </button>
        </div>
      </form>
    </dialog>
  );
}
