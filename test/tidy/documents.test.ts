/** What people read is up to date and speaks their language. */
import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { CommandTable } from '../../src/commands/table.ts';
import { repositoryRoot } from '../support/paths.ts';
import { documents, withGeneratedParts } from './generated.ts';
import { filesBelow, readText } from './sources.ts';

/** What may stand at the top of the repository, dotfiles and what git ignores aside. */
const TOP_LEVEL = new Set([
  ...['package.json', 'package-lock.json', 'tsconfig.json', 'biome.json', 'knip.json', 'vitest.config.ts'],
  ...['README.md', 'CONTRIBUTING.md', 'LICENSE', 'src', 'workers', 'test', 'bench', 'docs', 'deploy'],
]);
const IGNORED = new Set(['node_modules', 'dist', 'coverage', 'data']);

/** Words from where this was made, which mean nothing to those who use it. (node:tls has a name `session:`.) */
const FOREIGN_WORDS =
  /(?<!tls-)\bsessions?\b(?![':])|\b(?:issues?|tickets?|tasks?|PRs?|pull requests?) #?\d+|\(#\d+\)|\bTODO\b|\bFIXME\b/i;

describe('documents', () => {
  test.each(documents())('the generated parts of %s are up to date (npm run docs)', (file) => {
    const text = readText(file);
    expect(text).toBe(withGeneratedParts(text));
  });

  test('no file uses words that only its makers know', () => {
    const files = [
      ...['src', 'workers', 'bench', 'test'].flatMap((folder) => filesBelow(folder, '.ts')),
      ...documents(),
      ...['CONTRIBUTING.md', 'package.json'],
    ].filter((file) => !file.startsWith('test/tidy/'));
    const found = files.flatMap((file) =>
      readText(file)
        .split('\n')
        .flatMap((line, i) => (FOREIGN_WORDS.test(line) ? [`${file}:${i + 1}: ${line.trim()}`] : [])),
    );
    expect(found).toEqual([]);
  });

  test('the lock file names no registry host', () => {
    expect(readText('package-lock.json')).not.toMatch(/"resolved": "https?:/);
  });

  test('the top level holds only what belongs there', () => {
    const names = readdirSync(repositoryRoot).filter(
      (name) => !name.startsWith('.') && !name.endsWith('.tsbuildinfo'),
    );
    expect(names.filter((name) => !TOP_LEVEL.has(name) && !IGNORED.has(name))).toEqual([]);
  });
});

describe('commands', () => {
  const tests = [...filesBelow('test/commands', '.ts'), ...filesBelow('test/conformance', '.ts')]
    .map(readText)
    .join('\n');

  test('each command is named in a test', () => {
    const untested = new CommandTable().all
      .map((command) => command.fullName)
      .filter((name) => {
        const words = name.split('|').map((word) => word.replaceAll('-', '\\-'));
        return !new RegExp(`(?<![\\w-])${words.join(`[|\\s'",]+`)}(?![\\w-])`, 'i').test(tests);
      });
    expect(untested).toEqual([]);
  });
});
