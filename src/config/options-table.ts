/** The table of options for the README, in Markdown. */
import { describeDefault, optionNames, rowOf } from './options.ts';

/** A line for each option, in the order of the table of options; ends with a newline. */
export function optionsTable(): string {
  const lines = ['| option | default | changeable at run time | what it does |', '|---|---|---|---|'];
  for (const name of optionNames) {
    const row = rowOf(name);
    const shown = row.defaultText ?? `\`${describeDefault(row)}\``;
    lines.push(`| \`${name}\` | ${shown} | ${row.mutable ? 'yes' : 'no'} | ${cell(row.help)} |`);
  }
  return `${lines.join('\n')}\n`;
}

/** Text that Markdown takes as it is. */
function cell(text: string): string {
  return text.replaceAll(/[|*]/g, '\\$&');
}
