/** Whose spans they are. */
export interface TracedProcess {
  /** `primary-server`, `secondary-server`, `agent`. */
  readonly name: string;
  readonly datacenter: string;
  readonly node: string;
  readonly version: string;
}

/** How to trace. */
export interface TracingPlan {
  /** Attributes of every span: the process, and what `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` say. */
  readonly resource: Readonly<Record<string, string>>;
}

const ENDPOINTS = ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'];

/**
 * What the environment says of traces; undefined: none. The exporter reads the `OTEL_EXPORTER_OTLP_…` variables itself,
 * headers with secrets included. Source: OpenTelemetry specification, "Environment variables".
 */
export const tracingPlan = (
  env: Readonly<Record<string, string | undefined>>,
  self: TracedProcess,
): TracingPlan | undefined => {
  const isOff = env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true' || env['OTEL_TRACES_EXPORTER'] === 'none';
  if (isOff || !ENDPOINTS.some((name) => env[name])) return undefined;
  return {
    resource: {
      'service.name': env['OTEL_SERVICE_NAME'] || `banyan-${self.name}`,
      'service.namespace': 'banyan',
      'service.instance.id': self.node,
      'service.version': self.version,
      'banyan.datacenter': self.datacenter,
      ...pairsIn(env['OTEL_RESOURCE_ATTRIBUTES'] ?? ''),
    },
  };
};

/** `key=value,key=value`, values percent-encoded; what is no pair is left out. */
const pairsIn = (text: string): Record<string, string> =>
  Object.fromEntries(
    text.split(',').flatMap((part) => {
      const at = part.indexOf('=');
      return at < 1 ? [] : [[part.slice(0, at).trim(), decoded(part.slice(at + 1).trim())] as const];
    }),
  );

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};
