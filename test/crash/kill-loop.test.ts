/**
 * Servers are killed while clients write, again and again, and must have all that they acknowledged.
 *
 * CRASH_ROUNDS sets how many rounds there are (200), CRASH_SEED repeats a run's choices, and CRASH_SERVER puts another
 * server in our place: `redis-server --port {port} --dir {dir} --appendonly yes --appendfsync always --save ""`.
 */
import { rmSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { splitCommandLine } from '../../src/cli/crash/process.ts';
import { type RoundsOptions, runRounds, type Summary } from '../../src/cli/crash/rounds.ts';
import { createConfig } from '../../src/config/load.ts';
import { mainScript } from '../support/paths.ts';
import { seedFrom } from '../support/random.ts';
import { describeWithRedis } from '../support/server.ts';

const ROUNDS = Number(process.env.CRASH_ROUNDS || 200);
/** Loops that run at the same time, each with a server and a directory of its own. */
const LOOPS = 3;
/** A round may take this long at the worst. */
const ROUND_MS_MAX = 5000;

const seed = seedFrom('CRASH_SEED');

function redisWords(...persistence: string[]): string[] {
  return ['redis-server', '--port', '{port}', '--bind', '127.0.0.1', '--dir', '{dir}', ...persistence];
}

function ourWords(policy: string): string[] {
  const own = [process.execPath, mainScript, '--port', '{port}', '--bind', '127.0.0.1', '--dir', '{dir}'];
  own.push('--save', '', '--appendonly', 'yes', '--appendfsync', policy, '--shards', '{shards}');
  return [...own, '--loglevel', 'warning'];
}

/** True once this build keeps a log. */
function keepsLog(): boolean {
  try {
    createConfig({ appendonly: true, appendfsync: 'always', dir: '.' } as never);
    return true;
  } catch {
    return false;
  }
}

function loop(words: readonly string[], rounds: number, more: Partial<RoundsOptions> = {}): Promise<Summary> {
  return runRounds({
    words,
    rounds,
    seed,
    clients: 4,
    shards: 3,
    shardsAfter: 'same',
    writeMsMax: 300,
    lossMsMax: 0,
    ...more,
  });
}

/** Divides the rounds among loops that run at the same time, and adds up what they found. */
async function loops(
  words: readonly string[],
  rounds: number,
  more: Partial<RoundsOptions>,
): Promise<Summary> {
  const share = Math.ceil(rounds / LOOPS);
  const all = await Promise.all(
    Array.from({ length: LOOPS }, (_, index) => loop(words, share, { ...more, seed: seed + index })),
  );
  const sum = (figure: (summary: Summary) => number) => all.reduce((total, one) => total + figure(one), 0);
  const kept = all.find((one) => one.keptDirectory !== undefined)?.keptDirectory;
  return {
    rounds: sum((one) => one.rounds),
    kills: sum((one) => one.kills),
    acknowledged: sum((one) => one.acknowledged),
    recovered: sum((one) => one.recovered),
    differences: all.flatMap((one) => one.differences),
    failures: all.flatMap((one) => one.failures),
    ...(kept !== undefined && { keptDirectory: kept }),
  };
}

function expectWhole(summary: Summary, rounds: number): void {
  const { differences, failures, keptDirectory } = summary;
  const shown = differences.slice(0, 10);
  expect({ shown, failures, keptDirectory }).toEqual({ shown: [], failures: [], keptDirectory: undefined });
  expect(summary.rounds).toBeGreaterThanOrEqual(rounds);
  expect(summary.kills).toBeGreaterThanOrEqual(rounds);
  // Rounds in which nothing was written would prove nothing.
  expect(summary.acknowledged).toBeGreaterThan(rounds * 20);
  expect(summary.recovered).toBeGreaterThan(rounds * 20);
  const { kills, acknowledged, recovered } = summary;
  console.log(
    `${summary.rounds} rounds, ${kills} kills, ${acknowledged} acknowledged, ${recovered} recovered`,
  );
}

const other = process.env.CRASH_SERVER;

describe.skipIf(other === undefined && !keepsLog())('killed again and again, a server', () => {
  test(
    `keeps all that it acknowledged with appendfsync always, whatever its shards, in ${ROUNDS} rounds`,
    async () => {
      const words = other === undefined ? ourWords('always') : splitCommandLine(other);
      const order = other === undefined ? {} : { order: 'connection' as const };
      expectWhole(await loops(words, ROUNDS, { shardsAfter: 'random', ...order }), ROUNDS);
    },
    ROUNDS * ROUND_MS_MAX,
  );

  test.skipIf(other !== undefined)(
    'keeps all that it acknowledged with everysec, as long as the machine lives',
    async () => {
      const rounds = Math.ceil(ROUNDS / 10);
      expectWhole(await loops(ourWords('everysec'), rounds, { shardsAfter: 'random' }), rounds);
    },
    ROUNDS * ROUND_MS_MAX,
  );
});

describeWithRedis('the loop itself', () => {
  test('finds a real Redis with a log to be right', async () => {
    const words = redisWords('--save', '', '--appendonly', 'yes', '--appendfsync', 'always');
    expectWhole(await loop(words, 12, { order: 'connection' }), 12);
  });

  test('finds what a real Redis without a log loses', async () => {
    const summary = await loop(redisWords('--save', '', '--appendonly', 'no'), 12);
    rmSync(summary.keptDirectory!, { recursive: true, force: true });
    expect(summary.failures).toEqual([]);
    expect(new Set(summary.differences.map(({ kind }) => kind))).toEqual(new Set(['lost']));
  });

  test('finds a server that cannot start', async () => {
    const summary = await loop(redisWords('--appendfsync', 'sometimes'), 12);
    rmSync(summary.keptDirectory!, { recursive: true, force: true });
    expect(summary.failures.join()).toContain('the server did not start');
  });
});
