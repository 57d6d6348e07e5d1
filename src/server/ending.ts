/**
 * SHUTDOWN and its signals: the last dump, where one is wanted, then the end. Writes wait from the beginning on, so that
 * the dump has everything that was acknowledged; when it cannot be written, or the shutdown is called off, they go on.
 */
import type { ShutdownOptions } from '../commands/persistence-service.ts';
import type { SaveRule } from '../config/save-rules.ts';
import type { Snapshots } from '../persistence/snapshots.ts';
import type { Pause } from './pause.ts';

export interface EndingParts {
  readonly snapshots: Pick<Snapshots, 'end' | 'finalDump' | 'resume' | 'abort'>;
  readonly writes: Pick<Pause, 'start' | 'end'>;
  rules(): readonly SaveRule[];
  note(level: 'notice' | 'warning', message: string): void;
  stop(): Promise<void>;
}

export class Ending {
  readonly #parts: EndingParts;
  #attempt: Promise<boolean> | undefined;
  #isCalledOff = false;

  constructor(parts: EndingParts) {
    this.#parts = parts;
  }

  /**
   * Resolves with false when the server goes on; with true when it has begun to stop. While one is under way others wait
   * for its outcome, whatever their options.
   */
  begin(options: ShutdownOptions): Promise<boolean> {
    this.#attempt ??= this.#try(options).then((isEnding) => {
      if (!isEnding) this.#attempt = undefined;
      return isEnding;
    });
    return this.#attempt;
  }

  /** False when there is nothing to call off. */
  callOff(): boolean {
    if (this.#attempt === undefined || this.#isCalledOff) return false;
    this.#isCalledOff = true;
    this.#parts.snapshots.abort();
    return true;
  }

  async #try({ dump, isForced = false }: ShutdownOptions): Promise<boolean> {
    const { snapshots, writes, rules, note, stop } = this.#parts;
    note('notice', 'User requested shutdown...');
    this.#isCalledOff = false;
    writes.start('write', Number.POSITIVE_INFINITY);
    await snapshots.end();
    if (dump === 'save' || (dump === undefined && rules().length > 0)) {
      note('notice', 'Saving the final RDB snapshot before exiting.');
      const isWritten = !this.#isCalledOff && (await snapshots.finalDump());
      if (!isWritten && !this.#isCalledOff) {
        note('warning', `Error trying to save the DB${isForced ? '. Exit anyway.' : ", can't exit."}`);
      }
      if (!isWritten && !isForced) this.#isCalledOff = true;
    }
    if (!this.#isCalledOff) {
      void stop();
      return true;
    }
    snapshots.resume();
    writes.end();
    return false;
  }
}
