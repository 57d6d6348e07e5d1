/**
 * The options that set a moment of expiry: EX, PX, EXAT, PXAT and what SET and GETEX allow beside them.
 *
 * Moments are kept as numbers. Redis allows any up to 2^63 ms; those above 2^53 (the year 287396) are stored
 * as 2^53 - 1, which no client can tell from never.
 */
import { INT64_MAX, INT64_MIN } from '../base/numbers.ts';
import type { Arguments } from '../protocol/arguments.ts';
import { invalidExpireTime, NOT_AN_INTEGER, SYNTAX_ERROR } from '../protocol/errors.ts';
import type { ArgumentSpec } from './command.ts';
import type { ShardContext } from './context.ts';

export const SECONDS = 1000;
export const MILLISECONDS = 1;
/** Milliseconds in one unit of the time that a client gives. */
export type UnitMs = typeof SECONDS | typeof MILLISECONDS;

/** What `expiryArgument` returns when it has answered with an error: no valid moment is zero. */
export const ANSWERED = 0;

const OPTION_NX = 1 << 0;
const OPTION_XX = 1 << 1;
const OPTION_GET = 1 << 2;
const OPTION_KEEPTTL = 1 << 3;
const OPTION_PERSIST = 1 << 4;
const OPTION_EX = 1 << 5;
const OPTION_PX = 1 << 6;
const OPTION_EXAT = 1 << 7;
const OPTION_PXAT = 1 << 8;
const EXPIRY_OPTIONS = OPTION_EX | OPTION_PX | OPTION_EXAT | OPTION_PXAT;

/** The documentation of the four options. */
export function expiryArguments(versions?: { readonly relative: string; readonly absolute: string }) {
  const at = (since: string | undefined) => (since === undefined ? {} : { since });
  const list: ArgumentSpec[] = [
    { name: 'seconds', type: 'integer', token: 'EX', ...at(versions?.relative) },
    { name: 'milliseconds', type: 'integer', token: 'PX', ...at(versions?.relative) },
    { name: 'unix-time-seconds', type: 'unix-time', token: 'EXAT', ...at(versions?.absolute) },
    { name: 'unix-time-milliseconds', type: 'unix-time', token: 'PXAT', ...at(versions?.absolute) },
  ];
  return list;
}

/**
 * `value` units after `baseMs` in milliseconds since 1970, possibly negative; undefined when it leaves 64
 * bits on the way, as Redis computes it.
 */
export function absoluteTime(value: number | bigint, unitMs: UnitMs, baseMs: number): number | undefined {
  if (typeof value === 'number') return clampTime(value * unitMs + baseMs);
  const scaled = value * BigInt(unitMs);
  const sum = scaled + BigInt(baseMs);
  if (scaled > INT64_MAX || scaled < INT64_MIN || sum > INT64_MAX) return undefined;
  return clampTime(Number(sum));
}

function clampTime(ms: number): number {
  return Math.max(-Number.MAX_SAFE_INTEGER, Math.min(ms, Number.MAX_SAFE_INTEGER));
}

/**
 * The moment that word `index` names for SET and its kin, which take only positive times; answers with an
 * error and returns ANSWERED when it names none.
 */
export function expiryArgument(
  context: ShardContext,
  index: number,
  unitMs: UnitMs,
  isRelative: boolean,
): number {
  const value = context.args.integer(index);
  if (value === undefined) {
    context.reply.error(NOT_AN_INTEGER);
    return ANSWERED;
  }
  const at = value > 0 ? absoluteTime(value, unitMs, isRelative ? context.now() : 0) : undefined;
  if (at === undefined) {
    context.reply.error(invalidExpireTime(context.commandName));
    return ANSWERED;
  }
  return at;
}

/** The options of one SET or GETEX. One instance is filled again and again. */
export class StringOptions {
  #options = 0;
  #expiryWord = 0;

  get ifAbsent(): boolean {
    return (this.#options & OPTION_NX) !== 0;
  }
  get ifPresent(): boolean {
    return (this.#options & OPTION_XX) !== 0;
  }
  get returnsOld(): boolean {
    return (this.#options & OPTION_GET) !== 0;
  }
  get keepsExpiry(): boolean {
    return (this.#options & OPTION_KEEPTTL) !== 0;
  }
  get persists(): boolean {
    return (this.#options & OPTION_PERSIST) !== 0;
  }
  get setsExpiry(): boolean {
    return (this.#options & EXPIRY_OPTIONS) !== 0;
  }
  get isAbsoluteExpiry(): boolean {
    return (this.#options & (OPTION_EXAT | OPTION_PXAT)) !== 0;
  }

  /** Reads the words from `first` on; the text of an error, or undefined. */
  read(args: Arguments, first: number, command: 'set' | 'getex'): string | undefined {
    this.#options = 0;
    for (let i = first; i < args.count; i++) {
      const option = command === 'set' ? setOption(args, i) : getexOption(args, i);
      if (option === 0 || (this.#options & conflicts(option)) !== 0) return SYNTAX_ERROR;
      this.#options |= option;
      if ((option & EXPIRY_OPTIONS) === 0) continue;
      // The same option twice is allowed, and the last one counts.
      if (++i === args.count) return SYNTAX_ERROR;
      this.#expiryWord = i;
    }
    return undefined;
  }

  /** The moment of expiry; answers with an error and returns ANSWERED when the word names none. */
  expiresAt(context: ShardContext): number {
    const inSeconds = (this.#options & (OPTION_EX | OPTION_EXAT)) !== 0;
    const unitMs = inSeconds ? SECONDS : MILLISECONDS;
    return expiryArgument(context, this.#expiryWord, unitMs, !this.isAbsoluteExpiry);
  }
}

function setOption(args: Arguments, index: number): number {
  if (args.is(index, 'nx')) return OPTION_NX;
  if (args.is(index, 'xx')) return OPTION_XX;
  if (args.is(index, 'get')) return OPTION_GET;
  if (args.is(index, 'keepttl')) return OPTION_KEEPTTL;
  return expiryOption(args, index);
}

function getexOption(args: Arguments, index: number): number {
  return args.is(index, 'persist') ? OPTION_PERSIST : expiryOption(args, index);
}

function expiryOption(args: Arguments, index: number): number {
  if (args.is(index, 'ex')) return OPTION_EX;
  if (args.is(index, 'px')) return OPTION_PX;
  if (args.is(index, 'exat')) return OPTION_EXAT;
  return args.is(index, 'pxat') ? OPTION_PXAT : 0;
}

/** The options that may not stand before `option`. */
function conflicts(option: number): number {
  if (option === OPTION_NX) return OPTION_XX;
  if (option === OPTION_XX) return OPTION_NX;
  if (option === OPTION_GET) return 0;
  return (EXPIRY_OPTIONS | OPTION_KEEPTTL | OPTION_PERSIST) & ~option;
}
