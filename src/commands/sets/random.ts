/** SPOP and SRANDMEMBER: members chosen at random. What SPOP has chosen is logged as its removal. */
import { NOT_AN_INTEGER, NOT_POSITIVE, outOfRange, SYNTAX_ERROR } from '../../protocol/errors.ts';
import { ABSENT } from '../../store/keyspace.ts';
import { EntryReader } from '../../types/listpack-entry.ts';
import { chooseMembers } from '../../types/set-choice.ts';
import { REFUSED } from '../collection-access.ts';
import { defineCommands } from '../command.ts';
import type { ShardContext } from '../context.ts';
import { KEY, oneKey } from '../declarations.ts';
import { writeElement } from '../lists/elements.ts';
import { writeMembers } from './members.ts';
import { chosen, findSet, lengthOf, removeChosen, setOf } from './set-access.ts';

const LONG_MIN = -(2n ** 63n);

const reader = new EntryReader();

export const setRandom = defineCommands([
  {
    name: 'spop',
    group: 'set',
    since: '1.0.0',
    summary: 'Removes members of a set that are chosen at random, and returns them',
    complexity: 'O(1) without a count, otherwise O(N) where N is the count',
    arity: -2,
    flags: ['write', 'fast'],
    keys: oneKey('RW', 'access', 'delete'),
    arguments: [KEY, { name: 'count', type: 'integer', optional: true, since: '3.2.0' }],
    history: [['3.2.0', 'Added the `count` argument.']],
    tips: ['nondeterministic_output'],
    hasLongReply: true,
    placement: { at: 'key', handler: (context) => takeCount(context, popOne, popMany) },
  },
  {
    name: 'srandmember',
    group: 'set',
    since: '1.0.0',
    summary: 'Returns members of a set that are chosen at random',
    complexity: 'O(1) without a count, otherwise O(N) where N is the absolute value of the count',
    arity: -2,
    flags: ['readonly'],
    keys: oneKey('RO', 'access'),
    arguments: [KEY, { name: 'count', type: 'integer', optional: true, since: '2.6.0' }],
    history: [['2.6.0', 'Added the optional `count` argument.']],
    tips: ['nondeterministic_output'],
    hasLongReply: true,
    placement: { at: 'key', handler: (context) => takeCount(context, tellOne, tellMany) },
  },
]);

/** With a count in word 2 `many` does the command, otherwise `one` with the entry of the set; where there is none, nil is the answer. */
function takeCount(
  context: ShardContext,
  one: (context: ShardContext, ref: number) => void,
  many: (context: ShardContext) => void,
): void {
  const { args, reply } = context;
  if (args.count > 3) {
    reply.error(SYNTAX_ERROR);
    return;
  }
  if (args.count === 3) {
    many(context);
    return;
  }
  const ref = findSet(context);
  if (ref === REFUSED) return;
  if (ref === ABSENT) reply.null();
  else one(context, ref);
}

function popOne(context: ShardContext, ref: number): void {
  const set = setOf(context, ref);
  set.random(reader);
  reader.asBytes();
  chosen.clear();
  chosen.add(reader.bytes, reader.start, reader.end);
  context.reply.bulk(chosen.bytes, 0, chosen.ends[0]!);
  removeChosen(context, ref, chosen, set.length === 1, 'spop');
}

function popMany(context: ShardContext): void {
  const { args, reply } = context;
  const count = args.integer(2);
  if (count === undefined || count < 0) {
    reply.error(NOT_POSITIVE);
    return;
  }
  const ref = findSet(context);
  if (ref === REFUSED) return;
  const length = lengthOf(context, ref);
  if (length === 0 || count === 0) {
    reply.set(0);
    return;
  }
  chosen.clear();
  if (count >= length) {
    reply.set(length);
    writeMembers(context, ref);
    removeChosen(context, ref, chosen, true, 'spop');
    return;
  }
  choose(context, ref, Number(count), true);
  removeChosen(context, ref, chosen, false, 'spop');
}

/** Chooses different members and writes them. */
function choose(context: ShardContext, ref: number, count: number, asSet: boolean): void {
  const { reply } = context;
  chosen.clear();
  chooseMembers(setOf(context, ref), count, chosen);
  if (asSet) reply.set(count);
  else reply.array(count);
  for (let i = 0; i < count; i++) reply.bulk(chosen.bytes, chosen.starts[i]!, chosen.ends[i]!);
}

function tellOne(context: ShardContext, ref: number): void {
  setOf(context, ref).random(reader);
  writeElement(context.reply, reader);
}

function tellMany(context: ShardContext): void {
  const { args, reply } = context;
  const given = args.integer(2);
  if (given === undefined) {
    reply.error(NOT_AN_INTEGER);
    return;
  }
  if (given === LONG_MIN) {
    reply.error(outOfRange(LONG_MIN + 1n, -LONG_MIN - 1n));
    return;
  }
  const ref = findSet(context);
  if (ref === REFUSED) return;
  const length = lengthOf(context, ref);
  const count = Number(given);
  if (length === 0 || count === 0) {
    reply.array(0);
  } else if (count < 0) {
    // The same ones may come several times.
    const set = setOf(context, ref);
    reply.array(-count);
    for (let i = count; i < 0; i++) {
      set.random(reader);
      writeElement(reply, reader);
    }
  } else if (count >= length) {
    reply.array(length);
    writeMembers(context, ref);
  } else {
    choose(context, ref, count, false);
    chosen.clear();
  }
}
