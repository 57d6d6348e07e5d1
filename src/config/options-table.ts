/** The table of options for the README, in Markdown. */
import { describeDefault, optionNames, rowOf } from './options.ts';

/**
 * A line for each option that has an effect, in the order of the table of options, and under the table the names
 * of those that have none; ends with a newline.
 */
export function optionsTable(): string {
  const lines = ['| option | default | changeable at run time | what it does |', '|---|---|---|---|'];
  for (const name of optionNames) {
    const row = rowOf(name);
    if (row.isInert) continue;
    const shown = row.defaultText ?? `\`${describeDefault(row)}\``;
    lines.push(`| \`${name}\` | ${shown} | ${row.mutable ? 'yes' : 'no'} | ${cell(row.help)} |`);
  }
  const inert = optionNames.filter((name) => rowOf(name).isInert && !rowOf(name).isHidden);
  lines.push('', 'Accepted, shown by `CONFIG GET` and rewritten, without effect in this version:');
  lines.push(`${inert.map((name) => `\`${name}\``).join(', ')}.`);
  return `${lines.join('\n')}\n`;
}

/** Text that Markdown takes as it is. */
function cell(text: string): string {
  return text.replaceAll(/[|*]/g, '\\$&');
}
