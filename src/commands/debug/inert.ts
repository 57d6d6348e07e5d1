/**
 * DEBUG subcommands that answer OK and do nothing else. Redis's test suite and tools call them to set up insides
 * of Redis that have no counterpart here: nothing that a client can see would change, so that is an honest answer.
 */

import { parseMemory } from '../../base/numbers.ts';
import type { Arguments } from '../../protocol/arguments.ts';
import { INVALID_PACKED_THRESHOLD, NOT_AN_INTEGER } from '../../protocol/errors.ts';
import type { CommandSpec } from '../command.ts';
import { subcommand } from './declare.ts';

interface Inert {
  readonly name: string;
  /** How many words the request must have, or the least and the most. */
  readonly words: number | readonly [number, number];
  /** What it does in Redis. */
  readonly summary: string;
  /** The text of an error for words that Redis refuses. */
  readonly refusal?: (args: Arguments) => string | undefined;
}

const MORE = Number.POSITIVE_INFINITY;
const PACKED_BYTES_MAX = 2 ** 32;

const INERT: readonly Inert[] = [
  // Persistence: nothing is kept on disk, so nothing is flushed, and no dump has a checksum to skip.
  { name: 'aof-flush-sleep', words: 3, summary: 'Waits before the append-only file is flushed' },
  {
    name: 'set-skip-checksum-validation',
    words: 3,
    summary: 'Whether dumps are taken with a wrong checksum',
  },
  { name: 'delay-rdb-client-info', words: [2, 3], summary: 'Delays loading for tests of replication' },
  // Replication and Redis Cluster: there are no replicas and no other nodes.
  { name: 'change-repl-id', words: 2, summary: 'Changes the replication ids' },
  { name: 'replicate', words: [3, MORE], summary: 'Sends words to the replicas alone' },
  { name: 'drop-cluster-packet-filter', words: 3, summary: 'Drops packets between nodes of a cluster' },
  // Memory: strings, buffers and tables of Redis that are built otherwise here.
  { name: 'leak', words: 3, summary: 'Leaks a string' },
  { name: 'dict-resizing', words: 3, summary: 'Whether hash tables are resized' },
  {
    name: 'quicklist-packed-threshold',
    words: 3,
    summary: 'The bytes from which on an element has a piece of a list of its own',
    refusal: packedThreshold,
  },
  {
    name: 'replybuffer',
    words: 4,
    summary: 'How buffers for replies are resized',
    refusal: replyBuffer,
  },
  { name: 'client-enforce-reply-list', words: 3, summary: 'Whether replies are kept in a list' },
  // Work between commands, and which commands scripts may call.
  { name: 'pause-cron', words: 3, summary: 'Stops the periodic work' },
  { name: 'set-disable-deny-scripts', words: 3, summary: 'Whether scripts may call any command' },
];

export const inertSubcommands: readonly CommandSpec[] = INERT.map(({ name, words, summary, refusal }) =>
  subcommand(words, {
    name,
    summary: `${summary}; has no effect`,
    ...(words === 2 ? {} : { arguments: [{ name: 'value', type: 'string', multiple: words !== 3 }] }),
    placement: {
      at: 'server',
      handler({ args, reply }) {
        const problem = refusal?.(args);
        if (problem === undefined) reply.ok();
        else reply.error(problem);
      },
    },
  }),
);

function packedThreshold(args: Arguments): string | undefined {
  const bytes = parseMemory(args.text(2));
  const isRight = bytes !== undefined && bytes >= 0 && bytes < PACKED_BYTES_MAX;
  return isRight ? undefined : INVALID_PACKED_THRESHOLD;
}

function replyBuffer(args: Arguments): string | undefined {
  if (args.is(2, 'resizing')) return undefined;
  const isWord = args.is(3, 'never') || args.is(3, 'reset');
  return isWord || args.integer(3) !== undefined ? undefined : NOT_AN_INTEGER;
}
