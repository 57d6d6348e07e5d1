/** The ACL file: a line for each user in the form of ACL LIST, and nothing else but empty lines. */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { getSystemErrorMap } from 'node:util';
import { fromLatin1 } from '../base/bytes.ts';
import { ACL_RULE, aclFileErrors, aclFileUnreadable } from '../protocol/errors.ts';
import type { RuleContext } from './rule-context.ts';
import { rulesOf } from './rule-words.ts';
import { hasSpaces } from './selector.ts';
import { UserRules } from './user.ts';

/** The users of a file by name, or the text of an error that says everything that is wrong with it, and where. */
export function readAclFile(path: string, context: RuleContext): Map<string, UserRules> | string {
  let text: string;
  try {
    text = readFileSync(path, 'latin1');
  } catch (error) {
    return aclFileUnreadable(path, reasonOf(error));
  }
  const users = new Map<string, UserRules>();
  const problems: string[] = [];
  text.split('\n').forEach((line, index) => {
    const trimmed = line.replace(/^[ \t\r\0]+|[ \t\r\0]+$/g, '');
    if (trimmed !== '')
      readLine(trimmed.split(' '), `${path}:${index + 1}`, index + 1, context, users, problems);
  });
  return problems.length > 0 ? aclFileErrors(problems) : users;
}

function readLine(
  words: readonly string[],
  place: string,
  lineNumber: number,
  context: RuleContext,
  users: Map<string, UserRules>,
  problems: string[],
): void {
  const [keyword, name, ...rest] = words;
  if (keyword !== 'user' || name === undefined) {
    problems.push(`${place} should start with user keyword followed by the username. `);
    return;
  }
  if (hasSpaces(name)) {
    problems.push(`'${place}: username '${name}' contains invalid characters. `);
    return;
  }
  if (users.has(name)) {
    problems.push(`WARNING: Duplicate user '${name}' found on line ${lineNumber}. `);
    return;
  }
  const user = new UserRules(context);
  users.set(name, user);
  const rules = rulesOf(rest);
  if ('unmatched' in rules) {
    problems.push(`${place}: Unmatched parenthesis in selector definition.`);
    return;
  }
  let hasSyntaxError = false;
  for (const rule of rules) {
    const text = rule.replace(/^[\t\r]+|[\t\r]+$/g, '');
    const problem = user.apply(text);
    if (problem === ACL_RULE.unknownCommand) {
      problems.push(`${place}: Error in applying operation '${text}': ${problem}. `);
    } else if (problem !== undefined && !hasSyntaxError) {
      // The rule may hold a password. Of several only the first is named: the others may follow from it.
      problems.push(`${place}: ${problem}. `);
      hasSyntaxError = true;
    }
  }
}

/** Writes the file anew, so that at any moment the old one or the new one is there as a whole. Throws what the file system throws. */
export function writeAclFile(path: string, lines: readonly string[]): void {
  const temporary = `${path}.tmp-${process.pid}-${Date.now()}`;
  try {
    writeSynced(temporary, fromLatin1(lines.map((line) => `${line}\n`).join('')));
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  const directory = openSync(dirname(path), 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

function writeSynced(path: string, bytes: Uint8Array): void {
  const file = openSync(path, 'wx', 0o644);
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** What the C library says of an error of the system. */
export function reasonOf(error: unknown): string {
  const { errno, message } = error as NodeJS.ErrnoException;
  const reason = errno === undefined ? undefined : getSystemErrorMap().get(errno)?.[1];
  return reason === undefined ? message : reason[0]!.toUpperCase() + reason.slice(1);
}
