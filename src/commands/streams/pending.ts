/** XPENDING: which entries were delivered and not acknowledged. */
import type { Arguments } from '../../protocol/arguments.ts';
import { NOT_AN_INTEGER, SYNTAX_ERROR } from '../../protocol/errors.ts';
import type { Group } from '../../types/stream-groups.ts';
import { compareIds, type StreamId } from '../../types/stream-id.ts';
import type { Pending } from '../../types/stream-pending.ts';
import { defineCommands } from '../command.ts';
import type { ShardContext } from '../context.ts';
import { KEY, oneKey } from '../declarations.ts';
import { writeId } from './entries.ts';
import { groupOrRefusal } from './group-access.ts';
import { intervalEnd, intervalStart } from './ids.ts';

const GROUP_WORD = 2;

export const streamPending = defineCommands([
  {
    name: 'xpending',
    group: 'stream',
    since: '5.0.0',
    summary: 'Returns which entries a group has got and not acknowledged, or how many',
    complexity:
      'O(N) with N being the number of elements returned, so asking for a small fixed number of entries per call is O(1). O(M), where M is the total number of entries scanned when used with the IDLE filter. When the command returns just the summary and the list of consumers is small, it runs in O(1) time; otherwise, an additional O(N) time for iterating every consumer',
    arity: -3,
    flags: ['readonly'],
    keys: oneKey('RO', 'access'),
    arguments: [
      KEY,
      { name: 'group', type: 'string' },
      {
        name: 'filters',
        type: 'block',
        optional: true,
        arguments: [
          { name: 'min-idle-time', type: 'integer', token: 'IDLE', optional: true, since: '6.2.0' },
          { name: 'start', type: 'string' },
          { name: 'end', type: 'string' },
          { name: 'count', type: 'integer' },
          { name: 'consumer', type: 'string', optional: true },
        ],
      },
    ],
    history: [['6.2.0', 'Added the `IDLE` option and exclusive range intervals.']],
    tips: ['nondeterministic_output'],
    hasLongReply: true,
    placement: { at: 'key', handler: tellPending },
  },
]);

interface PendingRequest {
  readonly minIdleMs: number;
  readonly start: StreamId;
  readonly end: StreamId;
  readonly count: number;
  /** 0: of all consumers. */
  readonly consumerWord: number;
}

function tellPending(context: ShardContext): void {
  const { args, reply } = context;
  const request = args.count === 3 ? undefined : readPendingRequest(args);
  if (typeof request === 'string') {
    reply.error(request);
    return;
  }
  const found = groupOrRefusal(context, GROUP_WORD);
  if (found === undefined) return;
  if (request === undefined) writeSummary(context, found.group);
  else writeEntries(context, found.group, request);
}

function readPendingRequest(args: Arguments): PendingRequest | string {
  if (args.count < 6 || args.count > 9) return SYNTAX_ERROR;
  let first = 3;
  let minIdleMs = 0;
  if (args.is(first, 'idle')) {
    const given = args.integer(first + 1);
    if (given === undefined) return NOT_AN_INTEGER;
    if (args.count < 8) return SYNTAX_ERROR;
    minIdleMs = Number(given);
    first += 2;
  }
  const count = args.integer(first + 2);
  if (count === undefined) return NOT_AN_INTEGER;
  const start = intervalStart(args, first);
  if (typeof start === 'string') return start;
  const end = intervalEnd(args, first + 1);
  if (typeof end === 'string') return end;
  const consumerWord = first + 3 < args.count ? first + 3 : 0;
  return { minIdleMs, start, end, count: Math.max(0, Number(count)), consumerWord };
}

/** How many there are, the first and the last id, and for each consumer with any how many. */
function writeSummary({ reply }: ShardContext, { pending, consumers }: Group): void {
  reply.array(4);
  reply.integer(pending.size);
  const { first, last } = pending;
  if (first === undefined || last === undefined) {
    reply.null();
    reply.null();
    reply.nullArray();
    return;
  }
  writeId(reply, first);
  writeId(reply, last);
  const having = consumers.filter((consumer) => consumer.pending.size > 0);
  reply.array(having.length);
  for (const { name, pending: own } of having) {
    reply.array(2);
    reply.bulk(name);
    reply.bulkInteger(own.size);
  }
}

function writeEntries(context: ShardContext, group: Group, request: PendingRequest): void {
  const { args, reply } = context;
  const { consumerWord, start, end, minIdleMs, count } = request;
  let list = group.pending;
  if (consumerWord !== 0) {
    const consumer = group.consumer(args.bytes, args.starts[consumerWord]!, args.ends[consumerWord]!);
    if (consumer === undefined) {
      reply.array(0);
      return;
    }
    list = consumer.pending;
  }
  const nowMs = context.now();
  const found: Pending[] = [];
  if (count > 0) {
    for (const each of list.from(start)) {
      if (compareIds(each, end) > 0) break;
      if (minIdleMs !== 0 && nowMs - each.deliveredAt < minIdleMs) continue;
      if (found.push(each) === count) break;
    }
  }
  reply.array(found.length);
  for (const each of found) {
    reply.array(4);
    writeId(reply, each);
    reply.bulk(each.consumer.name);
    reply.integer(Math.max(0, nowMs - each.deliveredAt));
    reply.integer(each.deliveries);
  }
}
