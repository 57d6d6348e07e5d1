/** GETRANGE, SETRANGE: parts of strings. */

import type { Arguments } from '../protocol/arguments.ts';
import { NOT_AN_INTEGER, OFFSET_OUT_OF_RANGE, STRING_TOO_LONG, WRONG_TYPE } from '../protocol/errors.ts';
import type { ReplyWriter } from '../protocol/reply-writer.ts';
import { ABSENT } from '../store/keyspace.ts';
import { TYPE_STRING } from '../store/layout.ts';
import { createRange } from '../store/ranges.ts';
import type { KeyspaceView } from '../store/view.ts';
import { type ArgumentSpec, type CommandSpec, defineCommands } from './command.ts';
import type { ShardContext } from './context.ts';
import { KEY, oneKey, VALUE } from './declarations.ts';
import { findKey, refusesType } from './key-access.ts';
import { EVENT } from './keyspace-events.ts';

const EMPTY = new Uint8Array(0);

/** What GETRANGE and its first name have in common. */
const READER = {
  group: 'string',
  complexity: 'O(N) where N is the number of bytes returned',
  arity: 4,
  flags: ['readonly'],
  keys: oneKey('RO', 'access'),
  arguments: [KEY, { name: 'start', type: 'integer' }, { name: 'end', type: 'integer' }] as ArgumentSpec[],
  hasLongReply: true,
  placement: { at: 'key', handler: getRange, direct: getRangeDirect, directRoom: rangeBytes },
} as const satisfies Partial<CommandSpec>;

export const ranges = defineCommands([
  {
    ...READER,
    name: 'getrange',
    since: '2.4.0',
    summary: 'Returns a part of the string at a key, by its first and last byte',
  },
  {
    ...READER,
    name: 'substr',
    since: '1.0.0',
    summary: 'Returns a part of the string at a key, as GETRANGE does',
    deprecated: { since: '2.0.0', replacedBy: '`GETRANGE`' },
  },
  {
    name: 'setrange',
    group: 'string',
    since: '2.2.0',
    summary: 'Overwrites a part of the string at a key, from an offset on',
    complexity: 'O(N) where N is the number of bytes written, and those between the old end and the offset',
    arity: 4,
    flags: ['write', 'denyoom'],
    keys: oneKey('RW', 'update'),
    arguments: [KEY, { name: 'offset', type: 'integer' }, VALUE],
    placement: { at: 'key', handler: setRange },
  },
]);

/** A range that a client gave, cut to what there is. One instance is filled again and again. */
export class Range {
  first = 0;
  last = -1;

  /** Both ends are included, and count from the end when negative. False when nothing is in the range. */
  cut(first: number | bigint, last: number | bigint, length: number): boolean {
    // Before they are cut: two that are out of reach would become alike.
    if (first < 0 && last < 0 && first > last) return false;
    this.cutEnds(first, last, length);
    return this.first <= this.last;
  }

  /** The same, but two ends beyond the beginning both become it, whichever comes first. */
  cutEnds(first: number | bigint, last: number | bigint, length: number): void {
    this.first = cutEnd(first, length);
    this.last = Math.min(cutEnd(last, length), length - 1);
  }
}

function cutEnd(end: number | bigint, length: number): number {
  const number = Number(end);
  return number < 0 ? Math.max(0, length + number) : number;
}

const range = new Range();

/** Cuts words 2 and 3 to a string of `length`: whether there is anything in the range, undefined for no integers. */
function readRange(args: Arguments, length: number): boolean | undefined {
  const first = args.integer(2);
  const last = args.integer(3);
  return first === undefined || last === undefined ? undefined : range.cut(first, last, length);
}

function getRange(context: ShardContext): void {
  const { keyspace, args, reply } = context;
  if (readRange(args, 0) === undefined) {
    reply.error(NOT_AN_INTEGER);
    return;
  }
  const ref = findKey(context);
  if (refusesType(context, ref)) return;
  if (ref === ABSENT || !readRange(args, keyspace.valueLength(ref))) {
    reply.bulk(EMPTY);
    return;
  }
  const start = keyspace.valueStart(ref);
  reply.bulk(keyspace.bytesOf(ref), start + range.first, start + range.last + 1);
}

function rangeBytes(view: KeyspaceView, found: boolean, args: Arguments): number {
  if (!found || view.type !== TYPE_STRING || !readRange(args, view.valueLength)) return 0;
  return range.last - range.first + 1;
}

function getRangeDirect(
  reply: ReplyWriter,
  view: KeyspaceView,
  found: boolean,
  _nowMs: number,
  args: Arguments,
): void {
  const holds = readRange(args, found ? view.valueLength : 0);
  if (holds === undefined) reply.error(NOT_AN_INTEGER);
  else if (found && view.type !== TYPE_STRING) reply.error(WRONG_TYPE);
  else if (holds) reply.bulk(view.bytes, view.valueStart + range.first, view.valueStart + range.last + 1);
  else reply.bulk(EMPTY);
}

function setRange(context: ShardContext): void {
  const { keyspace, args, reply, db, hash } = context;
  const given = args.integer(2);
  if (given === undefined || given < 0) {
    reply.error(given === undefined ? NOT_AN_INTEGER : OFFSET_OUT_OF_RANGE);
    return;
  }
  const ref = findKey(context);
  if (refusesType(context, ref)) return;
  const bytes = args.length(3);
  const oldLength = ref === ABSENT ? 0 : keyspace.valueLength(ref);
  if (bytes === 0) {
    reply.integer(oldLength);
    return;
  }
  const offset = Number(given);
  const end = offset + bytes;
  if (end > context.stringBytesMax) {
    reply.error(STRING_TOO_LONG);
    return;
  }
  const from = args.starts[3]!;
  const to = args.ends[3]!;
  if (ref === ABSENT) {
    createRange(keyspace, db, args.bytes, args.starts[1]!, args.ends[1]!, hash, end, (target, start) =>
      target.set(args.bytes.subarray(from, to), start + offset),
    );
  } else {
    keyspace.writeRange(db, ref, hash, offset, args.bytes, from, to);
  }
  context.notify(EVENT.string, 'setrange', 1);
  reply.integer(Math.max(oldLength, end));
}
