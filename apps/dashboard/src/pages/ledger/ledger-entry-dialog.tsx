import type { LedgerEntry } from '../../api/ledger.js';
import { CopyButton } from '../../parts/copy-button.js';
import { DetailDialog } from '../../parts/detail-dialog.js';
import { TimeText } from '../../parts/time-text.js';

/** Everything that the ledger knows of one certificate. */
export function LedgerEntryDialog({ entry, close }: { readonly entry: LedgerEntry; readonly close: () => void }) {
  const texts: readonly (readonly [string, string])[] = [
    ['Kind', entry.Kind],
    ['URI', entry.URI],
    ['Subject', entry.Subject],
    ['Serial number', entry.Serial],
    ['Issuer, key ID', entry.IssuerKeyID],
    ['Root', entry.RootID],
    ['Asked by', entry.AccessorID],
    ['Node', entry.Node],
    ['Because', entry.Reason],
    ['Server', entry.Server],
    ['Hash', entry.Hash],
    ['Hash before', entry.PrevHash],
  ];
  const times = [
    ['Signed', entry.IssuedAt],
    ['Begins', entry.NotBefore],
    ['Ends', entry.NotAfter],
  ] as const;
  return (
    <DetailDialog title={`Entry ${entry.Seq}`} close={close}>
      <dl class="entry">
        {texts
          .filter(([, text]) => text !== '')
          .map(([name, text]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>
                <code>{text}</code> <CopyButton text={text} what={name} />
              </dd>
            </div>
          ))}
        {times.map(([name, at]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <code>{at}</code>{' '}
              <span class="muted">
                <TimeText at={at} />
              </span>
            </dd>
          </div>
        ))}
      </dl>
    </DetailDialog>
  );
}
