import { type Answer, answerJson, answerText, Local, NoInput, Public } from '@banyan/http-kit';
import { Controller, Get } from '@nestjs/common';
import { DatacenterDirectory, LeaderDirectory } from '../ports/directories.js';

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
    return answerText('banyan server: the API is below /v1/, readiness at /readyz\n');
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
