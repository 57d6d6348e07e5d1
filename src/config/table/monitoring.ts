/** Options: what the server measures of itself. */
import { parseDouble, parseInteger } from '../../base/numbers.ts';
import { eventClasses } from '../event-classes.ts';
import { boolean, type Kind, spread } from '../kinds.ts';
import { row } from '../row.ts';

const INT64_MAX = '9223372036854775807';

/** An integer of Redis's 64 bits; what is beyond 2^53 counts as 2^53 - 1: both mean "never". */
function count(min: number): Kind<number> {
  const expected = `an integer from ${min}`;
  return {
    arity: 'one',
    placeholder: 'number',
    parse(words) {
      const bytes = Buffer.from(words[0] ?? '', 'utf8');
      const value = words.length === 1 ? parseInteger(bytes, 0, bytes.length) : undefined;
      if (value === undefined) return { reason: "argument couldn't be parsed into an integer", expected };
      if (value < min) {
        return { reason: `argument must be between ${min} and ${INT64_MAX} inclusive`, expected };
      }
      return { value: typeof value === 'bigint' ? Number.MAX_SAFE_INTEGER : value };
    },
    words: (input) => [String(input)],
    format: String,
  };
}

/** Any number of percentiles; an empty text is none. */
const percentiles: Kind<readonly number[], readonly number[] | string> = {
  arity: 'many',
  placeholder: 'percentiles',
  parse(words) {
    const expected = 'numbers from 0 to 100';
    const value = spread(words).map((word) => parseDouble(word));
    if (words.length === 0 || value.some((each) => each === undefined)) {
      return { reason: 'Invalid latency-tracking-info-percentiles parameters', expected };
    }
    if (value.some((each) => !(each! >= 0 && each! <= 100))) {
      const reason = 'latency-tracking-info-percentiles parameters should sit between [0.0,100.0]';
      return { reason, expected };
    }
    return { value: value as number[] };
  },
  words: (input) => [typeof input === 'string' ? input : input.join(' ')],
  format: (value) => value.map(formatPercentile).join(' '),
};

/** A percentile with up to six decimals: `99.9`. */
export function formatPercentile(value: number): string {
  return String(Number(value.toFixed(6)));
}

export const monitoring = {
  'slowlog-log-slower-than': row({
    kind: count(-1),
    default: 10000,
    mutable: true,
    affects: ['server', 'shards'],
    group: 'Monitoring',
    placeholder: 'microseconds',
    help: 'commands that take so many microseconds go into the slow log; -1 for none, 0 for all',
  }),
  'slowlog-max-len': row({
    kind: count(0),
    default: 128,
    mutable: true,
    affects: ['server'],
    group: 'Monitoring',
    help: 'entries that the slow log keeps',
  }),
  'latency-monitor-threshold': row({
    kind: count(0),
    default: 0,
    mutable: true,
    affects: ['server', 'shards'],
    group: 'Monitoring',
    placeholder: 'milliseconds',
    help: 'what takes so many milliseconds is kept for LATENCY; 0 for nothing',
  }),
  'latency-tracking': row({
    kind: boolean(),
    default: true,
    mutable: true,
    affects: ['server', 'shards'],
    group: 'Monitoring',
    help: 'keep a histogram of the time that each command takes',
  }),
  'latency-tracking-info-percentiles': row({
    kind: percentiles,
    default: [50, 99, 99.9],
    mutable: true,
    affects: ['server'],
    group: 'Monitoring',
    help: 'percentiles that INFO latencystats shows',
  }),
  'notify-keyspace-events': row({
    kind: eventClasses,
    default: '',
    mutable: true,
    affects: ['server', 'shards'],
    group: 'Monitoring',
    help: 'classes of changes of keys that are published, and K or E for where',
  }),
};
