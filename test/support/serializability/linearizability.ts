/**
 * Looks for the order itself: all transactions one after the other, applied to a model, with the replies that there were.
 * It takes any commands that the model knows, but only histories of some dozens of transactions.
 *
 * The search goes through the orders that real time and the order of each client leave (Wing and Gong, "Testing and
 * Verifying Concurrent Objects", 1993), and tries no set of transactions with the same state twice (Lowe, "Testing for
 * Linearizability", 2017).
 */
import { apply, type ModelReply, type State } from './model.ts';

/** Commands that happen at one moment, with their replies. */
export interface Block {
  readonly client: number;
  readonly sentAt: number;
  readonly answeredAt: number;
  readonly commands: readonly (readonly string[])[];
  readonly replies: readonly ModelReply[];
}

export interface Verdict {
  readonly isLinearizable: boolean;
  /** The longest order that was found: all blocks, or those up to where it went wrong. */
  readonly order: readonly Block[];
}

/** Blocks of a client stand in the order in which it sent them. */
export function linearize(blocks: readonly Block[], initial: State = new Map()): Verdict {
  const before = blocks.map(({ client }, at) =>
    blocks.findLastIndex((one, i) => i < at && one.client === client),
  );
  const isDone = new Array<boolean>(blocks.length).fill(false);
  const tried = new Set<string>();
  const order: number[] = [];
  let longest: readonly number[] = [];
  const mayBeNext = (at: number, firstAnswer: number) =>
    !isDone[at] && blocks[at]!.sentAt < firstAnswer && (before[at] === -1 || isDone[before[at]!]);
  const search = (state: State): boolean => {
    if (order.length > longest.length) longest = [...order];
    if (order.length === blocks.length) return true;
    const signature = `${isDone.map(Number).join('')} ${JSON.stringify([...state].sort())}`;
    if (tried.has(signature)) return false;
    tried.add(signature);
    const firstAnswer = Math.min(...blocks.map((block, at) => (isDone[at] ? Infinity : block.answeredAt)));
    for (const at of blocks.keys()) {
      // What is answered first may itself be the next.
      if (!mayBeNext(at, firstAnswer)) continue;
      const next = run(state, blocks[at]!);
      if (next === undefined) continue;
      isDone[at] = true;
      order.push(at);
      if (search(next)) return true;
      order.pop();
      isDone[at] = false;
    }
    return false;
  };
  const isLinearizable = search(initial);
  return { isLinearizable, order: longest.map((at) => blocks[at]!) };
}

/** The state after a block; undefined when its replies are not those of the model. */
function run(state: State, { commands, replies }: Block): State | undefined {
  let current = state;
  for (const [at, words] of commands.entries()) {
    const { state: next, reply } = apply(current, words);
    if (JSON.stringify(reply) !== JSON.stringify(replies[at])) return undefined;
    current = next;
  }
  return current;
}

/** What went wrong, for people: the order as far as it goes, and what could not follow. */
export function describeVerdict(blocks: readonly Block[], { order }: Verdict): string {
  const left = blocks.filter((block) => !order.includes(block));
  const lines = (some: readonly Block[]) => some.map((block) => `  ${describe(block)}`);
  return [
    'no order explains the replies; the longest:',
    ...lines(order),
    'and then none of:',
    ...lines(left),
  ].join('\n');
}

function describe({ client, sentAt, answeredAt, commands, replies }: Block): string {
  const shown = commands.map((words, at) => `${words.join(' ')} → ${JSON.stringify(replies[at])}`);
  return `client ${client}, ${sentAt}–${answeredAt}: ${shown.join('; ')}`;
}
