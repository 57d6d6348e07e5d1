/**
 * A disk in memory that loses what was not synced, sector by sector, and fails on demand. It keeps every operation, so
 * that a test can crash it at each of them, in the middle of a write as well.
 */
import { basename } from 'node:path';
import type { WalFiles } from '../../../src/wal/files.ts';

const SECTOR = 512;

interface File {
  content: Buffer;
  synced: Buffer;
  isNameSynced: boolean;
  /** What had the name before a rename, until the directory is synced. */
  replaced?: File | undefined;
}

type Operation =
  | { kind: 'create' | 'sync' | 'unlink'; path: string }
  | { kind: 'write'; path: string; bytes: Buffer; position: number }
  | { kind: 'truncate'; path: string; size: number }
  | { kind: 'rename'; path: string; to: string }
  | { kind: 'syncDirectory'; path: string };

export class MemoryDisk implements WalFiles {
  readonly operations: Operation[] = [];
  /** Is asked before each write and sync; a code makes it fail. For writes: how many bytes get through before. */
  fail: (operation: 'write' | 'sync' | 'open', path: string) => { code: string; after?: number } | undefined =
    () => undefined;
  readonly #files = new Map<string, File>();
  readonly #open = new Map<number, string>();
  #nextFd = 100;

  get openFiles(): number {
    return this.#open.size;
  }

  open(path: string, mode: 'create' | 'update' | 'read'): number {
    if (mode === 'create') {
      this.#check('open', path);
      this.#apply({ kind: 'create', path });
    } else if (!this.#files.has(path)) throw failure('ENOENT', path);
    this.#open.set(++this.#nextFd, path);
    return this.#nextFd;
  }

  close(fd: number): void {
    if (!this.#open.delete(fd)) throw failure('EBADF', String(fd));
  }

  write(fd: number, bytes: Uint8Array, start: number, end: number, position: number): number {
    const path = this.#path(fd);
    const error = this.fail('write', path);
    const stop = error ? start + (error.after ?? 0) : end;
    this.#apply({ kind: 'write', path, bytes: Buffer.from(bytes.slice(start, stop)), position });
    if (error) throw failure(error.code, path);
    return end - start;
  }

  read(fd: number, bytes: Uint8Array, start: number, end: number, position: number): number {
    const { content } = this.#file(this.#path(fd));
    return position >= content.length ? 0 : content.copy(bytes, start, position, position + end - start);
  }

  size(fd: number): number {
    return this.#file(this.#path(fd)).content.length;
  }

  fdatasync(fd: number): void {
    const path = this.#path(fd);
    this.#check('sync', path);
    this.#apply({ kind: 'sync', path });
  }

  truncate(fd: number, size: number): void {
    this.#apply({ kind: 'truncate', path: this.#path(fd), size });
  }

  rename(from: string, to: string): void {
    this.#apply({ kind: 'rename', path: from, to });
  }

  unlink(path: string): void {
    if (!this.#files.has(path)) throw failure('ENOENT', path);
    this.#apply({ kind: 'unlink', path });
  }

  copy(from: string, to: string): void {
    this.put(to, this.contentOf(from));
  }

  list(_directory: string): string[] {
    return [...this.#files.keys()].map((path) => basename(path));
  }

  syncDirectory(path: string): void {
    this.#apply({ kind: 'syncDirectory', path });
  }

  contentOf(path: string): Buffer {
    return this.#file(path).content;
  }

  put(path: string, content: Buffer): void {
    this.#files.set(path, {
      content: Buffer.from(content),
      synced: Buffer.from(content),
      isNameSynced: true,
    });
  }

  get paths(): string[] {
    return [...this.#files.keys()];
  }

  copyOfAll(): MemoryDisk {
    const copy = new MemoryDisk();
    for (const [path, { content }] of this.#files) copy.put(path, content);
    return copy;
  }

  /**
   * The disk after a power failure behind the first `count` operations and `bytes` of the next one. `keeps` is asked for
   * each unsynced sector, size and name whether it got through.
   */
  crashed(count: number, bytes: number, keeps: () => boolean): MemoryDisk {
    const before = new MemoryDisk();
    for (const operation of this.operations.slice(0, count)) before.#apply(operation);
    const next = this.operations[count];
    if (next?.kind === 'write') before.#apply({ ...next, bytes: next.bytes.subarray(0, bytes) });
    const after = new MemoryDisk();
    for (const [path, now] of before.#files) {
      const file = now.isNameSynced || keeps() ? now : now.replaced;
      if (!file) continue;
      const result = Buffer.from(keeps() ? file.content : resized(file.synced, file.content.length, keeps()));
      for (let at = 0; at < result.length; at += SECTOR) {
        const source = keeps() ? file.content : file.synced;
        const sector = result.subarray(at, at + SECTOR);
        sector.fill(0);
        sector.set(source.subarray(at, at + sector.length));
      }
      after.put(path, result);
    }
    return after;
  }

  #check(operation: 'sync' | 'open', path: string): void {
    const error = this.fail(operation, path);
    if (error) throw failure(error.code, path);
  }

  #path(fd: number): string {
    const path = this.#open.get(fd);
    if (path === undefined) throw failure('EBADF', String(fd));
    return path;
  }

  #file(path: string): File {
    const file = this.#files.get(path);
    if (!file) throw failure('ENOENT', path);
    return file;
  }

  #apply(operation: Operation): void {
    this.operations.push(operation);
    const { path } = operation;
    if (operation.kind === 'create') {
      this.#files.set(path, { content: Buffer.alloc(0), synced: Buffer.alloc(0), isNameSynced: false });
    } else if (operation.kind === 'write') {
      const file = this.#file(path);
      const end = operation.position + operation.bytes.length;
      if (end > file.content.length) file.content = resized(file.content, end, true);
      operation.bytes.copy(file.content, operation.position);
    } else if (operation.kind === 'sync') {
      const file = this.#file(path);
      file.synced = Buffer.from(file.content);
    } else if (operation.kind === 'truncate') {
      const file = this.#file(path);
      file.content = resized(file.content, operation.size, true);
    } else if (operation.kind === 'rename') {
      const file = this.#file(path);
      file.replaced = this.#files.get(operation.to);
      file.isNameSynced = false;
      this.#files.set(operation.to, file);
      this.#files.delete(path);
    } else if (operation.kind === 'unlink') {
      this.#files.delete(path);
    } else
      for (const file of this.#files.values())
        Object.assign(file, { isNameSynced: true, replaced: undefined });
  }
}

function resized(bytes: Buffer, size: number, grows: boolean): Buffer {
  const result = Buffer.alloc(grows ? size : Math.min(size, bytes.length));
  bytes.copy(result);
  return result;
}

function failure(code: string, path: string): Error {
  const errno = { EIO: -5, ENOSPC: -28, ENOENT: -2, EBADF: -9 }[code];
  return Object.assign(new Error(`${code}: ${path}`), { code, errno });
}
