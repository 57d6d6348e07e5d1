/**
 * XREAD and XREADGROUP: reading several streams, on several shards, at one instant, and waiting for entries.
 *
 * What is on other shards is read by the same command, run there for one stream. When it is tried again because there is
 * something new, only the streams of the one shard where that is are looked at.
 */
import type { Arguments } from '../../protocol/arguments.ts';
import { INVALID_STREAM_ID, noGroupToRead, STREAM, WRONG_TYPE } from '../../protocol/errors.ts';
import { firstElement, isErrorReply } from '../../protocol/reply-reader.ts';
import { ABSENT } from '../../store/keyspace.ts';
import { TYPE_STREAM } from '../../store/layout.ts';
import type { Collection } from '../../types/collection.ts';
import type { Stream } from '../../types/stream.ts';
import type { Consumer, Group } from '../../types/stream-groups.ts';
import { FIRST_ID, idAfter, idText, LAST_ID, type StreamId } from '../../types/stream-id.ts';
import { type ArgumentSpec, type CommandSpec, defineCommands, type Placement } from '../command.ts';
import type { ShardContext } from '../context.ts';
import { token } from '../declarations.ts';
import { findKey } from '../key-access.ts';
import { type ConsumerRead, deliverAgain, deliverNew, seenConsumer } from './delivering.ts';
import { writeRange } from './entries.ts';
import { idIn, isChar } from './ids.ts';
import { type ReadRequest, readRequest, streamKeys } from './read-request.ts';
import { streamOf } from './stream-access.ts';

const DOLLAR = 36;
const GREATER = 62;

const COUNT: ArgumentSpec = { name: 'count', type: 'integer', token: 'COUNT', optional: true };
const BLOCK: ArgumentSpec = { name: 'milliseconds', type: 'integer', token: 'BLOCK', optional: true };
const STREAMS: ArgumentSpec = {
  name: 'streams',
  type: 'block',
  token: 'STREAMS',
  arguments: [
    { name: 'key', type: 'key', multiple: true },
    { name: 'ID', type: 'string', multiple: true },
  ],
};

function keysBehindStreams(startFrom: number): CommandSpec['keys'] {
  const flags = ['RO', 'access'] as const;
  const positions = { first: 0, last: -1, step: 1, limit: 2 };
  return {
    ...{ first: 0, last: 0, step: 0, flags },
    specifications: [{ keyword: { word: 'STREAMS', startFrom }, positions, flags }],
    find: streamKeys,
  };
}

export const streamMultiReading = defineCommands([
  {
    name: 'xread',
    group: 'stream',
    since: '5.0.0',
    summary:
      'Returns entries of streams behind given ids; waits for some if there are none and BLOCK is given',
    complexity: 'O(N) with N being the number of elements returned',
    arity: -4,
    flags: ['blocking', 'readonly', 'movablekeys'],
    keys: keysBehindStreams(1)!,
    arguments: [COUNT, BLOCK, STREAMS],
    check: (args) => problemOf(args, 'xread'),
    placement: waits('xread', { settle: settleLastIds }),
  },
  {
    name: 'xreadgroup',
    group: 'stream',
    since: '5.0.0',
    summary:
      'Returns entries of streams that are new to a group, or pending for a consumer; waits for new ones if BLOCK is given',
    complexity:
      'For each stream mentioned: O(M) with M being the number of elements returned. When it waits, XADD takes O(N) to serve the N clients that wait for the stream',
    arity: -7,
    flags: ['blocking', 'write', 'movablekeys'],
    keys: keysBehindStreams(4)!,
    arguments: [
      {
        name: 'group-block',
        type: 'block',
        token: 'GROUP',
        arguments: [
          { name: 'group', type: 'string' },
          { name: 'consumer', type: 'string' },
        ],
      },
      COUNT,
      BLOCK,
      { ...token('NOACK'), optional: true },
      STREAMS,
    ],
    check: (args) => problemOf(args, 'xreadgroup'),
    placement: waits('xreadgroup', { needsKeys: true }),
  },
]);

