import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Link, useLocation } from 'wouter-preact';
import { session, signOut } from '../api/session.js';
import { ConnectionBar, ConnectionSign } from './connection-bar.js';
import { areKeysShown } from './keyboard.js';
import { PAGES } from './pages.js';
import { switchTheme, theme } from './theme.js';

/** The frame of every page: navigation, who is signed in, whether the page is live. */
export function Layout({ children }: { readonly children: ComponentChildren }) {
  const [location] = useLocation();
  const nav = useRef<HTMLElement>(null);
  // On a phone the navigation is wider than the window.
  useEffect(() => {
    nav.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' });
  }, [location]);
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
        <nav aria-label="Pages" ref={nav}>
          {PAGES.map(({ path, title }) => (
            <Link key={path} href={path} aria-current={location.startsWith(path) ? 'page' : undefined}>
              {title}
            </Link>
          ))}
        </nav>
        <div class="top-end">
          <ConnectionSign />
          <button type="button" class="button button-plain" onClick={switchTheme} aria-label={`Theme: ${theme.value}`}>
            <svg class="theme-sign" viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
              <path
                d="M6 1a5 5 0 1 1 0 10A5 5 0 0 1 6 1zm0 1.5v7a3.5 3.5 0 0 0 0-7z"
                fill="currentColor"
                fill-rule="evenodd"
              />
            </svg>
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
          {session.value !== undefined && (
            <span class="who" title={`Accessor ${session.value.accessorId}`}>
              {session.value.name}
            </span>
          )}
          <button type="button" class="button button-plain" onClick={signOut}>
            {session.value === undefined ? 'Sign in' : 'Sign out'}
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
