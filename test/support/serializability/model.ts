/** What commands on strings do, written apart from the server on purpose: a database is a map from keys to values. */

/** Replies as tests see them; errors by their texts. */
export type ModelReply = string | number | null | ModelReply[];

export type State = ReadonlyMap<string, string>;

type Effect = (keys: Map<string, string>, words: readonly string[]) => ModelReply;

const NO_SUCH_KEY = 'ERR no such key';
const NO_INTEGER = 'ERR value is not an integer or out of range';

function value(keys: State, key: string | undefined): string | null {
  return keys.get(key!) ?? null;
}

function move(keys: Map<string, string>, from: string, to: string): void {
  const moved = keys.get(from)!;
  keys.delete(from);
  keys.set(to, moved);
}

function bitOr(...values: readonly string[]): string {
  const length = Math.max(...values.map((one) => one.length));
  return String.fromCharCode(
    ...Array.from({ length }, (_, at) => values.reduce((bits, one) => bits | (one.charCodeAt(at) || 0), 0)),
  );
}

/** The length of the longest common subsequence. */
function commonLength(a: string, b: string): number {
  let row = new Array<number>(b.length + 1).fill(0);
  for (const letter of a) {
    const next = [0];
    for (let at = 0; at < b.length; at++) {
      next.push(letter === b[at] ? row[at]! + 1 : Math.max(row[at + 1]!, next[at]!));
    }
    row = next;
  }
  return row.at(-1)!;
}

const EFFECTS: Readonly<Record<string, Effect>> = {
  GET: (keys, [, key]) => value(keys, key),
  MGET: (keys, [, ...names]) => names.map((key) => value(keys, key)),
  STRLEN: (keys, [, key]) => (value(keys, key) ?? '').length,
  EXISTS: (keys, [, ...names]) => names.filter((key) => keys.has(key)).length,
  LCS: (keys, [, a, b]) => commonLength(value(keys, a) ?? '', value(keys, b) ?? ''),
  SET: (keys, [, key, text]) => {
    keys.set(key!, text!);
    return 'OK';
  },
  APPEND: (keys, [, key, text]) => {
    const grown = (value(keys, key) ?? '') + text!;
    keys.set(key!, grown);
    return grown.length;
  },
  INCR: (keys, [, key]) => {
    const old = value(keys, key) ?? '0';
    if (!/^(?:0|[1-9]\d{0,9})$/.test(old)) return NO_INTEGER;
    keys.set(key!, String(Number(old) + 1));
    return Number(old) + 1;
  },
  GETDEL: (keys, [, key]) => {
    const old = value(keys, key);
    keys.delete(key!);
    return old;
  },
  DEL: (keys, [, ...names]) => names.filter((key) => keys.delete(key)).length,
  MSET: (keys, [, ...pairs]) => {
    for (let i = 0; i < pairs.length; i += 2) keys.set(pairs[i]!, pairs[i + 1]!);
    return 'OK';
  },
  MSETNX: (keys, [, ...pairs]) => {
    for (let i = 0; i < pairs.length; i += 2) if (keys.has(pairs[i]!)) return 0;
    for (let i = 0; i < pairs.length; i += 2) keys.set(pairs[i]!, pairs[i + 1]!);
    return 1;
  },
  RENAME: (keys, [, from, to]) => {
    if (!keys.has(from!)) return NO_SUCH_KEY;
    move(keys, from!, to!);
    return 'OK';
  },
  RENAMENX: (keys, [, from, to]) => {
    if (!keys.has(from!)) return NO_SUCH_KEY;
    if (keys.has(to!)) return 0;
    move(keys, from!, to!);
    return 1;
  },
  COPY: (keys, [, from, to, replace]) => {
    if (!keys.has(from!) || (keys.has(to!) && replace === undefined)) return 0;
    keys.set(to!, keys.get(from!)!);
    return 1;
  },
  BITOP: (keys, [, , to, ...from]) => {
    const result = bitOr(...from.map((key) => value(keys, key) ?? ''));
    if (result === '') keys.delete(to!);
    else keys.set(to!, result);
    return result.length;
  },
};

/** The state after the command, and its reply. Throws for a command that has no model. */
export function apply(state: State, words: readonly string[]): { state: State; reply: ModelReply } {
  const keys = new Map(state);
  const reply = EFFECTS[words[0]!]!(keys, words);
  return { state: keys, reply };
}
