import { useState } from 'preact/hooks';
import { ApiError } from '../api/api-error.js';
import { callApi } from '../api/request.js';
import { anonymous, session } from '../api/session.js';

/** What is read of `GET /v1/acl/token/self`. */
interface OwnToken {
  readonly AccessorID: string;
  readonly Description?: string;
}

/** Asks for a token and tries it. It is kept in memory only: not in the browser's storage, and not by its password store. */
export function SignIn() {
  const [token, setToken] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError>();
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      const secret = token.trim();
      const own = await callApi<OwnToken>('/v1/acl/token/self', { token: secret });
      session.value = {
        token: secret,
        accessorId: own.AccessorID,
        name: own.Description === undefined || own.Description === '' ? own.AccessorID.slice(0, 8) : own.Description,
      };
    } catch (thrown) {
      setError(ApiError.of(thrown));
      setBusy(false);
    }
  };
  return (
    <main id="main" class="sign-in" tabIndex={-1}>
      <form onSubmit={(event) => void submit(event)} autocomplete="off">
        <img src="./banyan.svg" alt="" width="48" height="48" />
        <h1>banyan</h1>
        <p class="muted">
          Sign in with an ACL token. It stays in this page&rsquo;s memory and is gone when the page is closed.
        </p>
        <label class="field">
          <span>Token</span>
          <input
            type="password"
            name="token"
            autocomplete="off"
            spellcheck={false}
            required
            value={token}
            onInput={(event) => setToken(event.currentTarget.value)}
          />
        </label>
        {error !== undefined && (
          <p class="dialog-error" role="alert">
            {error.kind === 'unreachable' ? 'The server does not answer.' : error.message} <code>{error.code}</code>
          </p>
        )}
        <button type="submit" class="button button-primary" disabled={isBusy || token.trim() === ''}>
          {isBusy ? 'Signing in…' : 'Sign in'}
        </button>
        <button type="button" class="button button-plain" onClick={() => (anonymous.value = true)}>
          Look around without a token
        </button>
      </form>
    </main>
  );
}
