/** BLPOP, BLMOVE and the like: they take from lists what is there, or wait until there is something. */
import { WRONG_TYPE } from '../../protocol/errors.ts';
import { TYPE_LIST } from '../../store/layout.ts';
import { TIMEOUT, TIMEOUT_HISTORY, timeoutMs, timeoutProblem } from '../blocking-timeout.ts';
import { type CommandSpec, defineCommands } from '../command.ts';
import type { ShardContext } from '../context.ts';
import { KEYS } from '../declarations.ts';
import { writeEnd } from './elements.ts';
import { drop, findList, listOf } from './list-access.ts';

const POP = {
  group: 'list',
  since: '2.0.0',
  complexity: 'O(N) where N is the number of keys',
  arity: -3,
  flags: ['write', 'blocking'],
  keys: { first: 1, last: -2, step: 1, flags: ['RW', 'access', 'delete'] },
  arguments: [KEYS, TIMEOUT],
  history: TIMEOUT_HISTORY,
  check: (args) => timeoutProblem(args, args.count - 1),
} as const satisfies Partial<CommandSpec>;

export const listBlocking = defineCommands([
  {
    ...POP,
    name: 'blpop',
    summary:
      'Removes the first element of the first list that has any and returns it; waits for one if none has',
    placement: {
      at: 'blocking',
      handler: (context) => pop(context, true),
      timeoutMs: (args) => timeoutMs(args, args.count - 1),
      awaitedType: TYPE_LIST,
    },
  },
  {
    ...POP,
    name: 'brpop',
    summary:
      'Removes the last element of the first list that has any and returns it; waits for one if none has',
    placement: {
      at: 'blocking',
      handler: (context) => pop(context, false),
      timeoutMs: (args) => timeoutMs(args, args.count - 1),
      awaitedType: TYPE_LIST,
    },
  },
]);

function pop(context: ShardContext, fromHead: boolean): void {
  const { args, reply, waiting } = context;
  const keys = Array.from({ length: args.count - 2 }, (_, i) => i + 1);
  const word = firstList(context, keys);
  if (word === undefined) {
    if (!waiting.wait()) reply.nullArray();
    return;
  }
  if (word === NOT_FOR_IT) return;
  const key = args.copy(word);
  reply.array(2);
  reply.bulk(key);
  if (!context.owns(key)) {
    reply.raw(context.together.run(fromHead ? 'lpop' : 'rpop', key));
    return;
  }
  const ref = findList(context, word);
  writeEnd(reply, listOf(context, ref), fromHead);
  drop(context, word, ref, fromHead, 1);
}

/** What `firstList` returns when nothing more is to be done. */
const NOT_FOR_IT = 0;

/**
 * The first of the keys in `words` that has a list, which is claimed then; undefined when none has. When the client does not wait any more,
 * or got an error because of another type, NOT_FOR_IT.
 */
function firstList({ reply, waiting, together }: ShardContext, words: readonly number[]): number | undefined {
  for (const word of words) {
    if (!waiting.reaches(word)) continue;
    const type = together.typeOf(word);
    if (type === undefined) continue;
    if (!waiting.claim()) return NOT_FOR_IT;
    if (type === TYPE_LIST) return word;
    reply.error(WRONG_TYPE);
    return NOT_FOR_IT;
  }
  return undefined;
}
