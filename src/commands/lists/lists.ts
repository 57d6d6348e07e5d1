/** The commands of lists. */
import type { CommandSpec } from '../command.ts';
import { listBlocking } from './blocking.ts';
import { listEditing } from './editing.ts';
import { listEnds } from './ends.ts';
import { listMoving } from './moving.ts';
import { listReading } from './reading.ts';

export const lists: readonly CommandSpec[] = [
  ...listEnds,
  ...listReading,
  ...listEditing,
  ...listMoving,
  ...listBlocking,
];
