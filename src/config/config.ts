/**
 * The options of a running server: typed reading, CONFIG GET and CONFIG SET, and who hears of a change.
 *
 * CONFIG SET takes all of its pairs or none. Names are checked first, then the values are read, then they are
 * put in place, and the listeners told; a listener may refuse what only it can judge, and everything is taken
 * back. Texts and their order are Redis's.
 */
import { globMatches } from '../base/glob.ts';
import {
  findOption,
  type OptionName,
  type OptionValues,
  optionNames,
  rowOf,
  type ShardOptionName,
  type ShardOptions,
} from './options.ts';

/**
 * Told once for each CONFIG SET that changes any of its options, with those that changed; the config has the
 * new values already. A text is a refusal, and says why; the listener must then have left its own things as
 * they were. A listener that took a change which another one refuses is told again, with the old values back.
 * It must not throw.
 */
// biome-ignore lint/suspicious/noConfusingVoidType: most listeners return nothing at all
export type ChangeListener = (changed: readonly OptionName[]) => string | undefined | void;

/**
 * Gets things ready for a change that takes time, or that can fail outside of this process: opening ports, say.
 * It is asked before the values are in place (`proposed` has them), and before all listeners.
 */
export type Preparer = (
  changed: readonly OptionName[],
  proposed: <N extends OptionName>(name: N) => OptionValues[N],
) => Promise<Preparation | Refused>;

/** A change that is ready. Exactly one of the two is called. */
export interface Preparation {
  /** Called when the values are in place. */
  commit(): void;
  /** Called when the change is refused elsewhere: everything is put back. */
  abort(): Promise<void>;
}

export interface Refused {
  readonly option: OptionName;
  readonly reason: string;
}

/** Told of one change that was accepted. */
export type ShardChangeListener = <N extends ShardOptionName>(name: N, value: OptionValues[N]) => void;

type Values = Record<OptionName, unknown>;

/** A change that has been read: all values as they will be, and the options that differ. */
interface Change {
  readonly after: Values;
  readonly changed: readonly OptionName[];
}

export class Config {
  #values: Values;
  readonly #listeners: { readonly names: readonly OptionName[]; readonly listener: ChangeListener }[] = [];
  readonly #shardListeners: ShardChangeListener[] = [];
  readonly #preparers: { readonly names: readonly OptionName[]; readonly listener: Preparer }[] = [];
  /** Settles when the last CONFIG SET that takes time is done. */
  #unfinished: Promise<unknown> | undefined;

  /** `values` has a value of the right type for every option. */
  constructor(values: Readonly<Values>) {
    this.#values = { ...values };
  }

  get<N extends OptionName>(name: N): OptionValues[N] {
    return this.#values[name] as OptionValues[N];
  }

  /** The value as CONFIG GET prints it. */
  text(name: OptionName): string {
    return rowOf(name).kind.format(this.#values[name]);
  }

  /**
   * CONFIG GET: the options whose names match any of the patterns in any case, each name once, and their values;
   * Redis's other names count as names. An option that is asked for without a wildcard has the name in the spelling
   * of the question, as in Redis.
   */
  matching(patterns: readonly string[]): [name: string, value: string][] {
    const found = new Map<string, [shown: string, name: OptionName]>();
    for (const pattern of patterns) {
      if (!/[*?[]/.test(pattern)) {
        const name = findSettable(pattern);
        const lower = pattern.toLowerCase();
        if (name !== undefined && !found.has(lower)) found.set(lower, [pattern, name]);
        continue;
      }
      const glob = Buffer.from(pattern, 'utf8');
      for (const [shown, name] of shownNames()) {
        const text = Buffer.from(shown, 'utf8');
        if (!found.has(shown) && globMatches(glob, text, 0, text.length, true)) {
          found.set(shown, [shown, name]);
        }
      }
    }
    return [...found.values()].map(([shown, name]) => [shown, this.text(name)]);
  }

  /**
   * CONFIG SET: undefined when all was set, otherwise the error that the client gets; a promise of that when some
   * of the options take time. Sets that come in the meantime wait for it. `mayChangeProtected` says whether this client
   * may change what `enable-protected-configs` guards.
   */
  apply(
    pairs: readonly (readonly [name: string, value: string])[],
    mayChangeProtected = false,
  ): string | undefined | Promise<string | undefined> {
    const earlier = this.#unfinished;
    if (earlier === undefined) {
      const change = this.#read(pairs, mayChangeProtected);
      if (typeof change === 'string') return change;
      if (!this.#needsPreparation(change)) return this.#put(change);
    }
    const finished: Promise<string | undefined> = this.#applyLater(
      pairs,
      mayChangeProtected,
      earlier,
    ).finally(() => {
      if (this.#unfinished === finished) this.#unfinished = undefined;
    });
    this.#unfinished = finished;
    return finished;
  }

  /** CONFIG SET of options that can be set at once. */
  set(
    pairs: readonly (readonly [name: string, value: string])[],
    mayChangeProtected = false,
  ): string | undefined {
    const change = this.#read(pairs, mayChangeProtected);
    return typeof change === 'string' ? change : this.#put(change);
  }

  /** What `pairs` ask for, or why it cannot be. */
  #read(
    pairs: readonly (readonly [name: string, value: string])[],
    mayChangeProtected: boolean,
  ): Change | string {
    const wanted = new Map<OptionName, string>();
    for (const [given, value] of pairs) {
      const name = findSettable(given);
      if (name === undefined) return `ERR Unknown option or number of arguments for CONFIG SET - '${given}'`;
      if (!rowOf(name).mutable) return failed(given, "can't set immutable config");
      if (rowOf(name).isProtected && !mayChangeProtected) return failed(given, "can't set protected config");
      if (wanted.has(name)) return failed(given, 'duplicate parameter');
      wanted.set(name, value);
    }
    const before = this.#values;
    const after = { ...before };
    for (const [name, value] of wanted) {
      const parsed = rowOf(name).kind.parse([value], before[name]);
      if (!('value' in parsed)) return failed(name, parsed.reason);
      after[name] = parsed.value;
    }
    const changed = [...wanted.keys()].filter((name) => {
      const { kind, volatile } = rowOf(name);
      return volatile || kind.format(before[name]) !== kind.format(after[name]);
    });
    return { after, changed };
  }

  #put({ after, changed }: Change): string | undefined {
    const before = this.#values;
    this.#values = after;
    return this.#tell(changed, before);
  }

  #needsPreparation({ changed }: Change): boolean {
    return this.#preparers.some(({ names }) => changed.some((name) => names.includes(name)));
  }

