/**
 * Notes: what a shard tells the acceptor of a command that was slow, and of every part of a command that was cut.
 * A note is a frame with FRAME_NOTE in the reply lane (offsets from the start of the frame):
 *
 *   byte  4  u32  command id (low 16 bits) | 1 << 16 when the client wrote the name in upper case
 *   byte  8  u32  nanoseconds it took, modulo 2^32
 *   byte 12  u32  nanoseconds / 2^32
 *   byte 16  u32  number of words of the command, its name included
 *   byte 20  u32  number k of words in this note; the name is not among them
 *   byte 24  k × (u32 bytes of the word that are here, u32 length of the word)
 *            the words' bytes, one after the other
 *
 * A note has as many words as the slow log shows of a command, and as many bytes of each.
 */
import { copyBytes } from '../base/bytes.ts';
import { FRAME_NOTE } from './layout.ts';

/** A command of more words is shown with one less, and how many there are more. */
export const NOTED_WORDS_MAX = 32;
/** Of a longer word so much is shown, and how many bytes there are more. */
export const NOTED_WORD_BYTES_MAX = 128;
const WORDS_OFFSET = 24;
const UPPER_CASE = 1 << 16;
const HIGH = 4294967296;

/** The words of a command as ranges of bytes: what Arguments are. */
interface Words {
  readonly bytes: Uint8Array;
  readonly count: number;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
}

/** A word, or as much of it as is shown. */
export interface NotedWord {
  readonly bytes: Uint8Array;
  /** The bytes of the whole word. */
  readonly length: number;
}

export interface Note {
  readonly id: number;
  readonly isUpperCase: boolean;
  readonly ns: number;
  /** How many words the command has, its name included. */
  readonly count: number;
  /** The first of them, without the name. */
  readonly words: readonly NotedWord[];
}

/** How many words of a command with `count` are shown as they are. */
export function notedWords(count: number): number {
  return count > NOTED_WORDS_MAX ? NOTED_WORDS_MAX - 1 : count;
}

/** How long the frame of a note with the words of `args` is; without `args`, of one that has none. */
export function noteBytes(args: Words | undefined): number {
  if (args === undefined) return WORDS_OFFSET;
  let size = WORDS_OFFSET;
  for (let i = 1; i < notedWords(args.count); i++) {
    size += 8 + Math.min(NOTED_WORD_BYTES_MAX, args.ends[i]! - args.starts[i]!);
  }
  return size;
}

/** Where a note is written: a lane's producer. */
interface NoteLane {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  commit(offset: number, size: number, flags: number): void;
}

/** Writes a note into the room for `noteBytes` bytes that was reserved at `offset`, and commits it, with FRAME_ `flags` of its own. */
export function writeNote(
  lane: NoteLane,
  offset: number,
  id: number,
  isUpperCase: boolean,
  ns: number,
  args: Words | undefined,
  flags = 0,
): void {
  const cells = lane.words;
  const at = offset >> 2;
  cells[at + 1] = isUpperCase ? id | UPPER_CASE : id;
  cells[at + 2] = Math.floor(ns) | 0;
  cells[at + 3] = Math.floor(ns / HIGH);
  const shown = args === undefined ? 1 : notedWords(args.count);
  cells[at + 4] = args === undefined ? 1 : args.count;
  cells[at + 5] = shown - 1;
  let end = offset + WORDS_OFFSET + (shown - 1) * 8;
  for (let i = 1; i < shown; i++) {
    const start = args!.starts[i]!;
    const length = args!.ends[i]! - start;
    const kept = Math.min(length, NOTED_WORD_BYTES_MAX);
    const entry = at + WORDS_OFFSET / 4 + (i - 1) * 2;
    cells[entry] = kept;
    cells[entry + 1] = length;
    end = copyBytes(args!.bytes, start, start + kept, lane.bytes, end);
  }
  lane.commit(offset, end - offset, FRAME_NOTE | flags);
}

/** Reads the note whose frame begins at `offset`. Its words are copies. */
export function readNote(lane: { bytes: Uint8Array; words: Int32Array }, offset: number): Note {
  const cells = lane.words;
  const at = offset >> 2;
  const shown = cells[at + 5]!;
  const words: NotedWord[] = [];
  let start = offset + WORDS_OFFSET + shown * 8;
  for (let i = 0; i < shown; i++) {
    const entry = at + WORDS_OFFSET / 4 + i * 2;
    const kept = cells[entry]!;
    words.push({ bytes: lane.bytes.slice(start, start + kept), length: cells[entry + 1]! });
    start += kept;
  }
  return {
    id: cells[at + 1]! & 0xffff,
    isUpperCase: (cells[at + 1]! & UPPER_CASE) !== 0,
    ns: (cells[at + 2]! >>> 0) + cells[at + 3]! * HIGH,
    count: cells[at + 4]!,
    words,
  };
}
