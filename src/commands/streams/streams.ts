/** The commands of streams. */
import type { CommandSpec } from '../command.ts';
import { streamAdding } from './adding.ts';
import { streamClaiming } from './claiming.ts';
import { streamEditing } from './editing.ts';
import { streamGroups } from './groups.ts';
import { streamInfo } from './info.ts';
import { streamMultiReading } from './multi-reading.ts';
import { streamPending } from './pending.ts';
import { streamReading } from './reading.ts';

export const streams: readonly CommandSpec[] = [
  ...streamAdding,
  ...streamReading,
  ...streamEditing,
  ...streamMultiReading,
  ...streamGroups,
  ...streamClaiming,
  ...streamPending,
  ...streamInfo,
];
