/** Random transactions of several clients on a few keys, and their history. */
import { Random } from '../random.ts';
import { type History, idOf, type Outcome } from './history.ts';
import { type Pace, RecordedClient, Recorder } from './recorded-client.ts';
import type { Request } from './requests.ts';
import * as requests from './requests.ts';

/** How many transactions of more than one command had each outcome, and how many commands stood alone. */
type Counts = Record<Outcome | 'single', number>;

export interface WorkloadOptions {
  readonly port: number;
  readonly seed: number;
  readonly clients: number;
  readonly durationMs: number;
  /** It goes on until there were so many of each, however busy the machine is. */
  readonly atLeast?: Partial<Counts>;
  /** Whether clients now and then send a transaction and close their connection. */
  readonly abandons?: boolean;
  /** Without them there are only commands that stand alone, in pipelines and not. */
  readonly transactions?: boolean;
  /** How many more clients only read, one key a command. */
  readonly readers?: number;
  /** Some transactions take long on one shard, and the others have done their parts long before. */
  readonly isUneven?: boolean;
  /** Begins the names of all keys: those of several runs on one server must differ. */
  readonly prefix?: string;
}

export interface Run {
  readonly history: History;
  readonly counts: Counts;
}

const KEYS = 6;
/** A key with as many elements is left alone and another takes its place: values stay short. */
const ELEMENTS_MAX = 40;
const COPIES = 4;
/** So many bytes are counted where a shard has to be slow. */
const BALLAST_BYTES = 4_000_000;
/** How often a pair of new keys is tried to be begun by MSETNX. */
const PAIR_TRIES = 3;

/** The keys that are in use, and ids. */
class Keys {
  readonly all: string[] = [];
  readonly #random: Random;
  readonly #prefix: string;
  readonly #inUse: string[] = [];
  readonly #elements = new Map<string, number>();
  readonly #copies: string[] = [];
  #pair: readonly [string, string] | undefined;
  #pairTries = 0;
  #ids = 0;

  constructor(random: Random, prefix: string) {
    this.#random = random;
    this.#prefix = prefix;
    for (let i = 0; i < KEYS; i++) this.#inUse.push(this.#fresh('key'));
  }

  any(): string {
    return this.#random.pick(this.#inUse);
  }

