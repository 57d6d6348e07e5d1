/** LATENCY DOCTOR and LATENCY GRAPH: texts for people about what was slow. */
import type { LatencyEvent, LatencySample } from './measurements.ts';

export interface DoctorSituation {
  readonly thresholdMs: number;
  readonly slowerThanUs: number;
  readonly hz: number;
  readonly nowSeconds: number;
}

type Advice = (situation: DoctorSituation) => string | undefined;

const SLOW_LOG_OFF: Advice = ({ slowerThanUs, thresholdMs }) => {
  const setting = `'CONFIG SET slowlog-log-slower-than ${thresholdMs * 1000}'`;
  if (slowerThanUs < 0)
    return `The slow log is off, so nobody knows which commands they were. Try ${setting}.`;
  if (slowerThanUs / 1000 <= thresholdMs) return undefined;
  return `The slow log leaves out commands that count as slow here. Try ${setting}.`;
};
const SLOW_LOG_READ: Advice = () =>
  'Look with SLOWLOG GET which commands take long, and on how much they work.';
const LARGE_VALUES: Advice = () =>
  'Freeing a large value takes its time: where such values are deleted, expire or are written over, divide them.';
const LOADED_MACHINE: Advice = () =>
  'Commands of constant time were slow, so a thread had to wait for a core. See what else runs on the machine, have ' +
  'no more shards than cores, and measure the machine alone with redis-cli --intrinsic-latency 100.';
const MORE_CYCLES: Advice = ({ hz }) =>
  hz >= 100 ? undefined : "Smaller steps free expired keys more evenly: try 'CONFIG SET hz 100'.";
const STALLED_ACCEPTOR: Advice = () =>
  'The thread that serves connections was held up: by a loaded machine, or by commands with very many words or ' +
  'very long replies. INFO commandstats shows what is called.';

const ADVICE: Readonly<Record<string, readonly Advice[]>> = {
  command: [SLOW_LOG_OFF, SLOW_LOG_READ, LARGE_VALUES],
  'fast-command': [LOADED_MACHINE],
  'expire-cycle': [MORE_CYCLES, LARGE_VALUES],
  'event-loop-stall': [STALLED_ACCEPTOR],
};

export function doctorText(events: readonly LatencyEvent[], situation: DoctorSituation): string {
  if (events.length === 0) {
    if (situation.thresholdMs > 0)
      return 'Nothing was slow since the server was started or LATENCY RESET was called.\n';
    return (
      'Nothing is known, because nothing is watched: latency-monitor-threshold is 0. Say with ' +
      "'CONFIG SET latency-monitor-threshold <milliseconds>' from when on something is slow.\n"
    );
  }
  const lines = events.map((event, i) => `${i + 1}. ${findings(event, situation.nowSeconds)}\n`);
  const advice = new Set<string>();
  for (const { name } of events) {
    for (const each of ADVICE[name] ?? []) {
      const text = each(situation);
      if (text !== undefined) advice.add(text);
    }
  }
  const last =
    advice.size === 0
      ? '\nThere is no simple advice for this.\n'
      : `\nWhat may help:\n\n${[...advice].map((text) => `- ${text}\n`).join('')}`;
  return `There were latency spikes:\n\n${lines.join('')}${last}`;
}

function findings({ name, samples, maxMs }: LatencyEvent, nowSeconds: number): string {
  const average = Math.floor(sumOf(samples, ({ ms }) => ms) / samples.length);
  const deviation = Math.floor(sumOf(samples, ({ ms }) => Math.abs(ms - average)) / samples.length);
  const period = Math.max(1, nowSeconds - samples[0]!.unixSeconds) / samples.length;
  return (
    `${name}: ${samples.length} latency spikes (average ${average}ms, mean deviation ${deviation}ms, ` +
    `period ${period.toFixed(2)} sec). Worst all time event ${maxMs}ms.`
  );
}

function sumOf(samples: readonly LatencySample[], measure: (sample: LatencySample) => number): number {
  return samples.reduce((sum, sample) => sum + measure(sample), 0);
}

const GRAPH_COLUMNS = 80;
const GRAPH_ROWS = 4;
/** What a column shows in a row: nothing, some, half, all of it. */
const LEVELS = [' ', '_', 'o', '#'];

/** The samples as columns, oldest first, and under each how long ago it was. */
export function graphText({ name, samples, maxMs }: LatencyEvent, nowSeconds: number): string {
  const values = samples.map(({ ms }) => ms);
  const high = Math.max(...values);
  const low = Math.min(...values);
  const title = `${name} - high ${high} ms, low ${low} ms (all time high ${maxMs} ms)\n`;
  let text = `${title}${'-'.repeat(GRAPH_COLUMNS)}\n`;
  for (let from = 0; from < samples.length; from += GRAPH_COLUMNS) {
    text += columns(samples.slice(from, from + GRAPH_COLUMNS), low, high, nowSeconds);
  }
  return text;
}

function columns(samples: readonly LatencySample[], low: number, high: number, nowSeconds: number): string {
  const top = GRAPH_ROWS * (LEVELS.length - 1);
  const heights = samples.map(({ ms }) =>
    high === low ? top : 1 + Math.round(((ms - low) / (high - low)) * (top - 1)),
  );
  const lines: string[] = [];
  for (let row = GRAPH_ROWS - 1; row >= 0; row--) {
    const filled = heights.map((height) => Math.min(LEVELS.length - 1, Math.max(0, height - row * 3)));
    lines.push(filled.map((level) => LEVELS[level]).join(''));
  }
  const ages = samples.map(({ unixSeconds }) => ageText(nowSeconds - unixSeconds));
  lines.push('');
  for (let i = 0; i < Math.max(...ages.map((age) => age.length)); i++) {
    lines.push(ages.map((age) => age[i] ?? ' ').join(''));
  }
  return lines.map((line) => `${line.trimEnd()}\n`).join('');
}

function ageText(seconds: number): string {
  if (seconds < 60) return `${Math.max(0, seconds)}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86400)}d`;
}
