import { Command } from 'commander';
import type { Surroundings } from '../../session/surroundings.js';
import { checkCommand } from './check.js';
import { createCommand } from './create.js';
import { deleteCommand } from './delete.js';
import { getCommand, listCommand, matchCommand } from './read.js';
import { exportCommand, importCommand } from './transfer.js';

/** `banyan intention`. */
export const intentionCommand = (surroundings: Surroundings): Command => {
  const command = new Command('intention').description('who may call whom');
  const parts = [
    createCommand(surroundings),
    getCommand(surroundings),
    listCommand(surroundings),
    matchCommand(surroundings),
    checkCommand(surroundings),
    deleteCommand(surroundings),
    importCommand(surroundings),
    exportCommand(surroundings),
  ];
  for (const part of parts) command.addCommand(part);
  return command;
};
