/** SLOWLOG, LATENCY, MEMORY, LOLWUT and what INFO counts by command and by error. */
import type { Reply } from '../../support/decoder.ts';
import { type Cases, isAggregate, line, mapTexts, masked, shape, sortDeep, unordered } from '../case.ts';
import { docs } from './server.ts';

/** What the log has of each entry whatever the machine: words and the client's name. */
function entries(text: string) {
  return line(text, {
    transform: (reply) =>
      (reply as Reply[]).map((entry) => {
        const [, , , words, , name] = entry as Reply[];
        return [words!, name!];
      }),
  });
}

/** The lines of INFO without their times; those of commands that the test itself does not send left out. */
function figures(text: string) {
  return line(text, {
    transform: (reply) =>
      mapTexts(reply, (exact) =>
        exact
          .slice(exact.indexOf('#'))
          .split('\r\n')
          .map((each) => each.replace(/usec=\d+,usec_per_call=[\d.]+/, 'usec').replace(/=\d+\.\d{3}/g, '=#'))
          .sort()
          .join('\n'),
      ),
  });
}

/** Names and numbers of calls in any order, without the distribution. */
function calls(text: string) {
  return line(text, {
    transform: (reply) => {
      const items = isAggregate(reply) ? reply.items : (reply as Reply[]);
      const named: Reply[] = [];
      for (let i = 0; i < items.length; i += 2) {
        const inner = items[i + 1]!;
        named.push([items[i]!, (isAggregate(inner) ? inner.items : (inner as Reply[])).slice(0, 3)]);
      }
      return sortDeep(named);
    },
  });
}

const SUBCOMMANDS = [
  ...['slowlog|get', 'slowlog|len', 'slowlog|reset', 'slowlog|help'],
  ...['latency|doctor', 'latency|graph', 'latency|histogram', 'latency|history', 'latency|latest'],
  'latency|help',
  ...['memory|doctor', 'memory|help', 'memory|malloc-stats', 'memory|purge', 'memory|stats', 'memory|usage'],
];

