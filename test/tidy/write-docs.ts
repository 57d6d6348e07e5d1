/** `npm run docs`: writes the generated parts of README.md and docs. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { repositoryRoot } from '../support/paths.ts';
import { documents, withGeneratedParts } from './generated.ts';
import { readText } from './sources.ts';

for (const file of documents()) {
  const before = readText(file);
  const after = withGeneratedParts(before);
  if (after === before) continue;
  writeFileSync(path.join(repositoryRoot, file), after);
  console.log(`wrote ${file}`);
}
