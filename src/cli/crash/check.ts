/**
 * Compares what a server holds after a crash with what was acknowledged before it.
 *
 * Every key goes through a known chain of states: the certain one, then one for each open command that names it. The
 * key was recovered well when what is there is one of the chain. A command on several keys ties the chains together:
 * all of its keys are behind it, or none is. To find places in the chains that satisfy every tie, each key starts at
 * the first place that fits, and a tie that holds for one key only pushes the others to their next place that fits. This
 * finds the smallest solution, or that there is none: solutions of such ties are closed under taking the smaller place.
 *
 * Commands on keys that have nothing to do with each other may run on different shards, so that of two in flight the
 * second alone may survive. With one shard they survive in order, a prefix of what was sent: `connection` checks that.
 */
import { apply, type FoundState, type Keys, type Moment, matches, type State } from './effects.ts';
import type { History, OpenCommand } from './history.ts';

/**
 * `lost`: an acknowledged command left no trace. `phantom`: what is there was never written. `torn`: half of a command
 * on several keys. `reordered`: a later command without an earlier one of the same connection.
 */
export type DifferenceKind = 'lost' | 'phantom' | 'torn' | 'reordered';

export interface Difference {
  readonly kind: DifferenceKind;
  readonly key: string;
  /** What should be there and what is, in one line. */
  readonly detail: string;
}

/** What of the order of commands in flight must survive: that of each key, or that of each connection. */
export type Order = 'key' | 'connection';

/** What a server holds, read within a time. */
export interface Observation {
  readonly moment: Moment;
  readonly keys: ReadonlyMap<string, FoundState>;
}

interface Chain {
  /** The states of the key: before all open commands on it, after the first, and so on. */
  readonly states: (State | undefined)[];
  /** Those open commands, by their number in the order of the connection. */
  readonly commands: number[];
  /** Which of the states fit what was found, rising. */
  fitting: number[];
}

const SHOWN_CHARACTERS_MAX = 60;

function show(state: State | FoundState | undefined): string {
  if (state === undefined) return 'nothing';
  const { value } = state;
  const cut = value.length > SHOWN_CHARACTERS_MAX ? `${value.slice(0, SHOWN_CHARACTERS_MAX)}…` : value;
  const expiry = 'expiryMs' in state ? state.expiryMs : 'expiry' in state ? state.expiry?.maxMs : undefined;
  return `${JSON.stringify(cut)} (${value.length} bytes${expiry === undefined ? '' : `, expires at ${expiry}`})`;
}

function chainsOf(history: History, open: readonly OpenCommand[], moment: Moment): Map<string, Chain> {
  const chains = new Map<string, Chain>();
  const keys: Keys = {
    get: (key) => chains.get(key)!.states.at(-1),
    set: (key, state) => {
      const { states } = chains.get(key)!;
      states[states.length - 1] = state;
    },
  };
  open.forEach(({ words, keys: named, sentAtMs, acknowledgedAtMs }, number) => {
    for (const key of named) {
      let chain = chains.get(key);
      if (chain === undefined) {
        chain = { states: [history.certain(key)], commands: [], fitting: [] };
        chains.set(key, chain);
      }
      chain.states.push(chain.states.at(-1));
      chain.commands.push(number);
    }
    apply(words, keys, { fromMs: sentAtMs, toMs: acknowledgedAtMs ?? moment.fromMs });
  });
  return chains;
}

/** A difference when what was found is none of these states. */
function judge(
  history: History,
  key: string,
  states: readonly (State | undefined)[],
  { moment, keys }: Observation,
): Difference | undefined {
  const found = keys.get(key);
  if (states.some((state) => matches(state, found, moment))) return undefined;
  const wasThere =
    found === undefined || history.replaced(key).some((state) => matches(state, found, moment));
  const others = states.length > 1 ? ` or one of ${states.length - 1} later states` : '';
  return {
    kind: wasThere ? 'lost' : 'phantom',
    key,
    detail: `expected ${show(states[0])}${others}, found ${show(found)}`,
  };
}

/** The first command that some of its keys are behind and others cannot be; undefined when all ties hold. */
function findTorn(open: readonly OpenCommand[], chains: ReadonlyMap<string, Chain>): OpenCommand | undefined {
  const places = new Map([...chains].map(([key, chain]) => [key, chain.fitting[0]!]));
  const several = [...open.entries()].filter(([, { keys }]) => keys.length > 1);
  for (let hasMoved = true; hasMoved; ) {
    hasMoved = false;
    for (const [number, command] of several) {
      const behind = (key: string) => {
        const wanted = chains.get(key)!.commands.indexOf(number) + 1;
        return { wanted, is: places.get(key)! >= wanted };
      };
      if (!command.keys.some((key) => behind(key).is)) continue;
      for (const key of command.keys) {
        const { wanted, is } = behind(key);
        if (is) continue;
        const place = chains.get(key)!.fitting.find((candidate) => candidate >= wanted);
        if (place === undefined) return command;
        places.set(key, place);
        hasMoved = true;
      }
    }
  }
  return undefined;
}

/** True when what was found is what some first part of the open commands leaves. */
function isPrefix(open: readonly OpenCommand[], chains: ReadonlyMap<string, Chain>): boolean {
  const places = new Map([...chains.keys()].map((key) => [key, 0]));
  let misfits = 0;
  const fits = (key: string) => (chains.get(key)!.fitting.includes(places.get(key)!) ? 0 : 1);
  for (const key of chains.keys()) misfits += fits(key);
  for (const { keys } of open) {
    if (misfits === 0) return true;
    for (const key of keys) {
      misfits -= fits(key);
      places.set(key, places.get(key)! + 1);
      misfits += fits(key);
    }
  }
  return misfits === 0;
}

/** What is wrong with the keys of one connection. */
export function checkHistory(history: History, observation: Observation, order: Order): Difference[] {
  const differences: Difference[] = [];
  const open = history.open();
  const chains = chainsOf(history, open, observation.moment);
  for (const key of history.keys) {
    const difference = judge(history, key, chains.get(key)?.states ?? [history.certain(key)], observation);
    if (difference !== undefined) differences.push(difference);
  }
  // Where single keys are wrong, more about how they go together would only repeat it.
  if (differences.length > 0) return differences;
  for (const [key, chain] of chains) {
    const found = observation.keys.get(key);
    chain.fitting = [...chain.states.keys()].filter((place) =>
      matches(chain.states[place], found, observation.moment),
    );
  }
  const torn = findTorn(open, chains);
  if (torn !== undefined) {
    const shown = torn.keys.map((key) => `${key}: ${show(observation.keys.get(key))}`).join('; ');
    const detail = `half of ${torn.words[0]} ${torn.keys.join(' ')}, found ${shown}`;
    return [{ kind: 'torn', key: torn.keys[0]!, detail }];
  }
  if (order === 'connection' && !isPrefix(open, chains)) {
    const detail = `of ${open.length} commands in flight a later one survived without an earlier one`;
    return [{ kind: 'reordered', key: open[0]!.keys[0]!, detail }];
  }
  return [];
}

/** What is wrong with a server that has the keys of these connections and no others. */
export function checkRecovery(
  histories: readonly History[],
  observation: Observation,
  order: Order,
): Difference[] {
  const differences = histories.flatMap((history) => checkHistory(history, observation, order));
  for (const [key, found] of observation.keys) {
    if (histories.some((history) => history.keys.has(key))) continue;
    differences.push({ kind: 'phantom', key, detail: `nobody wrote this key, found ${show(found)}` });
  }
  return differences;
}
