/** The kind of `maxmemory-clients`: bytes, or a part of `maxmemory` in percent. */
import { type Kind, memory, type Parsed, shortMemory } from './kinds.ts';

/** At most one of the two is set; both 0 is no limit. */
export interface ClientMemoryLimit {
  readonly bytes: number;
  readonly percent: number;
}

const PERCENT_MAX = 100;
const EXPECTED = `a size such as 64mb or a percentage up to ${PERCENT_MAX}%, 0 for none`;

const anySize = memory({ min: 0 });

export const clientMemoryLimit: Kind<ClientMemoryLimit, ClientMemoryLimit | number | string> = {
  arity: 'one',
  placeholder: 'size|percent%',
  parse(words): Parsed<ClientMemoryLimit> {
    const [word = ''] = words;
    if (words.length === 1) {
      const [, digits] = /^(\d{1,15})%$/.exec(word) ?? [];
      if (digits !== undefined) {
        const percent = Number(digits);
        if (percent <= PERCENT_MAX) return { value: { bytes: 0, percent } };
        return refused(`percentage argument must be less or equal to ${PERCENT_MAX}`);
      }
      const size = anySize.parse(words, 0);
      if ('value' in size) return { value: { bytes: size.value, percent: 0 } };
    }
    return refused('argument must be a memory or percent value');
  },
  words(input) {
    if (typeof input === 'number' || typeof input === 'string') return [String(input)];
    if (typeof input !== 'object' || input === null) return undefined;
    return [print(input, String)];
  },
  format: (limit) => print(limit, String),
  describe: (limit) => print(limit, shortMemory),
};

function print(limit: ClientMemoryLimit, size: (bytes: number) => string): string {
  return limit.percent === 0 ? size(limit.bytes) : `${limit.percent}%`;
}

function refused(reason: string): Parsed<ClientMemoryLimit> {
  return { reason, expected: EXPECTED };
}
