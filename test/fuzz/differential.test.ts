/**
 * Commands on all types of data, made at random from what a real Redis 7.0 says of its own commands, run there and on ours:
 * replies must be alike, and at times, and at the end, DEBUG DIGEST, which stands for all data.
 *
 * DIFFERENTIAL_SEED replays a run, DIFFERENTIAL_COMMANDS says how many commands it has, DIFFERENTIAL_GROUPS of which groups. Left out are commands whose replies or
 * effects are random or tell the time, and those that wait.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mapTexts, sortDeep } from '../conformance/case.ts';
import { show, showWords, WHOLE_VALUES } from '../conformance/compare.ts';
import { forEachShardCount } from '../support/both.ts';
import type { Client } from '../support/client.ts';
import { type Reply, ReplyError } from '../support/decoder.ts';
import { Random, seedFrom } from '../support/random.ts';
import { describeWithRedis, type RunningServer, startRedis, startServer } from '../support/server.ts';
import { type Argument, readDocs, WordMaker } from './differential/word-maker.ts';

const COMMANDS = Number(process.env.DIFFERENTIAL_COMMANDS || 8_000);
const BATCH = 50;
const BATCHES_BETWEEN_DIGESTS = 10;
/** Now and then all is emptied, so that keys are also new. */
const FLUSH_ONE_IN = 1500;

const ALL_GROUPS = ['string', 'bitmap', 'list', 'set', 'sorted-set', 'hash', 'hyperloglog', 'geo', 'stream'];
const DATABASES = 16;

const GROUPS = process.env.DIFFERENTIAL_GROUPS?.split(',') ?? ALL_GROUPS;
const GENERIC = [
  ...['copy', 'del', 'exists', 'expire', 'expireat', 'keys', 'persist', 'pexpire', 'pexpireat', 'rename'],
  ...['renamenx', 'sort', 'sort_ro', 'touch', 'type', 'unlink', 'object|encoding'],
];
const LEFT_OUT = [
  // Random.
  ...['spop', 'srandmember', 'hrandfield', 'zrandmember', 'pfdebug', 'pfselftest'],
  // They tell the time, or keep it.
  ...['xautoclaim', 'xclaim', 'xpending', 'xreadgroup', 'xinfo', 'xgroup'],
  // 7.2 compares with the largest deleted id, 7.0 does not.
  'xsetid',
  // They wait.
  ...['blpop', 'brpop', 'blmove', 'brpoplpush', 'blmpop', 'bzpopmin', 'bzpopmax', 'bzmpop', 'xread'],
  // The order in which they answer is the server's own; scans are made whole below.
  ...['hscan', 'sscan', 'zscan'],
];
const UNORDERED =
  /^(keys|smembers|sinter|sunion|sdiff|hgetall|hkeys|hvals|sort|sort_ro|georadius\w*|geosearch)$/i;

/** Limits of the small forms: the usual one, and one beyond which almost everything is. Those that Redis 7.0 does not have, it refuses. */
const LIMITS: Readonly<Record<string, readonly [usual: number, least: number]>> = {
  'hash-max-listpack-entries': [512, 3],
  'zset-max-listpack-entries': [128, 3],
  'set-max-intset-entries': [512, 3],
  'set-max-listpack-entries': [128, 3],
  'list-max-listpack-size': [-2, 3],
  'stream-node-max-entries': [100, 3],
  'hll-sparse-max-bytes': [3000, 60],
};

const seed = seedFrom('DIFFERENTIAL_SEED');

interface Known {
  readonly name: string;
  readonly group: string;
  readonly arguments: readonly Argument[];
}

describeWithRedis('random commands on all types against Redis', () => {
  let redis: RunningServer;
  beforeAll(async () => {
    redis = await startRedis(['--enable-debug-command', 'yes']);
  });
  afterAll(() => redis?.close());

  forEachShardCount([1, 3], (shards) => {
    let shardis: RunningServer;
    beforeAll(async () => {
      shardis = await startServer({ shards, args: ['--enable-debug-command', 'yes'] });
    });
    afterAll(() => shardis?.close());

    for (const resp of [2, 3]) {
      test(`${COMMANDS} commands are answered alike and leave the same data (RESP${resp})`, {
        timeout: 60_000 + COMMANDS * 20,
      }, async () => {
        const theirs = await redis.client({ exact: true });
        const ours = await shardis.client({ exact: true });
        const known = await commandsOf(theirs);
        for (const client of [theirs, ours]) {
          await client.command('FLUSHALL');
          // In the second run almost everything is large; Redis is the same one in all of them.
          for (const [option, [usual, least]] of Object.entries(LIMITS)) {
            await client.command('CONFIG', 'SET', option, resp === 3 ? least : usual);
          }
          if (resp === 3) await client.command('HELLO', 3);
        }
        await run(theirs, ours, known, new Random(seed + shards * 2 + resp));
        theirs.destroy();
        ours.destroy();
      });
    }
  });
});

async function commandsOf(redis: Client): Promise<Known[]> {
  const docs = readDocs(await redis.command('COMMAND', 'DOCS'));
  const isWanted = (name: string, group: string) =>
    GROUPS.includes(group) ? !LEFT_OUT.includes(name) : GENERIC.includes(name);
  const known = [...docs].map(([name, facts]) => ({ name, ...facts }));
  // DOCS has no arguments of subcommands at this level; OBJECT ENCODING needs one.
  const key: Argument = { name: 'key', type: 'key', flags: [], arguments: [] };
  known.push({ name: 'object|encoding', group: 'generic', arguments: [key] });
  return known.filter(({ name, group }) => isWanted(name, group));
}

