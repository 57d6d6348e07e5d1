/** Syncs the logs of all shards once a second, off the shards' threads, and closes the segments that they left. */
import * as fs from 'node:fs';
import { OWNER_SYNCER, SLOT_FREE, SLOT_LEFT, SLOT_OPEN, SyncBoard } from './sync-board.ts';

const INTERVAL_MS = 1000;
const EIO = 5;

type Done = (error: NodeJS.ErrnoException | null | undefined) => void;

/** What the syncer needs of the system; `node:fs` is one. */
export interface SyncCalls {
  fdatasync(fd: number, done: Done): void;
  close(fd: number, done: Done): void;
}

export type SyncPolicy = 'always' | 'everysec' | 'no';

export interface SyncerOptions {
  /** One for each shard, see sync-board.ts. */
  readonly boards: readonly SharedArrayBuffer[];
  /** Is asked at each round: with `no` and `always` only segments that were left are synced. */
  readonly policy: () => SyncPolicy;
  readonly calls?: SyncCalls;
  readonly now?: () => number;
}

export class Syncer {
  readonly #boards: SyncBoard[];
  readonly #options: SyncerOptions;
  readonly #calls: SyncCalls;
  #timer: NodeJS.Timeout | undefined;
  /** What the last sync took. */
  lastSyncMs = 0;
  #inFlight = 0;
  #idle: (() => void)[] = [];

  constructor(options: SyncerOptions) {
    this.#options = options;
    this.#calls = options.calls ?? fs;
    this.#boards = options.boards.map((memory) => new SyncBoard(memory));
  }

  /** How many syncs are under way. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Runs a round each second; this alone keeps no process alive. */
  start(): void {
    this.#timer ??= setInterval(() => this.round(), INTERVAL_MS);
    this.#timer.unref();
  }

  /** No more rounds; resolves when the syncs under way are done. What is unsynced then is up to the writers' `close`. */
  stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    return new Promise((resolve) => {
      if (this.#inFlight === 0) resolve();
      else this.#idle.push(resolve);
    });
  }

  /** Starts to sync all that needs it, and to close what was left and is synced. */
  round(): void {
    const syncsOpen = this.#options.policy() === 'everysec';
    for (const board of this.#boards) {
      // The writer has to see to it first: after an error, a sync that succeeds proves nothing.
      if (board.errno !== 0) continue;
      for (let slot = 0; slot < SyncBoard.slots; slot++) {
        const state = board.state(slot);
        const isDue = state === SLOT_LEFT || (state === SLOT_OPEN && syncsOpen && board.isDirty(slot));
        if (isDue && board.own(slot, OWNER_SYNCER)) this.#sync(board, slot);
      }
    }
  }

  /** The slot is owned. */
  #sync(board: SyncBoard, slot: number): void {
    this.#inFlight++;
    const state = board.state(slot);
    const sequence = board.written(slot);
    if (state !== SLOT_OPEN && state !== SLOT_LEFT) {
      this.#finish(board, slot);
    } else if (board.synced(slot) >= sequence) {
      if (state === SLOT_LEFT) this.#close(board, slot);
      else this.#finish(board, slot);
    } else {
      const beganMs = (this.#options.now ?? Date.now)();
      const startMs = performance.now();
      this.#calls.fdatasync(board.descriptor(slot), (error) => {
        if (error) {
          board.errno = Math.abs(error.errno ?? EIO);
          this.#finish(board, slot);
          return;
        }
        this.lastSyncMs = performance.now() - startMs;
        board.setSynced(slot, sequence, beganMs);
        // A segment is left after its last record was written: if it was left then, this was all of it.
        if (state === SLOT_LEFT) this.#close(board, slot);
        else this.#finish(board, slot);
      });
    }
  }

  #close(board: SyncBoard, slot: number): void {
    this.#calls.close(board.descriptor(slot), () => {
      board.setState(slot, SLOT_FREE);
      this.#finish(board, slot);
    });
  }

  #finish(board: SyncBoard, slot: number): void {
    board.disown(slot);
    this.#inFlight--;
    if (this.#inFlight === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }
}
