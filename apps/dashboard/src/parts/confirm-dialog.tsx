import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError } from '../api/api-error.js';

export interface ConfirmDialogProps {
  readonly title: string;
  /** What will happen: the preview. */
  readonly children: ComponentChildren;
  /** The word that has to be typed before the button is usable. */
  readonly word: string;
  /** On the button: "Pause the rotation". */
  readonly action: string;
  /** Red, for what cannot be taken back. */
  readonly isDangerous?: boolean;
  /** False while there is nothing to confirm yet: the preview is under way, or a field is empty. */
  readonly isReady?: boolean;
  /** Does it. The dialog closes when it resolves, and shows why when it rejects. */
  readonly confirm: () => Promise<unknown>;
  readonly close: () => void;
}

/** Asks before something is done: shows what it will do, and wants a word typed. Escape and "Cancel" leave everything as it is. */
export function ConfirmDialog(props: ConfirmDialogProps) {
  const { title, children, word, action, isDangerous = false, isReady = true, confirm, close } = props;
  const dialog = useRef<HTMLDialogElement>(null);
  const [typed, setTyped] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError>();
  useEffect(() => dialog.current?.showModal(), []);
  const isAllowed = isReady && !isBusy && typed.trim().toLowerCase() === word.toLowerCase();
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (!isAllowed) return;
    setBusy(true);
    setError(undefined);
    try {
      await confirm();
      close();
    } catch (thrown) {
      setError(ApiError.of(thrown));
      setBusy(false);
    }
  };
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby="confirm-title" onClose={close}>
      <form onSubmit={(event) => void submit(event)}>
        <h2 id="confirm-title">{title}</h2>
        <div class="dialog-body">{children}</div>
        {error !== undefined && (
          <p class="dialog-error" role="alert">
            {error.message} <code>{error.code}</code>
          </p>
        )}
        <label class="field">
          <span>
            Type <strong class="word">{word}</strong> to confirm
          </span>
          <input
            name="confirm-word"
            autocomplete="off"
            spellcheck={false}
            value={typed}
            onInput={(event) => setTyped(event.currentTarget.value)}
          />
        </label>
        <div class="dialog-buttons">
          <button type="button" class="button" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <button
            type="submit"
            class={`button ${isDangerous ? 'button-danger' : 'button-primary'}`}
            disabled={!isAllowed}
          >
            {isBusy ? 'Working…' : action}
          </button>
        </div>
      </form>
    </dialog>
  );
}
