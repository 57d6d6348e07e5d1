/** SADD, SREM, SISMEMBER, SMEMBERS and the like: the members of one set. */

import { ABSENT } from '../../store/keyspace.ts';
import { TYPE_SET } from '../../store/layout.ts';
import { SET_ADD, SET_REMOVE } from '../../types/set-changes.ts';
import { SetCursor } from '../../types/set-cursor.ts';
import { always } from '../asks-for-most.ts';
import { by, change, changeOrCreate, REFUSED } from '../collection-access.ts';
import { type ArgumentSpec, type CommandSpec, defineCommands } from '../command.ts';
import type { ShardContext } from '../context.ts';
import { KEY, oneKey } from '../declarations.ts';
import { EVENT } from '../keyspace-events.ts';
import { writeElement } from '../lists/elements.ts';
import { findSet, lengthOf, setOf } from './set-access.ts';

export const MEMBER: ArgumentSpec = { name: 'member', type: 'string' };

const CHANGE = {
  group: 'set',
  since: '1.0.0',
  arity: -3,
  arguments: [KEY, { ...MEMBER, multiple: true }],
  history: [['2.4.0', 'Accepts multiple `member` arguments.']],
} as const satisfies Partial<CommandSpec>;

const cursor = new SetCursor();

export const setMembers = defineCommands([
  {
    ...CHANGE,
    name: 'sadd',
    summary: 'Adds members to a set; makes the set if there is none',
    complexity: 'O(1) for each member',
    flags: ['write', 'denyoom', 'fast'],
    keys: oneKey('RW', 'insert'),
    placement: { at: 'key', handler: add },
  },
  {
    ...CHANGE,
    name: 'srem',
    summary: 'Removes members from a set',
    complexity: 'O(N) where N is the number of members to be removed',
    flags: ['write', 'fast'],
    keys: oneKey('RW', 'delete'),
    placement: { at: 'key', handler: remove },
  },
  {
    name: 'sismember',
    group: 'set',
    since: '1.0.0',
    summary: 'Tells whether a member belongs to a set',
    complexity: 'O(1)',
    arity: 3,
    flags: ['readonly', 'fast'],
    keys: oneKey('RO'),
    arguments: [KEY, MEMBER],
    placement: { at: 'key', handler: isMember },
  },
  {
    name: 'smismember',
    group: 'set',
    since: '6.2.0',
    summary: 'Tells of each of several members whether it belongs to a set',
    complexity: 'O(N) where N is the number of members asked for',
    arity: -3,
    flags: ['readonly', 'fast'],
    keys: oneKey('RO', 'access'),
    arguments: [KEY, { ...MEMBER, multiple: true }],
    placement: { at: 'key', handler: areMembers },
  },
  {
    name: 'scard',
    group: 'set',
    since: '1.0.0',
    summary: 'Returns the number of members of a set',
    complexity: 'O(1)',
    arity: 2,
    flags: ['readonly', 'fast'],
    keys: oneKey('RO'),
    arguments: [KEY],
    placement: { at: 'key', handler: cardinality },
  },
  {
    name: 'smembers',
    group: 'set',
    since: '1.0.0',
    summary: 'Returns all members of a set',
    complexity: 'O(N) where N is the number of members',
    arity: 2,
    flags: ['readonly'],
    keys: oneKey('RO', 'access'),
    arguments: [KEY],
    tips: ['nondeterministic_output_order'],
    hasLongReply: true,
    asksForMost: always,
    placement: { at: 'key', handler: allMembers },
  },
]);

function add(context: ShardContext): void {
  const { args, reply } = context;
  const ref = findSet(context);
  if (ref === REFUSED) return;
  const added = changeOrCreate(context, 1, ref, TYPE_SET, by(SET_ADD).with(args, 2, args.count));
  if (added > 0) context.notify(EVENT.set, 'sadd', 1);
  reply.integer(added);
}

function remove(context: ShardContext): void {
  const { args, reply } = context;
  const ref = findSet(context);
  if (ref === REFUSED) return;
  if (ref === ABSENT) {
    reply.integer(0);
    return;
  }
  const { length } = setOf(context, ref);
  const removed = change(context, 1, ref, by(SET_REMOVE).with(args, 2, args.count));
  if (removed > 0) context.notify(EVENT.set, 'srem', 1);
  if (removed === length) context.notify(EVENT.generic, 'del', 1);
  reply.integer(removed);
}

function isMember(context: ShardContext): void {
  const { args, reply } = context;
  const ref = findSet(context);
  if (ref === REFUSED) return;
  const { bytes, starts, ends } = args;
  reply.integer(ref !== ABSENT && setOf(context, ref).has(bytes, starts[2]!, ends[2]!) ? 1 : 0);
}

function areMembers(context: ShardContext): void {
  const { args, reply } = context;
  const ref = findSet(context);
  if (ref === REFUSED) return;
  const set = ref === ABSENT ? undefined : setOf(context, ref);
  const { bytes, starts, ends } = args;
  reply.array(args.count - 2);
  for (let i = 2; i < args.count; i++) reply.integer(set?.has(bytes, starts[i]!, ends[i]!) ? 1 : 0);
}

function cardinality(context: ShardContext): void {
  const ref = findSet(context);
  if (ref !== REFUSED) context.reply.integer(lengthOf(context, ref));
}

function allMembers(context: ShardContext): void {
  const ref = findSet(context);
  if (ref === REFUSED) return;
  context.reply.set(lengthOf(context, ref));
  if (ref !== ABSENT) writeMembers(context, ref);
}

/** Writes all members of the set of an entry, without how many they are. */
export function writeMembers(context: ShardContext, ref: number): void {
  cursor.open(setOf(context, ref));
  while (cursor.next()) writeElement(context.reply, cursor.member);
}
