import { type Answer, answerJson, Local, NoInput, Public } from '@banyan/http-kit';
import { Controller, Get } from '@nestjs/common';
import { DatacenterDirectory, LeaderDirectory } from '../ports/directories.js';

/** What anybody may ask: the datacenters and the servers of this one. No token, no index (contract §6). */
@Controller('/v1')
export class StatusController {
  constructor(
    private readonly datacenters: DatacenterDirectory,
    private readonly leaders: LeaderDirectory,
  ) {}

  @Get('/catalog/datacenters')
  @Public()
  @Local()
  @NoInput()
  names(): Answer {
    return answerJson(this.datacenters.names());
  }

  @Get('/status/leader')
  @Public()
  @NoInput()
  leader(): Answer {
    return answerJson(this.leaders.leader());
  }

  @Get('/status/peers')
  @Public()
  @NoInput()
  peers(): Answer {
    return answerJson(this.leaders.peers());
  }
}
