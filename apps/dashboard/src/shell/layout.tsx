import type { ComponentChildren } from 'preact';
import { Link, useLocation } from 'wouter-preact';
import { session, signOut } from '../api/session.js';
import { ConnectionBar, ConnectionSign } from './connection-bar.js';
import { areKeysShown } from './keyboard.js';
import { PAGES } from './pages.js';
import { switchTheme, theme } from './theme.js';

/** The frame of every page: navigation, who is signed in, whether the page is live. */
export function Layout({ children }: { readonly children: ComponentChildren }) {
  const [location] = useLocation();
  return (
    <div class="layout">
      <a class="skip" href="#main" onClick={focusMain}>
        Skip to the page
      </a>
      <header class="top">
        <span class="brand">
          <img src="./banyan.svg" alt="" width="24" height="24" />
          banyan
        </span>
        <nav aria-label="Pages">
          {PAGES.map(({ path, title }) => (
            <Link key={path} href={path} aria-current={location.startsWith(path) ? 'page' : undefined}>
              {title}
            </Link>
          ))}
        </nav>
        <div class="top-end">
          <ConnectionSign />
          <button type="button" class="button button-plain" onClick={switchTheme} aria-label={`Theme: ${theme.value}`}>
            {theme.value}
          </button>
          <button
            type="button"
            class="button button-plain keys-button"
            aria-label="Keys"
            onClick={() => (areKeysShown.value = true)}
          >
            ?
          </button>
          <button type="button" class="button button-plain" onClick={signOut}>
            {session.value === undefined ? 'Sign in' : `Sign out ${session.value.name}`}
          </button>
        </div>
      </header>
      <ConnectionBar />
      <main id="main" tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}

/** The hash is the router's, so the skip link moves the focus itself. */
function focusMain(event: Event): void {
  event.preventDefault();
  document.getElementById('main')?.focus();
}
