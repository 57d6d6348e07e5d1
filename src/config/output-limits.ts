/**
 * The kind of `client-output-buffer-limit`: for each class of client the bytes of unread replies at which it
 * is closed. A setting names only the classes it changes, as in Redis.
 */
import { parseInteger } from '../base/numbers.ts';
import { INT_MAX, type Kind, memory, type Parsed, shortMemory, spread } from './kinds.ts';

/** The classes in the order in which Redis prints them. */
const CLASSES = ['normal', 'replica', 'pubsub'] as const;

export type OutputLimitName = (typeof CLASSES)[number];

export interface OutputLimit {
  /** Bytes at which the client is closed at once; 0 for no limit. */
  readonly hardBytes: number;
  /** Bytes that it may not exceed for more than `softSeconds`; 0 for no limit. */
  readonly softBytes: number;
  readonly softSeconds: number;
}

export type OutputLimits = Readonly<Record<OutputLimitName, OutputLimit>>;

const EXPECTED = 'groups of four, "normal|replica|pubsub <hard size> <soft size> <soft seconds>"';
const WRONG_COUNT = 'Wrong number of arguments in buffer limit configuration.';
const WRONG_CLASS = 'Invalid client class specified in buffer limit configuration.';
const WRONG_NUMBER = 'Error in hard, soft or soft_seconds setting in buffer limit configuration.';

const anySize = memory({ min: 0 });

export const outputLimits: Kind<OutputLimits, Partial<OutputLimits> | string> = {
  arity: 'many',
  placeholder: 'class hard soft seconds',
  parse(words, current): Parsed<OutputLimits> {
    const parts = spread(words);
    if (words.length === 0 || parts.length % 4 !== 0) return refused(WRONG_COUNT);
    const limits = { ...current };
    for (let i = 0; i < parts.length; i += 4) {
      const name = className(parts[i]!);
      if (name === undefined) return refused(WRONG_CLASS);
      const hardBytes = readSize(parts[i + 1]!);
      const softBytes = readSize(parts[i + 2]!);
      const softSeconds = readSeconds(parts[i + 3]!);
      if (hardBytes === undefined || softBytes === undefined || softSeconds === undefined) {
        return refused(WRONG_NUMBER);
      }
      limits[name] = { hardBytes, softBytes, softSeconds };
    }
    return { value: limits };
  },
  words(input) {
    if (typeof input === 'string') return [input];
    if (typeof input !== 'object' || input === null) return undefined;
    const words: string[] = [];
    for (const [name, limit] of Object.entries(input)) {
      if (limit === undefined) continue;
      if (limit === null) return undefined;
      words.push(name, String(limit.hardBytes), String(limit.softBytes), String(limit.softSeconds));
    }
    return words.length === 0 ? [''] : words;
  },
  // Redis still prints the class of replicas by its old name, which tools look for.
  format: (limits) => print(limits, 'slave', String).join(' '),
  describe: (limits) => print(limits, 'replica', shortMemory).join(' '),
  lines: (limits) => print(limits, 'replica', shortMemory),
};

/** One text for each class. */
function print(limits: OutputLimits, replica: string, size: (bytes: number) => string): string[] {
  return CLASSES.map((name) => {
    const { hardBytes, softBytes, softSeconds } = limits[name];
    return `${name === 'replica' ? replica : name} ${size(hardBytes)} ${size(softBytes)} ${softSeconds}`;
  });
}

function refused(reason: string): Parsed<OutputLimits> {
  return { reason, expected: EXPECTED };
}

function className(word: string): OutputLimitName | undefined {
  const lower = word.toLowerCase();
  return lower === 'slave' ? 'replica' : CLASSES.find((name) => name === lower);
}

function readSize(word: string): number | undefined {
  const parsed = anySize.parse([word], 0);
  return 'value' in parsed ? parsed.value : undefined;
}

function readSeconds(word: string): number | undefined {
  const bytes = Buffer.from(word, 'utf8');
  const value = parseInteger(bytes, 0, bytes.length);
  return typeof value === 'number' && value >= 0 && value <= INT_MAX ? value : undefined;
}
