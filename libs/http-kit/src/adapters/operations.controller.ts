import { requirePermission } from '@banyan/acl';
import { HealthRegistry } from '@banyan/telemetry';
import { Controller, Get } from '@nestjs/common';
import { type Answer, answerJson, answerText } from '../domain/answer.js';
import { defineInput, type InputOf } from '../domain/input.js';
import { querySwitch } from '../domain/query-fields.js';
import { MetricsText } from '../ports/metrics-text.js';
import { Call, HttpCall } from './http-call.js';
import { Input, Local, NoInput, Public } from './route-decorators.js';

const readyInput = defineInput({ query: { strict: querySwitch('strict') } });

/** What an orchestrator and a monitoring system ask of any process. Bind `HealthRegistry` and `MetricsText`. */
@Controller()
export class OperationsController {
  constructor(
    private readonly health: HealthRegistry,
    private readonly metrics: MetricsText,
  ) {}

  /** The process answers: no dependency takes part, or a broken database would have every replica restarted. */
  @Get('/healthz')
  @Public()
  @Local()
  @NoInput()
  alive(): Answer {
    return answerText('ok\n');
  }

  /**
   * 200 while reads can be answered, else 503; with each dependency by name and what it waits for. With `?strict` also 503
   * while it is degraded: for who balances writes.
   */
  @Get('/readyz')
  @Public()
  @Local()
  async ready(@Input(readyInput) { query }: InputOf<typeof readyInput>): Promise<Answer> {
    const report = await this.health.report();
    const isReady = report.ok && !(query.strict && report.degraded === true);
    return answerJson(report, isReady ? 200 : 503);
  }

  /** Open to this machine; anybody else needs operator:read, as the figures tell what runs here. */
  @Get('/metrics')
  @Public({ identify: true })
  @Local()
  @NoInput()
  async scrape(@Call() call: HttpCall): Promise<Answer> {
    if (!call.fromLoopback) requirePermission(call.caller, { resource: 'operator', access: 'read' });
    return answerText(await this.metrics.text(), 200, this.metrics.contentType);
  }
}