export const measured: Cases = {
  'SLOWLOG keeps what is slow, in the form of Redis': [
    'CONFIG SET slowlog-log-slower-than -1',
    'SLOWLOG RESET',
    'SLOWLOG LEN',
    'SLOWLOG GET',
    'CLIENT SETNAME someone',
    'CONFIG SET slowlog-log-slower-than 0',
    'PING',
    'SET k v',
    'set k v EX 100',
    'GET k',
    'incr n',
    `SET long ${'x'.repeat(129)}`,
    `MSET ${Array.from({ length: 20 }, (_, i) => `key:${i} ${i}`).join(' ')}`,
    `MGET ${Array.from({ length: 31 }, (_, i) => `key:${i}`).join(' ')}`,
    'DEL k long n',
    'INCR long extra',
    'MSET a 1 b',
    'SCAN x',
    'nonsense',
    'AUTH secret',
    'AUTH someone secret',
    shape('HELLO 3 AUTH default secret SETNAME other'),
    'HELLO 2 AUTH wrong',
    'CONFIG SET timeout 0 requirepass ""',
    'CONFIG SET masterauth secret',
    'CONFIG GET nonsense',
    'DBSIZE',
    'CONFIG SET slowlog-log-slower-than -1',
    'SLOWLOG LEN',
    entries('SLOWLOG GET 100'),
    entries('SLOWLOG GET 3'),
    entries('SLOWLOG GET -1'),
    'SLOWLOG GET 0',
    'SLOWLOG RESET',
    'SLOWLOG LEN',
    'CONFIG SET slowlog-log-slower-than 10000',
  ],
  'SLOWLOG refuses what is wrong': [
    'SLOWLOG GET -2',
    'SLOWLOG GET abc',
    'SLOWLOG GET 1 2',
    'SLOWLOG LEN x',
    'SLOWLOG NONSENSE',
    'SLOWLOG',
  ],
  'LATENCY answers of events that never came': [
    'LATENCY RESET',
    'LATENCY LATEST',
    'LATENCY HISTORY command',
    'LATENCY GRAPH command',
    'LATENCY RESET command nonsense',
    shape('LATENCY DOCTOR'),
    'LATENCY HISTORY',
    'LATENCY GRAPH a b',
    'LATENCY NONSENSE',
    'LATENCY',
    'LATENCY HELP x',
  ],
  'LATENCY HISTOGRAM and INFO count calls by command': [
    'CONFIG RESETSTAT',
    calls('LATENCY HISTOGRAM'),
    'SET a 1',
    'GET a',
    'GET a',
    'MGET a b c',
    shape('CLIENT ID'),
    'CONFIG GET hz',
    'SET a',
    'SET a b c d',
    'nonsense',
    'CONFIG nonsense',
    'CONFIG',
    'INCR a',
    'APPEND a b',
    'INCR a',
    'MSET a 1 b',
    calls('LATENCY HISTOGRAM set GET nonsense mget client|id'),
    calls('LATENCY HISTOGRAM config'),
    'LATENCY HISTOGRAM nonsense',
    'CONFIG SET latency-tracking-info-percentiles "0.0 50.0 100.0"',
    'CONFIG GET latency-tracking-info-percentiles',
  ],
  'INFO shows what the case before has counted': [
    'CONFIG RESETSTAT',
    'SET a 1',
    'SET b',
    'GET a',
    'MGET a b c',
    'DEL a b c',
    'INCR a',
    'APPEND a x',
    'INCR a',
    'AUTH k',
    'nonsense',
    figures('INFO errorstats'),
    figures('INFO commandstats'),
    figures('INFO latencystats'),
    'CONFIG SET latency-tracking no',
    'INFO latencystats',
    'CONFIG SET latency-tracking yes',
    'CONFIG SET latency-tracking-info-percentiles ""',
    'CONFIG GET latency-tracking-info-percentiles',
    'CONFIG SET latency-tracking-info-percentiles "50 101"',
    'CONFIG SET latency-tracking-info-percentiles "50 a"',
    'CONFIG SET latency-tracking-info-percentiles "50 99 99.9"',
    'CONFIG SET slowlog-log-slower-than -2',
    'CONFIG SET slowlog-max-len -1',
    'CONFIG SET slowlog-max-len abc',
    'CONFIG SET latency-monitor-threshold -1',
    'CONFIG RESETSTAT',
    'INFO errorstats',
  ],
  'MEMORY USAGE looks at a key': [
    'SET k v',
    shape('MEMORY USAGE k'),
    'MEMORY USAGE none',
    shape('MEMORY USAGE k SAMPLES 0'),
    shape('MEMORY USAGE k samples 5 SAMPLES 3'),
    'MEMORY USAGE k SAMPLES -1',
    'MEMORY USAGE k SAMPLES abc',
    'MEMORY USAGE k SAMPLES',
    'MEMORY USAGE k nonsense',
    'MEMORY USAGE',
    'SELECT 5',
    'MEMORY USAGE k',
    'MEMORY NONSENSE',
    'MEMORY STATS x',
    shape('MEMORY DOCTOR'),
    'MEMORY PURGE',
  ],
  'MEMORY STATS has the names of Redis': [
    'SET a 1',
    'SET b 1 EX 100',
    'SELECT 3',
    'SET c 1',
    line('MEMORY STATS', { transform: (reply) => memoryNames(reply) }),
  ],
  'LOLWUT ends with the version': [
    masked('LOLWUT VERSION 1', /^(=txt:|\$)[\s\S]*Redis ver\. 7\.\d+\.\d+\n$/),
    'LOLWUT VERSION abc',
  ],
  'COMMAND INFO of what is measured': [
    ...SUBCOMMANDS.map((name) => unordered(`COMMAND INFO ${name}`)),
    unordered('COMMAND INFO lolwut'),
    ...['slowlog', 'memory', 'lolwut'].map((name) => docs(`COMMAND DOCS ${name}`)),
    unordered('COMMAND GETKEYS MEMORY USAGE k'),
  ],
};

/** The names in Redis 7.2 and 7.0 alike, in any order: 7.0 has others within a database. */
function memoryNames(reply: Reply): Reply {
  const items = isAggregate(reply) ? reply.items : (reply as Reply[]);
  return sortDeep(items.filter((_, i) => i % 2 === 0));
}
