/** Kinds of value that are made of words: sets of flags, rows of integers, file names, new names for commands. */
import { resolve } from 'node:path';
import { splitWords } from '../base/words.ts';
import { fileWord, type Kind, type Parsed, spread } from './kinds.ts';

/**
 * Any of a few words at once, kept in the order of `all`; `none` is the word for none of them, and of each pair
 * in `apart` only one may be there, else the reason is `conflict`.
 */
export function flagSet<const W extends string>(
  none: string,
  all: readonly W[],
  apart: readonly [W, W],
  conflict: string,
): Kind<readonly W[], readonly W[] | string> {
  const known = [none, ...all].join(', ');
  const format = (value: readonly W[]) => (value.length === 0 ? none : value.join(' '));
  return {
    arity: 'many',
    placeholder: 'words',
    parse(words): Parsed<readonly W[]> {
      const given = spread(words).map((word) => word.toLowerCase());
      const expected = `any of ${known}`;
      const isUnknown = (word: string) => word !== none && !all.some((flag) => flag === word);
      if (given.length === 0 || given.some(isUnknown)) {
        return { reason: `argument(s) must be one of the following: ${known}`, expected };
      }
      if (apart.every((word) => given.includes(word))) return { reason: conflict, expected };
      return { value: all.filter((flag) => given.includes(flag)) };
    },
    words: (input) => (typeof input === 'string' ? [input] : [format(input)]),
    format,
    lines: (value) => [format(value)],
  };
}

/** So many integers from `min` to `max`. */
export function integers(
  howMany: number,
  min: number,
  max: number,
  outside: string,
): Kind<readonly number[], readonly number[] | string> {
  const format = (value: readonly number[]) => value.join(' ');
  return {
    arity: 'many',
    placeholder: 'numbers',
    parse(words) {
      const given = spread(words);
      const expected = `${howMany} integers from ${min} to ${max}`;
      if (given.length !== howMany) return { reason: 'wrong number of arguments', expected };
      const value = given.map(Number);
      const isRight = given.every((word, i) => /^-?\d+$/.test(word) && value[i]! >= min && value[i]! <= max);
      return isRight ? { value } : { reason: outside, expected };
    },
    words: (input) => (typeof input === 'string' ? [input] : [format(input)]),
    format,
    lines: (value) => [format(value)],
  };
}

/** The name of a file without its folder; `option` begins the reason of a refusal. */
export function fileName(option: string): Kind<string> {
  return {
    arity: 'one',
    placeholder: 'name',
    parse(words) {
      const [value] = words;
      if (words.length !== 1 || value === undefined || /[/\\]/.test(value)) {
        return {
          reason: `${option} can't be a path, just a filename`,
          expected: 'a file name without a path',
        };
      }
      return { value };
    },
    words: (input) => (typeof input === 'string' ? [input] : undefined),
    format: (value) => value,
  };
}

/** A folder, kept as an absolute path. */
export function directory(): Kind<string> {
  return {
    arity: 'one',
    placeholder: 'path',
    parse(words) {
      if (words.length !== 1 || words[0] === '') {
        return { reason: 'wrong number of arguments', expected: 'one path' };
      }
      return { value: resolve(words[0]!) };
    },
    words: (input) => (typeof input === 'string' ? [input] : undefined),
    format: (value) => value,
  };
}

/** A command's name and the one it gets; empty for a command that is taken away. */
export type Rename = readonly [name: string, newName: string];

/** The words of one text, as a line of a config file has them; undefined when a quote is not closed. */
function quotedWords(text: string): string[] | undefined {
  const bytes = Buffer.from(text, 'utf8');
  return splitWords(bytes, 0, bytes.length)?.map((word) => Buffer.from(word).toString('utf8'));
}

/** New names for commands; later settings add to those before, as in Redis, and an empty one takes all back. */
export const renames: Kind<readonly Rename[], Readonly<Record<string, string>>> = {
  arity: 'many',
  placeholder: 'name new-name',
  parse(words, current) {
    const expected = 'pairs of a command and its new name, "" to take it away';
    const given = words.length === 1 ? quotedWords(words[0]!) : words;
    if (words.length === 0 || given === undefined || given.length % 2 !== 0) {
      return { reason: 'wrong number of arguments', expected };
    }
    if (given.length === 0) return { value: [] };
    const added: Rename[] = [];
    for (let i = 0; i < given.length; i += 2) added.push([given[i]!, given[i + 1]!]);
    return { value: [...current, ...added] };
  },
  words(input) {
    if (typeof input !== 'object' || input === null) return undefined;
    const words = Object.entries(input).flat().map(String);
    return words.length === 0 ? [''] : words;
  },
  format: (value) => value.map((pair) => pair.map(fileWord).join(' ')).join(' '),
  lines: (value) => value.map((pair) => pair.map(fileWord).join(' ')),
};
