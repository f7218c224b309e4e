import { ApiError } from './api-error.js';
import { session } from './session.js';

/** A call to the server that served this page. */
export interface ApiRequest {
  readonly method?: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly signal?: AbortSignal;
  /** Another token than that of the session: sign-in tries one before it is kept. */
  readonly token?: string;
  /** How long to wait for the answer, in milliseconds. */
  readonly limitMs?: number;
}

const LIMIT_MS = 30_000;

const tokenHeader = (token: string | undefined): Record<string, string> =>
  token === undefined || token === '' ? {} : { 'X-Consul-Token': token };

/** The answer as it is, or an ApiError: for streams and downloads. */
export async function send(path: string, request: ApiRequest = {}): Promise<Response> {
  const { method = 'GET', body, signal, token = session.peek()?.token } = request;
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers: { ...tokenHeader(token), ...(body !== undefined && { 'Content-Type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal !== undefined && { signal }),
      credentials: 'omit',
      cache: 'no-store',
      redirect: 'error',
    });
  } catch (error) {
    if (signal?.aborted === true && signal.reason instanceof ApiError) throw signal.reason;
    throw ApiError.of(error);
  }
  if (response.ok) return response;
  const text = await response.text().catch(() => '');
  throw new ApiError(
    response.status,
    response.headers.get('X-Banyan-Error') ?? `HTTP_${response.status}`,
    text.trim() === '' ? `The server answered ${response.status}.` : text.trim(),
  );
}

/** The JSON answer to a call. Throws ApiError, also when no answer comes within the limit. */
export async function callApi<T>(path: string, request: ApiRequest = {}): Promise<T> {
  const limitMs = request.limitMs ?? LIMIT_MS;
  const limit = new AbortController();
  const timer = setTimeout(
    () => limit.abort(new ApiError(0, 'TIMED_OUT', `No answer within ${limitMs / 1000} s.`)),
    limitMs,
  );
  const signal = request.signal === undefined ? limit.signal : AbortSignal.any([request.signal, limit.signal]);
  try {
    const response = await send(path, { ...request, signal });
    return (await response.json()) as T;
  } catch (error) {
    if (limit.signal.aborted && limit.signal.reason instanceof ApiError) throw limit.signal.reason;
    throw ApiError.of(error);
  } finally {
    clearTimeout(timer);
  }
}

/** A path with the parameters that are given: `withQuery('/v1/x', { limit: 5, q: undefined })` is `/v1/x?limit=5`. */
export function withQuery(path: string, query: Readonly<Record<string, string | number | undefined>>): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
  return given.length === 0
    ? path
    : `${path}?${given.map(([key, value]) => `${key}=${encodeURIComponent(String(value))}`).join('&')}`;
}

/** Lets the browser save an answer as a file; the token travels in the header, so a plain link would not do. */
export async function download(path: string, fileName: string): Promise<void> {
  const response = await send(path);
  saveBlob(await response.blob(), fileName);
}

/** Lets the browser save a text as a file. */
export const saveText = (text: string, fileName: string, type = 'text/plain'): void =>
  saveBlob(new Blob([text], { type }), fileName);

function saveBlob(blob: Blob, fileName: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = fileName;
  link.click();
  URL.revokeObjectURL(url);
}
