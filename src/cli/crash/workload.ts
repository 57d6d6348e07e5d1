/** Random commands on the keys of one connection, each of which has one right reply. */

import type { Random } from '../../base/random.ts';
import { packBlock } from './block.ts';
import type { History } from './history.ts';

export interface WorkloadOptions {
  readonly keys: number;
  readonly counters: number;
  /** Whether the server knows MULTI. */
  readonly hasTransactions: boolean;
}

/** An expiry this far away is not reached while the test runs. */
const FAR_MS = 3_600_000;
const NEAR_MS_MAX = 500;
/** Strings that have grown to this length are written anew. */
const GROWN_BYTES = 20_000;

type Make = (workload: Workload, nowMs: number) => string[];

/** What is written how often; what fails its conditions becomes a SET. */
const MIX: readonly (readonly [weight: number, make: Make])[] = [
  [30, (load) => ['SET', load.anyKey(), load.value()]],
  [4, (load, nowMs) => ['SET', load.anyKey(), load.value(), 'PXAT', String(nowMs + load.farMs())]],
  [3, (load, nowMs) => ['SET', load.anyKey(), load.value(), 'PXAT', String(nowMs + load.nearMs())]],
  [14, (load) => ['INCR', load.counter()]],
  [8, (load) => ['DEL', load.steadyKey()]],
  [2, (load) => ['DEL', load.steadyKey(), load.steadyKey(), load.steadyKey()]],
  [6, (load) => ['EXPIRE', load.steadyKey(), String(Math.ceil(load.farMs() / 1000))]],
  [5, (load, nowMs) => ['PEXPIREAT', load.steadyKey(), String(nowMs + load.farMs())]],
  [3, (load, nowMs) => ['PEXPIREAT', load.steadyKey(), String(nowMs + load.nearMs())]],
  [2, (load) => ['PEXPIREAT', load.steadyKey(), '1000']],
  [2, (load) => ['DEL', load.counter()]],
  [2, (load, nowMs) => ['PEXPIREAT', load.counter(), String(nowMs + load.farMs())]],
  [2, (load) => ['PERSIST', load.steadyKey()]],
  [10, (load) => ['APPEND', load.steadyKey(), load.value()]],
  [8, (load) => load.setRange()],
  [10, (load) => load.setSeveral()],
  [6, (load) => ['RENAME', load.steadyKey(), load.anyKey()]],
  [10, (load) => load.transaction()],
];

const WEIGHTS = MIX.reduce((sum, [weight]) => sum + weight, 0);

export class Workload {
  readonly #random: Random;
  readonly #name: string;
  readonly #history: History;
  readonly #options: WorkloadOptions;
  #nowMs = 0;
  /** Makes every value of this workload a different one. */
  #number = 0;

  /** `name` begins its keys and its values: no two workloads of a run may share it. */
  constructor(random: Random, name: string, history: History, options: WorkloadOptions) {
    this.#random = random;
    this.#name = name;
    this.#history = history;
    this.#options = options;
  }

  /** The next command, which must be given to the history before another is asked for. */
  next(nowMs: number): string[] {
    this.#nowMs = nowMs;
    let left = this.#random.below(WEIGHTS);
    const [, make] = MIX.find(([weight]) => {
      left -= weight;
      return left < 0;
    })!;
    return make(this, nowMs);
  }

  anyKey(): string {
    return `${this.#name}:s:${this.#random.below(this.#options.keys)}`;
  }

  /** A key that cannot expire between the making of a command and its run. */
  steadyKey(): string {
    return this.#steady(() => this.anyKey());
  }

  counter(): string {
    return this.#steady(() => `${this.#name}:n:${this.#random.below(this.#options.counters)}`);
  }

  value(): string {
    const random = this.#random;
    const length = random.chance(0.002)
      ? random.between(50_000, 150_000)
      : random.chance(0.05)
        ? random.between(500, 8000)
        : random.between(0, 60);
    const head = `${this.#name}.${this.#number++}.`;
    return head.padEnd(length, String.fromCharCode(random.between(0xa0, 0xff)));
  }

  farMs(): number {
    return FAR_MS * this.#random.between(2, 100);
  }

  nearMs(): number {
    return this.#random.between(1, NEAR_MS_MAX);
  }

  setRange(): string[] {
    const key = this.steadyKey();
    const length = this.#history.predicted(key)?.value.length ?? 0;
    if (length > GROWN_BYTES) return ['SET', key, this.value()];
    return ['SETRANGE', key, String(this.#random.below(length + 20)), this.value()];
  }

  setSeveral(): string[] {
    const keys = new Set<string>();
    for (let left = this.#random.between(2, 8); left > 0; left--) keys.add(this.anyKey());
    return ['MSET', ...[...keys].flatMap((key) => [key, this.value()])];
  }

  /** Sets several keys to the same new value, and now and then does more. */
  transaction(): string[] {
    if (!this.#options.hasTransactions) return ['SET', this.anyKey(), this.value()];
    const keys = new Set<string>();
    for (let left = this.#random.between(2, 6); left > 0; left--) keys.add(this.anyKey());
    const value = this.value();
    const commands = [...keys].map((key) => ['SET', key, value]);
    if (this.#random.chance(0.4)) commands.push(['INCR', this.counter()]);
    if (this.#random.chance(0.2)) commands.push(['APPEND', commands[0]![1]!, this.value()]);
    if (this.#random.chance(0.2)) commands.push(['DEL', commands[1]?.[1] ?? this.steadyKey()]);
    return packBlock(commands);
  }

  #steady(choose: () => string): string {
    for (;;) {
      const key = choose();
      const expiry = this.#history.predicted(key)?.expiry;
      if (expiry === undefined || expiry.minMs > this.#nowMs + FAR_MS / 2) return key;
      // Expiry would take all keys from a small workload in the end: most of those found are written anew.
      if (this.#random.chance(0.02)) return this.#fresh();
    }
  }

  #fresh(): string {
    return `${this.#name}:f:${this.#number++}`;
  }
}

/** Writes each of its keys once, with SET and now and then MSET; undefined when all are written. */
export class Filling {
  readonly #name: string;
  readonly #random: Random;
  readonly #keys: number;
  #written = 0;

  constructor(random: Random, name: string, keys: number) {
    this.#name = name;
    this.#random = random;
    this.#keys = keys;
  }

  next(): string[] | undefined {
    const left = this.#keys - this.#written;
    if (left === 0) return undefined;
    const isSeveral = left >= 4 && this.#random.chance(0.1);
    const words = [isSeveral ? 'MSET' : 'SET'];
    for (let pair = 0; pair < (isSeveral ? 4 : 1); pair++) {
      const number = this.#written++;
      words.push(
        `${this.#name}:k:${number}`,
        `${this.#name}.${number}.`.padEnd(this.#random.between(8, 80), '='),
      );
    }
    return words;
  }
}
