/**
 * A run: what a connection waits for at one place of its reply order. Usually it stands for a row of commands
 * that went to one shard (see ring/layout.ts); it may also hold replies made here that must wait their turn, or
 * the reply of a command that was cut over several shards.
 */
import type { Note } from '../ring/notes.ts';
import type { Connection } from './connection.ts';
import type { ShardLink } from './shard-link.ts';

/** Who gets the replies of parts of a command, of which each shard concerned runs one. */
export interface PartReceiver {
  /** Whose command it is. */
  readonly connection: Connection | undefined;
  /** Bytes of the reply of a part, which will be written over. */
  receive(part: number, source: Uint8Array, start: number, end: number): void;
  /** What the shard has to say of the command. */
  partTook(ns: number, note: Note): void;
  partDone(): void;
  /** The shard of a part has died; it counts as done. */
  partLost(): void;
}

/** A shard that is held for a command, and the run that stands for it; that is over when it has another `split`. */
export interface Hold {
  readonly link: ShardLink;
  readonly run: Run;
  readonly split: PartReceiver | undefined;
}

export class Run {
  connection: Connection | undefined;
  /** The next run in the connection's order. */
  next: Run | undefined;
  /** Replies that arrived before the run's turn came. */
  stash: Uint8Array[] | undefined;
  /** All replies have arrived. */
  isDone = false;
  /** The client does not want the replies (CLIENT REPLY OFF or SKIP). */
  isSilent = false;
  /** Where the replies go instead, of a part of a cut command or of one whose client may have to wait. */
  split: PartReceiver | undefined;
  part = 0;
  /** How many of its commands keep others from reading the shard's memory directly. */
  guards = 0;
  /** How many of its commands write. */
  writes = 0;
  /** The shard of all its commands, for a row of commands to one. */
  link: ShardLink | undefined;
  /** Hashes of keys that nobody reads directly before it is answered. */
  guardedKeys: number[] | undefined;
  /** Where shards are held for its command. */
  holds: readonly Hold[] | undefined;
  /** It is counted among its link's `orderGuards`. */
  guardsOrder = false;
  /** Keys that its transaction has read last, for a client that tracks what it reads: see tracking.ts. */
  settledKeys: ReadonlySet<string> | undefined;
  /** Bytes of requests that travel beside the lane. */
  externalBytes = 0;
  /** Shards answer it, and nothing else is waited for: replies made before it may wait to go out with its own. */
  isPrompt = false;
}

const POOLED_MAX = 4096;

/** Runs come and go with every pipeline: they are used again. */
export class RunPool {
  readonly #free: Run[] = [];

  take(connection: Connection | undefined): Run {
    const run = this.#free.pop() ?? new Run();
    run.connection = connection;
    return run;
  }

  give(run: Run): void {
    if (this.#free.length >= POOLED_MAX) return;
    run.connection = undefined;
    run.next = undefined;
    run.stash = undefined;
    run.isDone = false;
    run.isSilent = false;
    run.split = undefined;
    run.part = 0;
    run.guards = 0;
    run.writes = 0;
    run.link = undefined;
    run.holds = undefined;
    run.guardedKeys = undefined;
    run.guardsOrder = false;
    run.settledKeys = undefined;
    run.externalBytes = 0;
    run.isPrompt = false;
    this.#free.push(run);
  }
}

/** First in, first out, of runs: what a shard will answer next. */
export class RunQueue {
  #items: (Run | undefined)[] = new Array(64).fill(undefined);
  #first = 0;
  length = 0;
  /** How many have been taken out since the start. */
  taken = 0;

  push(run: Run): void {
    if (this.length === this.#items.length) this.#grow();
    this.#items[(this.#first + this.length) & (this.#items.length - 1)] = run;
    this.length++;
  }

  /** The one that was pushed last. */
  last(): Run {
    return this.#items[(this.#first + this.length - 1) & (this.#items.length - 1)]!;
  }

  peek(): Run {
    return this.#items[this.#first]!;
  }

  shift(): void {
    this.#items[this.#first] = undefined;
    this.#first = (this.#first + 1) & (this.#items.length - 1);
    this.length--;
    this.taken++;
  }

  #grow(): void {
    const items: (Run | undefined)[] = new Array(this.#items.length * 2).fill(undefined);
    for (let i = 0; i < this.length; i++) {
      items[i] = this.#items[(this.#first + i) & (this.#items.length - 1)];
    }
    this.#items = items;
    this.#first = 0;
  }
}

/** Keeps direct reads from missing writes that stand before `run`, which is at `link`, until it has been answered. */
export function guardOrder(run: Run, link: ShardLink): void {
  link.guardOrder(run);
  if (run.holds === undefined) return;
  for (const hold of run.holds) if (hold.run.split === hold.split) hold.link.guardOrder(hold.run);
}
