/** The segment that is written to: one open file, with room made ahead. */
import { randomBytes } from 'node:crypto';
import { dirname } from 'node:path';
import { codeOf, WalError } from './errors.ts';
import { type WalFiles, writeAll } from './files.ts';
import { aligned, encodeSegmentHeader, SEGMENT_HEADER_BYTES, type SegmentHeader } from './layout.ts';

const ZEROS = new Uint8Array(256 * 1024);

export class SegmentFile {
  readonly fd: number;
  readonly salt: number;
  readonly number: number;
  /** Where the next record goes, in bytes. */
  position: number;
  /** How far the file reaches: up to there it takes no more of the disk to write. */
  #size: number;
  readonly #files: WalFiles;
  readonly #path: string;

  private constructor(files: WalFiles, path: string, fd: number, header: SegmentHeader, position: number) {
    this.#files = files;
    this.#path = path;
    this.fd = fd;
    this.salt = header.salt;
    this.number = header.number;
    this.position = position;
    this.#size = position;
  }

  /** Makes the file, so that it is there after a power failure. Throws `WalError`, and then leaves nothing behind. */
  static create(files: WalFiles, path: string, header: Omit<SegmentHeader, 'salt'>): SegmentFile {
    let fd = -1;
    try {
      fd = files.open(path, 'create');
      const full = { ...header, salt: randomBytes(4).readUInt32LE() };
      writeAll(files, fd, encodeSegmentHeader(full), 0, SEGMENT_HEADER_BYTES, 0);
      files.fdatasync(fd);
      files.syncDirectory(dirname(path));
      return new SegmentFile(files, path, fd, full, SEGMENT_HEADER_BYTES);
    } catch (error) {
      if (fd >= 0) discard(files, path, fd);
      throw new WalError(`cannot make ${path}`, codeOf(error), error);
    }
  }

  /** Goes on in a file behind `position`, where it ends. */
  static resume(files: WalFiles, path: string, header: SegmentHeader, position: number): SegmentFile {
    return new SegmentFile(files, path, files.open(path, 'update'), header, position);
  }

  get isEmpty(): boolean {
    return this.position === SEGMENT_HEADER_BYTES;
  }

  /** True when the file reaches up to `end` bytes already. */
  reaches(end: number): boolean {
    return end <= this.#size;
  }

  /** Writes zeros up to `end`, a number of bytes. Throws errors of the system; what it had written stays. */
  extend(end: number): void {
    for (const target = aligned(end); this.#size < target; ) {
      const step = Math.min(ZEROS.length, target - this.#size);
      const written = this.#files.write(this.fd, ZEROS, 0, step, this.#size);
      if (written <= 0) throw new WalError(`cannot extend ${this.#path}`, 'ENOSPC');
      this.#size += written;
    }
  }

  /** Writes a record where the next one goes, without going on: it does not count yet. */
  write(bytes: Uint8Array, length: number): void {
    writeAll(this.#files, this.fd, bytes, 0, length, this.position);
  }

  /** The record that was written counts. */
  advance(length: number): void {
    this.position += length;
    this.#size = Math.max(this.#size, this.position);
  }

  sync(): void {
    this.#files.fdatasync(this.fd);
  }

  /** Cuts off the room that was not needed. */
  trim(): void {
    this.#files.truncate(this.fd, this.position);
    this.#size = this.position;
  }
}

function discard(files: WalFiles, path: string, fd: number): void {
  try {
    files.close(fd);
    files.unlink(path);
  } catch {
    // The error before this one is what matters; recovery knows a file with nothing in it.
  }
}
