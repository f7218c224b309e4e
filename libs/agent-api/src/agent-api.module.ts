import { OperationsController } from '@banyan/http-kit';
import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import { AgentCheckController } from './adapters/agent-check.controller.js';
import { AgentSelfController } from './adapters/agent-self.controller.js';
import { AgentServiceController } from './adapters/agent-service.controller.js';
import { AgentSidecarController } from './adapters/agent-sidecar.controller.js';

/** The agent's API above the hot routes. */
@Module({})
export class AgentApiModule {
  /** Bind `LocalServices`, `SidecarReports`, `AgentSettings`, `Timers`, `Random`, `HealthRegistry`, `MetricsText` and http-kit's `CallerResolver`. */
  static register(providers: readonly Provider[]): DynamicModule {
    return {
      module: AgentApiModule,
      controllers: [
        AgentServiceController,
        AgentSidecarController,
        AgentCheckController,
        AgentSelfController,
        OperationsController,
      ],
      providers: [...providers],
    };
  }
}
