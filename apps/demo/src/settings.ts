import { parseArgs } from 'node:util';

/** What one demo service is told on its command line. */
export interface DemoSettings {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** Shown in the answer; tells which datacenter spoke. */
  readonly datacenter: string | undefined;
  /** Asked on every `GET /`; normally an upstream's local address of the sidecar. */
  readonly upstream: URL | undefined;
}

export const USAGE = `usage: demo --name <service> --listen <host:port> [--datacenter <name>] [--upstream <url>]

  demo --name api --listen 127.0.0.1:9090 --datacenter dc2
  demo --name web --listen 127.0.0.1:8080 --datacenter dc1 --upstream http://127.0.0.1:9191
`;

/** Parses the command line. Throws an `Error` that says what is missing. */
export const parseDemoSettings = (argv: readonly string[]): DemoSettings => {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      name: { type: 'string' },
      listen: { type: 'string' },
      datacenter: { type: 'string' },
      upstream: { type: 'string' },
    },
  });
  if (!values.name) throw new Error('--name is required');
  const [, host, port] = /^(.+):(\d{1,5})$/.exec(values.listen ?? '') ?? [];
  if (host === undefined || port === undefined || Number(port) > 65_535)
    throw new Error('--listen must be <host:port>');
  return {
    name: values.name,
    host,
    port: Number(port),
    datacenter: values.datacenter,
    upstream: values.upstream === undefined ? undefined : new URL(values.upstream),
  };
};
