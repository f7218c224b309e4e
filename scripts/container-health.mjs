// Health check of a container; the image has no curl. Without an argument it asks the readiness of the process that
// listens on BANYAN_HTTP_BIND. `listening PORT` reads the kernel's socket table instead of connecting: a sidecar
// would count and log a connection that ends before its handshake.
import { readFileSync } from 'node:fs';
import { get } from 'node:http';

const LIMIT_MS = 3_000;
const LISTEN_STATE = '0A'; // TCP_LISTEN in /proc/net/tcp

const say = (ok, text) => {
  console.log(text.slice(0, 1_000));
  process.exit(ok ? 0 : 1);
};

function isListening(port) {
  const suffix = `:${Number(port).toString(16).toUpperCase().padStart(4, '0')}`;
  return ['/proc/net/tcp', '/proc/net/tcp6'].some((table) => {
    const rows = readFileSync(table, 'utf8').split('\n').slice(1);
    return rows.some((row) => {
      const [, local, , state] = row.trim().split(/\s+/);
      return state === LISTEN_STATE && local?.endsWith(suffix);
    });
  });
}

function askReadiness(url) {
  const request = get(url, { timeout: LIMIT_MS }, (response) => {
    let text = '';
    response.setEncoding('utf8');
    response.on('data', (chunk) => (text += chunk));
    response.on('end', () => say(response.statusCode === 200, `${response.statusCode} ${text}`));
  });
  request.on('timeout', () => say(false, `${url} did not answer within ${LIMIT_MS} ms`));
  request.on('error', (error) => say(false, `${url}: ${error.message}`));
}

const [kind, argument] = process.argv.slice(2);
const bind = process.env.BANYAN_HTTP_BIND;
if (kind === 'listening') say(isListening(argument), `port ${argument}`);
else if (kind === 'http') askReadiness(argument);
else if (bind) askReadiness(`http://${bind.replace(/^(0\.0\.0\.0|\[::\])(?=:)/, '127.0.0.1')}/readyz`);
else say(true, 'BANYAN_HTTP_BIND is not set: there is nothing to ask');
