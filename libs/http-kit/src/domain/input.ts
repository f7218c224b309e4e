import { BanyanError, type ErrorCode } from '@banyan/kernel';
import { z } from 'zod';
import { checkConsistency, type CommonQuery, commonQueryShape } from './common-query.js';
import { nestsTooDeep } from './json-text.js';
import { matchKeys } from './wire-keys.js';

/** The parts a route accepts. Shapes and schemas carry their own bounds. */
export interface InputParts<P extends z.ZodRawShape, Q extends z.ZodRawShape, B extends z.ZodType> {
  /** Path parameters; each gets a decoded string. */
  readonly params?: P;
  /** Query parameters beyond the common ones; built from the `query…` fields. */
  readonly query?: Q;
  /** The JSON body. Absent: a body that is sent is ignored. Strict objects refuse unknown keys. */
  readonly body?: B;
  /** An empty body is `undefined` instead of an `EOF` error. */
  readonly bodyOptional?: boolean;
  /** Starts every text about the body; `Request decode failed: ` unless given. */
  readonly bodyErrorPrefix?: string;
}

/** A route's whole input, parsed and typed. */
export interface RouteInput<P, Q, B> {
  readonly params: P;
  readonly query: CommonQuery & Q;
  readonly body: B;
}

/** A declared input: made by {@link defineInput}, attached to a handler by `@Input`. */
export class InputSchema<P = unknown, Q = unknown, B = unknown> {
  constructor(
    readonly params: z.ZodType<P>,
    readonly query: z.ZodType<CommonQuery & Q>,
    readonly body:
      | { readonly schema: z.ZodType<B>; readonly optional: boolean; readonly errorPrefix: string }
      | undefined,
  ) {}

  /** Parses a request. Throws `REQUEST_INVALID` or the code a field names. */
  parse(request: RawInput): RouteInput<P, Q, B> {
    return {
      params: check(this.params, request.params, parameterText),
      query: check(this.query, allValues(request.query), parameterText),
      body: (this.body === undefined ? undefined : parseBody(this.body, request.body)) as B,
    };
  }
}

/** A request as the HTTP server hands it over: decoded path and query, undecoded body. */
export interface RawInput {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string | readonly string[]>>;
  readonly body: Uint8Array | undefined;
}

/** The typed input a schema gives: `InputOf<typeof readExact>`. */
export type InputOf<S> = S extends InputSchema<infer P, infer Q, infer B> ? RouteInput<P, Q, B> : never;

const NO_FIELDS = {};

/** Declares what a route accepts; the common query parameters are always part of it. */
export const defineInput = <
  P extends z.ZodRawShape = typeof NO_FIELDS,
  Q extends z.ZodRawShape = typeof NO_FIELDS,
  B extends z.ZodType = z.ZodUndefined,
>(
  parts: InputParts<P, Q, B>,
): InputSchema<z.infer<z.ZodObject<P>>, z.infer<z.ZodObject<Q>>, z.infer<B>> => {
  const query = z.object({ ...commonQueryShape, ...parts.query }).superRefine((value, context) => {
    checkConsistency(value, context);
  });
  return new InputSchema(
    z.object(parts.params ?? NO_FIELDS) as unknown as z.ZodType<z.infer<z.ZodObject<P>>>,
    query as unknown as z.ZodType<CommonQuery & z.infer<z.ZodObject<Q>>>,
    parts.body === undefined
      ? undefined
      : {
          schema: parts.body as unknown as z.ZodType<z.infer<B>>,
          optional: parts.bodyOptional ?? false,
          errorPrefix: parts.bodyErrorPrefix ?? 'Request decode failed: ',
        },
  );
};

/** A path parameter: any text of 1 to `max` characters. */
export const pathText = (max = 512): z.ZodString => z.string().min(1).max(max);

const allValues = (query: RawInput['query']): Record<string, readonly string[]> =>
  Object.fromEntries(Object.entries(query).map(([name, value]) => [name, typeof value === 'string' ? [value] : value]));

/** The escape of U+0000, which PostgreSQL stores nowhere; not a backslash that is itself escaped before `u0000`. */
const ESCAPED_NUL = /(?<!\\)(?:\\\\)*\\u0000/;

const parseBody = <B>(
  body: NonNullable<InputSchema<unknown, unknown, B>['body']>,
  bytes: Uint8Array | undefined,
): B => {
  const refusal = (text: string): BanyanError => new BanyanError('REQUEST_INVALID', `${body.errorPrefix}${text}`);
  const text = decode(bytes, refusal);
  if (text.trim() === '') {
    if (body.optional) return undefined as B;
    throw refusal('EOF');
  }
  if (nestsTooDeep(text)) throw refusal('json: nested too deeply');
  if (ESCAPED_NUL.test(text)) throw refusal('json: a text has a NUL character (\\u0000)');
  const value = matchKeys(body.schema, parseJson(text, refusal));
  return check(body.schema, value, (issue) => `${body.errorPrefix}${bodyText(issue)}`);
};

const decode = (bytes: Uint8Array | undefined, refusal: (text: string) => BanyanError): string => {
  if (bytes === undefined) return '';
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    if (cause instanceof TypeError) throw refusal('json: invalid UTF-8');
    throw cause;
  }
};

/** The parser's own message quotes the body, which may hold a secret, so it goes no further. */
const parseJson = (text: string, refusal: (text: string) => BanyanError): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    if (cause instanceof SyntaxError) throw refusal('json: invalid syntax');
    throw cause;
  }
};

const check = <T>(schema: z.ZodType<T>, value: unknown, describe: (issue: z.core.$ZodIssue) => string): T => {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  // An unknown key comes first: it is usually the misspelling that the other issues follow from.
  const { issues } = result.error;
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0];
  if (issue === undefined) throw new BanyanError('INTERNAL', 'a schema failed without an issue');
  throw new BanyanError(codeOf(issue), describe(issue));
};

const codeOf = (issue: z.core.$ZodIssue): ErrorCode =>
  issue.code === 'custom' && issue.params?.['code'] !== undefined
    ? (issue.params['code'] as ErrorCode)
    : 'REQUEST_INVALID';

const parameterText = (issue: z.core.$ZodIssue): string =>
  issue.code === 'custom' ? issue.message : `Invalid value for "${issue.path.join('.')}"`;

const bodyText = (issue: z.core.$ZodIssue): string => {
  if (issue.code === 'custom') return issue.message;
  if (issue.code === 'unrecognized_keys') return `json: unknown field "${issue.keys[0]}"`;
  return `json: ${issue.path.length === 0 ? 'body' : `field "${issue.path.join('.')}"`}: ${issue.message}`;
};
