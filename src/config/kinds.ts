/**
 * The kinds of value an option can have: how each is read from words, printed by CONFIG GET, and described.
 * Every source of a value (command line, file, environment, CONFIG SET, the embeddable API) is first turned
 * into words and then read here, so that one option has one set of rules and one set of texts.
 *
 * Values are text: files, the environment and CONFIG SET are read as UTF-8.
 */
import { parseInteger, parseMemory } from '../base/numbers.ts';

/** A value that was read, or why it was not. */
export type Parsed<V> = { readonly value: V } | Refusal;

export interface Refusal {
  /** What CONFIG SET answers, in Redis's words. */
  readonly reason: string;
  /** What the other sources say after "expected". */
  readonly expected: string;
  /** The value is right, but this version cannot do what it asks for. */
  readonly isUnavailable?: boolean;
}

/** How many words follow the option on a command line: one, at most one, or all up to the next flag. */
export type Arity = 'one' | 'optional' | 'many';

/** `V` is what the program gets, `Input` what the embeddable API takes. */
export interface Kind<V, Input = V> {
  readonly arity: Arity;
  /** What stands for the value in `--help`. */
  readonly placeholder: string;
  /** `current` is the value that would be replaced, for kinds that change only a part of it. */
  parse(words: readonly string[], current: V): Parsed<V>;
  /**
   * The words that a value given as JavaScript stands for; undefined when its type is wrong, which programs
   * without TypeScript can bring about.
   */
  words(input: Input): readonly string[] | undefined;
  /**
   * What settings in one place mean together: lines of config files, or the same flag given twice. Absent: the later one
   * counts. A setting with an empty text must take back those before it.
   */
  combine?(earlier: V, later: V): V;
  /** The value as CONFIG GET prints it. */
  format(value: V): string;
  /** The value as a person would write it, where that differs from `format`. */
  describe?(value: V): string;
  /**
   * What stands behind the option's name in the lines of a config file that together set `value`, quoted where
   * that is needed. Absent: one line with the value as a person would write it.
   */
  lines?(value: V): readonly string[];
}

/** What needs no quotes in a config file. */
const PLAIN_WORD = /^[\w./:%+*@,~-]+$/;

/** A word as a config file has it: in quotes and with escapes when it could be misread otherwise. */
export function fileWord(word: string): string {
  if (PLAIN_WORD.test(word)) return word;
  let quoted = '';
  for (const byte of Buffer.from(word, 'utf8')) {
    const character = String.fromCharCode(byte);
    if (character === '"' || character === '\\') quoted += `\\${character}`;
    else if (byte >= 32 && byte < 127) quoted += character;
    else quoted += ESCAPES[character] ?? `\\x${byte.toString(16).padStart(2, '0')}`;
  }
  return `"${quoted}"`;
}

const ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** The values of the lines that set `value` in a config file. */
export function fileLines<V>(kind: Kind<V, never>, value: V): readonly string[] {
  return kind.lines?.(value) ?? [fileWord((kind.describe ?? kind.format)(value))];
}

export const INT_MAX = 2 ** 31 - 1;
export const UINT_MAX = 2 ** 32 - 1;
export const KB = 1024;
export const MB = 1024 * KB;
export const GB = 1024 * MB;

interface IntegerOptions {
  /** How the refusal shows `max`, where Redis allows more than a number can count. */
  readonly maxText?: string;
  /** The range that values outside of it are moved into without a word, as Redis does with `hz`. */
  readonly clamp?: readonly [number, number];
}

