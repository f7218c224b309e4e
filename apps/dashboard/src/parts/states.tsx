import type { ComponentChildren } from 'preact';
import type { ApiError } from '../api/api-error.js';
import { session, signOut } from '../api/session.js';
import type { Resource } from '../live/resource.js';
import { ToneShape } from './state-badge.js';

/** There is nothing to show, and that is no fault: says why, and what would change it. */
export function EmptyState({ title, children }: { readonly title: string; readonly children?: ComponentChildren }) {
  return (
    <div class="state state-empty">
      <ToneShape tone="quiet" />
      <div>
        <p class="state-title">{title}</p>
        {children}
      </div>
    </div>
  );
}

/** The first answer is under way. Takes the room that the answer will take, so that nothing jumps. */
export function LoadingState({ what, rows = 6 }: { readonly what: string; readonly rows?: number }) {
  return (
    <div class="state-loading" role="status" aria-label={`Loading ${what}`}>
      {Array.from({ length: rows }, (_, row) => (
        <div class="skeleton" key={row} />
      ))}
    </div>
  );
}

/** The token may not see this: says which permission is missing, and offers to sign in with another one. */
export function DeniedState({ what, error }: { readonly what: string; readonly error: ApiError }) {
  return (
    <div class="state state-denied" role="alert">
      <ToneShape tone="bad" />
      <div>
        <p class="state-title">
          {session.value === undefined ? 'Without a token you' : 'This token'} may not see {what}
        </p>
        <p>{error.message}</p>
        <button type="button" class="button" onClick={signOut}>
          {session.value === undefined ? 'Sign in with a token' : 'Sign in with another token'}
        </button>
      </div>
    </div>
  );
}

/** Asking failed: the server's own words, its code, and a button that asks again. */
export function ErrorState(props: { readonly what: string; readonly error: ApiError; readonly retry?: () => void }) {
  const { what, error, retry } = props;
  const title = error.kind === 'unreachable' ? `The server does not answer about ${what}` : `No answer about ${what}`;
  return (
    <div class="state state-error" role="alert">
      <ToneShape tone="warning" />
      <div>
        <p class="state-title">{title}</p>
        <p>
          {error.message} <code>{error.code}</code>
        </p>
        {retry !== undefined && (
          <button type="button" class="button" onClick={retry}>
            Try again
          </button>
        )}
      </div>
    </div>
  );
}

export interface ResourceViewProps<T> {
  readonly resource: Resource<T>;
  /** What is shown, as it goes into sentences: "the rotations". */
  readonly what: string;
  readonly children: (value: T) => ComponentChildren;
  readonly rows?: number;
}

/** A resource in whatever state it is: loading, denied, failed, stale with the reason above it, or there. */
export function ResourceView<T>({ resource, what, children, rows }: ResourceViewProps<T>) {
  const { value, error, reload } = resource;
  if (error?.kind === 'denied') return <DeniedState what={what} error={error} />;
  if (value === undefined)
    return error === undefined ? (
      <LoadingState what={what} {...(rows !== undefined && { rows })} />
    ) : (
      <ErrorState what={what} error={error} retry={reload} />
    );
  return (
    <>
      {error !== undefined && <ErrorState what={what} error={error} retry={reload} />}
      {children(value)}
    </>
  );
}
