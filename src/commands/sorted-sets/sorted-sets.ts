/** The commands of sorted sets. */
import type { CommandSpec } from '../command.ts';
import { sortedSetAdding } from './adding.ts';
import { sortedSetBlocking } from './blocking.ts';
import { sortedSetCombining } from './combining.ts';
import { sortedSetPopping } from './popping.ts';
import { sortedSetRanges } from './ranges.ts';
import { sortedSetReading } from './reading.ts';
import { sortedSetRemoving } from './removing.ts';
import { sortedSetSampling } from './sampling.ts';

export const sortedSets: readonly CommandSpec[] = [
  ...sortedSetAdding,
  ...sortedSetReading,
  ...sortedSetRemoving,
  ...sortedSetRanges,
  ...sortedSetPopping,
  ...sortedSetBlocking,
  ...sortedSetCombining,
  ...sortedSetSampling,
];
