/** XACK, XCLAIM, XAUTOCLAIM: what becomes of entries that were delivered. */
import type { Arguments } from '../../protocol/arguments.ts';
import {
  INVALID_STREAM_ID,
  invalidClaimArgument,
  STREAM,
  unrecognizedClaimOption,
} from '../../protocol/collection-errors.ts';
import { SYNTAX_ERROR } from '../../protocol/errors.ts';
import { ABSENT } from '../../store/keyspace.ts';
import { STREAM_ACKNOWLEDGE, STREAM_ASSIGN, STREAM_GROUP_SET_ID } from '../../types/stream-changes.ts';
import { compareIds, FIRST_ID, idText, type StreamId } from '../../types/stream-id.ts';
import type { Pending } from '../../types/stream-pending.ts';
import { REFUSED } from '../collection-access.ts';
import { type CommandSpec, defineCommands } from '../command.ts';
import type { ShardContext } from '../context.ts';
import { KEY, oneKey, token } from '../declarations.ts';
import { assigned, beginAssigning, seenConsumer } from './delivering.ts';
import { IDS } from './editing.ts';
import { writeEntryAt, writeId } from './entries.ts';
import { type FoundGroup, groupOrRefusal } from './group-access.ts';
import { idIn, idsFrom, intervalStart } from './ids.ts';
import { changeByParts, findStream, parts, streamOf } from './stream-access.ts';

const GROUP_WORD = 2;
const CONSUMER_WORD = 3;
const MIN_IDLE_WORD = 4;
/** How many entries XAUTOCLAIM looks at for each that it may claim. */
const LOOKS_FOR_EACH = 10;
const DEFAULT_COUNT = 100;
/** Redis's bound: what it multiplies the number with must not overflow. */
const COUNT_MAX = (2n ** 63n - 1n) / 16n;

const CLAIM = {
  group: 'stream',
  arity: -6,
  flags: ['write', 'fast'],
  tips: ['nondeterministic_output'],
  hasLongReply: true,
} as const satisfies Partial<CommandSpec>;

const CLAIMANT: CommandSpec['arguments'] = [
  KEY,
  { name: 'group', type: 'string' },
  { name: 'consumer', type: 'string' },
  { name: 'min-idle-time', type: 'string' },
];

export const streamClaiming = defineCommands([
  {
    name: 'xack',
    group: 'stream',
    since: '5.0.0',
    summary:
      'Takes note that entries which were delivered have been dealt with; returns how many were pending',
    complexity: 'O(1) for each message ID processed',
    arity: -4,
    flags: ['write', 'fast'],
    keys: oneKey('RW', 'update'),
    arguments: [KEY, { name: 'group', type: 'string' }, IDS],
    placement: { at: 'key', handler: acknowledge },
  },
  {
    ...CLAIM,
    name: 'xclaim',
    since: '5.0.0',
    summary: 'Lets entries be pending for another consumer, as if they had been delivered to it',
    complexity: 'O(log N) with N being the number of messages in the PEL of the consumer group',
    keys: oneKey('RW', 'update'),
    arguments: [
      ...CLAIMANT,
      IDS,
      { name: 'ms', type: 'integer', token: 'IDLE', optional: true },
      { name: 'unix-time-milliseconds', type: 'unix-time', token: 'TIME', optional: true },
      { name: 'count', type: 'integer', token: 'RETRYCOUNT', optional: true },
      { ...token('FORCE'), optional: true },
      { ...token('JUSTID'), optional: true },
      { name: 'lastid', type: 'string', token: 'LASTID', optional: true },
    ],
    placement: { at: 'key', handler: claim },
  },
  {
    ...CLAIM,
    name: 'xautoclaim',
    since: '6.2.0',
    summary: 'Lets entries that have been pending for long be pending for another consumer',
    complexity: 'O(1) if COUNT is small',
    keys: oneKey('RW', 'delete'),
    arguments: [
      ...CLAIMANT,
      { name: 'start', type: 'string' },
      { name: 'count', type: 'integer', token: 'COUNT', optional: true },
      { ...token('JUSTID'), optional: true },
    ],
    history: [
      [
        '7.0.0',
        'Added an element to the reply array, containing deleted entries the command cleared from the PEL',
      ],
    ],
    placement: { at: 'key', handler: autoClaim },
  },
]);

