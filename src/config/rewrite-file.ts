/** Puts a rewritten config file in the place of the old one, whole or not at all. */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fchmodSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import type { Config } from './config.ts';
import { readConfigFile, systemReason } from './config-file.ts';
import { type RewriteOptions, rewriteConfigText } from './rewrite.ts';
import { ConfigError, type Setting } from './settings.ts';

const NEW_FILE_MODE = 0o644;

/**
 * Rewrites the file at `path` for the values of `config`; a file that is gone is made anew. Returns undefined, or the
 * system's reason why the file is as it was.
 */
export function rewriteConfigFile(
  path: string,
  config: Config,
  options: RewriteOptions = {},
): string | undefined {
  try {
    const file = followed(path);
    const text = rewriteConfigText(oldText(file), config, readIncluded, options);
    replace(file, text);
    return undefined;
  } catch (error) {
    const reason = systemReason(error);
    return reason.charAt(0).toUpperCase() + reason.slice(1);
  }
}

function readIncluded(path: string): readonly Setting[] {
  try {
    return readConfigFile(path, (file) => readFileSync(file, 'utf8'));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return [];
  }
}

function isAbsent(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

/** A link stays one: what it leads to is rewritten. */
function followed(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (isAbsent(error)) return path;
    throw error;
  }
}

function oldText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (isAbsent(error)) return '';
    throw error;
  }
}

function oldMode(file: string): number {
  try {
    return statSync(file).mode & 0o7777;
  } catch (error) {
    if (isAbsent(error)) return NEW_FILE_MODE & ~process.umask();
    throw error;
  }
}

function replace(file: string, text: string): void {
  const mode = oldMode(file);
  const temporary = `${file}.${randomBytes(6).toString('hex')}`;
  // It may hold passwords: nobody else may read it before it has the old file's permissions.
  const descriptor = openSync(temporary, 'wx', 0o600);
  try {
    try {
      writeFileSync(descriptor, text);
      fchmodSync(descriptor, mode);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  syncDirectory(dirname(file));
}

function syncDirectory(directory: string): void {
  const descriptor = openSync(directory, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
