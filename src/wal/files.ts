/** The few things that the log does with files, so that tests can record every write and let each of them fail. */
import * as fs from 'node:fs';
import { dirname } from 'node:path';

/** All calls are synchronous and throw errors that have a `code`. `fd` is valid in all threads of the process. */
export interface WalFiles {
  /** `create`: for writing and reading, empty; `update`: for writing and reading, as it is; `read`: only that. */
  open(path: string, mode: 'create' | 'update' | 'read'): number;
  close(fd: number): void;
  /** Writes `bytes` from `start` to `end` at `position`, and returns how many of them it wrote. */
  write(fd: number, bytes: Uint8Array, start: number, end: number, position: number): number;
  /** Reads up to `end - start` bytes at `position` into `bytes` at `start`, and returns how many there were. */
  read(fd: number, bytes: Uint8Array, start: number, end: number, position: number): number;
  size(fd: number): number;
  fdatasync(fd: number): void;
  truncate(fd: number, bytes: number): void;
  rename(from: string, to: string): void;
  unlink(path: string): void;
  copy(from: string, to: string): void;
  /** Names in a directory. */
  list(directory: string): string[];
  /** Makes sure that files which were created, renamed or removed stay so. */
  syncDirectory(directory: string): void;
}

const FLAGS = { create: 'w+', update: 'r+', read: 'r' } as const;

/** The disk. */
export const diskFiles: WalFiles = {
  open: (path, mode) => fs.openSync(path, FLAGS[mode], 0o600),
  close: (fd) => fs.closeSync(fd),
  write: (fd, bytes, start, end, position) => fs.writeSync(fd, bytes, start, end - start, position),
  read: (fd, bytes, start, end, position) => fs.readSync(fd, bytes, start, end - start, position),
  size: (fd) => fs.fstatSync(fd).size,
  fdatasync: (fd) => fs.fdatasyncSync(fd),
  truncate: (fd, bytes) => fs.ftruncateSync(fd, bytes),
  rename: (from, to) => fs.renameSync(from, to),
  unlink: (path) => fs.unlinkSync(path),
  copy: (from, to) => fs.copyFileSync(from, to, fs.constants.COPYFILE_EXCL),
  list: (directory) => fs.readdirSync(directory),
  syncDirectory(directory) {
    // Windows does not let a directory be opened; its file system keeps the order of such changes itself.
    if (process.platform === 'win32') return;
    const fd = fs.openSync(directory, 'r');
    try {
      fs.fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
  },
};

/** Writes all of `bytes[start, end)`, in one call unless the system takes less at once. */
export function writeAll(
  files: WalFiles,
  fd: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  position: number,
): void {
  for (let at = start; at < end; ) {
    const written = files.write(fd, bytes, at, end, position + at - start);
    if (written <= 0) throw Object.assign(new Error('nothing was written'), { code: 'EIO' });
    at += written;
  }
}

/** Reads until `end` or the end of the file, and returns how many bytes there were. */
export function readAll(
  files: WalFiles,
  fd: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  position: number,
): number {
  let at = start;
  while (at < end) {
    const read = files.read(fd, bytes, at, end, position + at - start);
    if (read === 0) break;
    at += read;
  }
  return at - start;
}

/** All of a file. */
export function readFile(files: WalFiles, path: string): Buffer {
  const fd = files.open(path, 'read');
  try {
    const bytes = Buffer.alloc(files.size(fd));
    return bytes.subarray(0, readAll(files, fd, bytes, 0, bytes.length, 0));
  } finally {
    files.close(fd);
  }
}

/** Replaces a file by one of this content, so that a crash leaves the old or the new one: never a mixture, never none. */
export function replaceFile(files: WalFiles, path: string, bytes: Uint8Array): void {
  const temporary = `${path}.tmp`;
  const fd = files.open(temporary, 'create');
  try {
    writeAll(files, fd, bytes, 0, bytes.length, 0);
    files.fdatasync(fd);
  } finally {
    files.close(fd);
  }
  files.rename(temporary, path);
  files.syncDirectory(dirname(path));
}
