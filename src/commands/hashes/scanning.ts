/** HSCAN: the fields of a hash, some at a time. */
import { globMatches } from '../../base/glob.ts';
import type { Arguments } from '../../protocol/arguments.ts';
import { INVALID_CURSOR, NOT_AN_INTEGER, SYNTAX_ERROR } from '../../protocol/errors.ts';
import { ABSENT } from '../../store/keyspace.ts';
import { REFUSED } from '../collection-access.ts';
import { defineCommands } from '../command.ts';
import type { ShardContext } from '../context.ts';
import { KEY, oneKey, token } from '../declarations.ts';
import { readCursor, readPattern } from '../scan.ts';
import { field, findHash, hashOf, value } from './hash-access.ts';

const COUNT_DEFAULT = 10;

export const hashScanning = defineCommands([
  {
    name: 'hscan',
    group: 'hash',
    since: '2.8.0',
    summary: 'Returns some of the fields of a hash and a cursor to go on from',
    complexity: 'O(1) for a call, O(N) for a whole walk, where N is the number of fields',
    arity: -3,
    flags: ['readonly'],
    keys: oneKey('RO', 'access'),
    arguments: [
      KEY,
      { name: 'cursor', type: 'integer' },
      { name: 'pattern', type: 'pattern', token: 'MATCH', optional: true },
      { name: 'count', type: 'integer', token: 'COUNT', optional: true },
      { ...token('NOVALUES'), optional: true },
    ],
    tips: ['nondeterministic_output'],
    hasLongReply: true,
    placement: { at: 'key', handler: scan },
  },
]);

interface ScanOptions {
  count: number;
  /** Undefined when every field matches. */
  pattern: Uint8Array | undefined;
  withValues: boolean;
}

function scan(context: ShardContext): void {
  const { args, reply } = context;
  const cursor = readCursor(args, 2);
  if (cursor === undefined) {
    reply.error(INVALID_CURSOR);
    return;
  }
  const ref = findHash(context);
  if (ref === REFUSED) return;
  if (ref === ABSENT) {
    reply.array(2);
    reply.bulkInteger(0);
    reply.array(0);
    return;
  }
  const options = readOptions(args);
  if (typeof options === 'string') {
    reply.error(options);
    return;
  }
  const { count, pattern, withValues } = options;
  const hash = hashOf(context, ref);
  const found: Uint8Array[] = [];
  const next = hash.scan(Number.isSafeInteger(cursor) ? cursor : 0, count, () => {
    hash.readField(field);
    field.asBytes();
    if (pattern !== undefined && !globMatches(pattern, field.bytes, field.start, field.end)) return;
    found.push(field.copy());
    if (!withValues) return;
    hash.readValue(value);
    found.push(value.copy());
  });
  reply.array(2);
  reply.bulkInteger(next);
  reply.array(found.length);
  for (const each of found) reply.bulk(each);
}

/** The text of an error when the words behind the cursor are not valid options. */
function readOptions(args: Arguments): ScanOptions | string {
  const options: ScanOptions = { count: COUNT_DEFAULT, pattern: undefined, withValues: true };
  for (let i = 3; i < args.count; i++) {
    const hasMore = i + 1 < args.count;
    if (args.is(i, 'count') && hasMore) {
      const count = args.integer(++i);
      if (count === undefined) return NOT_AN_INTEGER;
      if (count < 1) return SYNTAX_ERROR;
      options.count = Number(count);
    } else if (args.is(i, 'match') && hasMore) {
      options.pattern = readPattern(args, ++i);
    } else if (args.is(i, 'novalues')) {
      options.withValues = false;
    } else {
      return SYNTAX_ERROR;
    }
  }
  return options;
}
