import { describe, expect, it } from '@jest/globals';
import { tracingPlan } from './tracing-plan.js';

const agent = { name: 'agent', datacenter: 'dc1', node: 'n1', version: '1.2.3' };
const ON = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' };

describe('tracingPlan', () => {
  it('is none until an exporter is configured, and none when traces are off by name', () => {
    expect(tracingPlan({}, agent)).toBeUndefined();
    expect(tracingPlan({ OTEL_EXPORTER_OTLP_ENDPOINT: '' }, agent)).toBeUndefined();
    expect(tracingPlan({ OTEL_SERVICE_NAME: 'x' }, agent)).toBeUndefined();
    expect(tracingPlan({ ...ON, OTEL_SDK_DISABLED: 'true' }, agent)).toBeUndefined();
    expect(tracingPlan({ ...ON, OTEL_TRACES_EXPORTER: 'none' }, agent)).toBeUndefined();
    expect(tracingPlan({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://c/v1/traces' }, agent)).toBeDefined();
  });

  it('names the process, unless the environment names it otherwise', () => {
    expect(tracingPlan(ON, agent)?.resource).toEqual({
      'service.name': 'banyan-agent',
      'service.namespace': 'banyan',
      'service.instance.id': 'n1',
      'service.version': '1.2.3',
      'banyan.datacenter': 'dc1',
    });
    const env = {
      ...ON,
      OTEL_SERVICE_NAME: 'mesh',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment=a%20b, x=%, bad',
    };
    expect(tracingPlan(env, agent)?.resource).toMatchObject({
      'service.name': 'mesh',
      'deployment.environment': 'a b',
      x: '%',
    });
  });
});
