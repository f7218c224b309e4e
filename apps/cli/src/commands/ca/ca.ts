import { Command } from 'commander';
import type { Surroundings } from '../../session/surroundings.js';
import { providerCheckCommand } from '../provider-check.js';
import { configCommand } from './config.js';
import { inspectCommand } from './inspect.js';
import { rootsCommand } from './roots.js';
import { rotateCommand } from './rotate.js';
import { rotationCommand } from './rotation.js';
import { stepCommands } from './steps.js';
import { taintCommand } from './taint.js';

/** `banyan ca`. */
export const caCommand = (surroundings: Surroundings): Command => {
  const command = new Command('ca').description('work with the certificate authority');
  const parts = [
    rootsCommand(surroundings),
    configCommand(surroundings),
    rotateCommand(surroundings),
    rotationCommand(surroundings),
    ...stepCommands(surroundings),
    taintCommand(surroundings),
    inspectCommand(surroundings),
    providerCheckCommand(),
  ];
  for (const part of parts) command.addCommand(part);
  return command;
};