function acknowledge(context: ShardContext): void {
  const { args, reply } = context;
  const ref = findStream(context);
  if (ref === REFUSED) return;
  const { bytes, starts, ends } = args;
  const group =
    ref === ABSENT ? undefined : streamOf(context, ref).group(bytes, starts[GROUP_WORD]!, ends[GROUP_WORD]!);
  if (group === undefined) {
    reply.integer(0);
    return;
  }
  const ids = idsFrom(args, GROUP_WORD + 1);
  if (ids === undefined) reply.error(INVALID_STREAM_ID);
  else reply.integer(forget(context, { ref, stream: streamOf(context, ref), group }, ids));
}

/** Lets entries be pending no more; returns how many were. */
function forget(context: ShardContext, { ref, group }: FoundGroup, ids: readonly StreamId[]): number {
  if (ids.length === 0) return 0;
  parts.begin().bytes(group.name).part();
  for (const id of ids) parts.id(id);
  parts.part();
  return changeByParts(context, 1, ref, STREAM_ACKNOWLEDGE);
}

interface ClaimRequest {
  readonly minIdleMs: number;
  readonly ids: readonly StreamId[];
  /** Milliseconds since 1970; undefined: now. */
  deliveredAt: number | undefined;
  deliveries: number | undefined;
  isForced: boolean;
  justIds: boolean;
  lastId: StreamId;
}

function claim(context: ShardContext): void {
  const found = groupOrRefusal(context, GROUP_WORD);
  if (found === undefined) return;
  const request = readClaim(context.args, context.now());
  if (typeof request === 'string') {
    context.reply.error(request);
    return;
  }
  claimWith(context, found, request);
}

function readClaim(args: Arguments, nowMs: number): ClaimRequest | string {
  const minIdle = args.integer(MIN_IDLE_WORD);
  if (minIdle === undefined) return invalidClaimArgument('min-idle-time argument', 'XCLAIM');
  const ids: StreamId[] = [];
  let i = MIN_IDLE_WORD + 1;
  for (; i < args.count; i++) {
    const id = idIn(args, i);
    if (id === undefined) break;
    ids.push(id);
  }
  const request: ClaimRequest = {
    ...{ minIdleMs: Math.max(0, Number(minIdle)), ids, lastId: FIRST_ID },
    ...{ deliveredAt: undefined, deliveries: undefined, isForced: false, justIds: false },
  };
  for (; i < args.count; i++) {
    if (args.is(i, 'force')) request.isForced = true;
    else if (args.is(i, 'justid')) request.justIds = true;
    else if (i + 1 < args.count && isValueOption(args, i)) {
      const problem = readValueOption(args, i++, request, nowMs);
      if (problem !== undefined) return problem;
    } else return unrecognizedClaimOption(args.text(i));
  }
  // As in Redis, what cannot be is now.
  const { deliveredAt } = request;
  if (deliveredAt !== undefined && (deliveredAt < 0 || deliveredAt > nowMs)) request.deliveredAt = nowMs;
  return request;
}

const VALUE_OPTIONS = ['idle', 'time', 'retrycount', 'lastid'];

function isValueOption(args: Arguments, index: number): boolean {
  return VALUE_OPTIONS.some((option) => args.is(index, option));
}

function readValueOption(
  args: Arguments,
  index: number,
  request: ClaimRequest,
  nowMs: number,
): string | undefined {
  if (args.is(index, 'lastid')) {
    const id = idIn(args, index + 1);
    if (id === undefined) return INVALID_STREAM_ID;
    request.lastId = id;
    return undefined;
  }
  const given = args.integer(index + 1);
  if (given === undefined) {
    return invalidClaimArgument(`${args.text(index).toUpperCase()} option argument`, 'XCLAIM');
  }
  const value = Number(given);
  if (args.is(index, 'retrycount')) request.deliveries = value >= 0 ? value : undefined;
  else if (args.is(index, 'time')) request.deliveredAt = value === -1 ? undefined : value;
  else request.deliveredAt = nowMs - value;
  return undefined;
}