/** An integer from `min` to `max`, both within ±2^53, in Redis's strict form. */
export function integer(min: number, max: number, options: IntegerOptions = {}): Kind<number> {
  const [low, high] = options.clamp ?? [min, max];
  const expected = `an integer from ${min} to ${max}`;
  return {
    arity: 'one',
    placeholder: 'number',
    parse(words) {
      const bytes = Buffer.from(words[0] ?? '', 'utf8');
      const value = words.length === 1 ? parseInteger(bytes, 0, bytes.length) : undefined;
      if (value === undefined) return { reason: "argument couldn't be parsed into an integer", expected };
      if (typeof value === 'bigint' || value < min || value > max) {
        return { reason: outside(min, options.maxText ?? max), expected };
      }
      return { value: Math.min(Math.max(value, low), high) };
    },
    words: (input) => [String(input)],
    format: String,
  };
}

/** A count that Redis keeps in 64 bits; here it may go up to 2^53 - 1. */
export function count(min: number): Kind<number> {
  return integer(min, Number.MAX_SAFE_INTEGER, { maxText: REDIS_MEMORY_MAX });
}

/** File permissions in octal. */
export function octal(max: number): Kind<number> {
  const expected = `an octal number from 0 to ${max.toString(8)}`;
  return {
    arity: 'one',
    placeholder: 'mode',
    parse(words) {
      const reason = "argument couldn't be parsed as an octal number";
      if (words.length !== 1 || !/^[0-7]+$/.test(words[0]!)) return { reason, expected };
      const value = Number.parseInt(words[0]!, 8);
      return value <= max ? { value } : { reason: outside(0, max), expected };
    },
    words: (input) => [typeof input === 'number' ? input.toString(8) : String(input)],
    format: (value) => value.toString(8),
  };
}

interface MemoryOptions {
  readonly min: number;
  /** Absent: as large as Redis allows. */
  readonly max?: number;
  readonly isPowerOfTwo?: boolean;
}

/** Redis's bound of a memory size, which JavaScript cannot count to: see `memory`. */
const REDIS_MEMORY_MAX = '9223372036854775807';

/**
 * A size in bytes, with Redis's units. Where there is no `max`, sizes from 2^53 up to Redis's bound are taken
 * as 2^53 - 1: both mean "no limit".
 */
export function memory({ min, max, isPowerOfTwo }: MemoryOptions): Kind<number, number | string> {
  const range =
    max === undefined ? `of at least ${shortMemory(min)}` : `from ${shortMemory(min)} to ${shortMemory(max)}`;
  const expected = isPowerOfTwo
    ? `a power of two ${range}, such as ${shortMemory(min)}`
    : `a size ${range}, such as ${shortMemory(Math.max(min, MB))}`;
  return {
    arity: 'one',
    placeholder: 'size',
    parse(words) {
      const value = words.length === 1 ? readMemory(words[0]!) : undefined;
      if (value === undefined) return { reason: 'argument must be a memory value', expected };
      if (value < min || value > (max ?? Number.MAX_SAFE_INTEGER)) {
        return { reason: outside(min, max ?? REDIS_MEMORY_MAX), expected };
      }
      if (isPowerOfTwo && !Number.isInteger(Math.log2(value))) {
        return { reason: 'argument must be a power of two', expected };
      }
      return { value };
    },
    words: (input) => [String(input)],
    format: String,
    describe: shortMemory,
  };
}

/**
 * Bytes; undefined when it is not a size or negative, infinite beyond Redis's bound. An empty text is 0, as in
 * Redis.
 */
function readMemory(text: string): number | undefined {
  if (text === '') return 0;
  const value = parseMemory(text);
  if (value !== undefined) return value < 0 ? undefined : value;
  // What is left to be a size is one that `parseMemory` refuses only because it is beyond 2^53.
  const [, digits, unit] = /^(\d+)(\D*)$/.exec(text) ?? [];
  const unitBytes = unit === undefined ? undefined : parseMemory(`1${unit}`);
  if (digits === undefined || unitBytes === undefined) return undefined;
  const isWithinBound = BigInt(digits) * BigInt(unitBytes) <= BigInt(REDIS_MEMORY_MAX);
  return isWithinBound ? Number.MAX_SAFE_INTEGER : Number.POSITIVE_INFINITY;
}

