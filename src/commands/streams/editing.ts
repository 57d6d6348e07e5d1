/** XDEL, XTRIM, XSETID: changing a stream otherwise than by adding to it. */
import type { Arguments } from '../../protocol/arguments.ts';
import { INVALID_STREAM_ID, STREAM } from '../../protocol/collection-errors.ts';
import { NO_SUCH_KEY, NOT_AN_INTEGER, SYNTAX_ERROR } from '../../protocol/errors.ts';
import { ABSENT } from '../../store/keyspace.ts';
import type { Stream } from '../../types/stream.ts';
import { STREAM_DELETE, STREAM_SET_ID } from '../../types/stream-changes.ts';
import { compareIds, FIRST_ID, type StreamId } from '../../types/stream-id.ts';
import { REFUSED } from '../collection-access.ts';
import { type ArgumentSpec, defineCommands } from '../command.ts';
import type { ShardContext } from '../context.ts';
import { KEY, oneKey } from '../declarations.ts';
import { EVENT } from '../keyspace-events.ts';
import { idIn, idsFrom } from './ids.ts';
import { changeByParts, findStream, parts, streamOf } from './stream-access.ts';
import { readTrimOptions, TRIM_ARGUMENTS, trim } from './trimming.ts';

export const IDS: ArgumentSpec = { name: 'ID', type: 'string', multiple: true };

export const streamEditing = defineCommands([
  {
    name: 'xdel',
    group: 'stream',
    since: '5.0.0',
    summary: 'Removes entries from a stream; returns how many were there',
    complexity: 'O(1) for each single item to delete in the stream, regardless of the stream size',
    arity: -3,
    flags: ['write', 'fast'],
    keys: oneKey('RW', 'delete'),
    arguments: [KEY, IDS],
    placement: { at: 'key', handler: remove },
  },
  {
    name: 'xtrim',
    group: 'stream',
    since: '5.0.0',
    summary: 'Removes entries from the beginning of a stream',
    complexity: 'O(N) with N being the number of evicted entries; whole pieces of a stream go at once',
    arity: -4,
    flags: ['write'],
    keys: oneKey('RW', 'delete'),
    arguments: [KEY, { name: 'trim', type: 'block', arguments: TRIM_ARGUMENTS }],
    history: [['6.2.0', 'Added the `MINID` trimming strategy and the `LIMIT` option.']],
    tips: ['nondeterministic_output'],
    placement: { at: 'key', handler: trimStream },
  },
  {
    name: 'xsetid',
    group: 'stream',
    since: '5.0.0',
    summary: 'Sets the last id of a stream: for moving values between servers',
    complexity: 'O(1)',
    arity: -3,
    flags: ['write', 'denyoom', 'fast'],
    keys: oneKey('RW', 'update'),
    arguments: [
      KEY,
      { name: 'last-id', type: 'string' },
      { name: 'entries-added', type: 'integer', token: 'ENTRIESADDED', optional: true, since: '7.0.0' },
      { name: 'max-deleted-id', type: 'string', token: 'MAXDELETEDID', optional: true, since: '7.0.0' },
    ],
    history: [['7.0.0', 'Added the `entries_added` and `max_deleted_entry_id` arguments.']],
    placement: { at: 'key', handler: setId },
  },
]);

function remove(context: ShardContext): void {
  const { args, reply } = context;
  const ref = findStream(context);
  if (ref === REFUSED) return;
  if (ref === ABSENT) {
    reply.integer(0);
    return;
  }
  const ids = idsFrom(args, 2);
  if (ids === undefined) {
    reply.error(INVALID_STREAM_ID);
    return;
  }
  parts.begin();
  for (const id of ids) parts.id(id);
  parts.part();
  const removed = changeByParts(context, 1, ref, STREAM_DELETE);
  if (removed > 0) context.notify(EVENT.stream, 'xdel', 1);
  reply.integer(removed);
}

function trimStream(context: ShardContext): void {
  const { args, reply, keyspace } = context;
  const options = readTrimOptions(args, false, keyspace.objects.limits.stream);
  if (typeof options === 'string') {
    reply.error(options);
    return;
  }
  const ref = findStream(context);
  if (ref !== REFUSED) reply.integer(ref === ABSENT ? 0 : trim(context, ref, options));
}

interface NewIds {
  lastId: StreamId;
  maxDeletedId: StreamId;
  entriesAdded: number;
}

function setId(context: ShardContext): void {
  const { args, reply } = context;
  const wanted = readNewIds(args);
  if (typeof wanted === 'string') {
    reply.error(wanted);
    return;
  }
  const ref = findStream(context);
  if (ref === REFUSED) return;
  const problem = ref === ABSENT ? NO_SUCH_KEY : problemOf(streamOf(context, ref), wanted);
  if (problem !== undefined) {
    reply.error(problem);
    return;
  }
  parts.begin().id(wanted.lastId).id(wanted.maxDeletedId).number(wanted.entriesAdded).part();
  changeByParts(context, 1, ref, STREAM_SET_ID);
  context.notify(EVENT.stream, 'xsetid', 1);
  reply.ok();
}

function readNewIds(args: Arguments): NewIds | string {
  const lastId = idIn(args, 2);
  if (lastId === undefined) return INVALID_STREAM_ID;
  const wanted: NewIds = { lastId, maxDeletedId: FIRST_ID, entriesAdded: -1 };
  for (let i = 3; i < args.count; i += 2) {
    if (i + 1 < args.count && args.is(i, 'entriesadded')) {
      const entriesAdded = args.integer(i + 1);
      if (entriesAdded === undefined) return NOT_AN_INTEGER;
      if (entriesAdded < 0) return STREAM.entriesAddedNegative;
      wanted.entriesAdded = Number(entriesAdded);
    } else if (i + 1 < args.count && args.is(i, 'maxdeletedid')) {
      const maxDeletedId = idIn(args, i + 1);
      if (maxDeletedId === undefined) return INVALID_STREAM_ID;
      if (compareIds(lastId, maxDeletedId) < 0) return STREAM.lastBelowGivenMaxDeleted;
      wanted.maxDeletedId = maxDeletedId;
    } else {
      return SYNTAX_ERROR;
    }
  }
  return wanted;
}

function problemOf(stream: Stream, { lastId, entriesAdded }: NewIds): string | undefined {
  if (compareIds(lastId, stream.maxDeletedId) < 0) return STREAM.lastBelowMaxDeleted;
  const top = stream.lastEntryId;
  if (top === undefined) return undefined;
  if (compareIds(lastId, top) < 0) return STREAM.lastBelowTop;
  return entriesAdded !== -1 && stream.length > entriesAdded ? STREAM.entriesAddedBelowLength : undefined;
}
