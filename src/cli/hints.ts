/**
 * What may follow the words that are typed so far: the rest of the command's syntax.
 *
 * The words are matched against the command's arguments from left to right. Arguments that are optional and stand
 * side by side may come in any order, as commands accept them. One that may be repeated takes words until one is
 * the token of an argument after it.
 */
import { splitWords } from '../base/words.ts';
import type { ArgumentDocs, CommandDocs } from './docs.ts';

/** How far words match an argument, or a row of them. */
interface Match {
  /** The first word that is not part of it. */
  readonly at: number;
  /** False when the words ended before it was complete. */
  readonly isComplete: boolean;
  /** The syntax of what may still come, without brackets for what must. */
  readonly rest: string;
}

/** The words of a line that is being typed and whether the last one is finished; undefined within quotes. */
export function wordsOfLine(line: string): { words: string[]; isFinished: boolean } | undefined {
  const bytes = Buffer.from(line, 'utf8');
  const words = splitWords(bytes, 0, bytes.length)?.map((word) => Buffer.from(word).toString('utf8'));
  return words && { words, isFinished: /\s$/.test(line) };
}

/** The command or subcommand that `words` begin with: of `CONFIG GET x`, CONFIG GET. */
export function findCommand(docs: readonly CommandDocs[], words: readonly string[]): CommandDocs | undefined {
  let found: CommandDocs | undefined;
  for (const command of docs) {
    if (command.words.length <= (found?.words.length ?? 0) || command.words.length > words.length) continue;
    if (command.words.every((word, i) => word === words[i]!.toUpperCase())) found = command;
  }
  return found;
}

/**
 * What to show after a line: a space, where the line does not end with one, and the syntax of what may follow.
 * Empty when there is nothing to say. A word counts when a space stands after it.
 */
export function hintFor(docs: readonly CommandDocs[], line: string): string {
  const typed = wordsOfLine(line);
  if (typed === undefined || typed.words.length === 0) return '';
  const words = typed.isFinished ? typed.words : typed.words.slice(0, -1);
  // The name of a command is a command before its space: only then can what follows it be shown at once.
  const command = findCommand(
    docs,
    typed.words.length === words.length + 1 && isName(docs, typed.words) ? typed.words : words,
  );
  if (command === undefined) return '';
  const values = words.slice(command.words.length);
  const match = matchRow(command.arguments, values, 0);
  if (match === undefined || match.at < values.length || match.rest === '') return '';
  return typed.isFinished ? match.rest : ` ${match.rest}`;
}

function isName(docs: readonly CommandDocs[], words: readonly string[]): boolean {
  return findCommand(docs, words)?.words.length === words.length;
}

/** The syntax of a command's arguments: `key value [NX|XX]`. */
export function syntaxOf(args: readonly ArgumentDocs[]): string {
  return args.map(syntax).join(' ');
}

function syntax(arg: ArgumentDocs): string {
  const text = join(once(arg, true), arg.isMultiple ? repetition(arg) : '');
  return arg.isOptional ? `[${text}]` : text;
}

/** An argument without brackets and repetition. */
function once(arg: ArgumentDocs, withToken: boolean): string {
  const token = withToken ? (arg.token ?? '') : '';
  if (arg.type === 'pure-token') return token;
  return join(token, body(arg));
}

function body(arg: ArgumentDocs): string {
  if (arg.type === 'oneof')
    return arg.arguments.map((choice) => syntax({ ...choice, isOptional: false })).join('|');
  if (arg.type === 'block') return syntaxOf(arg.arguments);
  return arg.display;
}

function repetition(arg: ArgumentDocs): string {
  return `[${once(arg, arg.isTokenRepeated)} ...]`;
}

function join(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(' ');
}

