/** What the REST API must know of its process. Bound with `useValue`. */
export abstract class HttpApiSettings {
  /** Name of this datacenter. */
  abstract readonly datacenter: string;
  /** What holds for a call between services when no intention matches. */
  abstract readonly defaultIntentionAction: 'allow' | 'deny';
}
