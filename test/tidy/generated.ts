/**
 * The parts of documents that derive from the code. They stand between `<!-- generated: name -->` and
 * `<!-- end generated -->`; `npm run docs` writes them, and a test says when they are out of date.
 */
import { CommandTable } from '../../src/commands/table.ts';
import { optionsTable } from '../../src/config/options-table.ts';
import { suiteTables } from '../redis-suite/results.ts';
import { filesBelow } from './sources.ts';

const PARTS: Readonly<Record<string, () => string>> = {
  options: optionsTable,
  commands: commandsTable,
  'redis-suite': suiteTables,
};

const BLOCK = /(<!-- generated: (\S+) -->\n).*?(<!-- end generated -->)/gs;

/** A line for each command and subcommand that can succeed, in the order of their names; ends with a newline. */
export function commandsTable(): string {
  const rows = new CommandTable().all
    .filter((command) => !command.alwaysRefuses)
    .map((command) => ({
      name: command.fullName.replace('|', ' ').toUpperCase(),
      since: command.since,
      summary: command.summary.replaceAll('|', '\\|'),
      isContainer: command.placement === undefined,
    }))
    .filter((row) => !row.isContainer)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const lines = rows.map((row) => `| \`${row.name}\` | ${row.since} | ${row.summary} |`);
  return `${['| command | since | what it does |', '|---|---|---|', ...lines].join('\n')}\n`;
}

/** The document with its generated parts as they must be. Throws for a part that nobody generates. */
export function withGeneratedParts(document: string): string {
  return document.replace(BLOCK, (_, begin: string, name: string, end: string) => {
    const make = PARTS[name];
    if (make === undefined)
      throw new Error(`nothing generates ${name}; there are ${Object.keys(PARTS).join(', ')}`);
    return begin + make() + end;
  });
}

/** The documents that may have generated parts. */
export function documents(): string[] {
  return ['README.md', ...filesBelow('docs', '.md')];
}
