/** Random command lines over a small key space: valid ones with all options, and invalid ones. */
import type { Reply } from '../support/decoder.ts';
import type { Random } from '../support/random.ts';
import { type Line, line, sortDeep } from './case.ts';
import { makersOfBits } from './generated-bits.ts';
import { makersOfHashes } from './generated-hashes.ts';
import { makersOfHyperLogLogs } from './generated-hyperloglogs.ts';
import { makersOfLists } from './generated-lists.ts';
import { makersOfSets, UNORDERED } from './generated-sets.ts';
import { makersOfSortedSets } from './generated-sorted-sets.ts';
import { makersOfStreams, withoutCommand } from './generated-streams.ts';

export const GENERATED_KEYS: readonly string[] = [
  ...Array.from({ length: 10 }, (_, i) => `k${i}`),
  ...['', '\0', 'a b', '{t}1', '{t}2', '{}3', '\xff\xfe\r\n', 'K1', '-1', 'x'.repeat(300)],
];
const GLOBS = [
  '*',
  'k*',
  'k?',
  '[kK]1',
  'k[0-4]',
  'k[^0-4]',
  '{t}*',
  '',
  '\\*',
  'none',
  '[',
  '?',
  '[^k]*',
  '*1',
];
const INTEGERS = [
  ...['0', '1', '-1', '5', '-7', '10', '100', '12345', '4294967296', '9007199254740991', '9007199254740993'],
  ...['9223372036854775807', '-9223372036854775808', '9223372036854775806', '-9007199254740992'],
];
const NO_INTEGERS = [
  '',
  'abc',
  '1.5',
  ' 1',
  '1 ',
  '+1',
  '01',
  '-0',
  '-',
  '9223372036854775808',
  '1e3',
  '0x1',
  '1\0',
];
const FLOATS = [
  ...['0', '0.1', '-0.1', '1.5', '2.25', '1e3', '1.5e-3', '-2.5E2', '1e17', '1e-10', '3.0', '.5', '5.', '+1'],
  ...['100000000000', '0.000001', '123456.789', '-0', '0x10'],
];
const NO_FLOATS = ['', 'abc', 'nan', 'inf', '-inf', ' 1', '1 ', '1e5000', '1.2.3', '--1', '1,5'];
const BAD_MILLISECONDS = ['0', '-1', 'abc', '', '1.5', '9223372036854775808', '-9223372036854775808'];
/** The last two are too much once they are milliseconds. */
const BAD_SECONDS = [...BAD_MILLISECONDS, '9223372036854775807', '9223372036854776'];
const DATABASES = ['0', '0', '0', '1', '2', '15', '16', '-1', 'abc', ''];

/** Expiry replies differ by how far apart in time the two servers ran the commands. */
const SECONDS = { amount: 1, unitMs: 1000 };
const MILLISECONDS = { amount: 50, unitMs: 1 };

type Maker = () => string[];

export class CommandGenerator {
  readonly #random: Random;
  readonly #nowSeconds: number;
  readonly #makers: Maker[];
  readonly #usedTimes = new Set<number>();

  constructor(random: Random, nowMs: number) {
    this.#random = random;
    this.#nowSeconds = Math.ceil(nowMs / 10_000) * 10;
    this.#makers = this.#weighted();
  }

  /** The next line, mostly valid, sometimes with a word too many or too few. */
  next(): Line {
    const random = this.#random;
    let words = random.pick(this.#makers)();
    if (random.oneIn(40)) words = this.#damaged(words);
    if (random.oneIn(8)) words[0] = this.#otherCase(words[0]!);
    return this.#line(words);
  }

  #line(words: string[]): Line {
    // Without a count they are chosen at random.
    if (/^(spop|srandmember)$/i.test(words[0]!) && words.length === 2) words.push('0');
    if (UNORDERED.has(words[0]!.toLowerCase())) return line(words, { transform: sortDeep });
    switch (words[0]!.toLowerCase()) {
      case 'keys':
        return line(words, { transform: sortDeep });
      case 'scan':
        return line(words, { isScan: true });
      case 'randomkey':
      case 'time':
        return line(words, { transform: (reply) => (Array.isArray(reply) ? 'array' : String(reply)[0]!) });
      case 'ttl':
      case 'expiretime':
        return line(words, { within: SECONDS });
      case 'pttl':
      case 'pexpiretime':
        return line(words, { within: MILLISECONDS });
      case 'xread':
      case 'xreadgroup':
        return line(words, { transform: withoutCommand });
      default:
        return line(words, { transform: cutAtNul });
    }
  }

