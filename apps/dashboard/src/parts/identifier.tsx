import { CopyButton } from './copy-button.js';
import { shortId } from './format.js';

/** A long identifier, shortened, with a button that copies the whole of it. */
export function Identifier({
  id,
  what,
  length,
}: {
  readonly id: string;
  readonly what: string;
  readonly length?: number;
}) {
  return (
    <span class="identifier">
      <code title={id}>{shortId(id, length)}</code>
      <CopyButton text={id} what={what} />
    </span>
  );
}
