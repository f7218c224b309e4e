import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError } from '../../api/api-error.js';
import type { InspectedCertificate, Inspection } from '../../api/authorities.js';
import { callApi } from '../../api/request.js';
import { wordsOf } from '../../parts/format.js';
import { Identifier } from '../../parts/identifier.js';
import { lifeTone, Meter } from '../../parts/meter.js';
import { Facts, Section } from '../../parts/section.js';
import { StateBadge } from '../../parts/state-badge.js';
import { TimeText } from '../../parts/time-text.js';

/** What the server reads of one request. */
const MOST_BYTES = 64 * 1024;

interface InspectorProps {
  /** What is in the field; a click on "Inspect" of an authority puts its PEM here. */
  readonly pem: string;
  readonly change: (pem: string) => void;
}

/** Shows what is in certificates, and whether the present bundle trusts their chain. */
export function Inspector({ pem, change }: InspectorProps) {
  const field = useRef<HTMLTextAreaElement>(null);
  const [found, setFound] = useState<Inspection>();
  const [error, setError] = useState<ApiError>();
  const inspect = async (text: string): Promise<void> => {
    setError(undefined);
    setFound(undefined);
    try {
      setFound(await callApi<Inspection>('/v1/connect/ca/inspect', { method: 'POST', body: { PEM: text } }));
    } catch (thrown) {
      setError(ApiError.of(thrown));
    }
  };
  useEffect(() => {
    // Typed text is inspected by the button; what a click put here at once.
    if (pem === '' || field.current === document.activeElement) return;
    field.current?.scrollIntoView({ block: 'center' });
    void inspect(pem);
  }, [pem]);
  return (
    <Section title="Inspect certificates">
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void inspect(pem);
        }}
      >
        <label class="field">
          <span>Certificates as PEM, the leaf first</span>
          <textarea
            ref={field}
            name="pem"
            spellcheck={false}
            maxLength={MOST_BYTES}
            placeholder="-----BEGIN CERTIFICATE-----"
            value={pem}
            onInput={(event) => change(event.currentTarget.value)}
          />
        </label>
        <div class="buttons">
          <button type="submit" class="button button-primary" disabled={pem.trim() === ''}>
            Inspect
          </button>
        </div>
      </form>
      {error !== undefined && (
        <p class="dialog-error" role="alert">
          {error.message} <code>{error.code}</code>
        </p>
      )}
      {found !== undefined && <Found inspection={found} />}
    </Section>
  );
}

function Found({ inspection }: { readonly inspection: Inspection }) {
  const { Certificates, Trusted, Reason, Detail, Path } = inspection;
  return (
    <div class="found stack">
      <p role="status">
        <StateBadge
          state={Trusted ? 'ok' : 'denied'}
          label={Trusted ? 'trusted by the present bundle' : 'not trusted'}
        />{' '}
        {!Trusted && typeof Reason === 'string' && <code>{Reason}</code>} {Trusted ? '' : Detail}
      </p>
      {Path.length > 0 && (
        <ol class="chain" aria-label="Chain to the root">
          {Path.map((fingerprint, place) => (
            <li key={fingerprint}>
              {place === Path.length - 1 ? 'root' : place === 0 ? 'certificate' : 'intermediate'}{' '}
              <Identifier id={fingerprint} what={`the fingerprint of number ${place + 1} of the chain`} />
            </li>
          ))}
        </ol>
      )}
      {Certificates.map((certificate, place) => (
        <Certificate key={certificate.Fingerprint} certificate={certificate} place={place} />
      ))}
    </div>
  );
}

interface CertificateProps {
  readonly certificate: InspectedCertificate;
  readonly place: number;
}

function Certificate({ certificate, place }: CertificateProps) {
  const { Subject, Issuer, URIs, KeyType, KeyBits, LifeUsed, Fingerprint, SerialNumber } = certificate;
  const name = Subject === '' ? `certificate ${place + 1}` : Subject;
  return (
    <article class="authority" aria-label={name}>
      <h3>{name}</h3>
      <Facts
        facts={[
          { name: 'Identity', value: URIs.length === 0 ? '–' : <code>{URIs.join(' ')}</code> },
          { name: 'Issuer', value: Issuer },
          { name: 'Serial', value: <Identifier id={SerialNumber} what="the serial number" /> },
          { name: 'Key', value: `${KeyType.toUpperCase()} ${KeyBits}` },
          { name: 'Signed with', value: wordsOf(certificate.SignatureAlgorithm) },
          { name: 'Authority', value: certificate.IsCA ? `yes${pathText(certificate.PathLength)}` : 'no' },
          {
            name: 'May be used for',
            value: [...certificate.KeyUsage, ...certificate.ExtendedKeyUsage].join(', ') || '–',
          },
          ...(certificate.DNSNames.length === 0 ? [] : [{ name: 'DNS names', value: certificate.DNSNames.join(' ') }]),
          { name: 'Fingerprint (SHA-256)', value: <Identifier id={Fingerprint} what="the fingerprint" /> },
          { name: 'Key ID', value: keyIdOf(certificate.SubjectKeyID, 'the key ID') },
          { name: 'Issuer’s key ID', value: keyIdOf(certificate.AuthorityKeyID, 'the key ID of the issuer') },
          { name: 'Begins', value: <TimeText at={certificate.NotBefore} /> },
          { name: 'Ends', value: <TimeText at={certificate.NotAfter} /> },
          {
            name: 'Life used',
            value: <Meter share={LifeUsed} tone={lifeTone(LifeUsed)} label={`life used of ${name}`} />,
          },
        ]}
      />
    </article>
  );
}

const pathText = (length: number | null | undefined): string =>
  typeof length === 'number' ? `, ${length} below it` : '';

const keyIdOf = (id: string | null, what: string) => (id === null ? '–' : <Identifier id={id} what={what} />);
