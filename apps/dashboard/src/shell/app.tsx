import { useEffect } from 'preact/hooks';
import { Redirect, Router, useLocation } from 'wouter-preact';
import { useHashLocation } from 'wouter-preact/use-hash-location';
import { anonymous, session, sessionKey } from '../api/session.js';
import { connect, disconnect } from '../live/connection.js';
import { areKeysShown, listenToKeys } from './keyboard.js';
import { KeysDialog } from './keys-dialog.js';
import { Layout } from './layout.js';
import { PAGES } from './pages.js';
import { SignIn } from './sign-in.js';

/** The whole page: signed in (or looking around), or the form that asks for a token. */
export const App = () => (
  <Router hook={useHashLocation}>{session.value === undefined && !anonymous.value ? <SignIn /> : <SignedIn />}</Router>
);

function SignedIn() {
  const [location, navigate] = useLocation();
  useEffect(() => {
    connect();
    return disconnect;
  }, [sessionKey.value]);
  useEffect(() => listenToKeys((path) => navigate(path)), [navigate]);
  const page = PAGES.find(({ path }) => location.startsWith(path));
  useEffect(() => {
    document.title = page === undefined ? 'banyan' : `${page.title} · banyan`;
  }, [page]);
  return (
    <Layout>
      {page === undefined ? <Redirect to={PAGES[0]!.path} replace /> : <page.component />}
      {areKeysShown.value && <KeysDialog />}
    </Layout>
  );
}
