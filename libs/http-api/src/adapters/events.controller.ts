import { requirePermission } from '@banyan/acl';
import {
  Access,
  type Answer,
  answerJson,
  answerParts,
  begun,
  Call,
  defineInput,
  HttpCall,
  Input,
  type InputOf,
  Local,
  queryText,
  refuse,
} from '@banyan/http-kit';
import { BanyanError } from '@banyan/kernel';
import { Controller, Get } from '@nestjs/common';
import { parseHeld, parseTopics } from '../domain/event-topics.js';
import { DatacenterDirectory } from '../ports/directories.js';
import { HttpApiSettings } from '../ports/http-api-settings.js';
import { EventRelay, wireChanges } from './event-relay.js';
import { EventStreams } from './event-stream.js';

const topics = queryText(256).transform((value, context) => {
  const parsed = parseTopics(value);
  return 'topics' in parsed ? parsed.topics : refuse(context, 'Invalid value for ?topics: a topic is unknown');
});
const streamInput = defineInput({ query: { topics } });
const changesInput = defineInput({ query: { topics, held: queryText(1_024).transform(parseHeld) } });

/** `/v1/operator/events`: what happens here, as it happens. */
@Controller('/v1/operator/events')
export class EventsController {
  constructor(
    private readonly streams: EventStreams,
    private readonly relay: EventRelay,
    private readonly datacenters: DatacenterDirectory,
    private readonly settings: HttpApiSettings,
  ) {}

  /** Server-sent events. Of another datacenter (`?dc=`) they are fetched by this server, so that the stream itself is never sent on. */
  @Get()
  @Local()
  @Access('operator:read')
  async events(@Input(streamInput) { query }: InputOf<typeof streamInput>, @Call() call: HttpCall): Promise<Answer> {
    requirePermission(call.caller, { resource: 'operator', access: 'read' });
    if (call.origin !== 'socket') {
      throw new BanyanError(
        'REQUEST_INVALID',
        'Events are streamed by a server to its own clients: ask a server directly, or GET /v1/operator/events/changes',
      );
    }
    const { dc = this.settings.datacenter } = query;
    if (!this.datacenters.names().includes(dc)) throw new BanyanError('DATACENTER_UNKNOWN', 'No path to datacenter');
    const frames =
      dc === this.settings.datacenter
        ? this.streams.stream({ topics: query.topics, call })
        : this.relay.stream(dc, query.topics, call);
    return answerParts(await begun(frames), 'text/event-stream').with({
      'Cache-Control': 'no-store',
      // A proxy that collects what it passes on would make a stream of states of a second ago.
      'X-Accel-Buffering': 'no',
    });
  }

  /** The same for who cannot hold a stream: topics that differ from what is held, after at most 8 s. */
  @Get('/changes')
  @Access('operator:read')
  async changes(@Input(changesInput) { query }: InputOf<typeof changesInput>, @Call() call: HttpCall): Promise<Answer> {
    requirePermission(call.caller, { resource: 'operator', access: 'read' });
    return answerJson(wireChanges(await this.streams.changes({ topics: query.topics, call }, query.held)));
  }
}
