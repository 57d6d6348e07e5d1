/**
 * The words of one command as ranges of a byte buffer: no strings are made until a handler asks for one.
 * One instance is filled again and again, so nobody may keep it past the command it holds.
 */
import { equalBytes, latin1, lowerByte } from '../base/bytes.ts';
import { parseDouble, parseInteger } from '../base/numbers.ts';

const NO_BYTES = new Uint8Array(0);

export class Arguments {
  /** What `starts` and `ends` are offsets into. */
  bytes: Uint8Array = NO_BYTES;
  /** How many words there are, the command's name (word 0) included. */
  count = 0;
  starts = new Int32Array(16);
  ends = new Int32Array(16);

  /** Makes room for `count` words; what is there stays. */
  ensureCapacity(count: number): void {
    if (count <= this.starts.length) return;
    const capacity = Math.max(count, this.starts.length * 2);
    const starts = new Int32Array(capacity);
    const ends = new Int32Array(capacity);
    starts.set(this.starts);
    ends.set(this.ends);
    this.starts = starts;
    this.ends = ends;
  }

  length(index: number): number {
    return this.ends[index]! - this.starts[index]!;
  }

  /** The word as text, one character a byte. */
  text(index: number): string {
    return latin1(this.bytes, this.starts[index]!, this.ends[index]!);
  }

  /** The word decoded as UTF-8, for texts that people read. */
  utf8(index: number): string {
    const start = this.starts[index]!;
    return Buffer.from(this.bytes.buffer, this.bytes.byteOffset + start, this.length(index)).toString('utf8');
  }

  /** A copy of the word's bytes that outlives the command. */
  copy(index: number): Uint8Array {
    return this.bytes.slice(this.starts[index]!, this.ends[index]!);
  }

  /** The word as a strict 64-bit integer, or undefined. See `parseInteger`. */
  integer(index: number): number | bigint | undefined {
    return parseInteger(this.bytes, this.starts[index]!, this.ends[index]!);
  }

  double(index: number): number | undefined {
    return parseDouble(this.text(index));
  }

  /** True when the word is `keyword` (given in lower case) in any case. */
  is(index: number, keyword: string): boolean {
    const start = this.starts[index]!;
    if (this.length(index) !== keyword.length) return false;
    for (let i = 0; i < keyword.length; i++) {
      if (lowerByte(this.bytes[start + i]!) !== keyword.charCodeAt(i)) return false;
    }
    return true;
  }

  /** True when two words have the same bytes. */
  same(a: number, b: number): boolean {
    const length = this.length(a);
    return (
      length === this.length(b) &&
      equalBytes(this.bytes, this.starts[a]!, this.bytes, this.starts[b]!, length)
    );
  }

  /** The words from `first` on as text. */
  texts(first = 0): string[] {
    const words: string[] = [];
    for (let i = first; i < this.count; i++) words.push(this.text(i));
    return words;
  }

  /** A copy of all words that outlives the command, without the name. */
  withoutName(): Arguments {
    const words: Uint8Array[] = [NO_BYTES];
    for (let i = 1; i < this.count; i++) words.push(this.bytes.subarray(this.starts[i]!, this.ends[i]!));
    const copy = new Arguments();
    copy.setWords(words);
    return copy;
  }

  /** Replaces the content by separate words, laid out in a buffer of their own. */
  setWords(words: readonly Uint8Array[]): void {
    let total = 0;
    for (const word of words) total += word.length;
    const bytes = new Uint8Array(total);
    this.ensureCapacity(words.length);
    this.count = words.length;
    this.bytes = bytes;
    let at = 0;
    for (let i = 0; i < words.length; i++) {
      this.starts[i] = at;
      bytes.set(words[i]!, at);
      at += words[i]!.length;
      this.ends[i] = at;
    }
  }
}
