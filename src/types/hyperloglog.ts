/**
 * A HyperLogLog while it is changed: a copy, which whoever keeps it stores again as a string. The bytes come out as Redis's do (see
 * hyperloglog-format.ts): the same runs are split and joined in the same way, and what is sparse becomes dense at the same moment.
 */
import { copyBytes } from '../base/bytes.ts';
import { REGISTERS } from './hyperloglog-estimate.ts';
import {
  DENSE_LENGTH,
  denseRegister,
  HEADER_BYTES,
  isDense,
  runBytes,
  runLength,
  runValue,
  STALE,
  STALE_AT,
  setDense,
  setDenseRegister,
  VALUE_MAX,
  VALUE_RUN_MAX,
  writeHeader,
  writeRun,
} from './hyperloglog-format.ts';
import { INDEX_BITS, placeOf } from './hyperloglog-hash.ts';
import { mergeRegisters } from './hyperloglog-registers.ts';

/** What became of a register. */
export const UNCHANGED = 0;
export const RAISED = 1;
/** The runs are not right. */
export const CORRUPT = -1;
export type Outcome = typeof UNCHANGED | typeof RAISED | typeof CORRUPT;

/** How many bytes more a change of runs needs at most, and one that is read behind the end. */
const ROOM = 8;
/** A buffer that a long string of runs that make no sense has made longer than this is not kept. */
const KEPT_BYTES = 1 << 16;
/** Runs that are looked at after a change, to join some. */
const JOINED_RUNS = 5;
/** Where runs behind a changed one have not moved, those that were changed or joined end before this many bytes. */
const TOUCHED_BYTES_MAX = 16;
/** The longest sequence of runs that takes the place of one. */
const SEQUENCE_BYTES = 5;

export class HyperLogLog {
  /** Its bytes are the first `length`. */
  bytes: Uint8Array = new Uint8Array(DENSE_LENGTH + ROOM);
  length = 0;
  /** Only the bytes [changedStart, changedEnd) behind the header have changed since it was loaded, if it is still of the same form. */
  changedStart = 0;
  changedEnd = 0;
  /** Where the run before the last changed one begins, and its first register: there the search for a later register begins. */
  #hintAt = 0;
  #hintFirst = 0;
  readonly #sequence = new Uint8Array(SEQUENCE_BYTES);

  /** Makes it one that has seen nothing. */
  clear(): void {
    writeHeader(this.bytes);
    this.length = writeRun(this.bytes, HEADER_BYTES, 0, REGISTERS);
    this.#begin();
  }

  /** Takes over `source[start, start + length)`, for which `isHyperLogLog` has been asked. */
  load(source: Uint8Array, start: number, length: number): void {
    if (this.bytes.length < length + ROOM || this.bytes.length > KEPT_BYTES) {
      this.bytes = new Uint8Array(Math.max(DENSE_LENGTH, length) + ROOM);
    }
    copyBytes(source, start, start + length, this.bytes, 0);
    this.length = length;
    this.#begin();
  }

