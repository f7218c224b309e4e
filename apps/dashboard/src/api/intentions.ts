/** One request form of an L7 permission, as the API has it. */
export interface HttpMatch {
  readonly PathExact?: string;
  readonly PathPrefix?: string;
  readonly PathRegex?: string;
  readonly Header?: readonly HeaderMatch[];
  readonly Methods?: readonly string[];
}

export interface HeaderMatch {
  readonly Name: string;
  readonly Present?: boolean;
  readonly Exact?: string;
  readonly Prefix?: string;
  readonly Suffix?: string;
  readonly Contains?: string;
  readonly Regex?: string;
  readonly Invert?: boolean;
  readonly IgnoreCase?: boolean;
}

export interface Permission {
  readonly Action: 'allow' | 'deny';
  readonly HTTP?: HttpMatch;
  /** Kept as it is: the editor has no fields for it. */
  readonly JWT?: unknown;
}

/** An intention, as `GET /v1/connect/intentions` lists them. Exactly one of `Action` and `Permissions` is there. */
export interface Intention {
  readonly SourceName: string;
  readonly DestinationName: string;
  readonly Action?: 'allow' | 'deny';
  readonly Permissions?: readonly Permission[];
  readonly Description?: string;
  readonly Meta?: Readonly<Record<string, string>>;
  readonly Precedence: number;
  readonly CreateIndex: number;
  readonly ModifyIndex: number;
}

/** What `PUT /v1/connect/intentions/exact` takes. */
export type IntentionBody = Pick<Intention, 'Action' | 'Permissions' | 'Description'> & {
  readonly SourceType: 'consul';
};

/** Where an intention is read and written. */
export const exactPath = (source: string, destination: string): string =>
  `/v1/connect/intentions/exact?source=${encodeURIComponent(source)}&destination=${encodeURIComponent(destination)}`;
