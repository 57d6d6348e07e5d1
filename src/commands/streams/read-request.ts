/** The words of XREAD and XREADGROUP. */
import type { Arguments } from '../../protocol/arguments.ts';
import { STREAM, unbalancedStreams } from '../../protocol/collection-errors.ts';
import {
  NOT_AN_INTEGER,
  SYNTAX_ERROR,
  TIMEOUT_NEGATIVE,
  TIMEOUT_NOT_INTEGER,
  TIMEOUT_OUT_OF_RANGE,
} from '../../protocol/errors.ts';

export interface ReadRequest {
  /** The word of the first key, and how many there are; as many ids follow. */
  firstKey: number;
  streams: number;
  /** The most entries of each stream; 0: any number. */
  most: number;
  /** The word of the group's name, in front of the consumer's; 0: there is none. */
  group: number;
  noAck: boolean;
  /** Milliseconds; 0: for ever; undefined: it does not wait. */
  timeoutMs: number | undefined;
}

/** What `name`, `xread` or `xreadgroup`, is asked for; or the text of an error. */
export function readRequest(args: Arguments, name: string): ReadRequest | string {
  const isGroup = name === 'xreadgroup';
  const request: ReadRequest = {
    ...{ firstKey: 0, streams: 0, most: 0, group: 0, noAck: false, timeoutMs: undefined },
  };
  for (let i = 1; i < args.count && request.firstKey === 0; i++) {
    const more = args.count - 1 - i;
    if (more > 0 && args.is(i, 'block')) {
      const timeout = readTimeout(args, ++i);
      if (typeof timeout === 'string') return timeout;
      request.timeoutMs = timeout;
    } else if (more > 0 && args.is(i, 'count')) {
      const count = args.integer(++i);
      if (count === undefined) return NOT_AN_INTEGER;
      request.most = Math.max(0, Number(count));
    } else if (more > 0 && args.is(i, 'streams')) {
      if (more % 2 !== 0) return unbalancedStreams(name);
      request.firstKey = i + 1;
      request.streams = more / 2;
    } else if (more >= 2 && args.is(i, 'group')) {
      if (!isGroup) return STREAM.groupOutsideOfGroupRead;
      request.group = i + 1;
      i += 2;
    } else if (args.is(i, 'noack')) {
      if (!isGroup) return STREAM.noAckOutsideOfGroupRead;
      request.noAck = true;
    } else {
      return SYNTAX_ERROR;
    }
  }
  if (request.firstKey === 0) return SYNTAX_ERROR;
  return isGroup && request.group === 0 ? STREAM.missingGroup : request;
}

const INT64_MAX = 2 ** 63;

function readTimeout(args: Arguments, index: number): number | string {
  const timeout = args.integer(index);
  if (timeout === undefined) return TIMEOUT_NOT_INTEGER;
  if (timeout < 0) return TIMEOUT_NEGATIVE;
  return Number(timeout) + Date.now() >= INT64_MAX ? TIMEOUT_OUT_OF_RANGE : Number(timeout);
}

/** The words that are keys; none where the words are wrong. */
export function streamKeys(args: Arguments): readonly number[] {
  for (let i = 1; i < args.count; i++) {
    if (args.is(i, 'block') || args.is(i, 'count')) i++;
    else if (args.is(i, 'group')) i += 2;
    else if (args.is(i, 'streams')) {
      // Also of a list that is not balanced Redis takes the first half for keys.
      return Array.from({ length: (args.count - 1 - i) >>> 1 }, (_, stream) => i + 1 + stream);
    } else if (!args.is(i, 'noack')) return [];
  }
  return [];
}
