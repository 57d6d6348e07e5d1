/** Snapshots without files: a test says when each ends and how, and what time it is. */
import type { SaveRule } from '../../../src/config/save-rules.ts';
import {
  type LogSizes,
  type SnapshotKind,
  type SnapshotResult,
  Snapshots,
} from '../../../src/persistence/snapshots.ts';

export const RESULT: SnapshotResult = { keys: 1, bytes: 2, writeMs: 30, syncMs: 4, copiedBytes: 50 };

export class FakeRunner {
  /** The kinds of the snapshots that were begun, in order. */
  readonly begun: SnapshotKind[] = [];
  #settle: { resolve: (result: SnapshotResult) => void; reject: (error: Error) => void } | undefined;

  run(kind: SnapshotKind): Promise<SnapshotResult> {
    if (this.#settle !== undefined) throw new Error('two snapshots at a time');
    this.begun.push(kind);
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
  }

  abort(): void {
    void this.fail('aborted');
  }

  progress() {
    return { keysWritten: 3, keysTotal: 9, copiedBytes: 27 };
  }

  get isRunning(): boolean {
    return this.#settle !== undefined;
  }

  /** Ends the snapshot under way and lets all hear of it. */
  succeed(result: Partial<SnapshotResult> = {}): Promise<void> {
    const settle = this.#settle!;
    this.#settle = undefined;
    settle.resolve({ ...RESULT, ...result });
    return settled();
  }

  fail(message = 'No space left on device'): Promise<void> {
    const settle = this.#settle!;
    this.#settle = undefined;
    settle.reject(new Error(message));
    return settled();
  }
}

/** Lets everything happen that waits for nothing but promises. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export class World {
  /** Milliseconds since 1970. */
  now = 1_700_000_000_000;
  changes = 0;
  rules: readonly SaveRule[] = [];
  growth = { percentage: 100, minBytes: 1000 };
  sizes: LogSizes = { isEnabled: true, bytes: 0, baseBytes: 0 };
  endings = 0;
  readonly notes: string[] = [];
  readonly runner = new FakeRunner();

  snapshots(): Snapshots {
    return new Snapshots({
      runner: this.runner,
      changes: () => this.changes,
      log: () => this.sizes,
      rules: () => this.rules,
      growth: () => this.growth,
      now: () => this.now,
      note: (level, message) => this.notes.push(`${level}: ${message}`),
      ended: () => this.endings++,
    });
  }

  pass(seconds: number): void {
    this.now += seconds * 1000;
  }
}
