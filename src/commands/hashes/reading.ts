/** HGET, HGETALL, HLEN and the like: commands that read fields that are named, or all. */

import { ABSENT } from '../../store/keyspace.ts';
import { TYPE_HASH } from '../../store/layout.ts';
import { always } from '../asks-for-most.ts';
import { findCollection, REFUSED } from '../collection-access.ts';
import { type CommandSpec, defineCommands } from '../command.ts';
import type { ShardContext } from '../context.ts';
import { KEY, oneKey } from '../declarations.ts';
import { writeElement } from '../lists/elements.ts';
import { FIELD, FIELDS, field, findField, findHash, hashOf, value } from './hash-access.ts';

const READER = {
  group: 'hash',
  since: '2.0.0',
  complexity: 'O(1)',
  arity: 3,
  flags: ['readonly', 'fast'],
  keys: oneKey('RO', 'access'),
  arguments: [KEY, FIELD],
} as const satisfies Partial<CommandSpec>;

const WHOLE = {
  group: 'hash',
  since: '2.0.0',
  complexity: 'O(N) where N is the size of the hash.',
  arity: 2,
  flags: ['readonly'],
  keys: oneKey('RO', 'access'),
  arguments: [KEY],
  tips: ['nondeterministic_output_order'],
  hasLongReply: true,
  asksForMost: always,
} as const satisfies Partial<CommandSpec>;

export const hashReading = defineCommands([
  {
    ...READER,
    name: 'hget',
    summary: 'Returns the value of a field of a hash',
    hasLongReply: true,
    placement: { at: 'key', handler: valueOfField },
  },
  {
    ...READER,
    name: 'hmget',
    summary: 'Returns the values of fields of a hash',
    complexity: 'O(N) where N is the number of fields being requested.',
    arity: -3,
    arguments: [KEY, FIELDS],
    hasLongReply: true,
    placement: { at: 'key', handler: valuesOfFields },
  },
  {
    ...READER,
    name: 'hexists',
    summary: 'Returns whether a hash has a field',
    keys: oneKey('RO'),
    placement: { at: 'key', handler: exists },
  },
  {
    ...READER,
    name: 'hstrlen',
    since: '3.2.0',
    summary: 'Returns the length of the value of a field of a hash',
    keys: oneKey('RO'),
    placement: { at: 'key', handler: lengthOfValue },
  },
  {
    ...READER,
    name: 'hlen',
    summary: 'Returns the number of fields of a hash',
    arity: 2,
    keys: oneKey('RO'),
    arguments: [KEY],
    placement: { at: 'key', handler: length },
  },
  {
    ...WHOLE,
    name: 'hgetall',
    summary: 'Returns all fields of a hash with their values',
    placement: { at: 'key', handler: (context) => writeAll(context, true, true) },
  },
  {
    ...WHOLE,
    name: 'hkeys',
    summary: 'Returns all fields of a hash',
    placement: { at: 'key', handler: (context) => writeAll(context, true, false) },
  },
  {
    ...WHOLE,
    name: 'hvals',
    summary: 'Returns the values of all fields of a hash',
    placement: { at: 'key', handler: (context) => writeAll(context, false, true) },
  },
]);

function valueOfField(context: ShardContext): void {
  const { reply } = context;
  const ref = findHash(context);
  if (ref === REFUSED) return;
  const hash = ref === ABSENT ? undefined : hashOf(context, ref);
  if (hash === undefined || !findField(context, hash, 2)) {
    reply.null();
    return;
  }
  hash.readValue(value);
  writeElement(reply, value);
}

function valuesOfFields(context: ShardContext): void {
  const { args, reply } = context;
  const ref = findHash(context);
  if (ref === REFUSED) return;
  const hash = ref === ABSENT ? undefined : hashOf(context, ref);
  reply.array(args.count - 2);
  for (let word = 2; word < args.count; word++) {
    if (hash === undefined || !findField(context, hash, word)) {
      reply.null();
      continue;
    }
    hash.readValue(value);
    writeElement(reply, value);
  }
}

function exists(context: ShardContext): void {
  const ref = findHash(context);
  if (ref === REFUSED) return;
  const isThere = ref !== ABSENT && findField(context, hashOf(context, ref), 2);
  context.reply.integer(isThere ? 1 : 0);
}

function lengthOfValue(context: ShardContext): void {
  const ref = findHash(context);
  if (ref === REFUSED) return;
  const hash = ref === ABSENT ? undefined : hashOf(context, ref);
  if (hash === undefined || !findField(context, hash, 2)) {
    context.reply.integer(0);
    return;
  }
  hash.readValue(value);
  value.asBytes();
  context.reply.integer(value.end - value.start);
}

/** As in Redis 7.4, fields whose moment has come count until something removes them. */
function length(context: ShardContext): void {
  const ref = findCollection(context, TYPE_HASH);
  if (ref !== REFUSED) context.reply.integer(ref === ABSENT ? 0 : hashOf(context, ref).length);
}

function writeAll(context: ShardContext, withFields: boolean, withValues: boolean): void {
  const { reply } = context;
  const ref = findHash(context);
  if (ref === REFUSED) return;
  const hash = ref === ABSENT ? undefined : hashOf(context, ref);
  const count = hash === undefined ? 0 : hash.length;
  if (withFields && withValues) reply.map(count);
  else reply.array(count);
  hash?.forEach(() => {
    if (withFields) {
      hash.readField(field);
      writeElement(reply, field);
    }
    if (withValues) {
      hash.readValue(value);
      writeElement(reply, value);
    }
  });
}
