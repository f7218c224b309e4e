import { useEffect, useRef } from 'preact/hooks';
import { areKeysShown } from './keyboard.js';
import { PAGES } from './pages.js';

/** The keys of the page. */
export function KeysDialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const keys: readonly (readonly [string, string])[] = [
    ...PAGES.map(({ key, title }) => [`g ${key}`, title] as const),
    ['/', 'Search on the page'],
    ['d', 'Light, dark, or as the system'],
    ['?', 'These keys'],
    ['Esc', 'Close a dialog; nothing is done'],
  ];
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby="keys-title" onClose={() => (areKeysShown.value = false)}>
      <h2 id="keys-title">Keys</h2>
      <dl class="keys">
        {keys.map(([key, meaning]) => (
          <div key={key}>
            <dt>
              {key.split(' ').map((part) => (
                <kbd key={part}>{part}</kbd>
              ))}
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
      <div class="dialog-buttons">
        <button type="button" class="button" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </div>
    </dialog>
  );
}
