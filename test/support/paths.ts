/** Where things are, also when this runs from the build. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The top of the repository, with a separator at its end. */
export const repositoryRoot = fileURLToPath(new URL('../../', import.meta.url)).replace(/dist[\\/]$/, '');

/** The built command line. */
export const mainScript = path.join(repositoryRoot, 'dist/src/main.js');
