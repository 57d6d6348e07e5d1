/** Random lines of the commands of streams: those whose replies tell no time, and are the same in Redis 7.0 and 7.2. */
import type { Reply } from '../support/decoder.ts';
import type { Random } from '../support/random.ts';
import { mapTexts } from './case.ts';
import type { Maker, Words } from './generated-bits.ts';

const STREAMS = Array.from({ length: 5 }, (_, i) => `stream${i}`);
const BAD_IDS = ['', 'abc', '1-', '-1', '1-1-1', '18446744073709551616', '0x1', '1.5'];
const WIDE_IDS = ['9007199254740993-7', '0-18446744073709551615', '18446744073709551615-1'];

/** Each maker with its weight. */
export function makersOfStreams(random: Random, { key: anyKey, value }: Words): [number, Maker][] {
  const oneOf = (...words: string[]) => random.pick(words);
  const maybe = (share: number, ...words: string[]) => (random.oneIn(share) ? words : []);
  const key = () => (random.oneIn(20) ? anyKey() : random.pick(STREAMS));
  const group = () => oneOf('g', 'g', 'h', ...maybe(20, 'no group'));
  const consumer = () => oneOf('alice', 'bob', 'carol');
  /** Ids that are there grow with the lines, a little at a time. */
  let last = 1;
  const id = () => {
    if (random.oneIn(30)) return random.pick(BAD_IDS);
    if (random.oneIn(60)) return random.pick(WIDE_IDS);
    const ms = random.between(Math.max(1, last - 60), last);
    return random.oneIn(3) ? String(ms) : `${ms}-${random.between(0, 3)}`;
  };
  const newId = () => {
    if (random.oneIn(20)) return id();
    last += random.below(3);
    return `${last}-${oneOf('*', '*', '0', '1', '2')}`;
  };
  const ids = (most: number) => Array.from({ length: random.between(1, most) }, id);
  const interval = (open: string) => (random.oneIn(3) ? open : `${random.oneIn(4) ? '(' : ''}${id()}`);
  const count = () => maybe(2, 'COUNT', oneOf('1', '2', '5', '50', ...maybe(20, '-1', 'x')));
  const field = () => oneOf('a', 'b', '7');
  const fields = () => Array.from({ length: random.between(1, 3) }, () => [field(), value()]).flat();
  const threshold = () =>
    random.oneIn(2) ? ['MAXLEN', ...maybe(2, '='), String(random.between(5, 60))] : ['MINID', id()];
  const rough = () => [
    ...(random.oneIn(2) ? ['MAXLEN', '~', String(random.between(5, 150))] : ['MINID', '~', id()]),
    ...maybe(3, 'LIMIT', oneOf('0', '10', '1000')),
  ];
  const trim = () => (random.oneIn(4) ? rough() : threshold());
  const several = (all: () => string) => {
    const keys = Array.from({ length: random.between(1, 3) }, key);
    return ['STREAMS', ...keys, ...keys.map(all)];
  };
  const claimed = () => [
    ...maybe(2, 'FORCE'),
    ...maybe(2, 'JUSTID'),
    ...maybe(3, 'RETRYCOUNT', oneOf('0', '3')),
  ];
  return [
    [14, () => ['XADD', key(), ...maybe(8, 'NOMKSTREAM'), ...maybe(15, ...trim()), newId(), ...fields()]],
    [1, () => ['XTRIM', key(), ...trim()]],
    [3, () => ['XDEL', key(), ...ids(4)]],
    [1, () => ['XLEN', key()]],
    [3, () => ['XRANGE', key(), interval('-'), interval('+'), ...count()]],
    [3, () => ['XREVRANGE', key(), interval('+'), interval('-'), ...count()]],
    [3, () => ['XREAD', ...count(), ...several(() => oneOf('0', id(), '$'))]],
    [2, () => ['XGROUP', 'CREATE', key(), group(), oneOf('0', '$', id()), ...maybe(2, 'MKSTREAM')]],
    [1, () => ['XGROUP', oneOf('SETID', ...maybe(4, 'CREATE')), key(), group(), oneOf('0', '$', id())]],
    [1, () => (random.oneIn(4) ? ['XGROUP', 'DESTROY', key(), group()] : ['XLEN', key()])],
    [1, () => ['XGROUP', 'DELCONSUMER', key(), group(), consumer()]],
    [
      6,
      () => [
        ...['XREADGROUP', 'GROUP', group(), consumer(), ...count(), ...maybe(6, 'NOACK')],
        ...several(() => oneOf('>', '>', '>', '0', id())),
      ],
    ],
    [4, () => ['XACK', key(), group(), ...ids(5)]],
    [3, () => ['XPENDING', key(), group()]],
    [3, () => ['XCLAIM', key(), group(), consumer(), oneOf('0', '100000000'), ...ids(4), ...claimed()]],
    [2, () => ['XAUTOCLAIM', key(), group(), consumer(), '0', interval('-'), ...maybe(2, 'JUSTID')]],
    [1, () => [oneOf('RENAME', 'COPY', 'COPY'), random.pick(STREAMS), key()]],
    [1, () => (random.oneIn(3) ? ['DEL', key()] : ['TYPE', key()])],
  ];
}

/** Redis 7.2 says more exactly than 7.0 which list is not balanced. */
export function withoutCommand(reply: Reply): Reply {
  return mapTexts(reply, (exact) => (exact.startsWith('-ERR Unbalanced') ? '-ERR Unbalanced' : exact));
}
