/**
 * Words for the arguments that COMMAND DOCS describes: most of them fitting, some not, out of few enough that commands meet each
 * other's keys and elements.
 */
import type { Reply } from '../../support/decoder.ts';
import type { Random } from '../../support/random.ts';

/** One argument as Redis describes it. */
export interface Argument {
  readonly name: string;
  readonly type: string;
  readonly token?: string;
  readonly flags: readonly string[];
  readonly arguments: readonly Argument[];
}

/** Keys by what mostly stands at them. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  string: ['s1', 's2', '{t}s3'],
  bitmap: ['s1', 'b1'],
  list: ['l1', 'l2', '{t}l3'],
  set: ['e1', 'e2', 'e3', '{t}e4'],
  'sorted-set': ['z1', 'z2', 'z3', '{t}z4'],
  hash: ['h1', 'h2', '{t}h3'],
  hyperloglog: ['p1', 'p2', '{t}p3'],
  geo: ['g1', 'g2', '{t}g3'],
  stream: ['x1', 'x2', '{t}x3'],
  lex: ['y1', 'y2'],
};
/** Ranges of members are defined only while all scores are equal, so those keys are for them alone. */
const ALL_KEYS = [...new Set(Object.values(KEYS).flat()), 'none'].filter((key) => !KEYS.lex!.includes(key));
const LONG = 'x'.repeat(70);
const STRINGS = [
  ...['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'ab', '', '0', '1', '2', '3', '-4', '5', '10', '300', '70000'],
  ...['5000000000', '9223372036854775807', '1.5', '-0', '01', '\0\xff', 'a b', 'r\r\n', LONG],
];
const INTEGERS = [
  ...['0', '1', '2', '3', '5', '-1', '-2', '-3', '-100', '10', '100'],
  ...['9223372036854775807', '-9223372036854775808'],
];
const DOUBLES = ['0', '1', '1', '2', '3', '-1', '1.5', '-2.5', '0.1', '3e2', 'inf', '-inf', '1e-7', '-0'];
/** They have few binary digits, so that Redis 7.0 and 7.2 write them alike. Where Redis forgets the sign of 0 depends on the form of the set. */
const SCORES = ['inf', '-inf', '0', '1', '1', '2', '3', '-1', '1.5', '-2.5', '0.25', '3e2', '7', '8', '9'];
const PATTERNS = ['*', 'a*', '?', '[a-d]', '[^a]*', 's1', 'none*', '*1'];
const IDS = [
  ...['1-1', '1-2', '2-0', '2-1', '3', '5-5', '10-1', '100-100', '200', '1000-0', '0-0', '0-1', '0', '7-*'],
  '18446744073709551615-18446744073709551615',
];
const SCORE_BOUNDS = ['-inf', '+inf', '0', '(0', '1', '(1', '2', '(2', '-1', '3', '(1.5'];
const LEX_BOUNDS = ['-', '+', '[a', '(a', '[c', '(d', '[', '(', '[10'];
const NO_WORDS = ['', 'x', '1.2.3', '-', '+', '(', '99999999999999999999', 'nan', ' 1'];
const LONGITUDES = ['13.361389', '15.087269', '2.349014', '-0.1', '180', '-180', '0'];
const LATITUDES = ['38.115556', '37.502669', '48.864716', '51.5', '85', '-85', '0'];
const RADII = ['0', '1', '10', '200', '1500', '100000.5'];

/** Which of the pools has words for an argument that is no key; matched against its name, and its command's. */
const POOLS: readonly (readonly [command: RegExp, name: RegExp, pool: readonly string[]])[] = [
  [/^x/, /^(id|start|end|threshold|last[-_]?id|min-idle-time)$/i, [...IDS, ...IDS, '-', '+', '(1-1']],
  [/./, /^longitude$/, LONGITUDES],
  [/./, /^latitude$/, LATITUDES],
  [/./, /^(radius|width|height)$/, RADII],
  [/^zrange(store)?$/, /^(start|stop|min|max)$/, [...INTEGERS, ...SCORE_BOUNDS, ...LEX_BOUNDS]],
  [/^z/, /^(score|increment)$/, SCORES],
  [/^z/, /^weight$/, ['1', '1', '2', '0.5']],
  [/lex/, /^(min|max)$/, LEX_BOUNDS],
  [/./, /^(min|max)$/, SCORE_BOUNDS],
  [/./, /^seconds$/, ['100', '1000', '100000', '-1', '0']],
  // A key that SET makes with an expiry in the past is part of Redis's digest until it is found.
  [/^(set|getex)$/, /^unix-time/, ['5000000000000', '-1', '0']],
  [/./, /^milliseconds$/, ['1000000', '100000000', '-1', '0']],
  // Redis 7.2 refuses the least integer with a text of its own.
  [/^lpos/, /^rank$/, ['1', '2', '3', '-1', '-2', '0', 'x']],
  [/^bitop/, /^operation$/, ['AND', 'OR', 'XOR', 'NOT']],
  [/bitfield/, /^encoding$/, ['u8', 'i8', 'i5', 'u63', 'i64', 'u1', 'u64']],
  [/./, /^offset$/, ['0', '1', '7', '8', '20', '100', '-1', '#1']],
  [/^setbit/, /^value$/, ['0', '1']],
  [/^bitpos/, /^bit$/, ['0', '1']],
];

export class WordMaker {
  readonly #random: Random;
  /** The number of keys that a command has announced. */
  #announced = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** The words of a command of `group`. */
  wordsOf(name: string, group: string, args: readonly Argument[]): string[] {
    this.#announced = 0;
    if (name === 'zadd' && this.#random.oneIn(4)) return this.#addToLexical();
    const words = name.split('|');
    for (const argument of args) this.#add(words, argument, name.includes('lex') ? 'lex' : group, name);
    const damage = this.#random.below(60);
    if (damage === 0) words.splice(this.#random.between(1, words.length), 1);
    else if (damage === 1) words.push(this.#random.pick(STRINGS));
    return words;
  }

  #addToLexical(): string[] {
    const members = Array.from({ length: this.#random.between(1, 4) }, () => this.#random.pick(STRINGS));
    return ['zadd', this.#random.pick(KEYS.lex!), ...members.flatMap((member) => ['0', member])];
  }

  #add(words: string[], argument: Argument, group: string, command: string): void {
    const random = this.#random;
    const { flags, type, token } = argument;
    if (flags.includes('optional') && !random.oneIn(3)) return;
    let times = flags.includes('multiple') ? random.pick([1, 1, 2, 3, 5]) : 1;
    if (type === 'key' && this.#announced > 0) times = this.#announced;
    for (let i = 0; i < times; i++) {
      const repeatsToken = i === 0 || flags.includes('multiple_token');
      if (token !== undefined && token !== '' && repeatsToken) words.push(token);
      if (type === 'block') for (const each of argument.arguments) this.#add(words, each, group, command);
      else if (type === 'oneof') this.#add(words, random.pick(alternatives(argument)), group, command);
      else if (type !== 'pure-token') words.push(this.#word(argument, group, command));
    }
  }

  #word({ name, type }: Argument, group: string, command: string): string {
    const random = this.#random;
    if (name === 'numkeys' || (name === 'count' && command === 'object')) {
      this.#announced = random.pick([1, 1, 2, 2, 3]);
      return String(random.oneIn(40) ? random.pick(INTEGERS) : this.#announced);
    }
    if (type === 'key' && group === 'lex') return random.pick(KEYS.lex!);
    if (random.oneIn(50)) return random.pick(NO_WORDS);
    if (type === 'key') return this.#key(group);
    const pool = POOLS.find(([commands, names]) => commands.test(command) && names.test(name))?.[2];
    if (pool !== undefined) return random.pick(pool);
    switch (type) {
      case 'integer':
        return random.pick(INTEGERS);
      case 'double':
        return random.pick(DOUBLES);
      case 'pattern':
        return random.pick(PATTERNS);
      case 'unix-time':
        return random.pick(['4000000000', '5000000000000', '1', '-1']);
      default:
        return random.oneIn(3) ? `m${random.below(200)}` : random.pick(STRINGS);
    }
  }

  #key(group: string): string {
    const own = KEYS[group];
    return this.#random.pick(own === undefined || this.#random.oneIn(8) ? ALL_KEYS : own);
  }
}

/** Without the id that the server makes of the time. */
function alternatives({ arguments: args }: Argument): readonly Argument[] {
  return args.filter(({ token }) => token !== '*');
}

/** What COMMAND DOCS (RESP2, exact) says of the commands of some groups. */
export function readDocs(reply: Reply): Map<string, { group: string; arguments: readonly Argument[] }> {
  const commands = new Map<string, { group: string; arguments: readonly Argument[] }>();
  for (const [name, docs] of pairsOf(reply)) {
    const facts = new Map(pairsOf(docs));
    const group = textOf(facts.get('group'));
    commands.set(name, { group, arguments: argumentsOf(facts.get('arguments')) });
  }
  return commands;
}

function argumentsOf(reply: Reply | undefined): Argument[] {
  if (!Array.isArray(reply)) return [];
  return reply.map((each) => {
    const facts = new Map(pairsOf(each));
    const flags = facts.get('flags');
    const token = facts.get('token');
    return {
      name: textOf(facts.get('name')),
      type: textOf(facts.get('type')),
      ...(token !== undefined && { token: textOf(token) }),
      flags: Array.isArray(flags) ? flags.map(textOf) : [],
      arguments: argumentsOf(facts.get('arguments')),
    };
  });
}

function pairsOf(reply: Reply): [string, Reply][] {
  if (!Array.isArray(reply)) return [];
  const pairs: [string, Reply][] = [];
  for (let i = 0; i + 1 < reply.length; i += 2) pairs.push([textOf(reply[i]!), reply[i + 1]!]);
  return pairs;
}

/** An exact reply's text without its type byte. */
function textOf(reply: Reply | undefined): string {
  return typeof reply === 'string' ? reply.slice(1) : '';
}
