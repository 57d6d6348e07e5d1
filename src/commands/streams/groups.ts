/** XGROUP: the groups of a stream, and their consumers. */
import type { Arguments } from '../../protocol/arguments.ts';
import { INVALID_STREAM_ID, noSuchGroup, STREAM } from '../../protocol/collection-errors.ts';
import { NOT_AN_INTEGER, unknownSubcommandOrArity } from '../../protocol/errors.ts';
import { ABSENT } from '../../store/keyspace.ts';
import { Stream } from '../../types/stream.ts';
import {
  STREAM_CONSUMER_CREATE,
  STREAM_CONSUMER_DELETE,
  STREAM_GROUP_CREATE,
  STREAM_GROUP_DESTROY,
  STREAM_GROUP_SET_ID,
} from '../../types/stream-changes.ts';
import { Group, NOT_KNOWN } from '../../types/stream-groups.ts';
import { FIRST_ID, LAST_ID, type StreamId } from '../../types/stream-id.ts';
import { REFUSED } from '../collection-access.ts';
import {
  type ArgumentSpec,
  type CommandSpec,
  defineCommands,
  type KeyFlag,
  type ShardHandler,
} from '../command.ts';
import { helpSubcommand } from '../container-help.ts';
import type { ShardContext } from '../context.ts';
import { KEY, token } from '../declarations.ts';
import { EVENT } from '../keyspace-events.ts';
import { idIn, isChar } from './ids.ts';
import { changeByParts, findStream, parts, storeStream, streamOf } from './stream-access.ts';

const DOLLAR = 36;
const PLUS = 43;
const MINUS = 45;
/** Words of all subcommands: key, group, and a consumer or an id. */
const KEY_WORD = 2;
const GROUP_WORD = 3;
const NEXT_WORD = 4;

const GROUP: ArgumentSpec = { name: 'group', type: 'string' };
const CONSUMER: ArgumentSpec = { name: 'consumer', type: 'string' };
const ID_SELECTOR: ArgumentSpec = {
  name: 'id-selector',
  type: 'oneof',
  arguments: [
    { name: 'id', type: 'string' },
    { name: 'new-id', type: 'pure-token', token: '$' },
  ],
};

function subcommand(
  declared: Pick<
    CommandSpec,
    'name' | 'since' | 'summary' | 'arity' | 'flags' | 'arguments' | 'history' | 'complexity'
  >,
  keyFlag: KeyFlag,
  handler: ShardHandler,
): CommandSpec {
  return {
    ...declared,
    group: 'stream',
    keys: { first: KEY_WORD, last: KEY_WORD, step: 1, flags: ['RW', keyFlag] },
    placement: { at: 'key', handler },
  };
}

export const streamGroups = defineCommands([
  {
    name: 'xgroup',
    group: 'stream',
    since: '5.0.0',
    summary: 'A container for commands on consumer groups',
    complexity: 'Depends on subcommand',
    arity: -2,
    flags: [],
    subcommands: [
      subcommand(
        {
          ...{ name: 'create', since: '5.0.0', summary: 'Makes a consumer group', complexity: 'O(1)' },
          ...{ arity: -5, flags: ['write', 'denyoom'] },
          arguments: [
            ...[KEY, GROUP, ID_SELECTOR],
            { ...token('MKSTREAM'), optional: true },
            { name: 'entries-read', type: 'integer', token: 'ENTRIESREAD', optional: true },
          ],
          history: [['7.0.0', 'Added the `entries_read` named argument.']],
        },
        'insert',
        create,
      ),
      subcommand(
        {
          ...{
            name: 'createconsumer',
            since: '6.2.0',
            summary: 'Makes a consumer in a group',
            complexity: 'O(1)',
          },
          ...{ arity: 5, flags: ['write', 'denyoom'], arguments: [KEY, GROUP, CONSUMER] },
        },
        'insert',
        createConsumer,
      ),
      subcommand(
        {
          ...{ name: 'delconsumer', since: '5.0.0', complexity: 'O(1)', arity: 5, flags: ['write'] },
          summary: 'Removes a consumer from a group, with what is pending for it',
          arguments: [KEY, GROUP, CONSUMER],
        },
        'delete',
        deleteConsumer,
      ),
      subcommand(
        {
          ...{
            name: 'destroy',
            since: '5.0.0',
            summary: 'Removes a consumer group',
            arity: 4,
            flags: ['write'],
          },
          complexity: "O(N) where N is the number of entries in the group's pending entries list (PEL)",
          arguments: [KEY, GROUP],
        },
        'delete',
        destroy,
      ),
      helpSubcommand({ since: '5.0.0', group: 'stream', categories: ['stream'] }),
      subcommand(
        {
          ...{ name: 'setid', since: '5.0.0', complexity: 'O(1)', arity: -5, flags: ['write'] },
          summary: 'Sets the last id that was delivered to a group',
          arguments: [
            ...[KEY, GROUP, ID_SELECTOR],
            {
              name: 'entriesread',
              display: 'entries-read',
              type: 'integer',
              token: 'ENTRIESREAD',
              optional: true,
            },
          ],
          history: [['7.0.0', 'Added the optional `entries_read` argument.']],
        },
        'update',
        setId,
      ),
    ],
  },
]);

/** The stream whose group a subcommand is about; undefined, and answered, when there is nothing to do. */
function groupAt(
  context: ShardContext,
): { ref: number; stream: Stream; group: Group | undefined } | undefined {
  const { args, reply } = context;
  const ref = findStream(context, KEY_WORD);
  if (ref === REFUSED) return undefined;
  if (ref === ABSENT) {
    reply.error(STREAM.noKeyForGroup);
    return undefined;
  }
  const stream = streamOf(context, ref);
  const { bytes, starts, ends } = args;
  return { ref, stream, group: stream.group(bytes, starts[GROUP_WORD]!, ends[GROUP_WORD]!) };
}