/** Bytes in the largest unit that leaves no fraction. */
export function shortMemory(bytes: number): string {
  if (bytes === 0) return '0';
  if (bytes % GB === 0) return `${bytes / GB}gb`;
  if (bytes % MB === 0) return `${bytes / MB}mb`;
  return bytes % KB === 0 ? `${bytes / KB}kb` : String(bytes);
}

/** `yes` or `no`; on the command line the bare flag means `yes`. */
export function boolean(): Kind<boolean> {
  return {
    arity: 'optional',
    placeholder: 'yes|no',
    parse(words) {
      const text = words[0]?.toLowerCase();
      if (words.length !== 1 || (text !== 'yes' && text !== 'no')) {
        return { reason: "argument must be 'yes' or 'no'", expected: 'yes or no' };
      }
      return { value: text === 'yes' };
    },
    words: (input) => [typeof input === 'boolean' ? yesNo(input) : String(input)],
    format: yesNo,
  };
}

function yesNo(value: boolean): string {
  return value ? 'yes' : 'no';
}

/** One of a few words, in either case. */
export function oneOf<const W extends string>(...values: readonly W[]): Kind<W> {
  return {
    arity: 'one',
    placeholder: values.join('|'),
    parse(words) {
      const text = words[0]?.toLowerCase();
      const value = words.length === 1 ? values.find((candidate) => candidate === text) : undefined;
      if (value !== undefined) return { value };
      return {
        reason: `argument(s) must be one of the following: ${values.join(', ')}`,
        expected: `one of ${values.join(', ')}`,
      };
    },
    words: textOnly,
    format: (value) => value,
  };
}

/** Any text. */
export function text(placeholder: string): Kind<string> {
  return {
    arity: 'one',
    placeholder,
    parse(words) {
      if (words.length === 1) return { value: words[0]! };
      return { reason: 'wrong number of arguments', expected: 'one value (put quotes around spaces)' };
    },
    words: textOnly,
    format: (value) => value,
  };
}

/** Up to `itemsMax` words; one text with spaces in it counts as several. An empty text is an empty list. */
export function list(
  placeholder: string,
  itemsMax: number,
  tooMany: string,
): Kind<readonly string[], readonly string[] | string> {
  return {
    arity: 'many',
    placeholder,
    parse(words) {
      const value = spread(words);
      if (words.length > 0 && value.length <= itemsMax) return { value };
      return { reason: tooMany, expected: `at most ${itemsMax} values, or "" for none` };
    },
    words: (input) => (Array.isArray(input) ? [input.map(String).join(' ')] : textOnly(input)),
    format: (value) => value.join(' '),
    lines: (value) => [value.length === 0 ? '""' : value.map(fileWord).join(' ')],
  };
}

function textOnly(input: unknown): readonly string[] | undefined {
  return typeof input === 'string' ? [input] : undefined;
}

/** One text that stands for several words when it is all there is, as CONFIG SET gives it. */
export function spread(words: readonly string[]): readonly string[] {
  return words.length === 1 ? words[0]!.split(/\s+/).filter((word) => word !== '') : words;
}

/**
 * An option that exists so that tools may ask for it, but which can have only one value in this version.
 * `known` says what is right in Redis; anything else is refused with `wrong`, what is right with `unavailable`.
 */
export function fixed<V extends string | boolean>(
  inner: Kind<V>,
  only: V,
  isKnown: (words: readonly string[]) => boolean,
  wrong: string,
  unavailable: string,
): Kind<V> {
  return {
    ...inner,
    parse(words) {
      const shown = inner.format(only);
      const given = spread(words).join(' ').toLowerCase();
      if (words.length > 0 && given === shown) return { value: only };
      const expected = shown === '' ? '""' : shown;
      if (isKnown(spread(words))) return { reason: unavailable, expected, isUnavailable: true };
      return { reason: wrong, expected };
    },
  };
}

function outside(min: number, max: number | string): string {
  return `argument must be between ${min} and ${max} inclusive`;
}
