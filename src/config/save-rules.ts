/** The kind of `save`: after so many seconds with so many changes a dump is written. */
import { type Kind, spread } from './kinds.ts';

export interface SaveRule {
  /** At least 1. */
  readonly seconds: number;
  readonly changes: number;
}

const INVALID = {
  reason: 'Invalid save parameters',
  expected: 'pairs of seconds and changes, such as 3600 1 300 100, or "" for none',
};

/** Lines of a config file, and flags, add to each other; an empty one takes all before it back, as in Redis. */
export const saveRules: Kind<readonly SaveRule[], readonly SaveRule[] | string> = {
  arity: 'many',
  placeholder: 'seconds changes',
  parse(words) {
    const given = spread(words);
    if (words.length === 0 || given.length % 2 !== 0) return INVALID;
    const rules: SaveRule[] = [];
    for (let i = 0; i < given.length; i += 2) {
      const rule = { seconds: readCount(given[i]!), changes: readCount(given[i + 1]!) };
      if (!(rule.seconds >= 1 && rule.changes >= 0)) return INVALID;
      rules.push(rule);
    }
    return { value: rules };
  },
  combine: (earlier, later) => (later.length === 0 ? later : [...earlier, ...later]),
  words: (input) => {
    if (typeof input === 'string') return [input];
    return Array.isArray(input) ? [format(input)] : undefined;
  },
  format,
  lines: (value) => (value.length === 0 ? ['""'] : value.map((rule) => format([rule]))),
};

function format(rules: readonly SaveRule[]): string {
  return rules.map(({ seconds, changes }) => `${seconds} ${changes}`).join(' ');
}

/** NaN for what is no integer. */
function readCount(word: string): number {
  return /^[+-]?\d{1,15}$/.test(word) ? Number(word) : Number.NaN;
}
