/**
 * How replies are printed: for people (`1) "a"`), raw, as CSV and as JSON, each as redis-cli does it, so that
 * scripts that read its output read this. All texts are latin1, one character a byte.
 */
import type { Aggregate, Reply } from '../protocol/reply-decoder.ts';

export type OutputFormat = 'standard' | 'raw' | 'csv' | 'json' | 'quoted-json';

export interface Delimiters {
  /** Between the items of a raw reply. */
  readonly items: string;
  /** After each raw reply. */
  readonly replies: string;
}

const LINE_ENDS: Delimiters = { items: '\n', replies: '\n' };

/** A reply as it is written out, with the line end after it. */
export function formatReply(reply: Reply, format: OutputFormat, delimiters = LINE_ENDS): string {
  switch (format) {
    case 'standard':
      return formatStandard(reply);
    case 'raw':
      return formatRaw(reply, delimiters.items) + delimiters.replies;
    case 'csv':
      return `${formatCsv(reply)}\n`;
    default:
      return `${formatJson(reply, format === 'json' ? JSON.stringify : doublyQuoted)}\n`;
  }
}

/** A text that is meant to be read as it is, such as that of INFO: without quotes and without a line end after it. */
export function formatVerbatim(reply: Reply): string {
  return formatRaw(reply, '\n');
}

/** An invalidation as it is shown between commands, or undefined when the push is none. */
export function formatInvalidation(push: Reply): string | undefined {
  if (push.type !== 'push' || push.items.length !== 2) return undefined;
  const [kind, keys] = push.items;
  if (kind!.type !== 'bulk' || kind!.text !== 'invalidate' || keys!.type !== 'array') return undefined;
  return `-> invalidate: ${keys!.items.map((key) => `'${formatRaw(key, ' ')}'`).join(', ')}\n`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '"': '\\"',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\x07': '\\a',
  '\b': '\\b',
};

/** In double quotes, with escapes for what is not printable ASCII. */
export function quoted(text: string): string {
  const escaped = text.replace(
    /[^ !#-[\]-~]/g,
    (char) => ESCAPES[char] ?? `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
  return `"${escaped}"`;
}

/** JSON whose strings are quoted ones, for bytes that are not UTF-8. */
function doublyQuoted(text: string): string {
  return quoted(text).replaceAll('\\', '\\\\');
}

const EMPTY: Readonly<Record<Aggregate['type'], string>> = {
  array: '(empty array)',
  map: '(empty hash)',
  set: '(empty set)',
  push: '(empty push)',
};

/** What stands after the number of an item. */
const MARKS: Readonly<Record<Aggregate['type'], string>> = { array: ')', map: '#', set: '~', push: ')' };

/** `prefix` indents the lines after the first: the number of the first stands there already. */
function formatStandard(reply: Reply, prefix = ''): string {
  switch (reply.type) {
    case 'error':
      return `(error) ${reply.text}\n`;
    case 'integer':
      return `(integer) ${reply.text}\n`;
    case 'double':
      return `(double) ${reply.text}\n`;
    case 'simple':
    case 'verbatim':
    case 'big-number':
      return `${reply.text}\n`;
    case 'bulk':
      return `${quoted(reply.text)}\n`;
    case 'null':
      return '(nil)\n';
    case 'boolean':
      return reply.value ? '(true)\n' : '(false)\n';
    default:
      return formatItems(reply, prefix);
  }
}

function formatItems({ type, items }: Aggregate, prefix: string): string {
  if (items.length === 0) return `${EMPTY[type]}\n`;
  const step = type === 'map' ? 2 : 1;
  const width = String(Math.floor(items.length / step)).length;
  const inner = `${prefix}${' '.repeat(width + 2)}`;
  let out = '';
  for (let i = 0; i < items.length; i += step) {
    const number = String(i / step + 1).padStart(width);
    out += `${i === 0 ? '' : prefix}${number}${MARKS[type]} ${formatStandard(items[i]!, inner)}`;
    if (type !== 'map') continue;
    const value = items[i + 1]!;
    out = `${out.slice(0, -1)} => ${hasLines(value) ? `\n${inner}` : ''}${formatStandard(value, inner)}`;
  }
  return out;
}

/** True when a reply takes more than one line. */
function hasLines(reply: Reply): boolean {
  if (!('items' in reply) || reply.items.length === 0) return false;
  const step = reply.type === 'map' ? 2 : 1;
  return reply.items.length > step || hasLines(reply.items[step - 1]!);
}

function formatRaw(reply: Reply, delimiter: string): string {
  switch (reply.type) {
    case 'null':
      return '';
    case 'error':
      return `${reply.text}\n`;
    case 'boolean':
      return reply.value ? '(true)' : '(false)';
    case 'map':
      return pairsOf(reply)
        .map(([key, value]) => `${formatRaw(key, delimiter)} ${formatRaw(value, delimiter)}`)
        .join(delimiter);
    case 'array':
    case 'set':
    case 'push':
      return reply.items.map((item) => formatRaw(item, delimiter)).join(delimiter);
    default:
      return reply.text;
  }
}

function formatCsv(reply: Reply): string {
  switch (reply.type) {
    case 'null':
      return 'NULL';
    case 'error':
      return `ERROR,${quoted(reply.text)}`;
    case 'boolean':
      return String(reply.value);
    case 'integer':
    case 'double':
    case 'big-number':
      return reply.text;
    case 'simple':
    case 'bulk':
    case 'verbatim':
      return quoted(reply.text);
    default:
      return reply.items.map(formatCsv).join(',');
  }
}

function formatJson(reply: Reply, quote: (text: string) => string): string {
  switch (reply.type) {
    case 'null':
      return 'null';
    case 'error':
      return `error:${quote(reply.text)}`;
    case 'boolean':
      return String(reply.value);
    case 'integer':
    case 'big-number':
      return reply.text;
    case 'double':
      return reply.text;
    case 'simple':
    case 'bulk':
    case 'verbatim':
      return quote(reply.text);
    case 'map':
      return `{${pairsOf(reply)
        .map(([key, value]) => `${jsonKey(key, quote)}:${formatJson(value, quote)}`)
        .join(',')}}`;
    default:
      return `[${reply.items.map((item) => formatJson(item, quote)).join(',')}]`;
  }
}

/** A key of an object must be a string there, whatever it is in the map. */
function jsonKey(key: Reply, quote: (text: string) => string): string {
  const text = formatJson(key, quote);
  return text.startsWith('"') || text.startsWith('error:') ? text : `"${text}"`;
}

/** The keys of a map with their values. */
export function pairsOf(map: Aggregate): [key: Reply, value: Reply][] {
  const pairs: [Reply, Reply][] = [];
  for (let i = 0; i + 1 < map.items.length; i += 2) pairs.push([map.items[i]!, map.items[i + 1]!]);
  return pairs;
}
