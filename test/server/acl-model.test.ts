/**
 * Random users and random requests of every command against a model of the rules, on every way that a command can take:
 * one shard and several, with and without direct reads, one request at a time, in a pipeline, and as inline commands.
 *
 * A command that is denied is always sent. One that is allowed and would change what the test stands on (the server, its
 * connection, all keys at once) is only asked about with ACL DRYRUN.
 */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Command, CommandTable } from '../../src/commands/table.ts';
import {
  anyRequest,
  KEYS,
  modelCommand,
  modelKeys,
  type Request,
  setUserWords,
  userSelectors,
} from '../support/acl-arbitraries.ts';
import { type ModelSelectors, modelAllows, modelHasRight } from '../support/acl-model.ts';
import { forEachShardCount } from '../support/both.ts';
import { type Client, type Reply, ReplyError } from '../support/client.ts';
import { seedFrom } from '../support/random.ts';
import { useServer } from './served.ts';

const table = new CommandTable();
const RUNS = 60;
const REQUESTS = 40;

type Way = 'one by one' | 'pipelined' | 'inline';

forEachShardCount([1, 3], (shards) => {
  describe.each(['yes', 'no'])('and direct-reads %s', (directReads) => {
    const args = [
      '--direct-reads',
      directReads,
      '--enable-debug-command',
      'yes',
      '--enable-module-command',
      'yes',
    ];
    const server = useServer({ shards, args });

    test('a command runs when the rules of the user allow it, and only then', async () => {
      const admin = await server().client();
      const seen = { allowed: 0, denied: 0 };
      const ways = fc.constantFrom<Way>('one by one', 'pipelined', 'inline');
      const requests = fc.array(anyRequest(table), { minLength: REQUESTS, maxLength: REQUESTS });
      await fc.assert(
        fc.asyncProperty(userSelectors(table), requests, ways, async (selectors, wanted, way) => {
          await prepare(admin, selectors);
          const user = await server().client();
          expect(await user.command('AUTH', 'user', 'any')).toBe('OK');
          const sent = wanted.filter(({ name, words }) => {
            const isAllowed = allows(selectors, name, words);
            seen[isAllowed ? 'allowed' : 'denied']++;
            return !isAllowed || isHarmless(table.byName(name)!);
          });
          const replies = await ask(user, way, sent);
          user.destroy();
          checkReplies(selectors, sent, replies);
          await checkDryRun(admin, selectors, wanted);
          await checkData(admin, selectors);
        }),
        { numRuns: RUNS, seed: seedFrom('FUZZ_SEED') },
      );
      expect(Math.min(seen.allowed, seen.denied)).toBeGreaterThan(200);
      admin.destroy();
    }, 120_000);

    test('rules that change between two commands of a pipeline count for the second', async () => {
      const admin = await server().client();
      await prepare(admin, [['+@all', '~*']]);
      const user = await server().client();
      expect(await user.command('AUTH', 'user', 'any')).toBe('OK');
      const replies = await user.pipeline([
        ['SET', 'a', '1'],
        ['ACL', 'SETUSER', 'user', '-set', 'resetkeys', '~b'],
        ['SET', 'a', '2'],
        ['GET', 'a'],
        ['GET', 'b'],
      ]);
      expect(replies.map(isDenied)).toEqual([false, false, true, true, false]);
      expect(await admin.command('GET', 'a')).toBe('1');
      user.destroy();
      admin.destroy();
    });
  });
});

/**
 * The value of a key, which tells where it came from. All are equally long and look random, so that what commands make of
 * several values (the common subsequence of two, say) is never by chance the value of a third.
 */
function secret(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

function isDenied(reply: Reply): boolean {
  return reply instanceof ReplyError && /^(EXECABORT .*: )?NOPERM /.test(reply.message);
}

function allows(selectors: ModelSelectors, name: string, words: readonly string[]): boolean {
  const command = table.byName(name)!;
  return modelAllows(selectors, modelCommand(command), words, modelKeys(command, words));
}

/** What may run in the middle of the test. */
function isHarmless({ fullName, flags, keys }: Command): boolean {
  // There are no replicas to wait for, and with a timeout of 0 it would wait for ever.
  if (fullName === 'wait') return false;
  const others = ['admin', 'blocking', 'pubsub', 'noscript', 'no_auth'] as const;
  if (others.some((flag) => flags.includes(flag))) return false;
  return keys !== undefined || !flags.includes('write');
}

async function prepare(admin: Client, selectors: ModelSelectors): Promise<void> {
  const words = setUserWords(selectors);
  const replies = await admin.pipeline([
    ['ACL', 'SETUSER', 'user', 'reset', 'on', 'nopass', ...words],
    ['FLUSHALL'],
    ['MSET', ...KEYS.flatMap((key) => [key, secret(key)])],
  ]);
  expect({ words, replies }).toEqual({ words, replies: ['OK', 'OK', 'OK'] });
}

async function ask(user: Client, way: Way, sent: readonly Request[]): Promise<Reply[]> {
  if (way === 'pipelined') return user.pipeline(sent.map(({ words }) => words));
  const replies: Reply[] = [];
  for (const { words } of sent) {
    if (way === 'inline') user.send(`${words.map((word) => `"${word}"`).join(' ')}\r\n`);
    replies.push(way === 'inline' ? await user.reply() : await user.command(...words));
  }
  return replies;
}

function checkReplies(selectors: ModelSelectors, sent: readonly Request[], replies: readonly Reply[]): void {
  sent.forEach(({ name, words }, i) => {
    const reply = replies[i]!;
    const runs = allows(selectors, name, words);
    expect({ words, runs: !isDenied(reply), reply }).toEqual({ words, runs, reply });
    const text = JSON.stringify(reply);
    for (const key of KEYS) {
      // A value that was copied to where the user may read it could be read where it was.
      if (text.includes(secret(key)))
        expect([words, modelHasRight(selectors, key, 'read')]).toEqual([words, true]);
    }
  });
}

async function checkDryRun(
  admin: Client,
  selectors: ModelSelectors,
  wanted: readonly Request[],
): Promise<void> {
  const replies = await admin.pipeline(wanted.map(({ words }) => ['ACL', 'DRYRUN', 'user', ...words]));
  wanted.forEach(({ name, words }, i) => {
    const expected = allows(selectors, name, words);
    expect({ words, isAllowed: replies[i] === 'OK', reply: replies[i] }).toEqual({
      words,
      isAllowed: expected,
      reply: replies[i],
    });
  });
}

/** What may not be written is as it was. */
async function checkData(admin: Client, selectors: ModelSelectors): Promise<void> {
  const values = await admin.pipeline(KEYS.map((key) => ['GET', key]));
  KEYS.forEach((key, i) => {
    if (!modelHasRight(selectors, key, 'write')) expect([key, values[i]]).toEqual([key, secret(key)]);
  });
}
