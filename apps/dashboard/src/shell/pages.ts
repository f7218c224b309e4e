import type { ComponentType } from 'preact';
import { FederationPage } from '../pages/federation/federation-page.js';
import { RotationPage } from '../pages/rotation/rotation-page.js';
import { TrustPage } from '../pages/trust/trust-page.js';

/** A page of the dashboard. */
export interface Page {
  /** Its place behind `/ui/#`. */
  readonly path: string;
  readonly title: string;
  /** `g` and then this key goes there. */
  readonly key: string;
  readonly component: ComponentType;
}

/** Every page, in the order of the navigation; the first one is where `/ui/` leads. */
export const PAGES: readonly Page[] = [
  { path: '/federation', title: 'Federation', key: 'f', component: FederationPage },
  { path: '/trust', title: 'Trust', key: 't', component: TrustPage },
  { path: '/rotation', title: 'Rotation', key: 'r', component: RotationPage },
];
