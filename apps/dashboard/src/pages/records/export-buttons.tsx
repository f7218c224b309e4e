import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError } from '../../api/api-error.js';
import { download, saveText } from '../../api/request.js';
import { countText, plural } from '../../parts/format.js';
import { type ExportForm, exportRows, MOST_EXPORTED } from './export-rows.js';
import type { Numbered, RowSource } from './paged-rows.js';

export interface ExportButtonsProps<Row extends Numbered> {
  readonly source: RowSource<Row>;
  readonly columns: readonly string[];
  readonly fileName: string;
  readonly exportPath: string;
}

const TYPES: Readonly<Record<ExportForm, string>> = { csv: 'text/csv', jsonl: 'application/jsonl' };

/** Saves what was searched for; or everything, as the server writes it, which can be proved offline. */
export function ExportButtons<Row extends Numbered>(props: ExportButtonsProps<Row>) {
  const { source, columns, fileName, exportPath } = props;
  const [said, setSaid] = useState('');
  const underway = useRef<AbortController>();
  const [isBusy, setBusy] = useState(false);
  useEffect(() => () => underway.current?.abort(), []);
  const run = async (work: (signal: AbortSignal) => Promise<string>): Promise<void> => {
    const closing = new AbortController();
    underway.current = closing;
    setBusy(true);
    setSaid('Writing…');
    try {
      setSaid(await work(closing.signal));
    } catch (thrown) {
      setSaid(closing.signal.aborted ? 'Stopped' : `Not written: ${ApiError.of(thrown).message}`);
    }
    setBusy(false);
  };
  const found = (form: ExportForm): Promise<void> =>
    run(async (signal) => {
      const { text, count, isCut } = await exportRows({
        source,
        form,
        columns,
        signal,
        progress: (written) => setSaid(`Writing… ${countText(written)}`),
      });
      saveText(text, `${fileName}.${form}`, TYPES[form]);
      return isCut
        ? `The newest ${countText(MOST_EXPORTED)} written; there is more`
        : `${plural(count, 'entry', 'entries')} written`;
    });
  const everything = (): Promise<void> =>
    run(async () => {
      await download(exportPath, `${fileName}-all.jsonl`);
      return 'Everything written, the oldest first';
    });
  return (
    <div class="buttons" role="group" aria-label="Export">
      <span role="status">{said}</span>
      {isBusy ? (
        <button type="button" class="button" onClick={() => underway.current?.abort()}>
          Stop
        </button>
      ) : (
        <>
          <button type="button" class="button" onClick={() => void found('csv')}>
            Export as CSV
          </button>
          <button type="button" class="button" onClick={() => void found('jsonl')}>
            Export as JSON lines
          </button>
          <button
            type="button"
            class="button"
            title="As the server writes it: whoever has it can prove the chain"
            onClick={() => void everything()}
          >
            Export everything
          </button>
        </>
      )}
    </div>
  );
}