type BlockingPlacement = Extract<Placement, { at: 'blocking' }>;

function waits(name: string, more: Pick<BlockingPlacement, 'settle' | 'needsKeys'>): Placement {
  return {
    at: 'blocking',
    handler: (context) => read(context, name),
    waits: (args) => timeoutOf(args, name) !== undefined,
    timeoutMs: (args) => timeoutOf(args, name) ?? 0,
    awaitedType: TYPE_STREAM,
    ...more,
  };
}

function timeoutOf(args: Arguments, name: string): number | undefined {
  const request = readRequest(args, name);
  return typeof request === 'string' ? undefined : request.timeoutMs;
}

function problemOf(args: Arguments, name: string): string | undefined {
  const request = readRequest(args, name);
  return typeof request === 'string' ? request : undefined;
}

/** `$` becomes the last id that the stream has now. */
function settleLastIds(args: Arguments, valueAt: (word: number) => Collection | undefined): Uint8Array[] {
  const words = Array.from({ length: args.count }, (_, i) => args.copy(i));
  const keys = streamKeys(args);
  for (const key of keys) {
    const word = key + keys.length;
    if (!isChar(args, word, DOLLAR)) continue;
    const value = valueAt(key);
    const id = value?.type === TYPE_STREAM ? (value as Stream).lastId : FIRST_ID;
    words[word] = Buffer.from(idText(id), 'latin1');
  }
  return words;
}

/** Writes what there is of one stream: its key, and an array of entries. */
type Answer = () => void;

/** One stream of a request. */
interface Source {
  readonly key: number;
  /** Entries behind it are wanted; undefined: those behind what the group has read. */
  readonly behind: StreamId | undefined;
  /** Undefined: the stream is on another shard. */
  readonly local: { readonly ref: number; readonly group: Group | undefined } | undefined;
}

function read(context: ShardContext, name: string): void {
  const { args, reply, waiting } = context;
  const request = readRequest(args, name);
  if (typeof request === 'string') {
    reply.error(request);
    return;
  }
  const sources: Source[] = [];
  for (let i = 0; i < request.streams; i++) {
    const key = request.firstKey + i;
    if (!waiting.reaches(key)) continue;
    const source = look(context, request, key);
    if (typeof source === 'string') {
      if (waiting.claim()) reply.error(source);
      return;
    }
    sources.push(source);
  }
  const answers: Answer[] = [];
  const planned = new Map<Group, number>();
  for (const source of sources) {
    const answer =
      source.local === undefined
        ? readThere(context, request, name, source)
        : readHere(context, request, source, source.local, planned);
    if (answer !== undefined) answers.push(answer);
  }
  if (answers.length === 0) {
    if (!waiting.wait()) reply.nullArray();
    return;
  }
  if (!waiting.claim()) return;
  if (reply.resp === 3) reply.map(answers.length);
  else reply.array(answers.length);
  for (const answer of answers) answer();
}

/** Finds a stream and the id behind which entries are wanted; or the text of an error. */
function look(context: ShardContext, request: ReadRequest, key: number): Source | string {
  const { args } = context;
  const { bytes, starts, ends } = args;
  const isHere = context.owns(bytes.subarray(starts[key]!, ends[key]!));
  const ref = isHere ? findKey(context, key) : ABSENT;
  const type = isHere
    ? ref === ABSENT
      ? undefined
      : context.keyspace.typeOf(ref)
    : context.together.typeOf(key);
  if (type !== undefined && type !== TYPE_STREAM) return WRONG_TYPE;
  let group: Group | undefined;
  if (request.group !== 0) {
    const name = request.group;
    if (isHere && ref !== ABSENT) group = streamOf(context, ref).group(bytes, starts[name]!, ends[name]!);
    const hasGroup = isHere ? group !== undefined : type !== undefined && hasGroupThere(context, key, name);
    if (!hasGroup) return noGroupToRead(args.text(key), args.text(name));
  }
  const idWord = key + request.streams;
  const local = isHere ? { ref, group } : undefined;
  if (isChar(args, idWord, DOLLAR)) {
    if (request.group !== 0) return STREAM.dollarInGroup;
    const lastId = isHere && ref !== ABSENT ? streamOf(context, ref).lastId : LAST_ID;
    return { key, behind: lastId, local };
  }
  if (isChar(args, idWord, GREATER)) {
    return request.group === 0 ? STREAM.newOutsideOfGroup : { key, behind: undefined, local };
  }
  const behind = idIn(args, idWord);
  return behind === undefined ? INVALID_STREAM_ID : { key, behind, local };
}

