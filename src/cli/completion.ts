/** What the tab key offers: names of commands, of their subcommands, and the topics of `help`. */
import type { CommandDocs } from './docs.ts';
import { syntaxOf } from './hints.ts';

/** Commands of this program itself. */
const OWN_COMMANDS: readonly (readonly string[])[] = [['CLEAR'], ['CONNECT'], ['EXIT'], ['HELP'], ['QUIT']];

/**
 * The lines that a line may be completed to, and the part of it that they replace, as node:readline wants them.
 * Names are offered in small letters to who types small letters.
 */
export function complete(docs: readonly CommandDocs[], line: string): [completions: string[], part: string] {
  const isHelp = /^help\s/i.test(line);
  const start = isHelp ? /^help\s+/i.exec(line)![0].length : /^\s*/.exec(line)![0].length;
  const part = line.slice(start);
  const names = isHelp
    ? [...groupsOf(docs).map((group) => [`@${group}`]), ...docs.map(({ words }) => words)]
    : [...docs.map(({ words }) => words), ...OWN_COMMANDS];
  const parts = part.toUpperCase().split(/\s+/);
  const hits = names
    .filter((words) => words.length === parts.length && words.every((word, i) => fits(word, i, parts)))
    .map((words) => words.join(' '));
  const isSmall = part !== '' && part === part.toLowerCase();
  const unique = [...new Set(hits)].sort().map((hit) => (isSmall ? hit.toLowerCase() : hit));
  // When one is left it is what the user wants, and the next word can follow.
  return [unique.length === 1 ? [`${unique[0]} `] : unique, part];
}

function fits(word: string, i: number, parts: readonly string[]): boolean {
  const given = parts[i]!;
  return i < parts.length - 1 ? word.toUpperCase() === given : word.toUpperCase().startsWith(given);
}

function groupsOf(docs: readonly CommandDocs[]): string[] {
  return [...new Set(docs.map(({ group }) => group))].filter((group) => group !== '').sort();
}

const HELP = `shardis cli
To get help about the server's commands type:
      "help @<group>" to get a list of commands in <group>
      "help <command>" for help on <command>
      "help <tab>" to get a list of possible help topics
      "connect <host> <port>" to talk to another server
      "clear" to clear the screen
      "quit" to exit
A number before a command repeats it: 3 incr counter
`;

/** The text of `help`, `help command`, `help command subcommand` and `help @group`. */
export function helpText(docs: readonly CommandDocs[], topic: readonly string[]): string {
  if (topic.length === 0) return HELP;
  if (docs.length === 0) return 'The server gives no help on its commands.\n';
  const wanted = topic.map((word) => word.toUpperCase());
  const isGroup = topic[0]!.startsWith('@');
  const found = docs.filter((command) =>
    isGroup
      ? `@${command.group.toUpperCase()}` === wanted[0]
      : wanted.every((word, i) => word === command.words[i]),
  );
  if (found.length === 0) return `There is no help on ${topic.join(' ')}.\n`;
  return `${found.map((command) => describe(command, !isGroup)).join('')}\n`;
}

function describe(
  { words, arguments: args, summary, since, group }: CommandDocs,
  withGroup: boolean,
): string {
  const lines = [`\n  ${words.join(' ')} ${syntaxOf(args)}`.trimEnd(), `  summary: ${summary}`];
  if (since !== '') lines.push(`  since: ${since}`);
  if (withGroup && group !== '') lines.push(`  group: ${group}`);
  return `${lines.join('\n')}\n`;
}