  /** Each maker as often as its weight says. */
  #weighted(): Maker[] {
    const random = this.#random;
    const key = () => random.pick(GENERATED_KEYS);
    const keys = () => Array.from({ length: random.between(1, 6) }, key);
    const value = () => this.#value();
    const integer = () => random.pick(random.oneIn(8) ? NO_INTEGERS : INTEGERS);
    const float = () => random.pick(random.oneIn(8) ? NO_FLOATS : FLOATS);
    const pairs = () => Array.from({ length: random.between(1, 4) }, () => [key(), value()]).flat();
    const table: [number, Maker][] = [
      [12, () => ['GET', key()]],
      [16, () => ['SET', key(), value(), ...this.#setOptions()]],
      [3, () => ['SETNX', key(), value()]],
      [3, () => ['SETEX', key(), this.#time('EX'), value()]],
      [3, () => ['PSETEX', key(), this.#time('PX'), value()]],
      [3, () => ['GETSET', key(), value()]],
      [3, () => ['GETDEL', key()]],
      [6, () => ['GETEX', key(), ...this.#getexOptions()]],
      [4, () => ['MGET', ...keys()]],
      [4, () => ['MSET', ...pairs(), ...(random.oneIn(20) ? [key()] : [])]],
      [5, () => ['APPEND', key(), value()]],
      [4, () => ['STRLEN', key()]],
      [5, () => ['INCR', key()]],
      [5, () => ['DECR', key()]],
      [4, () => ['INCRBY', key(), integer()]],
      [4, () => ['DECRBY', key(), integer()]],
      [6, () => ['INCRBYFLOAT', key(), float()]],
      [5, () => [random.pick(['DEL', 'UNLINK']), ...keys()]],
      [4, () => [random.pick(['EXISTS', 'TOUCH']), ...keys()]],
      [3, () => ['TYPE', key()]],
      [6, () => ['EXPIRE', key(), this.#time('EX'), ...this.#conditions()]],
      [4, () => ['PEXPIRE', key(), this.#time('PX'), ...this.#conditions()]],
      [4, () => ['EXPIREAT', key(), this.#time('EXAT'), ...this.#conditions()]],
      [4, () => ['PEXPIREAT', key(), this.#time('PXAT'), ...this.#conditions()]],
      [8, () => [random.pick(['TTL', 'PTTL', 'EXPIRETIME', 'PEXPIRETIME']), key()]],
      [3, () => ['PERSIST', key()]],
      [2, () => ['KEYS', random.pick(GLOBS)]],
      [2, () => ['SCAN', ...this.#scanWords()]],
      [2, () => [random.pick(['RANDOMKEY', 'DBSIZE', 'TIME', 'DBSIZE'])]],
      [2, () => ['SELECT', random.pick(DATABASES)]],
      [2, () => ['PING', ...(random.oneIn(2) ? [value()] : [])]],
      [1, () => ['ECHO', value()]],
      [1, () => ['CLIENT', random.pick(['SETNAME', 'setname']), random.pick(['me', '', 'a b', 'x\n'])]],
      [1, () => ['CLIENT', random.pick(['GETNAME', 'NONSENSE', 'getname'])]],
      [1, () => ['COMMAND', 'GETKEYS', ...random.pick(this.#makers)(), ...keys()]],
      [
        1,
        () => [
          random.pick(['NONSENSE', 'GETT', '', 'se t']),
          ...keys().map((each) => each.replace('\0', '0')),
        ],
      ],
    ];
    const words = { key, value, database: () => random.pick(DATABASES) };
    table.push(
      ...makersOfBits(random, words),
      ...makersOfLists(random, words),
      ...makersOfHashes(random, words),
      ...makersOfSets(random, words),
      ...makersOfSortedSets(random, words),
    );
    table.push(...makersOfHyperLogLogs(random, words));
    table.push(...makersOfStreams(random, words));
    // Rare, so that something is there most of the time.
    const often = table.flatMap(([weight, make]) => new Array<Maker>(weight * 4).fill(make));
    return [...often, () => ['FLUSHDB', ...this.#flushMode()], () => ['FLUSHALL', ...this.#flushMode()]];
  }

  #value(): string {
    const random = this.#random;
    switch (random.below(10)) {
      case 0:
      case 1:
      case 2:
        return random.pick(INTEGERS);
      case 3:
        return random.pick(FLOATS);
      case 4:
        return random.pick(NO_INTEGERS);
      case 5:
        return random.pick(NO_FLOATS);
      case 6:
        return random.bytes(random.below(60)).toString('latin1');
      case 7:
        return random.oneIn(10) ? 'v'.repeat(random.below(9000)) : 'v'.repeat(random.below(70));
      case 8:
        return `${random.between(-999_999, 999_999)}.${random.below(100_000)}`;
      default:
        return String(random.between(-1_000_000, 1_000_000));
    }
  }

  /**
   * A time for an option of the given unit. No two are alike or near each other, so that GT and LT do not
   * depend on the few milliseconds between the two servers; relative ones are far ahead, or wrong.
   */
  #time(unit: 'EX' | 'PX' | 'EXAT' | 'PXAT', mayBePast = true): string {
    const random = this.#random;
    if (random.oneIn(8)) return random.pick(unit.startsWith('P') ? BAD_MILLISECONDS : BAD_SECONDS);
    const isAbsolute = unit.endsWith('AT');
    if (isAbsolute && mayBePast && random.oneIn(10)) return random.pick(['1', '1000', '1500000000']);
    if (!isAbsolute && random.oneIn(12)) return random.pick(['-5', '-100000']);
    let ahead = 0;
    do ahead = 1000 + 20 * random.below(10_000_000);
    while (this.#usedTimes.has(ahead));
    this.#usedTimes.add(ahead);
    const inSeconds = isAbsolute ? this.#nowSeconds + ahead : ahead;
    return unit.startsWith('P') ? `${inSeconds}${random.pick(['000', '500'])}` : String(inSeconds);
  }

  #setOptions(): string[] {
    const random = this.#random;
    const options: string[] = [];
    if (random.oneIn(3)) options.push(random.pick(['NX', 'XX']));
    if (random.oneIn(5)) options.push('GET');
    if (random.oneIn(3)) options.push(...this.#expiry(false));
    else if (random.oneIn(5)) options.push('KEEPTTL');
    if (random.oneIn(25))
      options.push(random.pick(['NX', 'XX', 'KEEPTTL', 'PERSIST', 'EX', 'nonsense', 'GET']));
    return options.map((word) => (random.oneIn(6) ? word.toLowerCase() : word));
  }

  #getexOptions(): string[] {
    const random = this.#random;
    if (random.oneIn(3)) return [];
    const options = random.oneIn(4) ? ['PERSIST'] : this.#expiry(true);
    if (random.oneIn(15)) options.push(random.pick(['PERSIST', 'KEEPTTL', 'EX', 'nonsense', 'NX']));
    return options;
  }

  /** SET keeps a key whose time has passed until somebody looks, and DBSIZE counts it until then. */
  #expiry(mayBePast: boolean): string[] {
    const unit = this.#random.pick(['EX', 'PX', 'EXAT', 'PXAT'] as const);
    return [unit, this.#time(unit, mayBePast)];
  }

  #conditions(): string[] {
    const random = this.#random;
    if (random.oneIn(2)) return [];
    const conditions = [random.pick(['NX', 'XX', 'GT', 'LT', 'gt', 'lt'])];
    if (random.oneIn(4)) conditions.push(random.pick(['NX', 'XX', 'GT', 'LT', 'nonsense']));
    return conditions;
  }

  #scanWords(): string[] {
    const random = this.#random;
    const words = [random.oneIn(12) ? random.pick(['abc', '', '1.5', '0x']) : '0'];
    if (random.oneIn(2))
      words.push('COUNT', random.oneIn(8) ? random.pick(NO_INTEGERS) : String(random.between(1, 50)));
    if (random.oneIn(2)) words.push('MATCH', random.pick(GLOBS));
    if (random.oneIn(4)) words.push('TYPE', random.pick(['string', 'STRING', 'list', 'hash']));
    if (random.oneIn(15)) words.push(random.pick(['COUNT', 'nonsense', 'MATCH']));
    return words;
  }

  #flushMode(): string[] {
    return this.#random.pick([[], ['SYNC'], ['ASYNC'], ['nonsense']]);
  }

  #damaged(words: string[]): string[] {
    const random = this.#random;
    if (random.oneIn(2)) return [...words, this.#value()];
    return words.length > 1 ? words.slice(0, -1) : words;
  }

  #otherCase(word: string): string {
    return this.#random.oneIn(2)
      ? word.toLowerCase()
      : word.replace(/./g, (c, i) => (i % 2 ? c.toLowerCase() : c));
  }
}

/** Redis ends what it quotes in an error at a NUL, and takes line ends off the end. */
function cutAtNul(reply: Reply): Reply {
  return typeof reply === 'string' && reply[0] === '-' ? reply.replace(/\0.*$/s, '').trimEnd() : reply;
}