  async #applyLater(
    pairs: readonly (readonly [name: string, value: string])[],
    mayChangeProtected: boolean,
    earlier: Promise<unknown> | undefined,
  ): Promise<string | undefined> {
    await earlier;
    const change = this.#read(pairs, mayChangeProtected);
    if (typeof change === 'string') return change;
    const ready: Preparation[] = [];
    let problem: string | undefined;
    for (const { names, listener } of [...this.#preparers]) {
      const heard = change.changed.filter((name) => names.includes(name));
      if (heard.length === 0) continue;
      const prepared = await listener(heard, (name) => change.after[name] as never);
      if ('reason' in prepared) {
        problem = failed(prepared.option, prepared.reason);
        break;
      }
      ready.push(prepared);
    }
    problem ??= this.#put(change);
    if (problem === undefined) for (const { commit } of ready) commit();
    else for (const { abort } of ready.reverse()) await abort();
    return problem;
  }

  /** Calls `listener` when CONFIG SET changes one of `names`. Returns what ends that. */
  onChange(names: OptionName | readonly OptionName[], listener: ChangeListener): () => void {
    return subscribe(this.#listeners, { names: typeof names === 'string' ? [names] : names, listener });
  }

  /** Asks `listener` to get ready whenever CONFIG SET is to change one of `names`. Returns what ends that. */
  onPrepare(names: readonly OptionName[], listener: Preparer): () => void {
    return subscribe(this.#preparers, { names, listener });
  }

  /** Calls `listener` for each changed option that shards use, once all others have accepted the change. */
  onShardChange(listener: ShardChangeListener): () => void {
    return subscribe(this.#shardListeners, listener);
  }

  /** The options that shards use: plain data for another thread. */
  forShards(): ShardOptions {
    const names = optionNames.filter(isForShards);
    return structuredClone(Object.fromEntries(names.map((name) => [name, this.get(name)]))) as ShardOptions;
  }

  #tell(changed: readonly OptionName[], before: Values): string | undefined {
    const told: (() => void)[] = [];
    for (const { names, listener } of [...this.#listeners]) {
      const heard = changed.filter((name) => names.includes(name));
      if (heard.length === 0) continue;
      const reason = listener(heard);
      if (typeof reason === 'string') {
        this.#values = before;
        for (const tellAgain of told) tellAgain();
        return failed(heard[0]!, reason);
      }
      told.push(() => listener(heard));
    }
    for (const name of changed.filter(isForShards)) {
      for (const listener of [...this.#shardListeners]) listener(name, this.get(name));
    }
    return undefined;
  }
}

/** The option that CONFIG knows by the name `given`. */
function findSettable(given: string): OptionName | undefined {
  const name = findOption(given);
  return name === undefined || rowOf(name).isForStart ? undefined : name;
}

/** What CONFIG GET * shows: every name, those of Redis's old times behind the present one. */
function* shownNames(): Iterable<readonly [shown: string, name: OptionName]> {
  for (const name of optionNames) {
    const { isHidden, isForStart, aliases = [] } = rowOf(name);
    if (isHidden || isForStart) continue;
    yield [name, name];
    for (const alias of aliases) yield [alias, name];
  }
}

function isForShards(name: OptionName): name is ShardOptionName {
  return rowOf(name).affects.includes('shards');
}

function failed(name: string, reason: string): string {
  return `ERR CONFIG SET failed (possibly related to argument '${name}') - ${reason}`;
}

function subscribe<T>(all: T[], one: T): () => void {
  all.push(one);
  return () => {
    const index = all.indexOf(one);
    if (index >= 0) all.splice(index, 1);
  };
}
