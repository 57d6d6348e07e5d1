/** Sends lines to Redis and to ours and says where the replies differ. */
import type { Client, Word } from '../support/client.ts';
import { type Reply, ReplyError } from '../support/decoder.ts';
import { isAggregate, type Line, sortDeep } from './case.ts';

export interface Pair {
  readonly redis: Client;
  readonly shardis: Client;
}

/** How a reply is printed in a failure. */
export function show(reply: Reply): string {
  return JSON.stringify(reply, (_, value) => (value instanceof ReplyError ? value.message : value));
}

export function showWords(words: readonly Word[]): string {
  return words.map((word) => JSON.stringify(asText(word))).join(' ');
}

export function asText(word: Word): string {
  return word instanceof Uint8Array ? Buffer.from(word).toString('latin1') : String(word);
}

/** Runs one line on both; throws with both replies when they are not as alike as the line demands. */
export async function compareLine(pair: Pair, line: Line, startedAtMs: number): Promise<void> {
  const ask = (client: Client) => (line.isScan ? scanAll(client, line.words) : client.command(...line.words));
  const [theirs, ours] = await Promise.all([ask(pair.redis), ask(pair.shardis)]);
  const problem = problemOf(line, theirs, ours, Date.now() - startedAtMs);
  if (problem !== undefined) throw new Error(problem);
}

/** Undefined when the replies are as alike as the line demands. */
export function problemOf(line: Line, theirs: Reply, ours: Reply, elapsedMs: number): string | undefined {
  const title = showWords(line.words);
  if (line.difference !== undefined) {
    if (matches(ours, line.reply!)) return undefined;
    const stated = line.reply instanceof RegExp ? String(line.reply) : show(line.reply!);
    return `${title}\n  stated:  ${stated} (${line.difference})\n  shardis: ${show(ours)}`;
  }
  const transform = line.transform ?? ((reply: Reply) => reply);
  const [a, b] = [transform(theirs), transform(ours)];
  const within =
    line.within === undefined ? 0n : BigInt(line.within.amount + Math.ceil(elapsedMs / line.within.unitMs));
  return alike(a, b, within) ? undefined : `${title}\n  Redis:   ${show(a)}\n  shardis: ${show(b)}`;
}

function matches(reply: Reply, stated: Reply | RegExp): boolean {
  if (stated instanceof RegExp) return stated.test(typeof reply === 'string' ? reply : show(reply));
  return alike(stated, reply, 0n);
}

function alike(a: Reply, b: Reply, within: bigint): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => alike(item, b[i]!, within));
  }
  if (isAggregate(a)) {
    return isAggregate(b) && a.type === b.type && alike([...a.items], [...b.items], within);
  }
  if (within === 0n || typeof a !== 'string' || typeof b !== 'string') return false;
  if (!/^:\d+$/.test(a) || !/^:\d+$/.test(b)) return false;
  const apart = BigInt(a.slice(1)) - BigInt(b.slice(1));
  return apart <= within && -apart <= within;
}

/** All elements of an iteration, sorted and without repetitions, or the error reply. */
export async function scanAll(client: Client, words: readonly Word[]): Promise<Reply> {
  const elements = new Set<string>();
  // The cursor of a collection's stands behind its key.
  const at = /^scan$/i.test(String(words[0])) ? 1 : 2;
  let cursor: Word = words[at]!;
  const [before, behind] = [words.slice(0, at), words.slice(at + 1)];
  for (let calls = 0; calls < 100_000; calls++) {
    const reply: Reply = await client.command(...before, cursor, ...behind);
    if (!Array.isArray(reply)) return reply;
    const [next, found] = reply as [string, string[]];
    for (const element of found) elements.add(element);
    cursor = next.slice(1);
    if (cursor === '0') return [...elements].sort();
  }
  throw new Error(`${showWords(words)} does not come to an end`);
}

/** Throws when the two servers do not hold the same keys with the same values, types and expiries. */
export async function compareDataSets(pair: Pair, databases: number): Promise<void> {
  const startedAtMs = Date.now();
  for (let db = 0; db < databases; db++) {
    const [theirs, ours] = await Promise.all([dataSet(pair.redis, db), dataSet(pair.shardis, db)]);
    const elapsedMs = Date.now() - startedAtMs;
    for (const key of new Set([...theirs.keys(), ...ours.keys()])) {
      const [a, b] = [theirs.get(key) ?? [], ours.get(key) ?? []];
      if (alike(a, b, BigInt(1000 + elapsedMs))) continue;
      throw new Error(
        `key ${JSON.stringify(key)} of database ${db}\n  Redis:   ${show(a)}\n  shardis: ${show(b)}`,
      );
    }
  }
}

/** What tells a key's whole value, each for one type: all others fail. The key comes behind the name. */
export const WHOLE_VALUES: readonly (readonly [name: string, ...rest: Word[]])[] = [
  ['GET'],
  ['LRANGE', 0, -1],
  ['HGETALL'],
  ['SMEMBERS'],
  ['ZRANGE', 0, -1, 'WITHSCORES'],
  ['XRANGE', '-', '+'],
];

const TELLING: typeof WHOLE_VALUES = [['TYPE'], ['PTTL'], ...WHOLE_VALUES];

const UNORDERED: ReadonlySet<string> = new Set(['HGETALL', 'SMEMBERS']);

/** Of each key its type, value and remaining time. */
async function dataSet(client: Client, db: number): Promise<Map<string, Reply[]>> {
  await client.command('SELECT', db);
  const keys = (await client.command('KEYS', '*')) as string[];
  const result = new Map<string, Reply[]>();
  const replies = await client.pipeline(
    keys.flatMap((exact) => TELLING.map(([name, ...rest]) => [name, exact.slice(1), ...rest])),
  );
  keys.forEach((key, i) => {
    const told = replies.slice(i * TELLING.length, (i + 1) * TELLING.length);
    result.set(
      key,
      told.map((reply, part) => (UNORDERED.has(TELLING[part]![0]) ? sortDeep(reply) : reply)),
    );
  });
  const size = await client.command('DBSIZE');
  if (size !== `:${keys.length}`)
    throw new Error(`DBSIZE is ${show(size)} but there are ${keys.length} keys`);
  return result;
}
