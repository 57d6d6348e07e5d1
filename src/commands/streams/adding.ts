/** XADD. */
import { INVALID_STREAM_ID, STREAM } from '../../protocol/collection-errors.ts';
import { wrongArity } from '../../protocol/errors.ts';
import { ABSENT } from '../../store/keyspace.ts';
import { Stream } from '../../types/stream.ts';
import { fitsNumbers, OPERATION_BITS, STREAM_ADD, STREAM_ADD_AT } from '../../types/stream-changes.ts';
import { compareIds, HALF_MAX, idAfter, isZeroId, nextHalf, type StreamId } from '../../types/stream-id.ts';
import { NODE_BYTES_MAX } from '../../types/stream-limits.ts';
import { by, change, REFUSED } from '../collection-access.ts';
import { defineCommands } from '../command.ts';
import type { ShardContext } from '../context.ts';
import { KEY, oneKey, token } from '../declarations.ts';
import { EVENT } from '../keyspace-events.ts';
import { writeId } from './entries.ts';
import { idIn, isChar, msOfPartial } from './ids.ts';
import { changeByParts, findStream, parts, storeStream, streamOf } from './stream-access.ts';
import { readTrimOptions, TRIM_ARGUMENTS, type TrimOptions, trim } from './trimming.ts';

const STAR = 42;
const WORD = 2 ** 32;

export const streamAdding = defineCommands([
  {
    name: 'xadd',
    group: 'stream',
    since: '5.0.0',
    summary: 'Appends an entry to a stream; makes the stream if there is none',
    complexity:
      'O(1) when adding a new entry, O(N) when trimming where N being the number of entries evicted',
    arity: -5,
    flags: ['write', 'denyoom', 'fast'],
    keys: {
      ...oneKey('RW', 'update'),
      notes: 'UPDATE instead of INSERT because of the optional trimming feature',
    },
    arguments: [
      KEY,
      { ...token('NOMKSTREAM', '6.2.0'), optional: true },
      { name: 'trim', type: 'block', optional: true, arguments: TRIM_ARGUMENTS },
      {
        name: 'id-selector',
        type: 'oneof',
        arguments: [
          { name: 'auto-id', type: 'pure-token', token: '*' },
          { name: 'id', type: 'string' },
        ],
      },
      {
        name: 'data',
        type: 'block',
        multiple: true,
        arguments: [
          { name: 'field', type: 'string' },
          { name: 'value', type: 'string' },
        ],
      },
    ],
    history: [
      ['6.2.0', 'Added the `NOMKSTREAM` option, `MINID` trimming strategy and the `LIMIT` option.'],
      ['7.0.0', 'Added support for the `<ms>-*` explicit ID form.'],
    ],
    tips: ['nondeterministic_output'],
    placement: { at: 'key', handler: add },
  },
]);

/** Only the id, made by the server, stands before the names. */
const NO_OPTIONS: TrimOptions = {
  ...{ strategy: 'none', isRough: false, length: 0, minId: { ms: 0, seq: 0 }, most: 0 },
  ...{ needsStream: false, idWord: 2 },
};

function add(context: ShardContext): void {
  const { args, reply } = context;
  const options = isChar(args, 2, STAR)
    ? NO_OPTIONS
    : readTrimOptions(args, true, context.keyspace.objects.limits.stream);
  if (typeof options === 'string') {
    reply.error(options);
    return;
  }
  const { idWord } = options;
  const given = wordId(context, idWord);
  if (typeof given === 'string') {
    reply.error(given);
    return;
  }
  const words = args.count - idWord - 1;
  if (words < 2 || words % 2 === 1) {
    reply.error(wrongArity(context.commandName));
    return;
  }
  if (given?.hasSeq && isZeroId(given)) {
    reply.error(STREAM.zeroId);
    return;
  }
  const ref = findStream(context);
  if (ref === REFUSED) return;
  if (ref === ABSENT && options.needsStream) {
    reply.null();
    return;
  }
  append(context, ref, options, given);
}

interface GivenId extends StreamId {
  readonly hasSeq: boolean;
}

/** The id in word `index`; undefined for `*`; the text of an error. */
function wordId({ args }: ShardContext, index: number): GivenId | string | undefined {
  if (index >= args.count) return undefined;
  if (isChar(args, index, STAR)) return undefined;
  const ms = msOfPartial(args, index);
  if (ms !== undefined) return { ms, seq: 0, hasSeq: false };
  const id = idIn(args, index);
  return id === undefined ? INVALID_STREAM_ID : { ...id, hasSeq: true };
}

function append(context: ShardContext, ref: number, options: TrimOptions, given: GivenId | undefined): void {
  const { args, reply } = context;
  const stream = ref === ABSENT ? new Stream(context.keyspace.objects.limits.stream) : streamOf(context, ref);
  const { lastId } = stream;
  if (lastId.ms === HALF_MAX && lastId.seq === HALF_MAX) {
    reply.error(STREAM.exhausted);
    return;
  }
  const id = given === undefined ? generatedId(lastId, context.now()) : completedId(lastId, given);
  if (id === undefined || compareIds(id, lastId) <= 0) {
    reply.error(STREAM.idTooLow);
    return;
  }
  const from = options.idWord + 1;
  // Lengths of all words but those before; what stands between them counts little.
  if (args.ends[args.count - 1]! - args.starts[from]! > NODE_BYTES_MAX) {
    reply.error(STREAM.tooLarge);
    return;
  }
  let at = ref;
  if (ref === ABSENT) {
    stream.append(id.ms, id.seq, args, from, args.count);
    at = storeStream(context, 1, stream);
  } else {
    appendTo(context, ref, id, from);
  }
  context.notify(EVENT.stream, 'xadd', 1);
  if (options.strategy !== 'none') trim(context, at, options);
  writeId(reply, id);
}

function appendTo(context: ShardContext, ref: number, id: StreamId, from: number): void {
  const { args } = context;
  if (fitsNumbers(id)) {
    const ms = id.ms as number;
    const high = Math.floor(ms / WORD);
    const operation = STREAM_ADD + high * (1 << OPERATION_BITS);
    change(context, 1, ref, by(operation, ms - high * WORD, id.seq as number).with(args, from, args.count));
    return;
  }
  parts.begin(args.count).id(id).part();
  for (let i = from; i < args.count; i++) parts.bytes(args.bytes, args.starts[i]!, args.ends[i]!).part();
  changeByParts(context, 1, ref, STREAM_ADD_AT);
}

/** The id for `*`: the time, unless the last one is not before it. */
function generatedId(lastId: StreamId, nowMs: number): StreamId | undefined {
  return nowMs > lastId.ms ? { ms: nowMs, seq: 0 } : idAfter(lastId);
}

/** An id whose seq is the next one where it is not given. */
function completedId(lastId: StreamId, given: GivenId): StreamId | undefined {
  if (given.hasSeq || given.ms !== lastId.ms) return given;
  const seq = nextHalf(lastId.seq);
  return seq === undefined ? undefined : { ms: given.ms, seq };
}