/** The same where the group must be there. */
function groupThere(context: ShardContext): { ref: number; stream: Stream; group: Group } | undefined {
  const found = groupAt(context);
  if (found === undefined) return undefined;
  const { group } = found;
  if (group !== undefined) return { ...found, group };
  context.reply.error(noSuchGroup(context.args.text(KEY_WORD), context.args.text(GROUP_WORD)));
  return undefined;
}

interface GroupOptions {
  makesStream: boolean;
  entriesRead: number;
}

/** The words behind the id; or the text of an error. */
function readOptions({ args }: ShardContext, mayMakeStream: boolean): GroupOptions | string {
  const options: GroupOptions = { makesStream: false, entriesRead: NOT_KNOWN };
  for (let i = NEXT_WORD + 1; i < args.count; i++) {
    if (mayMakeStream && args.is(i, 'mkstream')) {
      options.makesStream = true;
    } else if (i + 1 < args.count && args.is(i, 'entriesread')) {
      const given = args.integer(++i);
      if (given === undefined) return NOT_AN_INTEGER;
      if (given < NOT_KNOWN) return STREAM.entriesReadNegative;
      options.entriesRead = Number(given);
    } else {
      return wrongWords(args);
    }
  }
  return options;
}

function wrongWords(args: Arguments): string {
  return unknownSubcommandOrArity(args.text(1), 'XGROUP');
}

/** The id in the word for it: `$` is the last one of the stream. */
function groupId(args: Arguments, stream: Stream | undefined): StreamId | undefined {
  if (isChar(args, NEXT_WORD, DOLLAR)) return stream?.lastId ?? FIRST_ID;
  return idIn(args, NEXT_WORD);
}

function create(context: ShardContext): void {
  const { args, reply } = context;
  const options = readOptions(context, true);
  if (typeof options === 'string') {
    reply.error(options);
    return;
  }
  const ref = findStream(context, KEY_WORD);
  if (ref === REFUSED) return;
  if (ref === ABSENT && !options.makesStream) {
    reply.error(STREAM.noKeyForGroup);
    return;
  }
  const stream = ref === ABSENT ? undefined : streamOf(context, ref);
  const id = groupId(args, stream);
  if (id === undefined) {
    reply.error(INVALID_STREAM_ID);
    return;
  }
  const name = args.copy(GROUP_WORD);
  if (stream?.group(name) !== undefined) {
    reply.error(STREAM.groupExists);
    return;
  }
  if (stream === undefined) {
    const made = new Stream(context.keyspace.objects.limits.stream);
    made.addGroup(new Group(name, id, options.entriesRead));
    storeStream(context, KEY_WORD, made);
  } else {
    parts.begin().bytes(name).part().id(id).number(options.entriesRead).part();
    changeByParts(context, KEY_WORD, ref, STREAM_GROUP_CREATE);
  }
  context.notify(EVENT.stream, 'xgroup-create', KEY_WORD);
  reply.ok();
}

function setId(context: ShardContext): void {
  const { args, reply } = context;
  const options = readOptions(context, false);
  if (typeof options === 'string') {
    reply.error(options);
    return;
  }
  const found = groupThere(context);
  if (found === undefined) return;
  const { group, ref, stream } = found;
  let id = groupId(args, stream);
  if (isChar(args, NEXT_WORD, MINUS)) id = FIRST_ID;
  else if (isChar(args, NEXT_WORD, PLUS)) id = LAST_ID;
  if (id === undefined) {
    reply.error(INVALID_STREAM_ID);
    return;
  }
  parts.begin().bytes(group.name).part().id(id).number(options.entriesRead).part();
  changeByParts(context, KEY_WORD, ref, STREAM_GROUP_SET_ID);
  context.notify(EVENT.stream, 'xgroup-setid', KEY_WORD);
  reply.ok();
}

function destroy(context: ShardContext): void {
  const found = groupAt(context);
  if (found === undefined) return;
  const { group, ref } = found;
  if (group === undefined) {
    context.reply.integer(0);
    return;
  }
  parts.begin().bytes(group.name).part();
  changeByParts(context, KEY_WORD, ref, STREAM_GROUP_DESTROY);
  context.notify(EVENT.stream, 'xgroup-destroy', KEY_WORD);
  context.reply.integer(1);
}

function createConsumer(context: ShardContext): void {
  const found = groupThere(context);
  if (found === undefined) return;
  const { args } = context;
  parts.begin().bytes(found.group.name).part();
  parts.bytes(args.bytes, args.starts[NEXT_WORD]!, args.ends[NEXT_WORD]!).part();
  parts.number(context.now()).part();
  const created = changeByParts(context, KEY_WORD, found.ref, STREAM_CONSUMER_CREATE);
  if (created > 0) context.notify(EVENT.stream, 'xgroup-createconsumer', KEY_WORD);
  context.reply.integer(created);
}

function deleteConsumer(context: ShardContext): void {
  const found = groupThere(context);
  if (found === undefined) return;
  const { args, reply } = context;
  const { group, ref } = found;
  const consumer = group.consumer(args.bytes, args.starts[NEXT_WORD]!, args.ends[NEXT_WORD]!);
  if (consumer === undefined) {
    reply.integer(0);
    return;
  }
  const pending = consumer.pending.size;
  parts.begin().bytes(group.name).part().bytes(consumer.name).part();
  changeByParts(context, KEY_WORD, ref, STREAM_CONSUMER_DELETE);
  context.notify(EVENT.stream, 'xgroup-delconsumer', KEY_WORD);
  reply.integer(pending);
}
