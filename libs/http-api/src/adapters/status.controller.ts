import { type Answer, answerJson, answerText, Local, NoInput, Public } from '@banyan/http-kit';
import { Controller, Get } from '@nestjs/common';
import { DatacenterDirectory, LeaderDirectory } from '../ports/directories.js';

/** Found elsewhere (RFC 9110 §15.4.3): a browser goes on to the dashboard, a person at a terminal reads where things are. */
const FOUND = 302;

/** What anybody may ask: the datacenters and the servers of this one. No token, no index (contract §6). */
@Controller()
export class StatusController {
  constructor(
    private readonly datacenters: DatacenterDirectory,
    private readonly leaders: LeaderDirectory,
  ) {}

  @Get('/')
  @Public()
  @Local()
  @NoInput()
  root(): Answer {
    const text = 'banyan server: the dashboard is at /ui/, the API below /v1/, readiness at /readyz\n';
    return answerText(text, FOUND).with({ Location: '/ui/' });
  }

  @Get('/v1/catalog/datacenters')
  @Public()
  @Local()
  @NoInput()
  names(): Answer {
    return answerJson(this.datacenters.names());
  }

  @Get('/v1/status/leader')
  @Public()
  @NoInput()
  leader(): Answer {
    return answerJson(this.leaders.leader());
  }

  @Get('/v1/status/peers')
  @Public()
  @NoInput()
  peers(): Answer {
    return answerJson(this.leaders.peers());
  }
}
