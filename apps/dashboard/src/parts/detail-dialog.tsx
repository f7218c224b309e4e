import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

export interface DetailDialogProps {
  readonly title: string;
  readonly children: ComponentChildren;
  readonly close: () => void;
}

/** Everything about one row. Nothing is done here. */
export function DetailDialog({ title, children, close }: DetailDialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby="detail-title" onClose={close}>
      <h2 id="detail-title">{title}</h2>
      <div class="dialog-body detail-body">{children}</div>
      <div class="dialog-buttons">
        <button type="button" class="button" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </div>
    </dialog>
  );
}
