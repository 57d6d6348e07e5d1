/** The version in package.json, read from where the compiled or the source file stands. */
import { existsSync, readFileSync } from 'node:fs';

const places = ['../package.json', '../../package.json'].map((path) => new URL(path, import.meta.url));
const found = places.find((place) => existsSync(place));

export const version: string =
  found === undefined ? '0.0.0' : JSON.parse(readFileSync(found, 'utf8')).version;
