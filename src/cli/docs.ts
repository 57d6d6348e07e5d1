/** What the server says about its commands (COMMAND DOCS), as hints, completion and help need it. */
import type { Reply } from '../protocol/reply-decoder.ts';
import { pairsOf } from './format.ts';

export interface ArgumentDocs {
  /** What stands for the value in a hint. */
  readonly display: string;
  /** The type as the server calls it: `key`, `integer`, `pure-token`, `oneof`, `block`, … */
  readonly type: string;
  /** The word that must stand before the value, or that is the argument itself for a `pure-token`. */
  readonly token: string | undefined;
  readonly isOptional: boolean;
  readonly isMultiple: boolean;
  /** The token stands before each of several values, not only before the first. */
  readonly isTokenRepeated: boolean;
  /** The choices of a `oneof` and the parts of a `block`. */
  readonly arguments: readonly ArgumentDocs[];
}

export interface CommandDocs {
  /** In capitals: `['CONFIG', 'GET']`. */
  readonly words: readonly string[];
  readonly summary: string;
  readonly since: string;
  readonly group: string;
  readonly arguments: readonly ArgumentDocs[];
}

/** Commands and subcommands, in the order of their names; empty when the reply is not what COMMAND DOCS answers. */
export function readDocs(reply: Reply): CommandDocs[] {
  const found: CommandDocs[] = [];
  addCommands(reply, found);
  return found.sort((a, b) => (a.words.join(' ') < b.words.join(' ') ? -1 : 1));
}

function addCommands(reply: Reply | undefined, found: CommandDocs[]): void {
  for (const [name, docs] of fieldsOf(reply)) {
    const fields = new Map(fieldsOf(docs));
    found.push({
      // A subcommand's name holds that of its container: `config|get`.
      words: name.toUpperCase().split('|'),
      summary: textOf(fields.get('summary')),
      since: textOf(fields.get('since')),
      group: textOf(fields.get('group')),
      arguments: itemsOf(fields.get('arguments')).map(readArgument),
    });
    addCommands(fields.get('subcommands'), found);
  }
}

function readArgument(reply: Reply): ArgumentDocs {
  const fields = new Map(fieldsOf(reply));
  const flags = itemsOf(fields.get('flags')).map(textOf);
  const token = fields.get('token');
  return {
    display: textOf(fields.get('display_text') ?? fields.get('name')),
    type: textOf(fields.get('type')),
    // An empty token is written as two quotes, which is how a user must write it.
    token: token === undefined ? undefined : textOf(token) || '""',
    isOptional: flags.includes('optional'),
    isMultiple: flags.includes('multiple'),
    isTokenRepeated: flags.includes('multiple_token'),
    arguments: itemsOf(fields.get('arguments')).map(readArgument),
  };
}

/** The entries of a map, which RESP2 writes as an array. */
function fieldsOf(reply: Reply | undefined): [name: string, value: Reply][] {
  if (reply === undefined || !('items' in reply)) return [];
  return pairsOf(reply).map(([name, value]) => [textOf(name), value]);
}

function itemsOf(reply: Reply | undefined): readonly Reply[] {
  return reply !== undefined && 'items' in reply ? reply.items : [];
}

/** The text without control characters: it is shown in a terminal. */
function textOf(reply: Reply | undefined): string {
  if (reply === undefined || !('text' in reply)) return '';
  return Buffer.from(reply.text, 'latin1')
    .toString('utf8')
    .replace(/\p{Cc}/gu, ' ');
}
