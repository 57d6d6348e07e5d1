/** Ids of entries as words of commands. */
import type { Arguments } from '../../protocol/arguments.ts';
import {
  INVALID_INTERVAL_END,
  INVALID_INTERVAL_START,
  INVALID_STREAM_ID,
} from '../../protocol/collection-errors.ts';
import {
  FIRST_ID,
  HALF_MAX,
  type Half,
  idAfter,
  idBefore,
  LAST_ID,
  parseHalf,
  parseId,
  type StreamId,
} from '../../types/stream-id.ts';

const PLUS = 43;
const MINUS = 45;
const STAR = 42;
const PARENTHESIS = 40;

/** The id in word `index`, where `missingSeq` completes one without a seq; undefined: it is none. */
export function idIn(args: Arguments, index: number, missingSeq: Half = 0): StreamId | undefined {
  return parseId(args.bytes, args.starts[index]!, args.ends[index]!, missingSeq);
}

/** Whether word `index` is this one character. */
export function isChar(args: Arguments, index: number, char: number): boolean {
  return args.length(index) === 1 && args.bytes[args.starts[index]!] === char;
}

/** The ids in all words from `first` on; undefined: one is none. */
export function idsFrom(args: Arguments, first: number): StreamId[] | undefined {
  const ids: StreamId[] = [];
  for (let i = first; i < args.count; i++) {
    const id = idIn(args, i);
    if (id === undefined) return undefined;
    ids.push(id);
  }
  return ids;
}

/** The `ms` of a word `ms-*`; undefined when it is no such word. */
export function msOfPartial(args: Arguments, index: number): Half | undefined {
  const { bytes } = args;
  const start = args.starts[index]!;
  const end = args.ends[index]!;
  if (end - start < 3 || bytes[end - 1] !== STAR || bytes[end - 2] !== MINUS) return undefined;
  return parseHalf(bytes, start, end - 2);
}

/** The first id of an interval, also `-`, or `(id` for what comes behind an id; or the text of an error. */
export function intervalStart(args: Arguments, index: number): StreamId | string {
  const limit = intervalLimit(args, index, 0);
  if (limit === undefined) return INVALID_STREAM_ID;
  if (!isExclusive(args, index)) return limit;
  return idAfter(limit) ?? INVALID_INTERVAL_START;
}

/** The same for the last id of an interval. */
export function intervalEnd(args: Arguments, index: number): StreamId | string {
  const limit = intervalLimit(args, index, HALF_MAX);
  if (limit === undefined) return INVALID_STREAM_ID;
  if (!isExclusive(args, index)) return limit;
  return idBefore(limit) ?? INVALID_INTERVAL_END;
}

function isExclusive(args: Arguments, index: number): boolean {
  return args.length(index) > 1 && args.bytes[args.starts[index]!] === PARENTHESIS;
}

function intervalLimit(args: Arguments, index: number, missingSeq: Half): StreamId | undefined {
  if (isExclusive(args, index)) {
    return parseId(args.bytes, args.starts[index]! + 1, args.ends[index]!, missingSeq);
  }
  if (isChar(args, index, MINUS)) return FIRST_ID;
  return isChar(args, index, PLUS) ? LAST_ID : idIn(args, index, missingSeq);
}
