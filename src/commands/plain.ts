/**
 * Verbs in plain words beside Redis's own, for people who type at a socket and for scripts:
 * PUT, DELETE, SIZE and FLUSH (GET is the same in both).
 */
import { defineCommands } from './command.ts';
import {
  allKeys,
  CUT_BY_SHARD,
  KEY,
  KEYS,
  ON_EVERY_SHARD,
  oneKey,
  REPLIES_ALL_OK,
  REPLIES_SUMMED,
  token,
  VALUE,
} from './declarations.ts';
import { checkFlushMode, databaseSize, deleteKeys, flushDatabase } from './keys.ts';
import { set } from './strings.ts';

export const plain = defineCommands([
  {
    name: 'put',
    group: 'string',
    since: 'shardis',
    summary: 'Stores a string at a key, as SET without options does',
    complexity: 'O(1)',
    arity: 3,
    flags: ['write', 'denyoom'],
    keys: oneKey('OW', 'update'),
    arguments: [KEY, VALUE],
    placement: { at: 'key', handler: set },
  },
  {
    name: 'delete',
    group: 'generic',
    since: 'shardis',
    summary: 'Deletes keys and returns how many there were, as DEL does',
    complexity: 'O(N) where N is the number of keys',
    arity: -2,
    flags: ['write'],
    keys: allKeys('RM', 'delete'),
    arguments: [KEYS],
    tips: [CUT_BY_SHARD, REPLIES_SUMMED],
    placement: { at: 'keys', handler: deleteKeys, merge: 'sum' },
  },
  {
    name: 'size',
    group: 'server',
    since: 'shardis',
    summary: 'Returns the number of keys in the database, as DBSIZE does',
    complexity: 'O(1)',
    arity: 1,
    flags: ['readonly', 'fast'],
    categories: ['keyspace'],
    tips: [ON_EVERY_SHARD, REPLIES_SUMMED],
    placement: { at: 'every', handler: databaseSize, merge: 'sum' },
  },
  {
    name: 'flush',
    group: 'server',
    since: 'shardis',
    summary: 'Deletes all keys of the database, as FLUSHDB does',
    complexity: 'O(N) where N is the number of keys in the database',
    arity: -1,
    flags: ['write'],
    categories: ['keyspace', 'dangerous'],
    arguments: [{ name: 'async', type: 'oneof', optional: true, arguments: [token('ASYNC'), token('SYNC')] }],
    tips: [ON_EVERY_SHARD, REPLIES_ALL_OK],
    check: checkFlushMode,
    placement: { at: 'every', handler: flushDatabase, merge: 'ok' },
  },
]);