function hasGroupThere({ args, together }: ShardContext, key: number, name: number): boolean {
  return !isErrorReply(together.run('xpending', args.copy(key), args.copy(name)));
}

/**
 * Undefined: there is nothing to answer. `planned` has how many new entries of each group those before in the request take: a stream
 * may be named twice.
 */
function readHere(
  context: ShardContext,
  request: ReadRequest,
  { key, behind }: Source,
  { ref, group }: NonNullable<Source['local']>,
  planned: Map<Group, number>,
): Answer | undefined {
  if (ref === ABSENT) return undefined;
  const { args, reply } = context;
  const stream = streamOf(context, ref);
  if (group === undefined) {
    if (behind === undefined || !stream.hasBehind(behind)) return undefined;
    return () => {
      writeKey(context, key);
      writeRange(reply, stream, idAfter(behind)!, LAST_ID, request.most, false);
    };
  }
  // All ids that there are: as if it were the sign for new ones.
  const isNew = behind === undefined || (behind.ms === LAST_ID.ms && behind.seq === LAST_ID.seq);
  const before = planned.get(group) ?? 0;
  if (isNew && !hasMore(stream, group.lastId, before)) {
    seenConsumer(context, key, ref, group, request.group + 1);
    return undefined;
  }
  if (isNew) planned.set(group, before + (request.most === 0 ? Infinity : request.most));
  const consumerRead: ConsumerRead = {
    ...{ word: key, ref, stream, group },
    ...{ most: request.most, noAck: request.noAck },
  };
  return () => {
    const consumer: Consumer = seenConsumer(context, key, ref, group, request.group + 1);
    writeKey(context, key);
    if (isNew) deliverNew(context, consumerRead, consumer);
    else deliverAgain(context, consumerRead, consumer, behind);
  };

  function writeKey(to: ShardContext, word: number): void {
    if (to.reply.resp === 2) to.reply.array(2);
    to.reply.bulk(args.bytes, args.starts[word]!, args.ends[word]!);
  }
}

/** Whether there are more than `count` entries behind an id. */
function hasMore(stream: Stream, id: StreamId, count: number): boolean {
  if (count === 0) return stream.hasBehind(id);
  return count !== Infinity && stream.countBetween(idAfter(id)!, LAST_ID, count + 1) > count;
}

/** The same for a stream on another shard. */
function readThere(
  context: ShardContext,
  request: ReadRequest,
  name: string,
  { key }: Source,
): Answer | undefined {
  const { args, reply, together } = context;
  const words: Uint8Array[] = [];
  if (request.group !== 0) {
    words.push(Buffer.from('GROUP'), args.copy(request.group), args.copy(request.group + 1));
    if (request.noAck) words.push(Buffer.from('NOACK'));
  }
  words.push(Buffer.from('COUNT'), Buffer.from(String(request.most)), Buffer.from('STREAMS'));
  words.push(args.copy(key), args.copy(key + request.streams));
  const found = together.runAt(key, name, words, reply.resp);
  // A null in either version.
  if (found[1] !== ONE) return undefined;
  return () => reply.raw(found, firstElement(found, 0));
}

/** The digit of the number of streams in a reply that has some. */
const ONE = 49;
