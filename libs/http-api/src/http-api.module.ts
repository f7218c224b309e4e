import { CallWitness, OperationsController } from '@banyan/http-kit';
import { type DynamicModule, Module, type ModuleMetadata, type Provider, type Type } from '@nestjs/common';
import { AuditController } from './adapters/audit.controller.js';
import { AuditSubjects } from './adapters/audit-subjects.js';
import { AuditedCalls } from './adapters/audited-calls.js';
import { AdoptionController } from './adapters/adoption.controller.js';
import { Authorities } from './adapters/authorities.js';
import { AuthoritiesController } from './adapters/authorities.controller.js';
import { CaController } from './adapters/ca.controller.js';
import { BlockingReads } from './adapters/blocking-reads.js';
import { EventHub } from './adapters/event-hub.js';
import { EventRelay } from './adapters/event-relay.js';
import { EventStreams } from './adapters/event-stream.js';
import { EventsController } from './adapters/events.controller.js';
import { FederationController } from './adapters/federation.controller.js';
import { ListTopics } from './adapters/list-topics.js';
import { StateTopics } from './adapters/state-topics.js';
import { CatalogController } from './adapters/catalog.controller.js';
import { HealthController } from './adapters/health.controller.js';
import { IntentionController } from './adapters/intention.controller.js';
import { LagHistoryController } from './adapters/lag-history.controller.js';
import { LedgerController } from './adapters/ledger.controller.js';
import { OperatorController } from './adapters/operator.controller.js';
import { ReplicationController } from './adapters/replication.controller.js';
import { RotationController } from './adapters/rotation.controller.js';
import { StatusController } from './adapters/status.controller.js';
import { TokenController } from './adapters/token.controller.js';

/** What a process adds to the REST API. */
export interface HttpApiBindings {
  /**
   * Bindings of every port: `CallerResolver` and `DatacenterForwarder` of http-kit, `Timers`, `FederationDirectory`, `IntentionReader`,
   * `IntentionWriter`, `CaProjection`, `CaConfigurationWriter`, `AdoptionDirectory`, `RotationReader`, `RotationDesk`, `LedgerReader`, `AuditReader`, `AuditRecorder`, `TokenReader`, `TokenWriter`, `CatalogReader`, `CatalogWriter`, `ChangeFollower`, `Clock`,
   * `Random`, `HealthRegistry`, `MetricsText`, `DatacenterDirectory`, `ReplicationDesk`, `LagHistory`, `LeaderDirectory`, `HttpApiSettings`.
   */
  readonly providers: readonly Provider[];
  /** Modules that export some of them. */
  readonly imports?: ModuleMetadata['imports'];
  /** Further controllers that use the same bindings and {@link BlockingReads}. */
  readonly controllers?: readonly Type[];
}

/** The servers' REST API. */
@Module({})
export class HttpApiModule {
  /** The module with its ports bound; give it to `createHttpApplication`, or import it there. */
  static register(bindings: HttpApiBindings): DynamicModule {
    return {
      module: HttpApiModule,
      imports: bindings.imports ?? [],
      controllers: [
        IntentionController,
        TokenController,
        CatalogController,
        HealthController,
        StatusController,
        OperatorController,
        FederationController,
        EventsController,
        LagHistoryController,
        ReplicationController,
        OperationsController,
        CaController,
        AuthoritiesController,
        AdoptionController,
        LedgerController,
        AuditController,
        RotationController,
        ...(bindings.controllers ?? []),
      ],
      providers: [
        ...bindings.providers,
        BlockingReads,
        EventHub,
        EventStreams,
        EventRelay,
        StateTopics,
        ListTopics,
        Authorities,
        AuditSubjects,
        { provide: CallWitness, useClass: AuditedCalls },
      ],
      exports: [BlockingReads, EventHub],
    };
  }
}
