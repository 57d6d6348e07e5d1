/** `max-key-size` and `max-value-size`: how long the words of a command may be, checked before it goes to a shard. */
import type { Command } from '../commands/table.ts';
import type { Arguments } from '../protocol/arguments.ts';
import { tooLong } from '../protocol/errors.ts';

export class SizeLimits {
  /** Bytes; 0 for no limit. */
  keyBytesMax = 0;
  /** Bytes of every word of a writing command that is not a key; 0 for no limit. */
  valueBytesMax = 0;

  get isActive(): boolean {
    return this.keyBytesMax > 0 || this.valueBytesMax > 0;
  }

  /** The text of the error when a word is too long. */
  problemOf(command: Command, args: Arguments): string | undefined {
    const { keys } = command;
    const first = keys === undefined || keys.flags.includes('not_key') ? args.count : keys.first;
    const step = keys?.step ?? 1;
    const last = keys === undefined || keys.last >= 0 ? (keys?.last ?? 0) : args.count + keys.last;
    const keyMax = this.keyBytesMax > 0 ? this.keyBytesMax : Infinity;
    const valueMax = this.valueBytesMax > 0 && command.isWrite ? this.valueBytesMax : Infinity;
    for (let word = 1; word < args.count; word++) {
      const isKey = word >= first && word <= last && (word - first) % step === 0;
      const length = args.length(word);
      if (isKey && length > keyMax) return tooLong('key', keyMax);
      if (!isKey && length > valueMax) return tooLong('value', valueMax);
    }
    return undefined;
  }
}
