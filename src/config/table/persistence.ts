/** Options: what is kept on disk. */
import { boolean, fixed, text } from '../kinds.ts';
import { row } from '../row.ts';

const UNAVAILABLE = 'persistence is not available in this version';

/** `save` as Redis takes it: pairs of seconds and changes. */
function isSaveSchedule(words: readonly string[]): boolean {
  return words.length > 0 && words.length % 2 === 0 && words.every((word) => /^\d{1,10}$/.test(word));
}

function isYesOrNo(words: readonly string[]): boolean {
  return words.length === 1 && /^(yes|no)$/i.test(words[0]!);
}

// redis-benchmark and other tools ask for these two before they start.
export const persistence = {
  save: row({
    kind: {
      ...fixed(text('schedule'), '', isSaveSchedule, 'Invalid save parameters', UNAVAILABLE),
      arity: 'many',
    },
    default: '',
    mutable: true,
    affects: ['server'],
    group: 'Persistence',
    help: 'snapshot schedule; only "" in this version, which keeps nothing on disk',
  }),
  appendonly: row({
    kind: fixed(boolean(), false, isYesOrNo, "argument must be 'yes' or 'no'", UNAVAILABLE),
    default: false,
    mutable: true,
    affects: ['server'],
    group: 'Persistence',
    help: 'append-only file; only no in this version, which keeps nothing on disk',
  }),
};
