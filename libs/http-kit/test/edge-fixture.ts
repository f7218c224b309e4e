import { ANONYMOUS, type Caller } from '@banyan/acl';
import {
  BanyanError,
  type LogFields,
  Logger,
  type SecretText,
  stateIndex,
  SystemRandom,
  SystemTimers,
} from '@banyan/kernel';
import { Controller, Delete, Get, Module, Post, Put } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import {
  Access,
  type Answer,
  answerBlocking,
  answerEmpty,
  answerJson,
  Call,
  CallerResolver,
  createHttpApplication,
  DatacenterForwarder,
  defineInput,
  type ForwardedAnswer,
  type ForwardedRequest,
  HttpCall,
  Input,
  type InputOf,
  Local,
  NoInput,
  pathText,
  Public,
  queryRequired,
  querySwitch,
  rawInteger,
} from '@banyan/http-kit';

const itemBody = z.strictObject({
  Name: z.string().max(64),
  Inner: z.strictObject({ DeepKey: z.number() }).optional(),
  List: z
    .array(z.strictObject({ ItemKey: z.string() }))
    .max(8)
    .optional(),
  Labels: z.record(z.string(), z.string()).optional(),
});
const putItem = defineInput({ params: { id: pathText(64) }, body: itemBody });
const optionalItem = defineInput({ body: itemBody, bodyOptional: true, bodyErrorPrefix: 'Token decoding failed: ' });
const required = defineInput({ query: { source: queryRequired('source'), passing: querySwitch('passing') } });
const watched = defineInput({});
const byId = defineInput({ params: { id: pathText(64) } });
const failing = defineInput({ params: { code: pathText(16) } });

/** The state that `/v1/watched` serves; `set` wakes the waiting calls. */
export class Watched {
  index = 0;
  waiting = 0;
  readonly #wakes = new Set<() => void>();

