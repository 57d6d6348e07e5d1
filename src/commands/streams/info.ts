/** XINFO: what streams, groups and consumers are like. */
import type { Arguments } from '../../protocol/arguments.ts';
import { noSuchGroup } from '../../protocol/collection-errors.ts';
import { NO_SUCH_KEY, NOT_AN_INTEGER, unknownSubcommandOrArity } from '../../protocol/errors.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { ABSENT } from '../../store/keyspace.ts';
import type { Stream } from '../../types/stream.ts';
import { type Consumer, type Group, NEVER_ACTIVE, NOT_KNOWN } from '../../types/stream-groups.ts';
import { FIRST_ID, LAST_ID } from '../../types/stream-id.ts';
import type { Pending, PendingList } from '../../types/stream-pending.ts';
import { REFUSED } from '../collection-access.ts';
import { type CommandSpec, defineCommands } from '../command.ts';
import { helpSubcommand } from '../container-help.ts';
import type { ShardContext } from '../context.ts';
import { KEY } from '../declarations.ts';
import { writeEntryAt, writeId, writeRange } from './entries.ts';
import { findStream, streamOf } from './stream-access.ts';

const KEY_WORD = 2;
const GROUP_WORD = 3;
const FULL_WORD = 3;
/** Of each list, in a full report without COUNT. */
const DEFAULT_COUNT = 10;

const INFO = {
  group: 'stream',
  since: '5.0.0',
  complexity: 'O(1)',
  flags: ['readonly'],
  keys: { first: KEY_WORD, last: KEY_WORD, step: 1, flags: ['RO', 'access'] },
  hasLongReply: true,
} as const satisfies Partial<CommandSpec>;

export const streamInfo = defineCommands([
  {
    name: 'xinfo',
    group: 'stream',
    since: '5.0.0',
    summary: 'A container for commands that show what streams are like',
    complexity: 'Depends on subcommand',
    arity: -2,
    flags: [],
    subcommands: [
      {
        ...INFO,
        name: 'consumers',
        summary: 'Returns the consumers of a group',
        arity: 4,
        arguments: [KEY, { name: 'group', type: 'string' }],
        history: [['7.2.0', 'Added the `inactive` field.']],
        tips: ['nondeterministic_output'],
        placement: { at: 'key', handler: tellConsumers },
      },
      {
        ...INFO,
        name: 'groups',
        summary: 'Returns the groups of a stream',
        arity: 3,
        arguments: [KEY],
        history: [['7.0.0', 'Added the `entries-read` and `lag` fields']],
        placement: { at: 'key', handler: tellGroups },
      },
      helpSubcommand({ since: '5.0.0', group: 'stream', categories: ['stream'] }),
      {
        ...INFO,
        name: 'stream',
        summary: 'Returns what a stream is like',
        arity: -3,
        arguments: [
          KEY,
          {
            name: 'full-block',
            type: 'block',
            optional: true,
            arguments: [
              { name: 'full', type: 'pure-token', token: 'FULL' },
              { name: 'count', type: 'integer', token: 'COUNT', optional: true },
            ],
          },
        ],
        history: [
          ['6.0.0', 'Added the `FULL` modifier.'],
          [
            '7.0.0',
            'Added the `max-deleted-entry-id`, `entries-added`, `recorded-first-entry-id`, `entries-read` and `lag` fields',
          ],
          ['7.2.0', 'Added the `active-time` field, and changed the meaning of `seen-time`.'],
        ],
        placement: { at: 'key', handler: tellStream },
      },
    ],
  },
]);

/** The stream that is asked about; undefined, and answered, when there is none. */
function streamAt(context: ShardContext): Stream | undefined {
  const ref = findStream(context, KEY_WORD);
  if (ref === REFUSED) return undefined;
  if (ref !== ABSENT) return streamOf(context, ref);
  context.reply.error(NO_SUCH_KEY);
  return undefined;
}

function tellConsumers(context: ShardContext): void {
  const { args, reply } = context;
  const stream = streamAt(context);
  if (stream === undefined) return;
  const group = stream.group(args.bytes, args.starts[GROUP_WORD]!, args.ends[GROUP_WORD]!);
  if (group === undefined) {
    reply.error(noSuchGroup(args.text(KEY_WORD), args.text(GROUP_WORD)));
    return;
  }
  const nowMs = context.now();
  reply.array(group.consumerCount);
  for (const { name, pending, seenAt, activeAt } of group.consumers) {
    reply.map(4);
    reply.bulkText('name');
    reply.bulk(name);
    writeInteger(reply, 'pending', pending.size);
    writeInteger(reply, 'idle', Math.max(0, nowMs - seenAt));
    writeInteger(reply, 'inactive', activeAt === NEVER_ACTIVE ? NEVER_ACTIVE : nowMs - activeAt);
  }
}

