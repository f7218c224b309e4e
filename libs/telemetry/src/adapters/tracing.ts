import type * as Api from '@opentelemetry/api';
import type { NodeTracerConfig } from '@opentelemetry/sdk-trace-node';
import { isBanyanError, type Logger } from '@banyan/kernel';
import { type TracedProcess, tracingPlan } from '../domain/tracing-plan.js';

/** What is told of a span besides its name: names, counts, codes. Never a token, a key or a request's body. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

/** Trace context as it travels with a request: W3C `traceparent` and `tracestate`. */
export type TraceCarrier = Readonly<Record<string, string>>;

type Resource = NonNullable<NodeTracerConfig['resource']>;

/** A span to be made. `CLIENT`: around a call of another process. */
export interface SpanPlan {
  readonly name: string;
  readonly attributes: SpanAttributes;
  readonly kind?: 'INTERNAL' | 'CLIENT';
}

interface Active {
  readonly api: typeof Api;
  readonly tracer: Api.Tracer;
}

/** A stop waits no longer than this for a collector that is away. */
const EXPORT_LIMIT_MS = 3_000;

/** One per process, as the context of a call is; undefined while no exporter is configured, and then nothing is loaded. */
let active: Active | undefined;

/** Ends tracing: what was not exported yet is. */
export interface Tracing {
  stop(): Promise<void>;
}

/**
 * Begins to trace if an exporter is configured by the standard variables (`OTEL_EXPORTER_OTLP_ENDPOINT` or
 * `…_TRACES_ENDPOINT`; `OTEL_SDK_DISABLED` and `OTEL_TRACES_EXPORTER=none` keep it off). Spans go by OTLP over HTTP.
 */
export const startTracing = async (
  env: Readonly<Record<string, string | undefined>>,
  self: TracedProcess,
  logger: Logger,
): Promise<Tracing> => {
  const plan = tracingPlan(env, self);
  if (plan === undefined) return { stop: () => Promise.resolve() };
  const [api, { BatchSpanProcessor, NodeTracerProvider }, { OTLPTraceExporter }] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace-node'),
    import('@opentelemetry/exporter-trace-otlp-http'),
  ]);
  const { diag, DiagLogLevel, trace } = api;
  const report = (message: string): void => logger.warn('traces were not exported', { reason: message });
  diag.setLogger(
    { error: report, warn: silent, info: silent, debug: silent, verbose: silent },
    { logLevel: DiagLogLevel.ERROR, suppressOverrideMessage: true },
  );
  const provider = new NodeTracerProvider({
    resource: resourceOf(plan.resource),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter(), { exportTimeoutMillis: EXPORT_LIMIT_MS })],
  });
  provider.register();
  active = { api, tracer: trace.getTracer('banyan', self.version) };
  logger.info('traces are exported', { service: plan.resource['service.name'] });
  return {
    stop: async () => {
      active = undefined;
      await provider.shutdown().catch((error: unknown) => report(String(error)));
    },
  };
};

const silent = (): void => {};

/** A resource of fixed attributes. */
const resourceOf = (attributes: Readonly<Record<string, string>>): Resource => {
  const resource: Resource = {
    attributes,
    merge: () => resource,
    getRawAttributes: () => Object.entries(attributes),
  };
  return resource;
};

/** Runs `work` in a span of that name, which begins a trace where none is under way. Costs nothing while tracing is off. */
export const inSpan = <T>(span: SpanPlan, work: () => Promise<T>): Promise<T> =>
  active === undefined ? work() : traced(active, { kind: 'INTERNAL', ...span }, work);

/** The same inside of a trace that is under way; outside of one, only the work. */
export const inChildSpan = <T>(span: SpanPlan, work: () => Promise<T>): Promise<T> =>
  active?.api.trace.getActiveSpan() === undefined ? work() : inSpan(span, work);

/** What a request must carry so that its receiver continues the trace; empty outside of one. */
export const traceCarrier = (): TraceCarrier => {
  if (active === undefined || active.api.trace.getActiveSpan() === undefined) return {};
  const carrier: Record<string, string> = {};
  active.api.propagation.inject(active.api.context.active(), carrier);
  return carrier;
};

/** Runs `work` in a span that continues the trace which a request carries; without one, only the work. */
export const continueTrace = <T>(
  carrier: TraceCarrier,
  span: { readonly name: string; readonly attributes: SpanAttributes },
  work: () => Promise<T>,
): Promise<T> => {
  if (active === undefined || carrier['traceparent'] === undefined) return work();
  const { api } = active;
  const present = active;
  const context = api.propagation.extract(api.ROOT_CONTEXT, carrier);
  return api.context.with(context, () => traced(present, { ...span, kind: 'SERVER' }, work));
};

const traced = <T>(
  { api, tracer }: Active,
  span: { readonly name: string; readonly attributes: SpanAttributes; readonly kind: keyof typeof Api.SpanKind },
  work: () => Promise<T>,
): Promise<T> =>
  tracer.startActiveSpan(span.name, { kind: api.SpanKind[span.kind], attributes: span.attributes }, async (started) => {
    try {
      return await work();
    } catch (error) {
      // The code, and not the words: these are for logs, which are redacted.
      const code = isBanyanError(error) ? error.code : 'INTERNAL';
      started.setAttribute('error.type', code);
      started.setStatus({ code: api.SpanStatusCode.ERROR, message: code });
      throw error;
    } finally {
      started.end();
    }
  });