  set(index: number): void {
    this.index = index;
    for (const wake of this.#wakes) wake();
  }

  async beyond(index: number, signal: AbortSignal): Promise<void> {
    if (this.index > index) return;
    this.waiting += 1;
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => end(() => reject(signal.reason as Error));
      const wake = (): void => end(resolve);
      const end = (settle: () => void): void => {
        this.waiting -= 1;
        this.#wakes.delete(wake);
        signal.removeEventListener('abort', onAbort);
        settle();
      };
      this.#wakes.add(wake);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }
}

@Controller('/v1')
class ItemController {
  constructor(private readonly state: Watched) {}

  @Get('/items/exact')
  @Public()
  exact(@Input(required) input: InputOf<typeof required>): Answer {
    return answerJson({ source: input.query.source, passing: input.query.passing });
  }

  @Get('/items/:id')
  @Access('service:read')
  item(@Input(byId) input: InputOf<typeof byId>, @Call() call: HttpCall): Answer {
    return answerJson({ id: input.params.id, caller: call.caller.accessorId });
  }

  @Put('/items/:id')
  @Access('service:write')
  put(@Input(putItem) input: InputOf<typeof putItem>): Answer {
    return answerJson(input.body);
  }

  @Delete('/items/:id')
  @Access('service:write')
  remove(@Input(byId) _input: InputOf<typeof byId>): Answer {
    return answerEmpty();
  }

  @Post('/optional')
  @Public()
  optional(@Input(optionalItem) input: InputOf<typeof optionalItem>): Answer {
    return answerJson(input.body ?? null);
  }

  @Get('/watched')
  @Public()
  async watched(@Input(watched) input: InputOf<typeof watched>, @Call() call: HttpCall): Promise<Answer> {
    if ((input.query.index ?? 0) > 0) await this.state.beyond(input.query.index ?? 0, call.signal);
    return answerBlocking({ index: stateIndex(this.state.index), value: { at: this.state.index } });
  }

  @Get('/scalar')
  @Public()
  @NoInput()
  scalar(): string {
    return '10.0.0.5:8300';
  }

  @Get('/big')
  @Public()
  @NoInput()
  big(): Answer {
    return answerJson({ SerialNumber: rawInteger('5b:cd:00:00:00:00:00:00:00:00:00:00:00:00:00:01'), note: '12345' });
  }

  @Get('/self')
  @Public({ identify: true })
  @Local()
  @NoInput()
  self(@Call() call: HttpCall): Answer {
    return answerJson(call.caller.accessorId);
  }

  @Get('/fails/:code')
  @Public()
  fails(@Input(failing) input: InputOf<typeof failing>): never {
    const { code } = input.params;
    if (code === 'defect') throw new TypeError('secret inside /var/lib/banyan');
    if (code === 'limit')
      throw new BanyanError('CSR_RATE_LIMITED', 'internal text', { fields: { retryAfterMs: 1_200 } });
    if (code === 'store') throw new BanyanError('STORE_UNREACHABLE', 'postgres://db.internal refused');
    throw new BanyanError('INTENTION_NOT_FOUND', 'Intention not found');
  }
}

const TOKENS: Readonly<Record<string, Caller>> = {
  'first-secret': { accessorId: 'first', role: { kind: 'management' }, description: '' },
  'second-secret': { accessorId: 'second', role: { kind: 'management' }, description: '' },
  'third-secret': { accessorId: 'third', role: { kind: 'management' }, description: '' },
};

class FixedCallers extends CallerResolver {
  override resolve(secret?: SecretText): Caller {
    if (secret === undefined) return ANONYMOUS;
    const caller = TOKENS[secret.reveal()];
    if (caller === undefined) throw new BanyanError('ACL_NOT_FOUND', 'ACL not found');
    return caller;
  }
}

/** Knows dc2 only, and remembers what it was asked to carry. */
export class RecordingForwarder extends DatacenterForwarder {
  readonly requests: { readonly datacenter: string; readonly request: ForwardedRequest }[] = [];

  override async forward(datacenter: string, request: ForwardedRequest): Promise<ForwardedAnswer> {
    if (datacenter !== 'dc2') throw new BanyanError('DATACENTER_UNKNOWN', 'No path to datacenter');
    this.requests.push({ datacenter, request });
    if (request.path.startsWith('/v1/fails/')) {
      const refused = { 'content-type': 'text/plain; charset=utf-8', 'x-banyan-error': 'INTENTION_NOT_FOUND' };
      return { status: 404, headers: refused, body: Buffer.from('Intention not found') };
    }
    const headers = {
      'content-type': 'application/json',
      'x-consul-index': '77',
      connection: 'close',
      'set-cookie': 'a=b',
    };
    return { status: 200, headers, body: Buffer.from('{"from":"dc2"}') };
  }
}

/** Remembers every line, so that a test can look for what must not be there. */
export class RecordingLogger extends Logger {
  readonly lines: string[] = [];

  override debug(message: string, fields?: LogFields): void {
    this.#add(message, fields);
  }
  override info(message: string, fields?: LogFields): void {
    this.#add(message, fields);
  }
  override warn(message: string, fields?: LogFields): void {
    this.#add(message, fields);
  }
  override error(message: string, fields?: LogFields): void {
    this.#add(message, fields);
  }

  #add(message: string, fields: LogFields = {}): void {
    const shown = Object.entries(fields).map(
      ([name, value]) => `${name}=${value instanceof Error ? value.message : String(value)}`,
    );
    this.lines.push([message, ...shown].join(' '));
  }
}

/** A running edge with the fixture's routes. */
export interface Edge {
  readonly app: NestFastifyApplication;
  readonly port: number;
  readonly watched: Watched;
  readonly forwarder: RecordingForwarder;
  readonly logger: RecordingLogger;
}

/** Starts the edge on a port of 127.0.0.1 that the system chooses. */
export const startEdge = async (
  hosts: readonly string[] = [],
  prepare: (app: NestFastifyApplication) => void = () => {},
): Promise<Edge> => {
  const state = new Watched();
  const forwarder = new RecordingForwarder();
  const logger = new RecordingLogger();
  @Module({
    controllers: [ItemController],
    providers: [
      { provide: Watched, useValue: state },
      { provide: CallerResolver, useClass: FixedCallers },
    ],
  })
  class EdgeModule {}
  const app = await createHttpApplication(EdgeModule, {
    logger,
    random: new SystemRandom(),
    timers: new SystemTimers(),
    datacenter: 'dc1',
    forwarder,
    hosts,
  });
  prepare(app);
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  return { app, port, watched: state, forwarder, logger };
};
