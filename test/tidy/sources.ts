/** The files of the repository as the house rules look at them. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { repositoryRoot } from '../support/paths.ts';

export interface SourceFile {
  /** From the top of the repository, with slashes. */
  readonly path: string;
  readonly text: string;
  /** The repository's files that it imports, types and dynamic imports included. */
  readonly imports: readonly string[];
  /** Those of them that are there when it runs: not what is imported for its types only. */
  readonly runtimeImports: readonly string[];
}

const IMPORT =
  /(?:^|\n)(?:import|export)\s+(type\s)?[^'";]*?\bfrom '([^']+)'|\bimport\('([^']+)'|(?:^|\n)import '([^']+)'/g;

/** All files below a folder whose names end in `extension`. */
export function filesBelow(folder: string, extension: string): string[] {
  const found: string[] = [];
  for (const entry of readdirSync(path.join(repositoryRoot, folder), { withFileTypes: true })) {
    const name = `${folder}/${entry.name}`;
    if (entry.isDirectory()) found.push(...filesBelow(name, extension));
    else if (name.endsWith(extension)) found.push(name);
  }
  return found.sort();
}

export function readText(file: string): string {
  return readFileSync(path.join(repositoryRoot, file), 'utf8');
}

export function sourceFiles(...folders: readonly string[]): SourceFile[] {
  return folders
    .flatMap((folder) => filesBelow(folder, '.ts'))
    .map((file) => {
      const text = readText(file);
      const imports = [...text.matchAll(IMPORT)]
        .map(([, type, from, dynamic, bare]) => ({
          isType: type !== undefined,
          to: (from ?? dynamic ?? bare)!,
        }))
        .filter(({ to }) => to.startsWith('.'))
        .map(({ isType, to }) => ({ isType, to: path.posix.join(path.posix.dirname(file), to) }));
      return {
        path: file,
        text,
        imports: imports.map(({ to }) => to),
        runtimeImports: imports.filter(({ isType }) => !isType).map(({ to }) => to),
      };
    });
}

export interface MeasuredFunction {
  /** `file:line` */
  readonly place: string;
  readonly lines: number;
}

/** A line that opens a function's body; what opens other blocks begins with a word that tells. */
const OPENS_FUNCTION = /(?:\bfunction\b.*|\)(?:: [^=]+)?|=>) \{$/;
const OPENS_OTHER =
  /^\s*(?:\} )?(?:if|for|while|switch|else|do|try|catch|finally|class|export class|interface|return \{)\b/;

/**
 * The functions of a file and how many lines they have. The formatter indents, so a function ends with the
 * next closing brace at the indentation of the line that opened it.
 */
export function functionsOf(file: SourceFile): MeasuredFunction[] {
  const lines = file.text.split('\n');
  const found: MeasuredFunction[] = [];
  for (let at = 0; at < lines.length; at++) {
    const text = lines[at]!;
    if (!OPENS_FUNCTION.test(text) || OPENS_OTHER.test(text)) continue;
    const indent = /^ */.exec(text)![0];
    const end = lines.findIndex((other, i) => i > at && other.startsWith(`${indent}}`));
    if (end > at) found.push({ place: `${file.path}:${at + 1}`, lines: end - at + 1 });
  }
  return found;
}
