/**
 * What a conformance case is: command lines that are sent to a real Redis and to ours, and how far their
 * replies must agree. Lines are written as one would type them into redis-cli.
 */
import { splitWords } from '../../src/base/words.ts';
import type { Word } from '../support/client.ts';
import type { Reply } from '../support/decoder.ts';

export interface Line {
  readonly words: readonly Word[];
  /** Applied to both replies (exact ones, see decoder.ts) before they are compared. */
  readonly transform?: (reply: Reply) => Reply;
  /** Positive integers may be apart by this many, and by what the clock moved on during the case. */
  readonly within?: { readonly amount: number; readonly unitMs: number };
  /** The line is a SCAN: it is repeated with each cursor until 0, and all elements are compared. */
  readonly isScan?: boolean;
  /** Why our reply is another one than Redis's; `reply` says which. */
  readonly difference?: string;
  readonly reply?: Reply | RegExp;
}

/** Words of a line with redis-cli's quotes. */
export function words(line: string): Buffer[] {
  const bytes = Buffer.from(line, 'latin1');
  const split = splitWords(bytes, 0, bytes.length);
  if (split === undefined) throw new Error(`unbalanced quotes in a case: ${line}`);
  return split.map((word) => Buffer.from(word));
}

export function line(text: string | readonly Word[], options: Omit<Line, 'words'> = {}): Line {
  return { words: typeof text === 'string' ? words(text) : text, ...options };
}

/** A remaining or absolute time in milliseconds, or in seconds. */
export function milliseconds(text: string): Line {
  return line(text, { within: { amount: 50, unitMs: 1 } });
}

export function seconds(text: string): Line {
  return line(text, { within: { amount: 1, unitMs: 1000 } });
}

/** The order of the reply's elements, at any depth, is not defined. */
export function unordered(text: string): Line {
  return line(text, { transform: sortDeep });
}

export function sortDeep(reply: Reply): Reply {
  if (Array.isArray(reply)) return reply.map(sortDeep).sort(byText);
  if (isAggregate(reply)) {
    const items = reply.type === 'map' ? sortPairs(reply.items) : reply.items.map(sortDeep).sort(byText);
    return { type: reply.type, items };
  }
  return reply;
}

function sortPairs(items: readonly Reply[]): Reply[] {
  const pairs: Reply[][] = [];
  for (let i = 0; i < items.length; i += 2) pairs.push([items[i]!, sortDeep(items[i + 1]!)]);
  return pairs.sort(byText).flat();
}

function byText(a: Reply, b: Reply): number {
  const [left, right] = [JSON.stringify(a), JSON.stringify(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

export function isAggregate(reply: Reply): reply is Extract<Reply, { items: readonly Reply[] }> {
  return typeof reply === 'object' && reply !== null && 'items' in reply;
}

/** Only the types in the reply are compared, not what they hold: times, ids. */
export function shape(text: string): Line {
  return line(text, { transform: (reply) => mapTexts(reply, (exact) => exact[0]!) });
}

/** What `pattern` matches in the reply's texts is not compared. */
export function masked(text: string, pattern: RegExp): Line {
  return line(text, { transform: (reply) => mapTexts(reply, (exact) => exact.replace(pattern, '#')) });
}

export function mapTexts(reply: Reply, change: (exact: string) => string): Reply {
  if (typeof reply === 'string') return change(reply);
  if (Array.isArray(reply)) return reply.map((item) => mapTexts(item, change));
  if (isAggregate(reply))
    return { type: reply.type, items: reply.items.map((item) => mapTexts(item, change)) };
  return reply;
}

/** A whole iteration from the given line's cursor 0 on. */
export function scan(text: string): Line {
  return line(text, { isScan: true });
}

/** A documented difference: our reply is `reply`, which stands in exact form or as a pattern for it. */
export function differs(text: string, difference: string, reply: Reply | RegExp): Line {
  return line(text, { difference, reply });
}

/** Expiry times are kept as numbers that are exact: up to 2^53 - 1 milliseconds, the year 287396. */
export function cappedExpiry(text: string): Line {
  return differs(text, 'expiry times beyond 2^53 milliseconds are cut to that', ':9007199254740991');
}

/** The cases of one family: what must be alike, and the lines that show it, run on an empty server. */
export type Cases = Readonly<Record<string, readonly (string | Line)[]>>;