  several(): string[] {
    return Array.from({ length: this.#random.between(1, 4) }, () => this.any());
  }

  /** A key to append to. */
  written(): string {
    const at = this.#random.below(KEYS);
    const key = this.#inUse[at]!;
    const elements = (this.#elements.get(key) ?? 0) + 1;
    this.#elements.set(key, elements);
    if (elements >= ELEMENTS_MAX) this.#inUse[at] = this.#fresh('key');
    return key;
  }

  /** Two keys that have just come into use. */
  pair(): readonly [string, string] {
    if (this.#pair === undefined || ++this.#pairTries > PAIR_TRIES) {
      const at = this.#random.below(KEYS);
      const other = (at + this.#random.between(1, KEYS - 1)) % KEYS;
      this.#inUse[at] = this.#fresh('key');
      this.#inUse[other] = this.#fresh('key');
      this.#pair = [this.#inUse[at]!, this.#inUse[other]!];
      this.#pairTries = 1;
    }
    return this.#pair;
  }

  freshCopy(): string {
    const key = this.#fresh('copy');
    this.#copies.push(key);
    if (this.#copies.length > COPIES) this.#copies.shift();
    return key;
  }

  anyCopy(): string | undefined {
    return this.#copies.length === 0 ? undefined : this.#random.pick(this.#copies);
  }

  id(): string {
    return idOf(this.#ids++);
  }

  #fresh(kind: string): string {
    const key = `${this.#prefix}${kind}:${this.all.length}`;
    this.all.push(key);
    return key;
  }
}

class Workload {
  readonly #options: WorkloadOptions;
  readonly #random: Random;
  readonly #keys: Keys;
  readonly #recorder = new Recorder();
  readonly #counts: Counts = { committed: 0, aborted: 0, unknown: 0, single: 0 };

  constructor(options: WorkloadOptions) {
    this.#options = options;
    this.#random = new Random(options.seed);
    this.#keys = new Keys(this.#random, options.prefix ?? '');
  }

  async run(): Promise<Run> {
    const { port, clients, durationMs, readers = 0 } = this.#options;
    const all = await Promise.all(
      Array.from({ length: clients + readers }, () => RecordedClient.open(port, this.#recorder)),
    );
    if (this.#options.isUneven === true) await all[0]!.run([this.#ballast()]);
    const end = Date.now() + durationMs;
    await Promise.all(
      all.map(async (client, at) => {
        const step = () => (at < clients ? this.#step(client) : this.#look(client));
        while (Date.now() < end || !this.#hasEnough()) await step();
      }),
    );
    // What was acknowledged last must be seen by someone too.
    await all[0]!.run([requests.mget(this.#keys.all)]);
    for (const client of all) client.close();
    return { history: this.#recorder.transactions, counts: this.#counts };
  }

  #hasEnough(): boolean {
    const { committed = 0, aborted = 0, unknown = 0, single = 0 } = this.#options.atLeast ?? {};
    const counts = this.#counts;
    return (
      counts.committed >= committed &&
      counts.aborted >= aborted &&
      counts.unknown >= unknown &&
      counts.single >= single
    );
  }

  async #look(client: RecordedClient): Promise<void> {
    await this.#alone(client, [requests.get(this.#keys.any())], 'at once');
  }

  async #step(client: RecordedClient): Promise<void> {
    const random = this.#random;
    const pace: Pace = random.oneIn(3) ? 'step by step' : 'at once';
    const kind = this.#options.transactions === false ? random.below(8) : random.below(20);
    if (kind < 5) return this.#alone(client, [this.#request()], pace);
    if (kind < 8) return this.#alone(client, this.#several(8), 'at once');
    if (kind < 14) {
      const outcome = await client.transaction(this.#withFailures(this.#several(5)), 'EXEC', pace);
      this.#counts[outcome]++;
    } else if (kind < 18) {
      this.#counts[await this.#watched(client, pace)]++;
    } else if (kind < 19 || this.#options.abandons !== true) {
      const ending = random.oneIn(2) ? 'DISCARD' : 'EXEC after an error';
      this.#counts[await client.transaction(this.#several(3), ending, pace)]++;
    } else {
      await client.abandon(this.#several(4));
      this.#counts.unknown++;
    }
  }

  async #alone(client: RecordedClient, several: readonly Request[], pace: Pace): Promise<void> {
    this.#counts.single += several.length;
    await client.run(several, pace);
  }

  /** Reads what is watched, and changes some of it. */
  #watched(client: RecordedClient, pace: Pace): Promise<Outcome> {
    const keys = [...new Set(this.#keys.several())];
    const reads = this.#random.oneIn(2) ? keys.map(requests.get) : [requests.mget(keys)];
    const changes = this.#several(2);
    const changed = this.#random.pick(keys);
    changes.push(requests.append(changed, this.#keys.id()));
    return client.watched(keys, reads, changes, pace);
  }

  #several(countMax: number): Request[] {
    return Array.from({ length: this.#random.between(2, countMax) }, () => this.#request());
  }

  /** Now and then with a command in the midst that fails when it runs; the others run all the same. */
  #withFailures(several: Request[]): Request[] {
    if (this.#options.isUneven === true && this.#random.oneIn(2)) several.unshift(this.#slow());
    if (!this.#random.oneIn(4)) return several;
    const key = this.#keys.any();
    const failing = this.#random.oneIn(2)
      ? requests.failing(['SETRANGE', key, '-1', 'x'], /^ERR offset is out of range/)
      : requests.failing(['INCRBY', key, 'many'], /^ERR value is not an integer/);
    several.splice(this.#random.below(several.length + 1), 0, failing);
    return several;
  }

  get #ballastKey(): string {
    return `${this.#options.prefix ?? ''}ballast`;
  }

  #ballast(): Request {
    return requests.answered(['SETRANGE', this.#ballastKey, String(BALLAST_BYTES - 1), 'x'], BALLAST_BYTES);
  }

  #slow(): Request {
    // The letter x has four bits.
    return requests.answered(['BITCOUNT', this.#ballastKey], 4);
  }

  #request(): Request {
    const keys = this.#keys;
    const choice = this.#random.below(40);
    if (choice < 14) return requests.append(keys.written(), keys.id());
    if (choice < 22) return requests.get(keys.any());
    if (choice < 28) return requests.mget(keys.several());
    if (choice < 31) return requests.strlen(keys.any());
    if (choice < 34) return requests.exists(keys.any());
    if (choice < 36) {
      const [one, other] = keys.pair();
      return requests.msetnx([
        [one, keys.id()],
        [other, keys.id()],
      ]);
    }
    const copied = keys.anyCopy();
    if (choice < 38 || copied === undefined) return requests.copy(keys.any(), keys.freshCopy());
    return requests.get(copied);
  }
}

/** Rejects when the server cannot be reached. */
export function runWorkload(options: WorkloadOptions): Promise<Run> {
  return new Workload(options).run();
}
