import { useState } from 'preact/hooks';
import { ApiError } from '../../api/api-error.js';
import type { ChainProof } from '../../api/ledger.js';
import { callApi, withQuery } from '../../api/request.js';
import { CopyButton } from '../../parts/copy-button.js';
import { plural, shortId } from '../../parts/format.js';
import { Section } from '../../parts/section.js';
import { StateBadge } from '../../parts/state-badge.js';
import { TimeText } from '../../parts/time-text.js';

/** A chain of a million entries is walked in some twenty seconds. */
const LIMIT_MS = 120_000;

export interface ProofProps {
  /** The route that proves. */
  readonly path: string;
  /** In a sentence: "the ledger". */
  readonly what: string;
}

/** Walks the whole chain and says whether it holds, and where it breaks first. */
export function Proof({ path, what }: ProofProps) {
  const [anchor, setAnchor] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [proof, setProof] = useState<ChainProof & { readonly at: string; readonly anchor: string }>();
  const [error, setError] = useState<ApiError>();
  const prove = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      const found = await callApi<ChainProof>(withQuery(path, { anchor: anchor.trim() }), { limitMs: LIMIT_MS });
      setProof({ ...found, at: new Date().toISOString(), anchor: anchor.trim() });
    } catch (thrown) {
      setProof(undefined);
      setError(ApiError.of(thrown));
    }
    setBusy(false);
  };
  return (
    <Section title="Proof">
      <form class="filters" onSubmit={(event) => void prove(event)}>
        <label class="field field-wide">
          <span>Head of an earlier proof, if you noted one (number:hash)</span>
          <input
            autocomplete="off"
            spellcheck={false}
            value={anchor}
            onInput={(event) => setAnchor(event.currentTarget.value)}
          />
        </label>
        <button type="submit" class="button" disabled={isBusy}>
          {isBusy ? 'Verifying…' : 'Verify the chain'}
        </button>
      </form>
      <div class="proof" aria-live="polite">
        {error !== undefined && (
          <p class="dialog-error">
            {error.message} <code>{error.code}</code>
          </p>
        )}
        {proof !== undefined && <Verdict proof={proof} what={what} />}
      </div>
    </Section>
  );
}

interface VerdictProps {
  readonly proof: ChainProof & { readonly at: string; readonly anchor: string };
  readonly what: string;
}

function Verdict({ proof, what }: VerdictProps) {
  const { Valid, Entries, Head, Break, Checkpoint, at, anchor } = proof;
  const head = `${Head.Seq}:${Head.Hash}`;
  return (
    <>
      <p>
        <StateBadge state={Valid ? 'ok' : 'failed'} label={Valid ? 'whole' : 'broken'} />{' '}
        {Valid
          ? `Nothing was changed, left out or put in: ${plural(Entries, 'entry', 'entries')} of ${what} proved${
              anchor === '' ? '' : ', through the head you gave'
            }.`
          : `${plural(Entries, 'entry', 'entries')} hold; the first break is at ${Break?.Seq ?? '?'}: ${Break?.Detail ?? ''}`}{' '}
        <span class="muted">
          <TimeText at={at} />
        </span>
      </p>
      {Valid && (
        <p class="muted">
          Head{' '}
          <code title={head}>
            {Head.Seq}:{shortId(Head.Hash, 12)}
          </code>
          <CopyButton text={head} what="the head of this proof" /> Note it somewhere else: later it proves that nothing
          was written anew since.
          {Checkpoint.Seq > 0 && ` Entries up to ${Checkpoint.Seq} were taken away by retention.`}
        </p>
      )}
    </>
  );
}
