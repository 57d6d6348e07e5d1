/**
 * Config files in the syntax of redis.conf: a directive and its values a line, comments on lines of their own,
 * `"…"` with escapes, `'…'`, and `include`.
 */
import { getSystemErrorMap } from 'node:util';
import { splitWords } from '../base/words.ts';
import { ConfigError, type Setting } from './settings.ts';

/** Reads a file as UTF-8 text; `-` is standard input. Throws what the file system throws. */
export type ReadFile = (path: string) => string;

/** Redis follows a file that includes itself until it dies. */
const INCLUDE_DEPTH_MAX = 16;

/**
 * The settings of a file and of those it includes, each at its place. Paths are taken as they are written,
 * so that relative ones start at the working directory, as in Redis. Throws ConfigError.
 */
export function readConfigFile(path: string, readFile: ReadFile): Setting[] {
  const settings: Setting[] = [];
  collect(path, `cannot read config file ${path}`, readFile, 1, settings);
  return settings;
}

function collect(
  path: string,
  unreadable: string,
  readFile: ReadFile,
  depth: number,
  settings: Setting[],
): void {
  const file = path === '-' ? 'stdin' : path;
  let line = 0;
  for (const text of readText(path, unreadable, readFile).split('\n')) {
    const at = `${file}:${++line}`;
    const trimmed = text.trim();
    if (trimmed === '' || trimmed.startsWith('#')) continue;
    const words = wordsOf(trimmed);
    if (words === undefined) throw new ConfigError(`${at}: unbalanced quotes`);
    const [name = '', ...values] = words;
    if (name.toLowerCase() !== 'include') {
      settings.push({ name, words: values, origin: `${at}: ${name}`, file, line });
      continue;
    }
    const [included] = values;
    if (included === undefined || values.length !== 1) {
      throw new ConfigError(`${at}: include: expected one path`);
    }
    if (depth === INCLUDE_DEPTH_MAX)
      throw new ConfigError(`${at}: include: files include each other too deep`);
    collect(included, `${at}: include: cannot read ${included}`, readFile, depth + 1, settings);
  }
}

function readText(path: string, unreadable: string, readFile: ReadFile): string {
  try {
    // A byte-order mark would become part of the first directive.
    return readFile(path).replace(/^\uFEFF/, '');
  } catch (error) {
    throw new ConfigError(`${unreadable}: ${systemReason(error)}`);
  }
}

/** Why the system refused, in its words: `no such file or directory`. */
export function systemReason(error: unknown): string {
  const { errno, message } = error as NodeJS.ErrnoException;
  const reason = errno === undefined ? undefined : getSystemErrorMap().get(errno)?.[1];
  return reason ?? message;
}

/**
 * The words of a line, undefined when a quote is not closed or is followed by anything but a space. `\xHH` stands for
 * a byte, so the line is taken apart as bytes.
 */
export function wordsOf(line: string): string[] | undefined {
  const bytes = Buffer.from(line, 'utf8');
  return splitWords(bytes, 0, bytes.length)?.map((word) => Buffer.from(word).toString('utf8'));
}
