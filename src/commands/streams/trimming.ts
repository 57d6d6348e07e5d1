/** What XADD and XTRIM have in common: how a stream is trimmed, and the words that say so. */
import type { Arguments } from '../../protocol/arguments.ts';
import { INVALID_STREAM_ID, NOT_AN_INTEGER, STREAM, SYNTAX_ERROR } from '../../protocol/errors.ts';
import { STREAM_DROP } from '../../types/stream-changes.ts';
import { FIRST_ID, type StreamId } from '../../types/stream-id.ts';
import type { StreamLimits } from '../../types/stream-limits.ts';
import type { ArgumentSpec } from '../command.ts';
import type { ShardContext } from '../context.ts';
import { token } from '../declarations.ts';
import { EVENT } from '../keyspace-events.ts';
import { idIn, isChar, msOfPartial } from './ids.ts';
import { changeByParts, parts, streamOf } from './stream-access.ts';

const EQUALS = 61;
const TILDE = 126;
const STAR = 42;

/** The arguments of trimming, as both commands document them. */
export const TRIM_ARGUMENTS: readonly ArgumentSpec[] = [
  { name: 'strategy', type: 'oneof', arguments: [token('MAXLEN'), token('MINID', '6.2.0')] },
  {
    name: 'operator',
    type: 'oneof',
    optional: true,
    arguments: [
      { name: 'equal', type: 'pure-token', token: '=' },
      { name: 'approximately', type: 'pure-token', token: '~' },
    ],
  },
  { name: 'threshold', type: 'string' },
  { name: 'count', type: 'integer', token: 'LIMIT', optional: true, since: '6.2.0' },
];

export interface TrimOptions {
  strategy: 'none' | 'length' | 'id';
  /** Whole nodes go, and others stay. */
  isRough: boolean;
  length: number;
  minId: StreamId;
  /** The most entries that go; 0: any number. */
  most: number;
  /** For XADD: makes no stream. */
  needsStream: boolean;
  /** For XADD: the word with the id. */
  idWord: number;
}

/** The words from 2 on, for XADD up to the id; or the text of an error. */
export function readTrimOptions(args: Arguments, isAdd: boolean, limits: StreamLimits): TrimOptions | string {
  const options: TrimOptions = {
    ...{ strategy: 'none', isRough: false, length: 0, minId: FIRST_ID, most: 0 },
    ...{ needsStream: false, idWord: args.count },
  };
  let hasLimit = false;
  for (let i = 2; i < args.count; i++) {
    const more = args.count - 1 - i;
    if (isAdd && isChar(args, i, STAR)) {
      options.idWord = i;
      break;
    }
    if (more > 0 && (args.is(i, 'maxlen') || args.is(i, 'minid'))) {
      const next = readThreshold(args, i, options);
      if (typeof next === 'string') return next;
      i = next;
    } else if (more > 0 && args.is(i, 'limit')) {
      const limit = args.integer(++i);
      if (limit === undefined) return NOT_AN_INTEGER;
      if (limit < 0) return STREAM.limitNegative;
      options.most = Number(limit);
      hasLimit = true;
    } else if (isAdd && args.is(i, 'nomkstream')) {
      options.needsStream = true;
    } else if (isAdd) {
      // What is no id is told before what is wrong with the options.
      if (msOfPartial(args, i) === undefined && idIn(args, i) === undefined) return INVALID_STREAM_ID;
      options.idWord = i;
      // Before what is wrong with the options.
      if (msOfPartial(args, i) === undefined && idIn(args, i) === undefined) return INVALID_STREAM_ID;
      break;
    } else {
      return SYNTAX_ERROR;
    }
  }
  return completed(options, isAdd, hasLimit, limits);
}

/** Reads MAXLEN or MINID in word `at` with what follows; returns the last word of it, or the text of an error. */
function readThreshold(args: Arguments, at: number, options: TrimOptions): number | string {
  if (options.strategy !== 'none') return STREAM.twoStrategies;
  let i = at + 1;
  if (args.count - 1 - at >= 2) {
    options.isRough = isChar(args, i, TILDE);
    if (options.isRough || isChar(args, i, EQUALS)) i++;
  }
  if (args.is(at, 'minid')) {
    const id = idIn(args, i);
    if (id === undefined) return INVALID_STREAM_ID;
    options.minId = id;
    options.strategy = 'id';
    return i;
  }
  const length = args.integer(i);
  if (length === undefined) return NOT_AN_INTEGER;
  if (length < 0) return STREAM.maxLenNegative;
  options.length = Number(length);
  options.strategy = 'length';
  return i;
}

function completed(
  options: TrimOptions,
  isAdd: boolean,
  hasLimit: boolean,
  limits: StreamLimits,
): TrimOptions | string {
  if (options.strategy === 'none') {
    if (options.most > 0) return STREAM.limitAlone;
    if (!isAdd) return STREAM.noStrategy;
  }
  if (hasLimit && !options.isRough) return STREAM.limitExact;
  if (!hasLimit && options.isRough) options.most = limits.trimmedMax;
  return options;
}

/** Trims the stream of the entry `ref`, that of the first key; returns how many entries went. */
export function trim(context: ShardContext, ref: number, options: TrimOptions): number {
  const stream = streamOf(context, ref);
  const { strategy, isRough, length, minId, most } = options;
  if (strategy === 'none') return 0;
  const count =
    strategy === 'length' ? stream.excess(length, isRough, most) : stream.countBefore(minId, isRough, most);
  if (count === 0) return 0;
  parts.begin();
  changeByParts(context, 1, ref, STREAM_DROP, count);
  context.notify(EVENT.stream, 'xtrim', 1);
  return count;
}
