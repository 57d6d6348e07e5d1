/** Random lines of the commands of sorted sets, but for ZRANK, which takes other words than in Redis 7.0. Scores are such that every version writes them alike. */
import type { Random } from '../support/random.ts';
import type { Maker, Words } from './generated-bits.ts';

const SETS = Array.from({ length: 8 }, (_, i) => `zset${i}`);
const SCORES = ['inf', '-inf', '+inf', '0.5', '-2.25', '1e3', '+7', '0x10', '1000000000', '-0.125'];
const BAD_SCORES = ['nan', '', 'abc', '1.5x', ' 1'];
const BAD_INTEGERS = ['', 'abc', '1.5', '9223372036854775808'];

/** Each maker with its weight. */
export function makersOfSortedSets(random: Random, { key: anyKey }: Words): [number, Maker][] {
  const oneOf = (...words: string[]) => random.pick(words);
  const maybe = (share: number, ...words: string[]) => (random.oneIn(share) ? words : []);
  const key = () => (random.oneIn(15) ? anyKey() : random.pick(SETS));
  const keys = (max: number) => Array.from({ length: random.between(1, max) }, key);
  // Few, so that the same one is met again.
  const member = () => (random.oneIn(12) ? 'm'.repeat(70) : `m${random.below(40)}`);
  const members = (max: number) => Array.from({ length: random.between(1, max) }, member);
  const score = () => {
    if (random.oneIn(60)) return random.pick(BAD_SCORES);
    return random.oneIn(8) ? random.pick(SCORES) : String(random.between(-20, 20));
  };
  const pairs = (max: number) => members(max).flatMap((each) => [score(), each]);
  const integer = (min: number, max: number) =>
    random.oneIn(30) ? random.pick(BAD_INTEGERS) : String(random.between(min, max));
  const bound = () => `${random.oneIn(3) ? '(' : ''}${score()}`;
  const string = () => (random.oneIn(6) ? oneOf('-', '+') : `${oneOf('[', '(')}${member()}`);
  const limit = () => maybe(3, 'LIMIT', integer(-1, 8), integer(-1, 8));
  const withScores = () => maybe(2, 'WITHSCORES');
  const counted = (found: readonly string[]) => [String(found.length + (random.oneIn(40) ? 1 : 0)), ...found];
  const combination = (isDiff: boolean) => {
    const found = keys(3);
    const weights = found.map(() => oneOf('1', '2', '0.5', '3'));
    return [
      ...counted(found),
      ...(isDiff ? [] : maybe(3, 'WEIGHTS', ...weights)),
      ...(isDiff ? [] : maybe(3, 'AGGREGATE', oneOf('SUM', 'min', 'MAX', ...maybe(10, 'avg')))),
      ...maybe(40, 'nonsense'),
    ];
  };
  return [
    [10, () => ['ZADD', key(), ...pairs(random.oneIn(15) ? 150 : 6)]],
    [
      6,
      () =>
        [
          'ZADD',
          key(),
          ...maybe(2, oneOf('NX', 'XX')),
          ...maybe(3, oneOf('GT', 'LT')),
          ...maybe(2, 'CH'),
        ].concat(pairs(4)),
    ],
    [
      3,
      () => [
        'ZADD',
        key(),
        ...maybe(3, oneOf('NX', 'XX', 'GT', 'LT')),
        'INCR',
        ...pairs(random.oneIn(9) ? 2 : 1),
      ],
    ],
    [4, () => ['ZINCRBY', key(), score(), member()]],
    [3, () => ['ZREM', key(), ...members(4)]],
    [2, () => ['ZCARD', key()]],
    [3, () => ['ZSCORE', key(), member()]],
    [2, () => ['ZMSCORE', key(), ...members(4)]],
    [3, () => ['ZCOUNT', key(), bound(), bound()]],
    [5, () => [oneOf('ZRANGE', 'ZREVRANGE'), key(), integer(-10, 10), integer(-10, 10), ...withScores()]],
    [
      4,
      () => ['ZRANGE', key(), bound(), bound(), 'BYSCORE', ...maybe(2, 'REV'), ...limit(), ...withScores()],
    ],
    [
      4,
      () => [
        oneOf('ZRANGEBYSCORE', 'ZREVRANGEBYSCORE'),
        key(),
        bound(),
        bound(),
        ...withScores(),
        ...limit(),
      ],
    ],
    [2, () => ['ZRANGESTORE', key(), key(), bound(), bound(), 'BYSCORE', ...maybe(2, 'REV'), ...limit()]],
    [2, () => ['ZRANGESTORE', key(), key(), integer(-6, 6), integer(-6, 6), ...maybe(2, 'REV')]],
    // Strings are in order only where all scores are equal.
    [4, () => ['ZADD', 'lex', ...members(5).flatMap((each) => ['0', each])]],
    [3, () => [oneOf('ZRANGEBYLEX', 'ZREVRANGEBYLEX'), 'lex', string(), string(), ...limit()]],
    [
      2,
      () => [
        'ZRANGE',
        'lex',
        string(),
        string(),
        'BYLEX',
        ...maybe(2, 'REV'),
        ...limit(),
        ...maybe(20, 'WITHSCORES'),
      ],
    ],
    [2, () => ['ZLEXCOUNT', 'lex', string(), string()]],
    [1, () => ['ZREMRANGEBYLEX', 'lex', string(), string()]],
    [1, () => ['ZREMRANGEBYRANK', key(), integer(-4, 4), integer(-4, 4)]],
    [1, () => ['ZREMRANGEBYSCORE', key(), bound(), bound()]],
    [4, () => [oneOf('ZPOPMIN', 'ZPOPMAX'), key(), ...maybe(2, integer(-1, 5))]],
    [
      2,
      () => [
        'ZMPOP',
        ...counted(keys(3)),
        oneOf('MIN', 'max', ...maybe(9, 'mid')),
        ...maybe(2, 'COUNT', integer(0, 5)),
      ],
    ],
    [3, () => [oneOf('ZUNION', 'ZINTER'), ...combination(false), ...withScores()]],
    [2, () => ['ZDIFF', ...combination(true), ...withScores()]],
    [3, () => [oneOf('ZUNIONSTORE', 'ZINTERSTORE'), key(), ...combination(false)]],
    [1, () => ['ZDIFFSTORE', key(), ...combination(true)]],
    [1, () => ['ZINTERCARD', ...counted(keys(3)), ...maybe(2, 'LIMIT', integer(-1, 5))]],
    [
      1,
      () => [
        'SORT',
        key(),
        'BY',
        'nosort',
        ...maybe(2, 'DESC'),
        ...maybe(2, 'LIMIT', integer(0, 5), integer(-1, 5)),
      ],
    ],
    [1, () => ['SORT', key(), 'ALPHA', ...maybe(2, 'STORE', anyKey())]],
    [1, () => [oneOf('RENAME', 'RENAMENX', 'COPY'), key(), key()]],
    [1, () => ['DEL', key()]],
    [1, () => ['TYPE', key()]],
  ];
}
