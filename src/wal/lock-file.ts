/**
 * Keeps two servers from writing to one data directory: a file with the process that has it. Node has no file locks that
 * end with the process, so a lock that a dead one left is taken over. A pid alone may belong to another process by now,
 * so the file also says when that process was started, where the system tells.
 */
import * as fs from 'node:fs';
import { join } from 'node:path';
import { LOCK_NAME } from './directory.ts';
import { codeOf } from './errors.ts';

interface Holder {
  readonly pid: number;
  /** Something that no other process with this pid has, on Linux; else empty. */
  readonly started: string;
}

/** The directory is another process's. */
export class DirectoryInUse extends Error {
  readonly pid: number;

  constructor(directory: string, pid: number) {
    super(`${directory} is in use by the process with pid ${pid}`);
    this.pid = pid;
  }
}

export class LockFile {
  readonly #path: string;
  readonly #text: string;

  private constructor(path: string, text: string) {
    this.#path = path;
    this.#text = text;
  }

  /** Takes the lock of a directory, which must exist. Throws `DirectoryInUse`, and errors of the system. */
  static acquire(directory: string): LockFile {
    const path = join(directory, LOCK_NAME);
    const holder: Holder = { pid: process.pid, started: startOf(process.pid) ?? '' };
    // What nobody else writes, so that the file is known to be this one's.
    const text = `${JSON.stringify({ ...holder, time: new Date().toISOString(), key: Math.random() })}\n`;
    for (;;) {
      if (create(path, text)) return new LockFile(path, text);
      const found = read(path);
      if (found === undefined) continue;
      const other = parse(found);
      if (other && isAlive(other)) throw new DirectoryInUse(directory, other.pid);
      removeStale(path, found, directory);
    }
  }

  /** Gives the lock back. A file that is another process's by now is left alone. */
  release(): void {
    if (read(this.#path) === this.#text) fs.unlinkSync(this.#path);
  }
}

/** False when there is one. It appears with its content: nobody reads an empty one. */
function create(path: string, text: string): boolean {
  const temporary = `${path}.${process.pid}-${Math.random().toString(36).slice(2)}`;
  fs.writeFileSync(temporary, text, { mode: 0o600, flag: 'wx' });
  try {
    fs.linkSync(temporary, path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    fs.unlinkSync(temporary);
  }
}

/**
 * Removes the file if it still has the content that was found stale. Moved away first: of several that do this at once,
 * one moves the stale file, and one that moves the winner's new file puts it back.
 */
function removeStale(path: string, stale: string, directory: string): void {
  const moved = `${path}.${process.pid}-${Math.random().toString(36).slice(2)}`;
  try {
    fs.renameSync(path, moved);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  const text = fs.readFileSync(moved, 'utf8');
  if (text === stale) {
    fs.unlinkSync(moved);
    return;
  }
  try {
    fs.linkSync(moved, path);
  } finally {
    fs.unlinkSync(moved);
  }
  throw new DirectoryInUse(directory, parse(text)?.pid ?? 0);
}

function read(path: string): string | undefined {
  try {
    return fs.readFileSync(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Undefined for what a crash left of a file: nobody holds that. */
function parse(text: string): Holder | undefined {
  try {
    const { pid, started } = JSON.parse(text) as Partial<Holder>;
    return Number.isSafeInteger(pid) && pid! > 0 ? { pid: pid!, started: String(started ?? '') } : undefined;
  } catch {
    return undefined;
  }
}

function isAlive({ pid, started }: Holder): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (codeOf(error) === 'ESRCH') return false;
  }
  const now = startOf(pid);
  return now === undefined || started === '' || now === started;
}

/** The boot, and the clock tick of it in which the process started; undefined where the system does not tell. */
function startOf(pid: number): string | undefined {
  try {
    const boot = fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name in parentheses may hold anything; the start is the 20th field behind it.
    return `${boot} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`;
  } catch {
    return undefined;
  }
}
