/** The file that tells others the number of this process: it is there as long as the server. */
import { rmSync, writeFileSync } from 'node:fs';

export class PidFile {
  /** Empty for none. */
  readonly #path: string;
  readonly #warn: (message: string) => void;
  #isWritten = false;

  constructor(path: string, warn: (message: string) => void) {
    this.#path = path;
    this.#warn = warn;
  }

  /** A server that cannot write it runs without, as Redis does. */
  write(): void {
    if (this.#path === '') return;
    try {
      writeFileSync(this.#path, `${process.pid}\n`);
      this.#isWritten = true;
    } catch (error) {
      this.#warn(`Failed to write PID file: ${(error as Error).message}`);
    }
  }

  /** Removes it if this server has written it. */
  remove(): void {
    if (!this.#isWritten) return;
    this.#isWritten = false;
    try {
      rmSync(this.#path, { force: true });
    } catch (error) {
      this.#warn(`Failed to remove PID file: ${(error as Error).message}`);
    }
  }
}
