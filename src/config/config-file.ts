/**
 * Config files in the syntax of redis.conf: a directive and its values a line, comments on lines of their own,
 * `"…"` with escapes, `'…'`, and `include`.
 */
import { getSystemErrorMap } from 'node:util';
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
    const words = splitWords(trimmed);
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
    const { errno, message } = error as NodeJS.ErrnoException;
    const reason = errno === undefined ? undefined : getSystemErrorMap().get(errno)?.[1];
    throw new ConfigError(`${unreadable}: ${reason ?? message}`);
  }
}

const SPACE = /[\s\0]/;
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', a: '\x07' };

/**
 * The words of a line, undefined when a quote is not closed or is followed by anything but a space: the
 * rules of Redis's `sdssplitargs`. `\xHH` stands for a byte, so the line is taken apart as bytes.
 */
export function splitWords(line: string): string[] | undefined {
  const bytes = Buffer.from(line, 'utf8').toString('latin1');
  const words: string[] = [];
  let i = 0;
  for (;;) {
    while (i < bytes.length && SPACE.test(bytes[i]!)) i++;
    if (i === bytes.length) return words;
    let word = '';
    while (i < bytes.length && !SPACE.test(bytes[i]!)) {
      const char = bytes[i]!;
      if (char !== '"' && char !== "'") {
        word += char;
        i++;
        continue;
      }
      const quoted = char === '"' ? readDoubleQuoted(bytes, i + 1) : readSingleQuoted(bytes, i + 1);
      if (quoted === undefined) return undefined;
      word += quoted.text;
      i = quoted.end;
      if (i < bytes.length && !SPACE.test(bytes[i]!)) return undefined;
    }
    words.push(Buffer.from(word, 'latin1').toString('utf8'));
  }
}

interface Quoted {
  readonly text: string;
  /** The offset after the closing quote. */
  readonly end: number;
}

function readDoubleQuoted(bytes: string, start: number): Quoted | undefined {
  let text = '';
  for (let i = start; i < bytes.length; i++) {
    const char = bytes[i]!;
    if (char === '"') return { text, end: i + 1 };
    if (char !== '\\' || i + 1 === bytes.length) {
      text += char;
      continue;
    }
    const hex = /^x([\da-f]{2})/i.exec(bytes.slice(i + 1, i + 4));
    if (hex) {
      text += String.fromCharCode(Number.parseInt(hex[1]!, 16));
      i += 3;
    } else {
      const escaped = bytes[++i]!;
      text += ESCAPES[escaped] ?? escaped;
    }
  }
  return undefined;
}

function readSingleQuoted(bytes: string, start: number): Quoted | undefined {
  let text = '';
  for (let i = start; i < bytes.length; i++) {
    const char = bytes[i]!;
    if (char === "'") return { text, end: i + 1 };
    if (char === '\\' && bytes[i + 1] === "'") i++;
    text += bytes[i]!;
  }
  return undefined;
}
