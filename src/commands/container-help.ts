/**
 * The HELP subcommand of a container, in Redis's format. Its lines derive from what the subcommands declare, so
 * they cannot fall behind.
 */
import type { ArgumentSpec, CommandGroup, CommandSpec } from './command.ts';
import type { ServerContext } from './context.ts';
import type { Command } from './table.ts';

/** The widest line of a summary, its indent left out. */
const LINE_CHARS_MAX = 74;

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
  const lines = [
    `${container.name.toUpperCase()} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`,
    ...(container.placement === undefined ? [] : ['(no subcommand)', ...indent(`${container.summary}.`)]),
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
export function syntaxOf(specs: readonly ArgumentSpec[] = [], separator = ' '): string {
  return specs.map(syntaxOfOne).join(separator);
}

function syntaxOfOne(spec: ArgumentSpec): string {
  let text = syntaxOfValue(spec);
  const token = spec.token;
  if (token !== undefined && spec.type !== 'pure-token') {
    // Without a token of its own each time, only the value is repeated.
    if (spec.multiple && !spec.multipleToken) text = `${text} [${text} ...]`;
    text = `${token} ${text}`;
    if (spec.multipleToken) text = `${text} [${text} ...]`;
  } else if (spec.multiple) {
    text = `${text} [${text} ...]`;
  }
  if (spec.optional) return `[${text}]`;
  return text;
}

function syntaxOfValue(spec: ArgumentSpec): string {
  switch (spec.type) {
    case 'pure-token':
      return spec.token ?? spec.name;
    case 'oneof': {
      const choices = syntaxOf(spec.arguments, '|');
      return spec.optional && !spec.multiple && spec.token === undefined ? choices : `(${choices})`;
    }
    case 'block':
      return syntaxOf(spec.arguments);
    default:
      return `<${spec.name}>`;
  }
}
