/** ZREM, ZREMRANGEBYRANK, ZREMRANGEBYSCORE, ZREMRANGEBYLEX. */
import { ABSENT } from '../../store/keyspace.ts';
import { ZSET_REMOVE } from '../../types/sorted-set-changes.ts';
import { by, change, REFUSED, tellOfRemoval } from '../collection-access.ts';
import { type CommandSpec, defineCommands } from '../command.ts';
import type { ShardContext } from '../context.ts';
import { KEY, oneKey } from '../declarations.ts';
import { EVENT } from '../keyspace-events.ts';
import { BY_LEX, BY_RANK, BY_SCORE } from './member-range.ts';
import { findRange, MEMBER, range } from './reading.ts';
import { findSortedSet, removeRanks, SORTED_SET, sortedSetAt } from './sorted-set-access.ts';

const RANGE = {
  ...SORTED_SET,
  complexity:
    'O(log(N)+M) where N is the number of members of the sorted set and M the number of those removed',
  arity: 4,
  flags: ['write'],
  keys: oneKey('RW', 'delete'),
} as const satisfies Partial<CommandSpec>;

export const sortedSetRemoving = defineCommands([
  {
    ...SORTED_SET,
    name: 'zrem',
    since: '1.2.0',
    summary: 'Removes members of a sorted set',
    complexity:
      'O(M*log(N)) where N is the number of members of the sorted set and M the number of those to be removed',
    arity: -3,
    flags: ['write', 'fast'],
    keys: oneKey('RW', 'delete'),
    arguments: [KEY, { ...MEMBER, multiple: true }],
    history: [['2.4.0', 'Accepts multiple elements.']],
    placement: { at: 'key', handler: remove },
  },
  {
    ...RANGE,
    name: 'zremrangebyrank',
    since: '2.0.0',
    summary: 'Removes the members of a sorted set between two ranks, both included',
    arguments: [KEY, { name: 'start', type: 'integer' }, { name: 'stop', type: 'integer' }],
    placement: { at: 'key', handler: (context) => removeRange(context, BY_RANK, 'zremrangebyrank') },
  },
  {
    ...RANGE,
    name: 'zremrangebyscore',
    since: '1.2.0',
    summary: 'Removes the members of a sorted set whose scores are between two others',
    arguments: [KEY, { name: 'min', type: 'double' }, { name: 'max', type: 'double' }],
    placement: { at: 'key', handler: (context) => removeRange(context, BY_SCORE, 'zremrangebyscore') },
  },
  {
    ...RANGE,
    name: 'zremrangebylex',
    since: '2.8.9',
    summary: 'Removes the members of a sorted set, all of one score, between two strings',
    arguments: [KEY, { name: 'min', type: 'string' }, { name: 'max', type: 'string' }],
    placement: { at: 'key', handler: (context) => removeRange(context, BY_LEX, 'zremrangebylex') },
  },
]);

function remove(context: ShardContext): void {
  const { args, reply } = context;
  const ref = findSortedSet(context);
  if (ref === REFUSED) return;
  if (ref === ABSENT) {
    reply.integer(0);
    return;
  }
  const isAll = removesAll(context, ref);
  if (isAll) tellOfRemoval(context, 1, EVENT.sortedSet, 'zrem');
  const removed = change(context, 1, ref, by(ZSET_REMOVE).with(args, 2, args.count));
  if (removed > 0 && !isAll) context.notify(EVENT.sortedSet, 'zrem', 1);
  reply.integer(removed);
}

/** Whether the words from 2 on have all members among them. */
function removesAll(context: ShardContext, ref: number): boolean {
  const { bytes, starts, ends, count } = context.args;
  const set = sortedSetAt(context, ref);
  if (set.length > count - 2) return false;
  const ranks = new Set<number>();
  for (let i = 2; i < count; i++) if (set.find(bytes, starts[i]!, ends[i]!)) ranks.add(set.rank);
  return ranks.size === set.length;
}

function removeRange(context: ShardContext, kind: number, event: string): void {
  const ref = findRange(context, kind);
  if (ref === REFUSED) return;
  const count = ref === ABSENT ? 0 : range.count;
  if (count > 0) removeRanks(context, 1, ref, range.first, count, event);
  context.reply.integer(count);
}
