/** One event of a stream (WHATWG HTML, "Server-sent events"). `json` is on one line, as JSON.stringify writes it. */
export const eventFrame = (event: string, json: string): string => `event: ${event}\ndata: ${json}\n\n`;

/** A comment: keeps proxies from closing a quiet stream, and shows a reader that it is alive. */
export const HEARTBEAT_FRAME = ': still here\n\n';

/** The first bytes of a stream: how long a reader waits before it comes back, in ms. */
export const OPENING_FRAME = 'retry: 2000\n\n';
