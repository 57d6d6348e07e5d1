/** HSET, HSETNX, HMSET, HDEL: fields that come and go. */
import { wrongArity } from '../../protocol/errors.ts';
import { ABSENT } from '../../store/keyspace.ts';
import { TYPE_HASH } from '../../store/layout.ts';
import { HASH_DELETE, HASH_SET } from '../../types/hash-changes.ts';
import { by, change, changeOrCreate, REFUSED } from '../collection-access.ts';
import { type ArgumentSpec, type CommandSpec, defineCommands } from '../command.ts';
import type { ShardContext } from '../context.ts';
import { KEY, oneKey, VALUE } from '../declarations.ts';
import { EVENT } from '../keyspace-events.ts';
import { FIELD, FIELDS, findField, findHash, hashOf } from './hash-access.ts';

const PAIRS: ArgumentSpec = { name: 'data', type: 'block', multiple: true, arguments: [FIELD, VALUE] };

const SETTER = {
  group: 'hash',
  since: '2.0.0',
  arity: -4,
  flags: ['write', 'denyoom', 'fast'],
  keys: oneKey('RW', 'update'),
  arguments: [KEY, PAIRS],
} as const satisfies Partial<CommandSpec>;

export const hashSetting = defineCommands([
  {
    ...SETTER,
    name: 'hset',
    summary: 'Gives fields of a hash values; makes the hash if there is none',
    complexity: 'O(1) for each field',
    history: [['4.0.0', 'Accepts multiple `field` and `value` arguments.']],
    placement: { at: 'key', handler: (context) => setPairs(context, false) },
  },
  {
    ...SETTER,
    name: 'hmset',
    summary: 'Gives fields of a hash values; makes the hash if there is none',
    complexity: 'O(N) where N is the number of fields being set.',
    deprecated: { since: '4.0.0', replacedBy: '`HSET` with multiple field-value pairs' },
    placement: { at: 'key', handler: (context) => setPairs(context, true) },
  },
  {
    ...SETTER,
    name: 'hsetnx',
    summary: 'Gives a field of a hash a value, unless it has one',
    complexity: 'O(1)',
    arity: 4,
    keys: oneKey('RW', 'insert'),
    arguments: [KEY, FIELD, VALUE],
    placement: { at: 'key', handler: setIfAbsent },
  },
  {
    name: 'hdel',
    group: 'hash',
    since: '2.0.0',
    summary: 'Removes fields of a hash, and the hash when none are left',
    complexity: 'O(N) where N is the number of fields to be removed.',
    arity: -3,
    flags: ['write', 'fast'],
    keys: oneKey('RW', 'delete'),
    arguments: [KEY, FIELDS],
    history: [['2.4.0', 'Accepts multiple `field` arguments.']],
    placement: { at: 'key', handler: removeFields },
  },
]);

function setPairs(context: ShardContext, answersOk: boolean): void {
  const { args, reply } = context;
  if (args.count % 2 !== 0) {
    reply.error(wrongArity(context.commandName));
    return;
  }
  const ref = findHash(context);
  if (ref === REFUSED) return;
  const added = changeOrCreate(context, 1, ref, TYPE_HASH, by(HASH_SET).with(args, 2, args.count)) - 1;
  context.notify(EVENT.hash, 'hset', 1);
  if (answersOk) reply.ok();
  else reply.integer(added);
}

function setIfAbsent(context: ShardContext): void {
  const { args, reply } = context;
  const ref = findHash(context);
  if (ref === REFUSED) return;
  if (ref !== ABSENT && findField(context, hashOf(context, ref), 2)) {
    reply.integer(0);
    return;
  }
  changeOrCreate(context, 1, ref, TYPE_HASH, by(HASH_SET).with(args, 2, 4));
  context.notify(EVENT.hash, 'hset', 1);
  reply.integer(1);
}

function removeFields(context: ShardContext): void {
  const { args, reply } = context;
  const ref = findHash(context);
  if (ref === REFUSED) return;
  if (ref === ABSENT) {
    reply.integer(0);
    return;
  }
  const before = hashOf(context, ref).length;
  const removed = change(context, 1, ref, by(HASH_DELETE).with(args, 2, args.count));
  if (removed > 0) context.notify(EVENT.hash, 'hdel', 1);
  if (removed === before) context.notify(EVENT.generic, 'del', 1);
  reply.integer(removed);
}
