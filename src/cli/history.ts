/** The lines that were typed, kept in a file between runs: one a line, the oldest first. */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** How many lines are kept. */
export const HISTORY_LINES_MAX = 1000;
/** Only its owner may read the file. */
const FILE_MODE = 0o600;

export class History {
  readonly #file: string | undefined;

  /** Without a file nothing is kept. */
  constructor(file: string | undefined) {
    this.#file = file;
  }

  /** The newest first, as node:readline wants them. A file that has grown long is cut. */
  load(): string[] {
    const lines = this.#lines();
    const kept = lines.slice(-HISTORY_LINES_MAX);
    if (lines.length > 2 * HISTORY_LINES_MAX) {
      this.#attempt((file) => writeFileSync(file, `${kept.join('\n')}\n`, { mode: FILE_MODE }));
    }
    return kept.reverse();
  }

  add(line: string): void {
    this.#attempt((file) => appendFileSync(file, `${line}\n`, { mode: FILE_MODE }));
  }

  #lines(): string[] {
    let text = '';
    this.#attempt((file) => {
      text = readFileSync(file, 'utf8');
    });
    return text.split('\n').filter((line) => line !== '');
  }

  /** A history that cannot be kept is no reason to disturb anybody. */
  #attempt(action: (file: string) => void): void {
    try {
      if (this.#file !== undefined) action(this.#file);
    } catch {}
  }
}

/** Where the history is kept: where SHARDIS_HISTORY says, or in the home folder. */
export function historyFile(env: Readonly<Record<string, string | undefined>>): string | undefined {
  if (env.SHARDIS_HISTORY !== undefined) return env.SHARDIS_HISTORY === '' ? undefined : env.SHARDIS_HISTORY;
  const home = env.HOME ?? env.USERPROFILE;
  return home === undefined ? undefined : path.join(home, '.shardis_history');
}
