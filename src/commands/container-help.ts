/**
 * The HELP subcommand of a container, in Redis's format. Its lines derive from what the subcommands declare, so
 * they cannot fall behind.
 */
import type { ArgumentSpec, CommandGroup, CommandSpec } from './command.ts';
import type { ServerContext } from './context.ts';
import type { Command } from './table.ts';

/** The widest line of a summary, its indent left out. */
const LINE_CHARS_MAX = 74;
/** What is longer is not written out again to say that it may be repeated. */
const REPEATED_CHARS_MAX = 40;

interface HelpOptions {
  readonly since: string;
  readonly group: CommandGroup;
  readonly categories?: readonly string[];
  readonly guardedBy?: CommandSpec['guardedBy'];
}

/** `options.since` is the version that brought HELP to this container. */
export function helpSubcommand(options: HelpOptions): CommandSpec {
  return {
    name: 'help',
    group: options.group,
    since: options.since,
    summary: 'Returns helpful text about the different subcommands',
    complexity: 'O(1)',
    arity: 2,
    flags: ['loading', 'stale'],
    ...(options.categories && { categories: options.categories }),
    ...(options.guardedBy && { guardedBy: options.guardedBy }),
    placement: { at: 'server', handler: help },
  };
}

function help(context: ServerContext): void {
  const container = context.command.container;
  const lines = container === undefined ? [] : helpLines(container);
  context.reply.array(lines.length);
  for (const line of lines) context.reply.simple(line);
}

/** The lines of HELP for a container. */
export function helpLines(container: Command): string[] {
  // What can be called without a subcommand does something itself.
  const lines = [
    `${container.name.toUpperCase()} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`,
    ...(container.arity !== -1 ? [] : ['(no subcommand)', ...indent(`${container.summary}.`)]),
  ];
  for (const child of container.children) {
    if (child.name === 'help') continue;
    lines.push([child.name.toUpperCase(), syntaxOf(child.arguments)].join(' ').trimEnd());
    lines.push(...indent(`${child.summary}.`));
  }
  lines.push('HELP', '    Print this help.');
  return lines;
}

function indent(text: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > LINE_CHARS_MAX) {
      lines.push(line);
      line = '';
    }
    line += line === '' ? word : ` ${word}`;
  }
  return [...lines, line].map((each) => `    ${each}`);
}

/** Arguments as people write them: `<key> [EX <seconds>|PERSIST]`. */
export function syntaxOf(specs: readonly ArgumentSpec[] = []): string {
  return specs.map((spec) => syntaxOfOne(spec)).join(' ');
}

function syntaxOfOne(spec: ArgumentSpec, isChoice = false): string {
  const { token, multiple, multipleToken, optional } = spec;
  let text = syntaxOfValue(spec);
  if (token !== undefined && spec.type !== 'pure-token') {
    // Without a token of its own each time, only the value is repeated.
    if (multiple && !multipleToken) text = repeated(text);
    text = `${token} ${text}`;
    if (multiple && multipleToken) text = repeated(text);
  } else if (multiple) {
    text = repeated(text);
  }
  // Among alternatives one is taken anyway.
  return optional && !isChoice ? `[${text}]` : text;
}

function repeated(text: string): string {
  return text.length > REPEATED_CHARS_MAX ? `${text} [...]` : `${text} [${text} ...]`;
}

function syntaxOfValue(spec: ArgumentSpec): string {
  const { type, token, optional, multiple, arguments: inner = [] } = spec;
  switch (type) {
    case 'pure-token':
      return token ?? spec.name;
    case 'oneof': {
      const choices = inner.map((choice) => syntaxOfOne(choice, true)).join('|');
      // The brackets of an optional argument hold them together already.
      return optional && !multiple && token === undefined ? choices : `(${choices})`;
    }
    case 'block':
      return syntaxOf(inner);
    default:
      return `<${spec.name}>`;
  }
}
