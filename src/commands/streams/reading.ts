/** XLEN, XRANGE, XREVRANGE: reading one stream. */
import type { Arguments } from '../../protocol/arguments.ts';
import { NOT_AN_INTEGER, SYNTAX_ERROR } from '../../protocol/errors.ts';
import { ABSENT } from '../../store/keyspace.ts';
import { unlessFewCounted } from '../asks-for-most.ts';
import { REFUSED } from '../collection-access.ts';
import { type ArgumentSpec, type CommandSpec, defineCommands } from '../command.ts';
import type { ShardContext } from '../context.ts';
import { KEY, oneKey } from '../declarations.ts';
import { writeRange } from './entries.ts';
import { intervalEnd, intervalStart } from './ids.ts';
import { findStream, streamOf } from './stream-access.ts';

const COUNT: ArgumentSpec = { name: 'count', type: 'integer', token: 'COUNT', optional: true };
const START: ArgumentSpec = { name: 'start', type: 'string' };
const END: ArgumentSpec = { name: 'end', type: 'string' };

const RANGE = {
  group: 'stream',
  since: '5.0.0',
  complexity:
    'O(N) with N being the number of elements returned. If N is constant (e.g. always asking for the first 10 elements with COUNT), you can consider it O(1)',
  arity: -4,
  flags: ['readonly'],
  keys: oneKey('RO', 'access'),
  history: [['6.2.0', 'Added exclusive ranges.']],
  hasLongReply: true,
  asksForMost: unlessFewCounted,
} as const satisfies Partial<CommandSpec>;

export const streamReading = defineCommands([
  {
    name: 'xlen',
    group: 'stream',
    since: '5.0.0',
    summary: 'Returns the number of entries in a stream',
    complexity: 'O(1)',
    arity: 2,
    flags: ['readonly', 'fast'],
    keys: oneKey('RO'),
    arguments: [KEY],
    placement: { at: 'key', handler: length },
  },
  {
    ...RANGE,
    name: 'xrange',
    summary: 'Returns the entries of a stream whose ids are in an interval',
    arguments: [KEY, START, END, COUNT],
    placement: { at: 'key', handler: (context) => range(context, false) },
  },
  {
    ...RANGE,
    name: 'xrevrange',
    summary: 'Returns the entries of a stream whose ids are in an interval, the last ones first',
    arguments: [KEY, END, START, COUNT],
    placement: { at: 'key', handler: (context) => range(context, true) },
  },
]);

function length(context: ShardContext): void {
  const ref = findStream(context);
  if (ref !== REFUSED) context.reply.integer(ref === ABSENT ? 0 : streamOf(context, ref).length);
}

function range(context: ShardContext, isReverse: boolean): void {
  const { args, reply } = context;
  const start = intervalStart(args, isReverse ? 3 : 2);
  if (typeof start === 'string') {
    reply.error(start);
    return;
  }
  const end = intervalEnd(args, isReverse ? 2 : 3);
  if (typeof end === 'string') {
    reply.error(end);
    return;
  }
  const most = readCount(args, 4);
  if (typeof most === 'string') {
    reply.error(most);
    return;
  }
  const ref = findStream(context);
  if (ref === REFUSED) return;
  if (ref === ABSENT) reply.array(0);
  else if (most === 0) reply.nullArray();
  else writeRange(reply, streamOf(context, ref), start, end, most ?? 0, isReverse);
}

/** What COUNT says in the words from `first` on; undefined without it; or the text of an error. */
function readCount(args: Arguments, first: number): number | string | undefined {
  let count: number | undefined;
  for (let i = first; i < args.count; i += 2) {
    if (!args.is(i, 'count') || i + 1 >= args.count) return SYNTAX_ERROR;
    const given = args.integer(i + 1);
    if (given === undefined) return NOT_AN_INTEGER;
    count = Math.max(0, Number(given));
  }
  return count;
}
