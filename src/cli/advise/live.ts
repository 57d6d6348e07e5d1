/** Advice from a running server, by MONITOR. Any server that speaks Redis's protocol will do. */
import { ALLKEYS_POLICIES, VOLATILE_POLICIES } from '../../advise/caches/policies.ts';
import { ESTIMATOR_DEFAULTS, Estimator } from '../../advise/estimator.ts';
import type { CacheSize } from '../../advise/recommendation.ts';
import { makeReport, type Report } from '../../advise/report.ts';
import { RequestBatch } from '../../advise/requests.ts';
import { readMonitorLine } from '../../advise/trace/monitor.ts';
import type { Reply } from '../../protocol/reply-decoder.ts';
import { Client } from '../client.ts';
import type { ConnectionError } from '../connection.ts';
import { Refusal } from '../disk/command.ts';
import { addressOf, type Target } from '../target.ts';
import type { AdviseFlags } from './command.ts';
import { commandReader } from './command-reader.ts';
import { countHits, readServerState, type ServerState } from './server-state.ts';
import { policiesFor } from './trace.ts';

const FACTORS: readonly (readonly [label: string, factor: number])[] = [
  ['half', 0.5],
  ['present', 1],
  ['twice', 2],
  ['4 times', 4],
];
const PRESENT_INDEX = 1;
/** Fewer requests than these are no traffic. */
const REQUESTS_MIN = 1;
/** When so many requests were for keys that had not come by before, the caches have hardly been warm. */
const COLD_SHARE_HIGH = 0.5;

/** Throws ConnectionError, or Refusal, in one line. */
export async function adviseLive(flags: AdviseFlags, env: NodeJS.ProcessEnv): Promise<Report> {
  const target = targetOf(flags, env);
  const client = await connect(
    target,
    () => {},
    () => {},
  );
  try {
    const state = await readServerState(client);
    const sizes = flags.sizes === undefined ? sizesOf(state) : chosenSizes(flags, state);
    const estimator = new Estimator({
      ...ESTIMATOR_DEFAULTS,
      policies: flags.policies ?? withPresent(policiesFor(state.expiringShare), state.policy),
      sizes: sizes.map(({ size }) => size),
      keysMax: flags.keys,
      rateMax: flags.rate,
      ...state.tuning,
    });
    const before = await countHits(client);
    say(
      `watching ${addressOf(target)} by MONITOR for ${flags.seconds} s (Ctrl-C ends it earlier); the server is slower meanwhile`,
    );
    await watch(target, flags.seconds, estimator);
    const after = await countHits(client);
    if (estimator.requests < REQUESTS_MIN) {
      throw new Refusal(`no traffic seen: no command at ${addressOf(target)} has read a key`);
    }
    const sizeIndex = flags.sizes === undefined ? PRESENT_INDEX : undefined;
    const measured = measuredRatio(before, after);
    const present = {
      policy: state.policy,
      sizeIndex,
      maxmemoryBytes: state.maxmemoryBytes,
      ...(measured !== undefined && { measuredHitRatio: measured }),
    };
    return makeReport(
      addressOf(target),
      estimator,
      'keys',
      sizes,
      present,
      notesOn(state, estimator, sizeOf('present', state.baseBytes, state).size, measured),
    );
  } finally {
    await client.disconnect();
  }
}

function targetOf(flags: AdviseFlags, env: NodeJS.ProcessEnv): Target {
  const password = flags.pass ?? (env.REDISCLI_AUTH || undefined);
  return {
    host: flags.h,
    port: flags.p,
    db: 0,
    ...(flags.user !== undefined && { user: flags.user }),
    ...(password !== undefined && { password }),
    ...(flags.tls === true && {
      tls: {
        ...(flags.cacert !== undefined && { cacert: flags.cacert }),
        ...(flags.insecure === true && { insecure: true }),
      },
    }),
  };
}

async function connect(
  target: Target,
  onStray: (reply: Reply) => void,
  onLost: (error: ConnectionError) => void,
): Promise<Client> {
  const client = new Client(target, 2, true, { onStray, onLost, onWarning: say });
  await client.connect();
  return client;
}

