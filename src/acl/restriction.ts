/** What a user who may not do everything may do: any of some selectors must allow a command as a whole. */
import type { Command } from '../commands/table.ts';
import type { Arguments } from '../protocol/arguments.ts';
import { ALLOWED, COMMAND_DENIED, type Selector } from './selector.ts';

export class Restriction {
  /** The word of the key or channel that the last check denied. */
  deniedWord = 0;
  readonly #selectors: readonly Selector[];

  constructor(selectors: readonly Selector[]) {
    this.#selectors = selectors;
  }

  /**
   * ALLOWED, COMMAND_DENIED, KEY_DENIED or CHANNEL_DENIED. Of several reasons it is the one that came furthest:
   * a channel before a key before the command, then the word that stands last.
   */
  check(command: Command, args: Arguments): number {
    let reason = COMMAND_DENIED;
    this.deniedWord = 0;
    const selectors = this.#selectors;
    for (let i = 0; i < selectors.length; i++) {
      const selector = selectors[i]!;
      const result = selector.check(command, args);
      if (result === ALLOWED) return ALLOWED;
      if (result > reason || (result === reason && selector.deniedWord > this.deniedWord)) {
        reason = result;
        this.deniedWord = result === COMMAND_DENIED ? 0 : selector.deniedWord;
      }
    }
    return reason;
  }

  /** Whether the command may reach keys that it does not name, for reading. */
  allowsReadingAll(command: Command, args: Arguments): boolean {
    return this.#selectors.some((selector) => selector.allowsReadingAll(command, args));
  }
}
