/** SSCAN: some members of a set and a cursor to go on from. */

import { globMatches } from '../../base/glob.ts';
import type { Arguments } from '../../protocol/arguments.ts';
import { INVALID_CURSOR, NOT_AN_INTEGER, SYNTAX_ERROR } from '../../protocol/errors.ts';
import { ABSENT } from '../../store/keyspace.ts';
import { EntryReader } from '../../types/listpack-entry.ts';
import { SetCursor } from '../../types/set-cursor.ts';
import { REFUSED } from '../collection-access.ts';
import { defineCommands } from '../command.ts';
import type { ShardContext } from '../context.ts';
import { KEY, oneKey } from '../declarations.ts';
import { readCursor, readPattern } from '../scan.ts';
import { chosen, findSet, setOf } from './set-access.ts';

const DEFAULT_COUNT = 10;

const cursor = new SetCursor();
const reader = new EntryReader();

export const setScanning = defineCommands([
  {
    name: 'sscan',
    group: 'set',
    since: '2.8.0',
    summary: 'Returns some of the members of a set and a cursor to go on from',
    complexity: 'O(1) for a call, O(N) for a whole walk, where N is the number of members',
    arity: -3,
    flags: ['readonly'],
    keys: oneKey('RO', 'access'),
    arguments: [
      KEY,
      { name: 'cursor', type: 'integer' },
      { name: 'pattern', type: 'pattern', token: 'MATCH', optional: true },
      { name: 'count', type: 'integer', token: 'COUNT', optional: true },
    ],
    tips: ['nondeterministic_output'],
    hasLongReply: true,
    placement: { at: 'key', handler: scan },
  },
]);

interface ScanOptions {
  count: number;
  pattern: Uint8Array | undefined;
}

function scan(context: ShardContext): void {
  const { args, reply } = context;
  chosen.clear();
  const from = readCursor(args, 2);
  if (from === undefined) {
    reply.error(INVALID_CURSOR);
    return;
  }
  const ref = findSet(context);
  if (ref === REFUSED) return;
  if (ref === ABSENT) {
    writeScanned(context, 0);
    return;
  }
  const options = readOptions(args);
  if (typeof options === 'string') {
    reply.error(options);
    return;
  }
  writeScanned(context, collect(context, ref, from, options));
  chosen.clear();
}

/** Takes members to `chosen` and returns the next cursor. */
function collect(context: ShardContext, ref: number, from: number, options: ScanOptions): number {
  const set = setOf(context, ref);
  const { table } = set;
  if (table === undefined) {
    // A packed one comes whole.
    cursor.open(set);
    while (cursor.next()) take(cursor.member, options);
    return 0;
  }
  const safe = Math.min(from, Number.MAX_SAFE_INTEGER);
  return table.scan(safe, options.count, () => {
    reader.read(table.bytes, table.nameAt);
    take(reader, options);
  });
}

function take(member: EntryReader, { pattern }: ScanOptions): void {
  member.asBytes();
  const { bytes, start, end } = member;
  if (pattern === undefined || globMatches(pattern, bytes, start, end)) chosen.add(bytes, start, end);
}

function writeScanned({ reply }: ShardContext, next: number): void {
  reply.array(2);
  reply.bulkInteger(next);
  reply.array(chosen.count);
  for (let i = 0; i < chosen.count; i++) reply.bulk(chosen.bytes, chosen.starts[i]!, chosen.ends[i]!);
}

/** The options, or the text of an error. */
function readOptions(args: Arguments): ScanOptions | string {
  const options: ScanOptions = { count: DEFAULT_COUNT, pattern: undefined };
  for (let i = 3; i < args.count; i += 2) {
    if (i + 1 === args.count) return SYNTAX_ERROR;
    if (args.is(i, 'count')) {
      const count = args.integer(i + 1);
      if (count === undefined) return NOT_AN_INTEGER;
      if (count < 1) return SYNTAX_ERROR;
      options.count = Number(count);
    } else if (args.is(i, 'match')) {
      options.pattern = readPattern(args, i + 1);
    } else {
      return SYNTAX_ERROR;
    }
  }
  return options;
}