function claimWith(context: ShardContext, found: FoundGroup, request: ClaimRequest): void {
  const { reply } = context;
  const { ref, stream, group } = found;
  const nowMs = context.now();
  if (compareIds(request.lastId, group.lastId) > 0) {
    parts.begin().bytes(group.name).part().id(request.lastId).number(group.entriesRead).part();
    changeByParts(context, 1, ref, STREAM_GROUP_SET_ID);
  }
  const consumer = seenConsumer(context, 1, ref, group, CONSUMER_WORD);
  const gone: StreamId[] = [];
  const claimed: StreamId[] = [];
  const deliveries = new Map<string, number>();
  const deliveredAt = request.deliveredAt ?? nowMs;
  for (const id of request.ids) {
    const pending = group.pending.find(id);
    if (!stream.has(id)) {
      if (pending !== undefined) gone.push(id);
      continue;
    }
    if (pending === undefined && !request.isForced) continue;
    // One that is named twice is claimed from what it has become.
    const name = idText(id);
    const before = deliveries.get(name);
    const since = before === undefined ? pending?.deliveredAt : deliveredAt;
    if (since !== undefined && nowMs - since < request.minIdleMs) continue;
    const known = before ?? pending?.deliveries ?? 1;
    deliveries.set(name, request.deliveries ?? known + (request.justIds ? 0 : 1));
    claimed.push(id);
  }
  forget(context, found, gone);
  if (claimed.length > 0) {
    beginAssigning(group, consumer, nowMs);
    for (const id of claimed) assigned(id, deliveredAt, deliveries.get(idText(id))!);
    parts.part();
    changeByParts(context, 1, ref, STREAM_ASSIGN, 1);
  }
  reply.array(claimed.length);
  for (const id of claimed) {
    if (request.justIds) writeId(reply, id);
    else writeEntryAt(reply, stream, id);
  }
}

interface AutoClaimRequest {
  readonly minIdleMs: number;
  readonly start: StreamId;
  count: number;
  justIds: boolean;
}

function readAutoClaim(args: Arguments): AutoClaimRequest | string {
  const minIdle = args.integer(MIN_IDLE_WORD);
  if (minIdle === undefined) return invalidClaimArgument('min-idle-time argument', 'XAUTOCLAIM');
  const start = intervalStart(args, MIN_IDLE_WORD + 1);
  if (typeof start === 'string') return start;
  const request: AutoClaimRequest = {
    ...{ minIdleMs: Math.max(0, Number(minIdle)), start, count: DEFAULT_COUNT, justIds: false },
  };
  for (let i = MIN_IDLE_WORD + 2; i < args.count; i++) {
    if (args.is(i, 'count') && i + 1 < args.count) {
      const count = args.integer(++i);
      if (count === undefined || count < 1 || count > COUNT_MAX) return STREAM.countNotPositive;
      request.count = Number(count);
    } else if (args.is(i, 'justid')) {
      request.justIds = true;
    } else {
      return SYNTAX_ERROR;
    }
  }
  return request;
}

function autoClaim(context: ShardContext): void {
  const { args, reply } = context;
  const request = readAutoClaim(args);
  if (typeof request === 'string') {
    reply.error(request);
    return;
  }
  const found = groupOrRefusal(context, GROUP_WORD);
  if (found === undefined) return;
  const { ref, stream, group } = found;
  const nowMs = context.now();
  const consumer = seenConsumer(context, 1, ref, group, CONSUMER_WORD);
  const gone: StreamId[] = [];
  const claimed: Pending[] = [];
  let next: StreamId = FIRST_ID;
  let looks = request.count * LOOKS_FOR_EACH;
  for (const pending of group.pending.from(request.start)) {
    if (looks-- === 0 || gone.length + claimed.length === request.count) {
      next = pending;
      break;
    }
    if (!stream.has(pending)) gone.push(pending);
    else if (nowMs - pending.deliveredAt >= request.minIdleMs) claimed.push(pending);
  }
  forget(context, found, gone);
  if (claimed.length > 0) {
    beginAssigning(group, consumer, nowMs);
    for (const each of claimed) assigned(each, nowMs, each.deliveries + (request.justIds ? 0 : 1));
    parts.part();
    changeByParts(context, 1, ref, STREAM_ASSIGN, 1);
  }
  reply.array(3);
  writeId(reply, next);
  reply.array(claimed.length);
  for (const each of claimed) {
    if (request.justIds) writeId(reply, each);
    else writeEntryAt(reply, stream, each);
  }
  reply.array(gone.length);
  for (const id of gone) writeId(reply, id);
}
