/**
 * The rules of a user as plainly as they can be written, to hold the real ones against: rules are gone through from the
 * first to the last for each question, and patterns are regular expressions.
 */

export interface ModelCommand {
  /** In lower case, `config|get` for a subcommand. */
  readonly fullName: string;
  readonly categories: ReadonlySet<string>;
  /** Those of the container; empty without one. */
  readonly containerCategories: ReadonlySet<string>;
  readonly runsWithoutLogIn: boolean;
}

export interface ModelKey {
  readonly key: string;
  readonly isRead: boolean;
  readonly isWritten: boolean;
}

/** The rules of each selector: those outside of parentheses first. Rules of users alone (`on`, `>pass`) are not among them. */
export type ModelSelectors = readonly (readonly string[])[];

export function modelAllows(
  selectors: ModelSelectors,
  command: ModelCommand,
  words: readonly string[],
  keys: readonly ModelKey[],
): boolean {
  return selectors.some(
    (rules) => allowsCommand(rules, command, words) && keys.every((key) => allowsKey(rules, key)),
  );
}

/** Whether any selector gives a right to a key, whatever the command. */
export function modelHasRight(selectors: ModelSelectors, key: string, right: 'read' | 'write'): boolean {
  const asked = { key, isRead: right === 'read', isWritten: right === 'write' };
  return selectors.some((rules) => allowsKey(rules, asked));
}

function allowsCommand(rules: readonly string[], command: ModelCommand, words: readonly string[]): boolean {
  const { fullName } = command;
  const container = fullName.split('|')[0]!;
  let isAllowed = false;
  let firstWords: string[] = [];
  for (const rule of rules) {
    const text = rule === 'allcommands' ? '+@all' : rule === 'nocommands' ? '-@all' : rule.toLowerCase();
    if (text[0] !== '+' && text[0] !== '-') continue;
    const sign = text[0] === '+';
    const name = text.slice(1);
    const category = name.slice(1);
    const isMeant =
      name === '@all' ||
      (name[0] === '@' && (command.categories.has(category) || command.containerCategories.has(category))) ||
      name === fullName ||
      name === container;
    if (isMeant) {
      isAllowed = sign;
      firstWords = [];
    } else if (sign && name.startsWith(`${fullName}|`)) {
      firstWords.push(name.slice(fullName.length + 1));
    }
  }
  return isAllowed || command.runsWithoutLogIn || firstWords.includes((words[1] ?? '').toLowerCase());
}

function allowsKey(rules: readonly string[], { key, isRead, isWritten }: ModelKey): boolean {
  let all = false;
  let rights = new Map<string, string>();
  for (const rule of rules) {
    const pattern = /^(?:~|%([RW]+)~)(.*)$/is.exec(rule);
    if (rule === 'allkeys' || rule === '~*') {
      all = true;
      rights = new Map();
    } else if (rule === 'resetkeys') {
      all = false;
      rights = new Map();
    } else if (pattern !== null) {
      const text = pattern[2]!;
      rights.set(text, (rights.get(text) ?? '') + (pattern[1] ?? 'RW').toUpperCase());
    }
  }
  if (all) return true;
  for (const [text, letters] of rights) {
    if (isRead && !letters.includes('R')) continue;
    if (isWritten && !letters.includes('W')) continue;
    if (globAsRegExp(text).test(key)) return true;
  }
  return false;
}

/** For patterns without classes that lack their closing bracket. */
function globAsRegExp(pattern: string): RegExp {
  const source = pattern.replace(/\\(.)|\[(\^?)([^\]]*)\]|\*|\?|./gs, (part, escaped, not, chars) => {
    if (escaped !== undefined) return quoted(escaped);
    if (chars !== undefined) return `[${not}${chars}]`;
    if (part === '*') return '[^]*';
    return part === '?' ? '[^]' : quoted(part);
  });
  return new RegExp(`^${source}$`);
}

function quoted(text: string): string {
  return text.replace(/[^\w]/g, '\\$&');
}
