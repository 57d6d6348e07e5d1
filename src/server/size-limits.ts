/** `max-key-size` and `max-value-size`: how long the words of a command may be, checked before it goes to a shard. */
import { keyWords } from '../commands/key-words.ts';
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
    const isNamed = keys !== undefined && !keys.flags.includes('not_key');
    const words = isNamed ? keyWords(keys, args) : [];
    if (this.keyBytesMax > 0) {
      for (const word of words) {
        if (word < args.count && args.length(word) > this.keyBytesMax)
          return tooLong('key', this.keyBytesMax);
      }
    }
    if (this.valueBytesMax === 0 || !command.isWrite) return undefined;
    const isKey = new Set(words);
    for (let word = 1; word < args.count; word++) {
      if (args.length(word) <= this.valueBytesMax || isKey.has(word)) continue;
      return tooLong('value', this.valueBytesMax);
    }
    return undefined;
  }
}