  #begin(): void {
    this.changedStart = Number.MAX_SAFE_INTEGER;
    this.changedEnd = 0;
    this.#hintAt = HEADER_BYTES;
    this.#hintFirst = 0;
  }

  get isDense(): boolean {
    return isDense(this.bytes, 0);
  }

  /** Says that the count is out of date. */
  spoilCount(): void {
    this.bytes[STALE_AT]! |= STALE;
  }

  /** Adds the element `source[start, end)`. A sparse one becomes dense rather than longer than `sparseBytesMax`. */
  add(source: Uint8Array, start: number, end: number, sparseBytesMax: number): Outcome {
    const place = placeOf(source, start, end);
    return this.raise(place & (REGISTERS - 1), place >>> INDEX_BITS, sparseBytesMax);
  }

  /** Raises a register to `value`, if that is more than it has. */
  raise(index: number, value: number, sparseBytesMax: number): Outcome {
    return this.isDense ? this.#raiseDense(index, value) : this.#raiseSparse(index, value, sparseBytesMax);
  }

  /** Makes a sparse one dense; false, and nothing done, when its runs are not right. */
  toDense(): boolean {
    if (this.isDense) return true;
    const registers = new Uint8Array(REGISTERS);
    if (!mergeRegisters(registers, this.bytes, 0, this.length)) return false;
    if (this.bytes.length < DENSE_LENGTH + ROOM) {
      const longer = new Uint8Array(DENSE_LENGTH + ROOM);
      longer.set(this.bytes.subarray(0, HEADER_BYTES));
      this.bytes = longer;
    }
    this.bytes.fill(0, HEADER_BYTES, DENSE_LENGTH);
    for (let i = 0; i < REGISTERS; i++) {
      if (registers[i] !== 0) setDenseRegister(this.bytes, HEADER_BYTES, i, registers[i]!);
    }
    setDense(this.bytes, 0, true);
    this.length = DENSE_LENGTH;
    return true;
  }

  #raiseDense(index: number, value: number): Outcome {
    if (denseRegister(this.bytes, HEADER_BYTES, index) >= value) return UNCHANGED;
    setDenseRegister(this.bytes, HEADER_BYTES, index, value);
    const at = HEADER_BYTES + ((index * 6) >>> 3);
    this.#changed(at, Math.min(at + 2, DENSE_LENGTH));
    this.spoilCount();
    return RAISED;
  }

  #raiseSparse(index: number, value: number, sparseBytesMax: number): Outcome {
    if (value > VALUE_MAX) return this.#promote(index, value);
    const { bytes } = this;
    const end = this.length;
    // The search: `at` is the run that has the register, `before` the one in front of it.
    let at = HEADER_BYTES;
    let first = 0;
    if (index >= this.#hintFirst + this.#hintLength()) {
      at = this.#hintAt;
      first = this.#hintFirst;
    }
    let before = at;
    let beforeFirst = first;
    let run = 0;
    while (at < end) {
      run = runLength(bytes, at, end);
      if (index < first + run) break;
      before = at;
      beforeFirst = first;
      at += runBytes(bytes, at);
      first += run;
    }
    if (at >= end) return CORRUPT;
    const old = runValue(bytes, at);
    if (old >= value) return UNCHANGED;
    // An XZERO of one register is not how Redis writes it, but may come from elsewhere: that one is replaced as any longer run.
    if (run === 1 && runBytes(bytes, at) === 1) writeRun(bytes, at, value, 1);
    else if (!this.#split(at, first, run, index, value, sparseBytesMax)) return this.#promote(index, value);
    this.#join(before);
    // Runs behind the changed one have moved unless the length is the same.
    this.#changed(before, this.length === end ? at + TOUCHED_BYTES_MAX : Number.MAX_SAFE_INTEGER);
    this.#hintAt = before;
    this.#hintFirst = beforeFirst;
    this.spoilCount();
    return RAISED;
  }

  #changed(start: number, end: number): void {
    this.changedStart = Math.min(this.changedStart, start);
    this.changedEnd = Math.max(this.changedEnd, end);
  }

  #hintLength(): number {
    return runLength(this.bytes, this.#hintAt, this.length);
  }

  /** Puts up to three runs in the place of the one at `at`; false, and nothing done, when that would be too long. */
  #split(
    at: number,
    first: number,
    run: number,
    index: number,
    value: number,
    sparseBytesMax: number,
  ): boolean {
    const { bytes, length } = this;
    const sequence = this.#sequence;
    const old = runValue(bytes, at);
    const last = first + run - 1;
    let size = 0;
    if (index !== first) size = writeRun(sequence, size, old, index - first);
    size = writeRun(sequence, size, value, 1);
    if (index !== last) size = writeRun(sequence, size, old, last - index);
    const oldSize = runBytes(bytes, at);
    const growth = size - oldSize;
    if (growth > 0 && length + growth > sparseBytesMax) return false;
    this.#makeRoom(growth);
    if (at + oldSize < length) this.bytes.copyWithin(at + size, at + oldSize, length);
    for (let i = 0; i < size; i++) this.bytes[at + i] = sequence[i]!;
    this.length = length + growth;
    return true;
  }

  #makeRoom(growth: number): void {
    if (this.length + growth + ROOM <= this.bytes.length) return;
    const longer = new Uint8Array((this.length + growth + ROOM) * 2);
    longer.set(this.bytes);
    this.bytes = longer;
  }

  /** Joins runs of the same value from the one at `start` on, where one run can hold them. */
  #join(start: number): void {
    const { bytes } = this;
    let at = start;
    for (let left = JOINED_RUNS; at < this.length && left > 0; left--) {
      const value = runValue(bytes, at);
      if (value === 0) {
        at += runBytes(bytes, at);
        continue;
      }
      const next = at + 1;
      if (next < this.length && runValue(bytes, next) === value) {
        const both = runLength(bytes, at, this.length) + runLength(bytes, next, this.length);
        if (both <= VALUE_RUN_MAX) {
          writeRun(bytes, next, value, both);
          bytes.copyWithin(at, next, this.length);
          this.length--;
          // The joined run may take in the next one as well.
          continue;
        }
      }
      at++;
    }
  }

  #promote(index: number, value: number): Outcome {
    if (!this.toDense()) return CORRUPT;
    return this.#raiseDense(index, value);
  }
}
