/**
 * (e) What coordinated commands cost the others: GET at P=16 under redis-benchmark, alone and beside 1,000 RENAMEs a
 * second between keys of different shards, shardis with two shards.
 *
 * The RENAMEs come from one connection of a process of its own, which looks at the clock each millisecond and writes
 * what is due, whether or not replies are there; keys go back and forth, so each RENAME finds its key, and each must be
 * answered +OK. The rate that was reached, replies over the time of the GETs, is in the table: at less than 950 the
 * server (or the machine) did not keep up, and the ratio would flatter it. Redis runs the same, for which a RENAME is a
 * command like others: its own ratio shows what the load of the other process costs on this machine.
 */
import { ask, encode } from '../client.ts';
import { type Figure, inTurns, NAMES } from '../figures.ts';
import { type LoadResult, probeRequests, runLoad, VALUE_BYTES } from '../load.ts';
import { BenchError, median, progress } from '../report.ts';
import type { Server, ServerName } from '../servers.ts';
import { SHARDS, shardOf } from './keys.ts';
import { start } from './process.ts';
import { type AtomicOptions, withAtomicServers } from './servers.ts';
import { close, connect, Expected, untilDone } from './stream.ts';

const PIPELINE = 16;
const PER_SECOND = 1000;
const REACHED_MIN = 0.95 * PER_SECOND;
const RATIO_MIN = 0.8;
const PAIRS = 16;
const TICK_MS = 1;

export interface PaceJob {
  kind: 'pace';
  port: number;
  pairs: [string, string][];
  perSecond: number;
}

interface PaceResult {
  count: number;
  perSecond: number;
}

/** The side of the RENAMEs: a process of its own, until it is told to stop. */
export async function runPace(
  { port, pairs, perSecond }: PaceJob,
  { ready, stopped }: { ready(): void; stopped: Promise<void> },
): Promise<PaceResult> {
  const ok = Buffer.from('+OK\r\n');
  const expected = new Expected(ok);
  const commands = pairs.map(([from, to]) => [encode(['RENAME', from, to]), encode(['RENAME', to, from])]);
  let bytesBack = 0;
  let onFailure: (why: unknown) => void = () => {};
  const onRead = (bytes: Buffer, count: number) => {
    bytesBack += count;
    try {
      expected.take(bytes, count);
    } catch (error) {
      onFailure(error);
    }
  };
  const socket = await connect(port, onRead, (why) => onFailure(why));
  const result = await untilDone<PaceResult>(
    () => bytesBack,
    (finish, fail) => {
      onFailure = fail;
      const begun = performance.now();
      let sent = 0;
      const tick = setInterval(() => {
        for (const due = ((performance.now() - begun) / 1000) * perSecond; sent < due; sent++) {
          const turn = Math.floor(sent / pairs.length) % 2;
          socket.write(commands[sent % pairs.length]![turn]!);
        }
      }, TICK_MS);
      ready();
      void stopped.then(() => {
        clearInterval(tick);
        const reached = bytesBack / ok.length / ((performance.now() - begun) / 1000);
        const wait = setInterval(() => {
          if (bytesBack < sent * ok.length) return;
          clearInterval(wait);
          finish({ count: sent, perSecond: reached });
        }, TICK_MS);
      });
    },
  );
  close([socket]);
  return result;
}

function makePairs(): [string, string][] {
  const names = Array.from({ length: PAIRS * 40 }, (_, index) => `renamed:${index}`);
  const here = names.filter((name) => shardOf(name) === 0);
  const there = names.filter((name) => shardOf(name) === 1);
  return Array.from({ length: PAIRS }, (_, pair) => [here[pair]!, there[pair]!]);
}

/** Puts every key where its first RENAME looks for it. */
async function placeKeys(server: Server, pairs: [string, string][]): Promise<void> {
  const commands = pairs.flatMap(([from, to]) => [
    ['DEL', to],
    ['SET', from, 'w'.repeat(VALUE_BYTES)],
  ]);
  const failure = (await ask(server.port, commands)).find((reply) => reply instanceof Error);
  if (failure !== undefined) throw new BenchError(`${server.name}: ${String(failure)}`);
}