function say(line: string): void {
  process.stderr.write(`shardis: ${line}\n`);
}

/** Feeds the estimator until the time is over or the user has enough. */
async function watch(target: Target, seconds: number, estimator: Estimator): Promise<void> {
  const batch = new RequestBatch((full) => estimator.take(full));
  const readCommand = commandReader();
  const onStray = (reply: Reply) => {
    if (!('text' in reply)) return;
    const line = Buffer.from(reply.text, 'latin1');
    readMonitorLine(line, 0, line.length, readCommand, batch);
  };
  let finish: (lost?: ConnectionError) => void = () => {};
  const end = new Promise<ConnectionError | undefined>((resolve) => {
    finish = resolve;
  });
  const client = await connect(target, onStray, finish);
  const stop = () => finish();
  const timer = setTimeout(stop, seconds * 1000);
  process.once('SIGINT', stop);
  try {
    const reply = await client.run([Buffer.from('MONITOR')], () => {});
    if (reply?.type === 'error') throw new Refusal(`MONITOR was refused: ${reply.text}`);
    const lost = await end;
    batch.flush();
    if (lost === undefined) return;
    if (estimator.requests < REQUESTS_MIN) throw lost;
    say(`${lost.message}: this is what was seen until then`);
  } finally {
    clearTimeout(timer);
    process.removeListener('SIGINT', stop);
    client.abort();
  }
}

function sizesOf(state: ServerState): CacheSize[] {
  return FACTORS.map(([label, factor]) => sizeOf(label, state.baseBytes * factor, state));
}

function sizeOf(label: string, maxmemoryBytes: number, { emptyBytes, entryBytes }: ServerState): CacheSize {
  // Twice the memory is more than twice the keys: what an empty server takes is taken once.
  const size = Math.max(1, Math.round((maxmemoryBytes - emptyBytes) / entryBytes));
  return { label, size, maxmemoryBytes: Math.round(maxmemoryBytes) };
}

function chosenSizes({ sizes }: AdviseFlags, state: ServerState): CacheSize[] {
  const { baseBytes, emptyBytes, entryBytes } = state;
  const bytesOf = (keys: number) => emptyBytes + keys * entryBytes;
  const all = sizes!.map(({ label, keys, bytes, share }) =>
    sizeOf(label, keys !== undefined ? bytesOf(keys) : (bytes ?? share! * baseBytes), state),
  );
  const unique = all.filter(({ size }, i) => all.findIndex((other) => other.size === size) === i);
  return unique.sort((a, b) => a.size - b.size);
}

/** The present policy is always compared, where it is one that evicts. */
function withPresent(policies: readonly string[], present: string | undefined): readonly string[] {
  const isComparable = present !== undefined && [...ALLKEYS_POLICIES, ...VOLATILE_POLICIES].includes(present);
  return isComparable && !policies.includes(present) ? [...policies, present] : policies;
}

type Hits = { readonly hits: number; readonly misses: number } | undefined;

function measuredRatio(before: Hits, after: Hits): number | undefined {
  if (before === undefined || after === undefined) return undefined;
  const hits = after.hits - before.hits;
  const all = hits + after.misses - before.misses;
  return all > 0 && hits >= 0 ? hits / all : undefined;
}

function notesOn(
  state: ServerState,
  estimator: Estimator,
  presentKeys: number,
  measured: number | undefined,
): string[] {
  const notes = [...state.notes];
  if (measured !== undefined) {
    notes.push(
      `the server itself counted ${(measured * 100).toFixed(1)} % hits meanwhile, with caches that were warm`,
    );
  }
  if (estimator.keysEstimated < presentKeys) {
    notes.push(
      `fewer keys came by (${estimator.keysEstimated}) than the present size holds: whether less memory would do, only a longer watch can tell`,
    );
  }
  if (estimator.coldShare > COLD_SHARE_HIGH) {
    notes.push('most requests were for keys that came by for the first time: watch longer (--seconds)');
  }
  return notes;
}