function tellGroups(context: ShardContext): void {
  const { reply } = context;
  const stream = streamAt(context);
  if (stream === undefined) return;
  reply.array(stream.groupCount);
  for (const group of stream.groups) {
    reply.map(6);
    reply.bulkText('name');
    reply.bulk(group.name);
    writeInteger(reply, 'consumers', group.consumerCount);
    writeInteger(reply, 'pending', group.pending.size);
    writeProgress(reply, stream, group);
  }
}

/** How far a group has read. */
function writeProgress(reply: ReplyWriter, stream: Stream, group: Group): void {
  reply.bulkText('last-delivered-id');
  writeId(reply, group.lastId);
  reply.bulkText('entries-read');
  if (group.entriesRead === NOT_KNOWN) reply.null();
  else reply.integer(group.entriesRead);
  reply.bulkText('lag');
  const lag = stream.lagOf(group);
  if (lag === undefined) reply.null();
  else reply.integer(lag);
}

function tellStream(context: ShardContext): void {
  const { args, reply } = context;
  const stream = streamAt(context);
  if (stream === undefined) return;
  const count = readFullCount(args);
  if (typeof count === 'string') {
    reply.error(count);
    return;
  }
  reply.map(count === undefined ? 10 : 9);
  writeInteger(reply, 'length', stream.length);
  writeInteger(reply, 'radix-tree-keys', stream.nodeCount);
  // There is no tree: the nodes stand in one array.
  writeInteger(reply, 'radix-tree-nodes', stream.nodeCount + 1);
  reply.bulkText('last-generated-id');
  writeId(reply, stream.lastId);
  reply.bulkText('max-deleted-entry-id');
  writeId(reply, stream.maxDeletedId);
  writeInteger(reply, 'entries-added', stream.entriesAdded);
  reply.bulkText('recorded-first-entry-id');
  writeId(reply, stream.firstId);
  if (count === undefined) writeEnds(reply, stream);
  else writeContent(reply, stream, count);
}

/** What FULL COUNT says, 0 for all; undefined without FULL; or the text of an error. */
function readFullCount(args: Arguments): number | string | undefined {
  const words = args.count - FULL_WORD;
  if (words === 0) return undefined;
  const isRight =
    (words === 1 || words === 3) &&
    args.is(FULL_WORD, 'full') &&
    (words === 1 || args.is(FULL_WORD + 1, 'count'));
  if (!isRight) return unknownSubcommandOrArity(args.text(1), 'XINFO');
  if (words === 1) return DEFAULT_COUNT;
  const count = args.integer(FULL_WORD + 2);
  if (count === undefined) return NOT_AN_INTEGER;
  return count < 0 ? DEFAULT_COUNT : Number(count);
}

function writeEnds(reply: ReplyWriter, stream: Stream): void {
  writeInteger(reply, 'groups', stream.groupCount);
  reply.bulkText('first-entry');
  if (stream.length === 0) reply.null();
  else writeEntryAt(reply, stream, stream.firstId);
  reply.bulkText('last-entry');
  const last = stream.lastEntryId;
  if (last === undefined) reply.null();
  else writeEntryAt(reply, stream, last);
}

function writeContent(reply: ReplyWriter, stream: Stream, count: number): void {
  reply.bulkText('entries');
  writeRange(reply, stream, FIRST_ID, LAST_ID, count, false);
  reply.bulkText('groups');
  reply.array(stream.groupCount);
  for (const group of stream.groups) {
    reply.map(7);
    reply.bulkText('name');
    reply.bulk(group.name);
    writeProgress(reply, stream, group);
    writeInteger(reply, 'pel-count', group.pending.size);
    reply.bulkText('pending');
    writePending(reply, group.pending, count, true);
    reply.bulkText('consumers');
    reply.array(group.consumerCount);
    for (const consumer of group.consumers) writeConsumer(reply, consumer, count);
  }
}

function writeConsumer(reply: ReplyWriter, consumer: Consumer, count: number): void {
  reply.map(5);
  reply.bulkText('name');
  reply.bulk(consumer.name);
  writeInteger(reply, 'seen-time', consumer.seenAt);
  writeInteger(reply, 'active-time', consumer.activeAt);
  writeInteger(reply, 'pel-count', consumer.pending.size);
  reply.bulkText('pending');
  writePending(reply, consumer.pending, count, false);
}

function writePending(reply: ReplyWriter, list: PendingList, count: number, withConsumer: boolean): void {
  const shown: Pending[] = [];
  for (const each of list.from(FIRST_ID)) {
    if (count !== 0 && shown.length === count) break;
    shown.push(each);
  }
  reply.array(shown.length);
  for (const each of shown) {
    reply.array(withConsumer ? 4 : 3);
    writeId(reply, each);
    if (withConsumer) reply.bulk(each.consumer.name);
    reply.integer(each.deliveredAt);
    reply.integer(each.deliveries);
  }
}

function writeInteger(reply: ReplyWriter, name: string, value: number): void {
  reply.bulkText(name);
  reply.integer(value);
}