/** Transactions over several shards that shardis says it has executed; undefined where it does not say. */
async function executedOverShards(server: Server): Promise<number | undefined> {
  const [reply] = await ask(server.port, [['INFO', 'shards']]);
  const counts = [...String(reply).matchAll(/\bholds=(\d+)/g)].map(([, holds]) => Number(holds));
  return counts.length === 0 ? undefined : counts.reduce((sum, holds) => sum + holds);
}

interface Runs {
  alone: LoadResult[];
  beside: LoadResult[];
  reached: number[];
}

async function besideRenames(server: Server, requests: number, runs: Runs): Promise<void> {
  const pairs = makePairs();
  await placeKeys(server, pairs);
  const before = await executedOverShards(server);
  const job: PaceJob = { kind: 'pace', port: server.port, pairs, perSecond: PER_SECOND };
  const pace = start<PaceResult>(job);
  await pace.ready;
  runs.beside.push(await runLoad(server, { test: 'get', pipeline: PIPELINE, requests }));
  pace.stop();
  const { count, perSecond } = await pace.result;
  runs.reached.push(perSecond);
  const after = await executedOverShards(server);
  if (before !== undefined && after !== undefined && after - before < count) {
    throw new BenchError(
      `${count} RENAMEs made ${after - before} transactions over shards: keys were not apart`,
    );
  }
}

async function measure(servers: Server[], options: AtomicOptions): Promise<Record<ServerName, Runs>> {
  const runs: Record<ServerName, Runs> = {
    redis: { alone: [], beside: [], reached: [] },
    shardis: { alone: [], beside: [], reached: [] },
  };
  const load = { test: 'get', pipeline: PIPELINE } as const;
  let rate = 0;
  for (const server of servers) {
    progress(`warming up GET, ${server.name}`);
    const requests = probeRequests('get', PIPELINE);
    await runLoad(server, { ...load, requests });
    rate += (await runLoad(server, { ...load, requests })).rps / servers.length;
  }
  const requests = rate * options.seconds;
  for (let round = 0; round < options.rounds; round++) {
    for (const server of inTurns(round, servers)) {
      const own = runs[server.name];
      for (const isAlone of inTurns(round, [true, false])) {
        progress(
          `round ${round + 1}/${options.rounds}: GET${isAlone ? '' : ' beside RENAMEs'}, ${server.name}`,
        );
        if (isAlone) own.alone.push(await runLoad(server, { ...load, requests }));
        else await besideRenames(server, requests, own);
      }
    }
  }
  return runs;
}

export function besideCoordinated(options: AtomicOptions): Promise<Figure[]> {
  return withAtomicServers(options, [SHARDS], async (servers) => {
    const runs = await measure(servers, options);
    const of = (figure: (runs: Runs) => number) =>
      Object.fromEntries(NAMES.map((name) => [name, figure(runs[name])])) as Record<ServerName, number>;
    const rps = (loads: LoadResult[]) => median(loads.map((one) => one.rps));
    const cpu = (loads: LoadResult[]) => median(loads.map((one) => one.cpuUs));
    const ratio = of(({ alone, beside }) => rps(beside) / rps(alone));
    const reached = of((one) => median(one.reached));
    const title = `GET P=${PIPELINE}; ${SHARDS} shards`;
    return [
      { title: `${title}, alone`, unit: 'commands/s', ...of((one) => rps(one.alone)) },
      { title: '… beside RENAMEs of two shards', unit: 'commands/s', ...of((one) => rps(one.beside)) },
      {
        title: '… beside RENAMEs to alone',
        unit: 'ratio',
        ...ratio,
        target: { measured: ratio.shardis, bound: RATIO_MIN, atMost: false },
      },
      {
        title: '… RENAMEs that were answered',
        unit: 'commands/s',
        ...reached,
        target: { measured: reached.shardis, bound: REACHED_MIN, atMost: false },
      },
      { title: '… server CPU, alone', unit: 'µs/GET', ...of((one) => cpu(one.alone)) },
      {
        title: "… server CPU, beside (the RENAMEs' with it)",
        unit: 'µs/GET',
        ...of((one) => cpu(one.beside)),
      },
    ];
  });
}
