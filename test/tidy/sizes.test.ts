/** Files and functions stay small. The lists of exceptions may only shrink. */
import { describe, expect, test } from 'vitest';
import { functionsOf, sourceFiles } from './sources.ts';

const FILE_LINES_MAX = 500;
const FUNCTION_LINES_MAX = 70;

/** Files that are longer, with how long they may be. */
const LONG_FILES: Readonly<Record<string, number>> = {};

/** Files with longer functions, with how long the longest may be. */
const LONG_FUNCTIONS: Readonly<Record<string, number>> = {};

const product = sourceFiles('src', 'workers', 'bench');
const all = [...product, ...sourceFiles('test')];

function lineCount(text: string): number {
  return text.split('\n').length - 1;
}

describe('sizes', () => {
  test(`files have at most ${FILE_LINES_MAX} lines`, () => {
    const tooLong = all
      .filter(({ path, text }) => lineCount(text) > (LONG_FILES[path] ?? FILE_LINES_MAX))
      .map(({ path, text }) => `${path} has ${lineCount(text)} lines`);
    expect(tooLong).toEqual([]);
  });

  test(`functions have at most ${FUNCTION_LINES_MAX} lines`, () => {
    // Tests are exempt: a `describe` is a function, and as long as what it describes.
    const tooLong = product.flatMap((file) =>
      functionsOf(file)
        .filter(({ lines }) => lines > (LONG_FUNCTIONS[file.path] ?? FUNCTION_LINES_MAX))
        .map(({ place, lines }) => `${place} has ${lines} lines`),
    );
    expect(tooLong).toEqual([]);
  });

  test('no exception is kept that is not needed any more', () => {
    const longest = new Map(
      product.map((file) => [file.path, Math.max(0, ...functionsOf(file).map(({ lines }) => lines))]),
    );
    const lengths = new Map(all.map(({ path, text }) => [path, lineCount(text)]));
    const unneeded = [
      ...Object.keys(LONG_FILES).filter((path) => (lengths.get(path) ?? 0) <= FILE_LINES_MAX),
      ...Object.keys(LONG_FUNCTIONS).filter((path) => (longest.get(path) ?? 0) <= FUNCTION_LINES_MAX),
    ];
    expect(unneeded).toEqual([]);
  });

  test('functions are found and measured', () => {
    const text = [
      'export function one(a: number): void {',
      '  if (a) {',
      '  }',
      '}',
      'class A {',
      '  two(): string {',
      '    return items.map((item) => {',
      '      x();',
      '    });',
      '  }',
      '}',
    ].join('\n');
    expect(functionsOf({ path: 'f', text, imports: [], runtimeImports: [] })).toEqual([
      { place: 'f:1', lines: 4 },
      { place: 'f:6', lines: 5 },
      { place: 'f:7', lines: 3 },
    ]);
  });
});
