import { useMemo, useState } from 'preact/hooks';
import { Link, useLocation } from 'wouter-preact';
import type { ServiceSummary } from '../../api/catalog.js';
import type { Intention } from '../../api/intentions.js';
import { useResource } from '../../live/resource.js';
import { plural } from '../../parts/format.js';
import { PageHead } from '../../parts/section.js';
import { ResourceView } from '../../parts/states.js';
import { IntentionIndex } from './decide.js';
import { DeleteDialog } from './delete-dialog.js';
import { Editor } from './editor.js';
import { IntentionList } from './intention-list.js';
import { MatrixView } from './matrix-view.js';
import type { Pair } from './pair.js';
import { Why } from './why.js';
import '../../parts/lists.css';
import './intentions.css';

const NOBODY: Pair = { source: '', destination: '' };

/** What a dialog is open for. */
type Asked =
  | { readonly kind: 'edit'; readonly pair: Pair }
  | { readonly kind: 'delete'; readonly intention: Intention };

/** Who may call whom: as a list, as a matrix, why for any pair, and the editor. */
export function IntentionsPage() {
  const [location] = useLocation();
  const intentions = useResource<readonly Intention[]>('/v1/connect/intentions', 'intentions');
  const [asked, setAsked] = useState<Asked>();
  const isMatrix = location.startsWith('/intentions/matrix');
  return (
    <>
      <PageHead
        title="Intentions"
        aside={
          <>
            <nav class="tabs" aria-label="Views">
              <Link href="/intentions" aria-current={isMatrix ? undefined : 'page'}>
                List
              </Link>
              <Link href="/intentions/matrix" aria-current={isMatrix ? 'page' : undefined}>
                Matrix
              </Link>
            </nav>
            <button
              type="button"
              class="button button-primary"
              onClick={() => setAsked({ kind: 'edit', pair: NOBODY })}
            >
              New intention…
            </button>
          </>
        }
      >
        {intentions.value === undefined ? '' : summaryOf(intentions.value)}
      </PageHead>
      <ResourceView resource={intentions} what="the intentions" rows={10}>
        {(list) => (
          <Views list={list} isMatrix={isMatrix} asked={asked} setAsked={setAsked} reload={intentions.reload} />
        )}
      </ResourceView>
    </>
  );
}

const summaryOf = (list: readonly Intention[]): string => {
  if (list.length === 0) return 'No intention: the default policy decides about every connection.';
  const denied = list.filter(({ Action }) => Action === 'deny').length;
  return `${plural(list.length, 'intention')}, ${denied} of them deny. The first that matches decides, alone.`;
};

interface ViewsProps {
  readonly list: readonly Intention[];
  readonly isMatrix: boolean;
  readonly asked: Asked | undefined;
  readonly setAsked: (asked: Asked | undefined) => void;
  readonly reload: () => void;
}

function Views({ list, isMatrix, asked, setAsked, reload }: ViewsProps) {
  const services = useResource<readonly ServiceSummary[]>('/v1/health/services', 'services');
  const [pair, setPair] = useState(NOBODY);
  const index = useMemo(() => new IntentionIndex(list), [list]);
  // A sidecar is called by nobody: connections are between the services that it stands for.
  const names = useMemo(
    () => (services.value ?? []).filter(({ Kind }) => Kind !== 'connect-proxy').map(({ Name }) => Name),
    [services.value],
  );
  const close = (): void => setAsked(undefined);
  const view = {
    index,
    pair,
    setPair,
    edit: (wanted: Pair): void => setAsked({ kind: 'edit', pair: wanted }),
    remove: (intention: Intention): void => setAsked({ kind: 'delete', intention }),
  };
  return (
    <>
      <Why {...view} names={names} />
      {isMatrix ? <MatrixView {...view} services={names} /> : <IntentionList {...view} />}
      {asked?.kind === 'edit' && (
        <Editor
          index={index}
          pair={asked.pair}
          names={names}
          close={close}
          done={(made) => {
            setPair(made);
            reload();
          }}
        />
      )}
      {asked?.kind === 'delete' && <DeleteDialog intention={asked.intention} all={list} close={close} done={reload} />}
    </>
  );
}
