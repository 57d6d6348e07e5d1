/** Random lines of the commands on parts of strings, on bits, and on several keys or databases. */
import type { Random } from '../support/random.ts';

export type Maker = () => string[];

export interface Words {
  readonly key: () => string;
  readonly value: () => string;
  /** A database's number, sometimes a wrong one. */
  readonly database: () => string;
}

const BAD_INTEGERS = ['', 'abc', '1.5', ' 1', '01', '9223372036854775808', '-9223372036854775809'];
const FAR = ['9223372036854775807', '-9223372036854775808', '4294967296', '536870912', '-536870913'];

/** Each maker with its weight. */
export function makersOfBits(random: Random, { key, value, database }: Words): [number, Maker][] {
  const oneOf = (...words: string[]) => random.pick(words);
  const maybe = (share: number, ...words: string[]) => (random.oneIn(share) ? words : []);
  const integer = (min: number, max: number) => {
    if (random.oneIn(25)) return random.pick(BAD_INTEGERS);
    return random.oneIn(15) ? random.pick(FAR) : String(random.between(min, max));
  };
  /** Not further than keeps strings short, or too far for any. */
  const offset = (max: number) => {
    if (random.oneIn(20)) return random.pick([...BAD_INTEGERS, '-1', '4294967296', '9223372036854775807']);
    return String(random.below(max));
  };
  const unit = () => maybe(2, oneOf('BIT', 'BYTE', 'bit', 'Byte', ...maybe(5, 'nonsense')));
  const range = () => [integer(-90, 90), integer(-90, 90), ...unit()];
  const keys = (max: number) => Array.from({ length: random.between(1, max) }, key);
  const encoding = () => {
    if (random.oneIn(25)) return oneOf('u64', 'i65', 'u0', 'x8', 'U8', '', 'u', 'i08');
    return random.oneIn(2) ? `u${random.between(1, 63)}` : `i${random.between(1, 64)}`;
  };
  const fieldOffset = () => (random.oneIn(4) ? `#${random.below(8)}` : offset(300));
  const operand = () => (random.oneIn(2) ? integer(-300, 300) : random.pick(FAR));
  const operation = () => {
    const field = [encoding(), fieldOffset()];
    switch (random.below(8)) {
      case 0:
      case 1:
        return [oneOf('GET', 'get'), ...field];
      case 2:
        return ['OVERFLOW', oneOf('WRAP', 'SAT', 'FAIL', 'sat', 'fail', ...maybe(6, 'nonsense'))];
      case 3:
      case 4:
        return ['SET', ...field, operand()];
      default:
        return ['INCRBY', ...field, operand()];
    }
  };
  const operations = () => Array.from({ length: random.between(0, 5) }, operation).flat();
  const gets = () => Array.from({ length: random.between(0, 4) }, () => ['GET', encoding(), fieldOffset()]);
  const pairs = () => Array.from({ length: random.between(1, 3) }, () => [key(), value()]).flat();
  return [
    [5, () => [oneOf('GETRANGE', 'GETRANGE', 'SUBSTR'), key(), integer(-30, 30), integer(-30, 30)]],
    [4, () => ['SETRANGE', key(), offset(90), random.oneIn(6) ? '' : value()]],
    [5, () => ['SETBIT', key(), offset(700), random.oneIn(20) ? oneOf('2', '-1', 'x') : oneOf('0', '1')]],
    [4, () => ['GETBIT', key(), offset(700)]],
    [4, () => ['BITCOUNT', key(), ...(random.oneIn(3) ? [] : range()), ...maybe(30, 'more')]],
    [
      4,
      () => ['BITPOS', key(), oneOf('0', '1', ...maybe(8, '2', 'x')), ...range().slice(0, random.below(4))],
    ],
    [6, () => ['BITFIELD', key(), ...operations()]],
    [2, () => ['BITFIELD_RO', key(), ...gets().flat(), ...maybe(15, 'SET', 'u8', '0', '1')]],
    [5, () => ['BITOP', oneOf('AND', 'OR', 'XOR', 'and'), key(), ...keys(4)]],
    [
      2,
      () => ['BITOP', oneOf('NOT', 'not', ...maybe(8, 'nonsense')), key(), ...keys(random.oneIn(8) ? 2 : 1)],
    ],
    [5, () => [oneOf('RENAME', 'RENAMENX'), key(), key()]],
    [
      4,
      () => ['COPY', key(), key(), ...maybe(2, 'REPLACE'), ...maybe(4, 'DB', database()), ...maybe(25, 'x')],
    ],
    [3, () => ['MSETNX', ...pairs(), ...maybe(20, key())]],
    [
      1,
      () => [
        ...['LCS', key(), key()],
        ...maybe(3, oneOf('LEN', 'IDX', 'idx')),
        ...maybe(3, 'WITHMATCHLEN'),
        ...maybe(3, 'MINMATCHLEN', integer(-1, 6)),
        ...maybe(20, oneOf('LEN', 'IDX', 'nonsense')),
      ],
    ],
    [
      2,
      () => [
        ...[oneOf('SORT', 'SORT_RO'), key()],
        ...maybe(3, 'LIMIT', integer(-2, 9), integer(-2, 9)),
        ...maybe(3, oneOf('ASC', 'DESC', 'ALPHA', 'alpha')),
        ...maybe(3, oneOf('BY', 'GET'), oneOf('w_*', 'nosort', '#')),
        ...maybe(3, 'STORE', key()),
        ...maybe(20, oneOf('GET', 'LIMIT', 'STORE', 'nonsense')),
      ],
    ],
    [3, () => ['MOVE', key(), database()]],
    [1, () => ['SWAPDB', database(), database()]],
    [1, () => ['OBJECT', oneOf('FREQ', 'freq', ...maybe(4, 'NONSENSE')), key()]],
  ];
}
