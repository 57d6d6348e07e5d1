/** SMOVE: a member from one set to another, which may be on another shard. */
import { WRONG_TYPE } from '../../protocol/errors.ts';
import { TYPE_SET } from '../../store/layout.ts';
import { SET_ADD, SET_REMOVE } from '../../types/set-changes.ts';
import { by, change, changeOrCreate, tellOfRemoval } from '../collection-access.ts';
import { defineCommands } from '../command.ts';
import type { ShardContext } from '../context.ts';
import { keyAt, unlikeKeys } from '../declarations.ts';
import { peekKey } from '../key-access.ts';
import { EVENT } from '../keyspace-events.ts';
import { ownsWord } from './gathering.ts';
import { MEMBER } from './members.ts';
import { setOf } from './set-access.ts';

const ONE = 49;

export const setMoving = defineCommands([
  {
    name: 'smove',
    group: 'set',
    since: '1.0.0',
    summary: 'Moves a member from one set to another',
    complexity: 'O(1)',
    arity: 4,
    flags: ['write', 'fast'],
    keys: unlikeKeys(1, 2, keyAt(1, 'RW', 'access', 'delete'), keyAt(2, 'RW', 'insert')),
    arguments: [
      { name: 'source', type: 'key' },
      { name: 'destination', type: 'key', keySpecification: 1 },
      MEMBER,
    ],
    placement: { at: 'together', handler: move },
  },
]);

function move(context: ShardContext): void {
  const { args, reply, together } = context;
  const type = together.typeOf(1);
  if (type === undefined) {
    reply.integer(0);
    return;
  }
  const targetType = together.typeOf(2);
  if (type !== TYPE_SET || (targetType !== undefined && targetType !== TYPE_SET)) {
    reply.error(WRONG_TYPE);
    return;
  }
  const isHere = ownsWord(context, 1) && ownsWord(context, 2);
  if (!isHere) moveBetweenShards(context);
  else reply.integer(moveHere(context, args.same(1, 2)) ? 1 : 0);
}

function moveHere(context: ShardContext, isSame: boolean): boolean {
  const { args } = context;
  const { bytes, starts, ends } = args;
  const set = setOf(context, peekKey(context, 1));
  if (!set.has(bytes, starts[3]!, ends[3]!)) return false;
  if (isSame) return true;
  const isLast = set.length === 1;
  // First, because it may fail.
  const target = peekKey(context, 2);
  const added = changeOrCreate(context, 2, target, TYPE_SET, by(SET_ADD).with(args, 3, 4));
  if (isLast) tellOfRemoval(context, 1, EVENT.set, 'srem');
  change(context, 1, peekKey(context, 1), by(SET_REMOVE).with(args, 3, 4));
  if (!isLast) context.notify(EVENT.set, 'srem', 1);
  if (added > 0) context.notify(EVENT.set, 'sadd', 2);
  return true;
}

function moveBetweenShards(context: ShardContext): void {
  const { args, reply, together } = context;
  const source = args.copy(1);
  const member = args.copy(3);
  const isThere = together.run('sismember', source, member)[1] === ONE;
  if (isThere && !args.same(1, 2)) {
    together.run('sadd', args.copy(2), member);
    together.run('srem', source, member);
  }
  reply.integer(isThere ? 1 : 0);
}
