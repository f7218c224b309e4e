import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BanyanError, SilentLogger } from '@banyan/kernel';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { continueTrace, inChildSpan, inSpan, startTracing, traceCarrier } from './tracing.js';

const agent = { name: 'agent', datacenter: 'dc1', node: 'n1', version: '1.2.3' };

interface SentSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly status: { readonly code?: number; readonly message?: string };
  readonly attributes: readonly { readonly key: string; readonly value: object }[];
}

/** A collector: keeps what is posted to it. */
let collector: Server;
const bodies: string[] = [];
const sent = (): SentSpan[] =>
  bodies.flatMap((body) => {
    const { resourceSpans } = JSON.parse(body) as {
      resourceSpans: { scopeSpans: { spans: SentSpan[] }[] }[];
    };
    return resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
  });

beforeAll(async () => {
  collector = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      bodies.push(body);
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  }).listen(0, '127.0.0.1');
  await once(collector, 'listening');
});
afterAll(async () => {
  collector.closeAllConnections();
  await once(collector.close(), 'close');
});

describe('tracing that is not configured', () => {
  it('runs the work as it is, and carries nothing', async () => {
    const tracing = await startTracing({}, agent, new SilentLogger());
    const work = Promise.resolve(7);
    const same = <T>(made: Promise<T>): boolean => (made as Promise<unknown>) === work;
    expect(same(inSpan({ name: 'x', attributes: {} }, () => work))).toBe(true);
    expect(same(inChildSpan({ name: 'x', attributes: {} }, () => work))).toBe(true);
    const carrier = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
    expect(same(continueTrace(carrier, { name: 'x', attributes: {} }, () => work))).toBe(true);
    expect(traceCarrier()).toEqual({});
    await tracing.stop();
  });
});

describe('tracing with an exporter', () => {
  it('makes one trace of what several processes do, with codes and without words', async () => {
    const port = (collector.address() as AddressInfo).port;
    process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = `http://127.0.0.1:${port}`;
    const tracing = await startTracing(process.env, agent, new SilentLogger());
    let carried: Readonly<Record<string, string>> = {};
    await inSpan({ name: 'leaf.request', attributes: { 'banyan.reason': 'first' } }, () =>
      inChildSpan({ name: 'call', attributes: {}, kind: 'CLIENT' }, () => {
        carried = traceCarrier();
        return Promise.resolve();
      }),
    );
    const refused = new BanyanError('PERMISSION_DENIED', 'the words with the name of somebody');
    const served = continueTrace(carried, { name: 'serve', attributes: {} }, () => Promise.reject(refused));
    await expect(served).rejects.toBe(refused);
    // Outside of a trace: the first belongs to none, and the second continues none.
    await inChildSpan({ name: 'alone', attributes: {} }, () => Promise.resolve());
    await continueTrace({}, { name: 'alone', attributes: {} }, () => Promise.resolve());
    expect(traceCarrier()).toEqual({});
    await tracing.stop();
    const spans = Object.fromEntries(sent().map((span) => [span.name, span]));
    expect(Object.keys(spans).toSorted()).toEqual(['call', 'leaf.request', 'serve']);
    const { call, serve, 'leaf.request': request } = spans as Record<string, SentSpan>;
    expect(new Set([call!.traceId, serve!.traceId, request!.traceId]).size).toBe(1);
    expect([call!.parentSpanId, serve!.parentSpanId]).toEqual([request!.spanId, call!.spanId]);
    expect(carried).toEqual({ traceparent: `00-${call!.traceId}-${call!.spanId}-01` });
    // SpanKind of OTLP: internal 1, server 2, client 3.
    expect([request!.kind, serve!.kind, call!.kind]).toEqual([1, 2, 3]);
    expect(serve!.status).toEqual({ code: 2, message: 'PERMISSION_DENIED' });
    expect(request!.attributes).toEqual([{ key: 'banyan.reason', value: { stringValue: 'first' } }]);
    expect(bodies.join()).not.toContain('the words');
    expect(bodies.join()).toContain('"banyan-agent"');
  });
});