/** Matches arguments one after the other; undefined when a word cannot be what must stand there. */
function matchRow(
  args: readonly ArgumentDocs[],
  words: readonly string[],
  from: number,
  after: readonly string[] = [],
): Match | undefined {
  let at = from;
  let isComplete = true;
  let rest = '';
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (arg.isOptional) {
      let end = i;
      while (end < args.length && args[end]!.isOptional) end++;
      const stops = [...args.slice(end).flatMap(firstTokens), ...after];
      const match = matchOptional(args.slice(i, end), words, at, stops);
      // What stood before cannot go on once words came after it.
      rest = match.at === at ? join(rest, match.rest) : match.rest;
      at = match.at;
      isComplete &&= match.isComplete;
      i = end - 1;
    } else if (at >= words.length) {
      rest = join(rest, syntax(arg));
      isComplete = false;
    } else {
      const match = matchArgument(arg, words, at, [...args.slice(i + 1).flatMap(firstTokens), ...after]);
      if (match === undefined) return undefined;
      ({ at, rest, isComplete } = match);
    }
  }
  return { at, rest, isComplete };
}

/** Matches arguments of which each may be left out, in any order. */
function matchOptional(
  args: readonly ArgumentDocs[],
  words: readonly string[],
  from: number,
  after: readonly string[],
): Match {
  const left = [...args];
  let last: Match = { at: from, isComplete: true, rest: '' };
  while (last.at < words.length) {
    const tokens = [...left.flatMap(firstTokens), ...after];
    const { at } = last;
    const found = left.findIndex((arg) => {
      const match = matchArgument(arg, words, at, tokens);
      if (match !== undefined) last = match;
      return match !== undefined;
    });
    if (found < 0) break;
    left.splice(found, 1);
  }
  return { ...last, rest: join(last.rest, ...left.map(syntax)) };
}

/** Matches one argument, as often as it may be repeated. `stops` are the tokens that end its repetitions. */
function matchArgument(
  arg: ArgumentDocs,
  words: readonly string[],
  from: number,
  stops: readonly string[],
): Match | undefined {
  const first = matchOnce(arg, words, from, true, stops);
  if (first === undefined || !arg.isMultiple) return first;
  let last: Match = first;
  while (last.isComplete && last.at < words.length) {
    const isStop = !arg.isTokenRepeated && stops.includes(words[last.at]!.toUpperCase());
    const next: Match | undefined = isStop
      ? undefined
      : matchOnce(arg, words, last.at, arg.isTokenRepeated, stops);
    if (next === undefined) break;
    last = next;
  }
  return { ...last, rest: join(last.rest, repetition(arg)) };
}

function matchOnce(
  arg: ArgumentDocs,
  words: readonly string[],
  from: number,
  withToken: boolean,
  stops: readonly string[],
): Match | undefined {
  let at = from;
  if (withToken && arg.token !== undefined) {
    if (words[at]!.toUpperCase() !== arg.token.toUpperCase() && !(arg.token === '""' && words[at] === '')) {
      return undefined;
    }
    at++;
    if (arg.type === 'pure-token') return { at, isComplete: true, rest: '' };
    if (at >= words.length) return { at, isComplete: false, rest: body(arg) };
  }
  switch (arg.type) {
    case 'block': {
      const match = matchRow(arg.arguments, words, at, stops);
      return match === undefined || match.at === at ? undefined : match;
    }
    case 'oneof':
      for (const choice of arg.arguments) {
        const match = matchArgument(choice, words, at, stops);
        if (match !== undefined) return match;
      }
      return undefined;
    case 'integer':
    case 'unix-time':
      return /^\s*[-+]?\d/.test(words[at]!) ? { at: at + 1, isComplete: true, rest: '' } : undefined;
    case 'double':
      return /^\s*[-+]?(?:\.?\d|inf|nan)/i.test(words[at]!)
        ? { at: at + 1, isComplete: true, rest: '' }
        : undefined;
    default:
      return { at: at + 1, isComplete: true, rest: '' };
  }
}

/** The words that an argument can begin with, in capitals, where it begins with a fixed word. */
function firstTokens(arg: ArgumentDocs): string[] {
  if (arg.token !== undefined) return [arg.token.toUpperCase()];
  if (arg.type === 'oneof') return arg.arguments.flatMap(firstTokens);
  if (arg.type === 'block') return arg.arguments.slice(0, 1).flatMap(firstTokens);
  return [];
}
