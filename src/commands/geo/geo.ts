/** All commands of places. */
import type { CommandSpec } from '../command.ts';
import { geoAdding } from './adding.ts';
import { geoPlaces } from './places.ts';
import { geoSearching } from './searching.ts';

export const geo: readonly CommandSpec[] = [...geoAdding, ...geoPlaces, ...geoSearching];
