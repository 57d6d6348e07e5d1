/** The kind of `notify-keyspace-events`: letters, each of which stands for a class of events, or for where they are told. */
import { fileWord, type Kind } from './kinds.ts';

/** All but those that cost so much, or come so often, that they must be asked for by name: `m` and `n`. */
const ALL = 'g$lshzxetd';
/** In the order in which Redis prints them. */
const PRINTED = `${ALL}nKEm`;

/** The value has each letter once, in Redis's order, with `A` for all of `g$lshzxetd`. CONFIG GET does not show `n` beside it. */
export const eventClasses: Kind<string> = {
  arity: 'one',
  placeholder: 'letters',
  parse(words) {
    const [letters] = words;
    if (words.length !== 1 || letters === undefined) {
      return { reason: 'wrong number of arguments', expected: 'letters of Ag$lshzxeKEtmdn' };
    }
    if ([...letters].some((letter) => letter !== 'A' && !PRINTED.includes(letter))) {
      return {
        reason: "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.",
        expected: 'letters of Ag$lshzxeKEtmdn',
      };
    }
    const given = new Set(letters.replaceAll('A', ALL));
    const hasAll = [...ALL].every((letter) => given.has(letter));
    const others = hasAll ? 'nKEm' : PRINTED;
    return { value: (hasAll ? 'A' : '') + [...others].filter((letter) => given.has(letter)).join('') };
  },
  words: (input) => (typeof input === 'string' ? [input] : undefined),
  format: (value) => (value.startsWith('A') ? value.replace('n', '') : value),
  describe: (value) => value,
  lines: (value) => [fileWord(value)],
};
