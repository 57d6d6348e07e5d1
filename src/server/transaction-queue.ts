/** The commands that a connection has queued behind MULTI: copies of their words, one after the other in one buffer. */
import { copyBytes, type ViewedBytes, viewedBytes } from '../base/bytes.ts';
import { type Command, ROUTE } from '../commands/table.ts';
import { Arguments } from '../protocol/arguments.ts';

const INITIAL_BYTES = 512;
/** A larger buffer is not kept for the next transaction. */
const KEPT_BYTES = 64 * 1024;

export class TransactionQueue {
  /** The words of all commands, names included. */
  readonly words = new Arguments();
  readonly commands: Command[] = [];
  /** By command: the word that is its name. */
  readonly firsts: number[] = [];
  /** A command could not be queued: EXEC will refuse. */
  isSpoiled = false;
  /** A command runs in the acceptor, and may show or change what the connection's earlier commands affect. */
  waitsForReplies = false;
  /** EXEC is to be treated as this one, where a pause or a full disk stops some commands: the first that writes. */
  write: Command | undefined;
  /** A command may take more memory. */
  deniesOom = false;
  #end = 0;

  constructor() {
    this.words.bytes = blank(INITIAL_BYTES);
  }

  get length(): number {
    return this.commands.length;
  }

  /** The memory of `words`, until something is added. */
  get view(): DataView {
    return (this.words.bytes as ViewedBytes).view!;
  }

  /** What the queue takes of the acceptor's memory. */
  get memoryBytes(): number {
    return this.words.bytes.length + 8 * this.words.starts.length;
  }

  add(command: Command, { bytes, count, starts, ends }: Arguments): void {
    const { words } = this;
    const first = words.count;
    const from = starts[0]!;
    const length = ends[count - 1]! - from;
    this.#room(length);
    copyBytes(bytes, from, from + length, words.bytes, this.#end);
    words.ensureCapacity(first + count);
    const shift = this.#end - from;
    for (let i = 0; i < count; i++) {
      words.starts[first + i] = starts[i]! + shift;
      words.ends[first + i] = ends[i]! + shift;
    }
    words.count = first + count;
    this.#end += length;
    this.commands.push(command);
    this.firsts.push(first);
    if (command.isWrite) this.write ??= command;
    if (command.deniesOom) this.deniesOom = true;
    if (command.route === ROUTE.server) this.waitsForReplies = true;
  }

  /** Adds a word of `size` bytes that belongs to no command and returns its number; whoever wants it fills it. */
  addBlank(size: number): number {
    const { words } = this;
    const word = words.count++;
    this.#room(size);
    words.ensureCapacity(words.count);
    words.starts[word] = this.#end;
    words.ends[word] = this.#end + size;
    this.#end += size;
    return word;
  }

  /** Takes the last word back. */
  dropLast(): void {
    this.words.count--;
    this.#end = this.words.starts[this.words.count]!;
  }

  /** Points `into` at the words of command `index`. They are valid until something is added. */
  load(index: number, into: Arguments): void {
    const { bytes, starts, ends, count } = this.words;
    const first = this.firsts[index]!;
    const length = (this.firsts[index + 1] ?? count) - first;
    into.bytes = bytes;
    into.ensureCapacity(length);
    into.count = length;
    for (let i = 0; i < length; i++) {
      into.starts[i] = starts[first + i]!;
      into.ends[i] = ends[first + i]!;
    }
  }

  /** Empties the queue for the next transaction. */
  clear(): void {
    this.commands.length = 0;
    this.firsts.length = 0;
    this.words.count = 0;
    this.isSpoiled = false;
    this.write = undefined;
    this.waitsForReplies = false;
    this.deniesOom = false;
    this.#end = 0;
    if (this.words.bytes.length > KEPT_BYTES) this.words.bytes = blank(INITIAL_BYTES);
  }

  #room(bytes: number): void {
    const { words } = this;
    if (this.#end + bytes <= words.bytes.length) return;
    const grown = blank(Math.max(2 * words.bytes.length, this.#end + bytes));
    grown.set(words.bytes.subarray(0, this.#end));
    words.bytes = grown;
  }
}

/** Copies from and to it are many and short. */
function blank(size: number): ViewedBytes {
  return viewedBytes(new ArrayBuffer(size));
}
