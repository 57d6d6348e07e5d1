/**
 * (a) Transactions: MULTI, five SETs and EXEC in one write, 50 connections in a closed loop, values of 64 bytes.
 *
 * The keys are random out of 100,000, and of each transaction's five at least one is on either shard of a shardis with
 * two. The same transactions go to a Redis, to shardis with one shard and to shardis with two, in turns. A run counts
 * transactions of which the whole reply came, over a time that begins after half a second of the same load; every byte
 * of every reply is compared (+OK, five +QUEUED, five +OK).
 *
 * The client is a Node process with nothing else to do. It writes requests made before and takes about 10 µs of CPU a
 * transaction, most of it the kernel's: its figure is in the table. Where the server's "cores busy" is well below its
 * threads, it was the client (or the machine) that set the throughput, and the server's CPU a transaction tells more.
 */
import type net from 'node:net';
import { encode } from '../client.ts';
import { type Figure, inTurns } from '../figures.ts';
import { CLIENTS, checkKeys, KEYSPACE, VALUE_BYTES } from '../load.ts';
import { median, progress } from '../report.ts';
import { cpuSeconds, type Server } from '../servers.ts';
import { keysOnBoth, SHARDS } from './keys.ts';
import { run } from './process.ts';
import { type AtomicOptions, withAtomicServers } from './servers.ts';
import { close, connect, Expected, untilDone } from './stream.ts';

const WARM_UP_MS = 500;
const SETS = 5;
/** Transactions made before the run; more than fit into the processor's cache. */
const MADE = 8192;

export interface TransactionsJob {
  kind: 'transactions';
  port: number;
  pid: number;
  lengthMs: number;
}

export interface TransactionsResult {
  perSecond: number;
  /** CPU microseconds of the server, and of this client, for one transaction. */
  serverUs: number;
  clientUs: number;
  /** Cores that the server kept busy. */
  coresBusy: number;
}

function makeTransactions(): Buffer[] {
  const value = 'w'.repeat(VALUE_BYTES);
  return Array.from({ length: MADE }, () =>
    Buffer.concat([
      encode(['MULTI']),
      ...keysOnBoth(SETS).map((key) => encode(['SET', key, value])),
      encode(['EXEC']),
    ]),
  );
}

const reply = Buffer.from(`+OK\r\n${'+QUEUED\r\n'.repeat(SETS)}*${SETS}\r\n${'+OK\r\n'.repeat(SETS)}`);

/** The client's side: runs in a process of its own. */
export async function runTransactions({ port, pid, lengthMs }: TransactionsJob): Promise<TransactionsResult> {
  const transactions = makeTransactions();
  // The first call asks the system how long a tick is.
  cpuSeconds(pid);
  let done = 0;
  let next = 0;
  let isEnding = false;
  let onFailure: (why: unknown) => void = () => {};
  const open = async (): Promise<net.Socket> => {
    const expected = new Expected(reply);
    const onRead = (bytes: Buffer, count: number) => {
      try {
        expected.take(bytes, count);
      } catch (error) {
        onFailure(error);
        return;
      }
      if (expected.at !== 0) return;
      done++;
      if (!isEnding) socket.write(transactions[next++ % MADE]!);
    };
    const socket = await connect(port, onRead, (why) => onFailure(why));
    return socket;
  };
  const sockets = await Promise.all(Array.from({ length: CLIENTS }, open));
  const result = await untilDone<TransactionsResult>(
    () => done,
    (finish, fail) => {
      onFailure = fail;
      for (const socket of sockets) socket.write(transactions[next++ % MADE]!);
      setTimeout(() => {
        const begun = { done, at: performance.now(), server: cpuSeconds(pid), own: process.cpuUsage() };
        setTimeout(() => {
          const seconds = (performance.now() - begun.at) / 1000;
          const count = done - begun.done;
          const serverSeconds = cpuSeconds(pid) - begun.server;
          const own = process.cpuUsage(begun.own);
          isEnding = true;
          const result = {
            perSecond: count / seconds,
            serverUs: (serverSeconds * 1e6) / count,
            clientUs: (own.user + own.system) / count,
            coresBusy: serverSeconds / seconds,
          };
          // All replies must come, those of the last transactions too.
          const wait = setInterval(() => {
            if (done < next) return;
            clearInterval(wait);
            finish(result);
          }, 5);
        }, lengthMs);
      }, WARM_UP_MS);
    },
  );
  close(sockets);
  return result;
}

interface Candidate {
  shards: number;
  server: Server;
  runs: TransactionsResult[];
}

function figuresOf(redis: Candidate, shardis: Candidate, bound: number): Figure[] {
  const title = `MULTI, ${SETS} SETs, EXEC; ${shardis.shards === 1 ? '1 shard' : 'keys on both of 2 shards'}`;
  const of = (key: keyof TransactionsResult) => ({
    redis: median(redis.runs.map((one) => one[key])),
    shardis: median(shardis.runs.map((one) => one[key])),
  });
  const rate = of('perSecond');
  const target = { measured: rate.shardis / rate.redis, bound, atMost: false };
  return [
    { title, unit: 'transactions/s', ...rate, target },
    { title: '… server CPU', unit: 'µs/transaction', ...of('serverUs') },
    { title: '… cores that the server kept busy', unit: '', ...of('coresBusy') },
    { title: "… client's CPU", unit: 'µs/transaction', ...of('clientUs') },
  ];
}

export function transactions(options: AtomicOptions): Promise<Figure[]> {
  return withAtomicServers(options, [1, SHARDS], async (servers) => {
    const candidates = servers.map((server, index): Candidate => ({ shards: index, server, runs: [] }));
    const measure = ({ server }: Candidate, seconds: number) => {
      const { port, pid } = server;
      const job: TransactionsJob = { kind: 'transactions', port, pid, lengthMs: seconds * 1000 };
      return run<TransactionsResult>(job);
    };
    for (const candidate of candidates) {
      progress(`warming up transactions, ${candidate.server.name}`);
      await measure(candidate, options.seconds / 2);
    }
    for (let round = 0; round < options.rounds; round++) {
      for (const candidate of inTurns(round, candidates)) {
        progress(`round ${round + 1}/${options.rounds}: transactions, ${candidate.server.name}`);
        candidate.runs.push(await measure(candidate, options.seconds));
      }
    }
    for (const server of servers) await checkKeys(server, 'key:', KEYSPACE, VALUE_BYTES);
    const [redis, one, two] = candidates as [Candidate, Candidate, Candidate];
    return [...figuresOf(redis, one, 0.9), ...figuresOf(redis, two, 0.6)];
  });
}