async function run(redis: Client, shardis: Client, known: readonly Known[], random: Random): Promise<void> {
  const maker = new WordMaker(random);
  const history: string[][] = [];
  for (let done = 0; done < COMMANDS; done += BATCH) {
    const batch = Array.from({ length: BATCH }, () => {
      if (random.oneIn(FLUSH_ONE_IN)) return ['flushall'];
      for (;;) {
        const { name, group, arguments: args } = random.pick(known);
        const words = maker.wordsOf(name, group, args);
        if (isComparable(words)) return words;
      }
    });
    const [theirs, ours] = await Promise.all([redis.pipeline(batch), shardis.pipeline(batch)]);
    batch.forEach((words, i) => {
      history.push(words);
      const [a, b] = [comparable(words, theirs[i]!), comparable(words, ours[i]!)];
      if (show(a) === show(b)) return;
      fail(done + i, `${showWords(words)}\n  Redis:   ${show(a)}\n  shardis: ${show(b)}`, history, words);
    });
    if ((done / BATCH) % BATCHES_BETWEEN_DIGESTS === 0) await compareData(redis, shardis, history);
  }
  await compareData(redis, shardis, history);
}

/** Whether Redis 7.0 must do the same with it. */
function isComparable(words: readonly string[]): boolean {
  const name = words[0]!;
  // SORT by numbers fails in Redis 7.0 where something before it was out of range (errno is not set back); by texts that are the same, such
  // as those of keys that are not there, it leaves any order.
  if (name.startsWith('sort')) return words.includes('ALPHA') && !words.includes('BY');
  // Relative times are counted from two clocks.
  if (/expire$/.test(name) && (words.includes('GT') || words.includes('LT'))) return false;
  // WITHSCORE came with 7.2.
  if (name === 'zrank' || name === 'zrevrank') return words.length === 3;
  if (words.includes('BYLEX')) return false;
  // 7.0 digests scores with 17 digits, 7.2 in their shortest form.
  return !words.includes('STOREDIST');
}

/** What must be alike of a reply. */
function comparable(words: readonly string[], reply: Reply): Reply {
  if (reply instanceof ReplyError) return `-${reply.message}`;
  // Redis 7.0 does not have the small forms of lists and sets, a copy here may be small again, and what INCRBYFLOAT made is no
  // integer to Redis.
  if (words[0] === 'object') {
    return mapTexts(reply, (text) =>
      text.replace(/quicklist|hashtable|skiplist|intset/, 'listpack').replace('int', 'embstr'),
    );
  }
  if (/^(z|geo)/.test(words[0]!))
    return mapTexts(UNORDERED.test(words[0]!) ? sortDeep(reply) : reply, shortest);
  return UNORDERED.test(words[0]!) ? sortDeep(reply) : reply;
}

/** A score as Redis 7.2 writes it: 7.0 does so with 17 digits. */
function shortest(text: string): string {
  return /^[$,+](-0$|-?\d+(\.\d+|e[+-]?\d+|\d{15,}))/.test(text)
    ? text[0] + String(Number(text.slice(1)))
    : text;
}

async function compareData(redis: Client, shardis: Client, history: readonly string[][]): Promise<void> {
  const [theirs, ours] = await Promise.all([
    redis.command('DEBUG', 'DIGEST'),
    shardis.command('DEBUG', 'DIGEST'),
  ]);
  if (theirs === ours) return;
  for (let db = 0; db < DATABASES; db++) {
    const keys = new Set<string>();
    for (const client of [redis, shardis]) {
      await client.command('SELECT', db);
      const reply = sortDeep(await client.command('KEYS', '*')) as string[];
      for (const exact of reply) keys.add(exact.slice(1));
    }
    for (const key of keys) {
      const ask = (client: Client) => client.command('DEBUG', 'DIGEST-VALUE', key);
      const [a, b] = [await ask(redis), await ask(shardis)];
      if (show(a) === show(b)) continue;
      const values = `${await valueAt(redis, key)}\n  ${await valueAt(shardis, key)}`;
      const what = `the data at ${showWords([key])} of database ${db} differ:\n  ${values}`;
      fail(history.length, what, history, [key]);
    }
  }
  fail(history.length, `DEBUG DIGEST is ${show(theirs)} and ${show(ours)}`, history, []);
}

/** What the key has, by the first command that can tell. */
async function valueAt(client: Client, key: string): Promise<string> {
  for (const [name, ...rest] of WHOLE_VALUES) {
    const reply = await client.command(name!, key, ...rest);
    const isError = reply instanceof ReplyError || (typeof reply === 'string' && reply.startsWith('-'));
    if (!isError) return show(reply);
  }
  return 'nothing';
}

/** Fails with the last commands that named one of the words that stand for keys. */
function fail(done: number, problem: string, history: readonly string[][], words: readonly string[]): never {
  const isKey = (word: string) => /^(\{t\})?[sblezhpgxy]\d$/.test(word);
  const wanted = words.filter(isKey);
  const before = history
    .slice(0, done)
    .filter((each) => each[0] === 'flushall' || each.some((word) => wanted.includes(word)));
  const lines = before
    .slice(-(Number(process.env.DIFFERENTIAL_HISTORY) || 14))
    .map((each) => `  before:  ${showWords(each)}`);
  expect.fail(`DIFFERENTIAL_SEED=${seed}, after ${done} commands: ${problem}\n${lines.join('\n')}`);
}
