/** The words of the commands that search for places. They are read as Redis does: some mean something only where there is a sorted set. */
import type { Arguments } from '../../protocol/arguments.ts';
import {
  COUNT_TOO_LOW,
  GEO_ANY_WITHOUT_COUNT,
  GEO_MEMBER_MISSING,
  geoNotOneArea,
  geoNotOneOrigin,
  geoStoreConflict,
} from '../../protocol/collection-errors.ts';
import { NOT_AN_INTEGER, SYNTAX_ERROR } from '../../protocol/errors.ts';
import type { Shape } from '../../types/geo-area.ts';
import { decodePlace, type Place } from '../../types/geohash.ts';
import type { SortedSet } from '../../types/sorted-set.ts';
import { type BoxSize, type Radius, readBoxSize, readPlace, readRadius } from './geo-words.ts';

/** How a command names what it searches. */
export interface SearchForm {
  /** The word of the sorted set's key. */
  readonly source: number;
  /**
   * What stands in front of the options: a place and a radius, a member and a radius, or nothing, as the options say it:
   * FROMMEMBER, FROMLONLAT, BYRADIUS, BYBOX.
   */
  readonly origin: 'place' | 'member' | 'options';
  /** The first word of the options. */
  readonly options: number;
  /** Whether STORE and STOREDIST name a key. */
  readonly mayStore: boolean;
  /** The word of the key that the result is always stored at. */
  readonly destination: number | undefined;
}

export interface Search {
  /** Undefined where there is no sorted set. */
  shape: Shape | undefined;
  withDistance: boolean;
  withScore: boolean;
  withPlace: boolean;
  order: 'none' | 'ascending' | 'descending';
  /** Infinity: all. */
  count: number;
  /** Any so many will do, not the nearest. */
  isAny: boolean;
  /** The word of the key to store the result at. */
  destination: number | undefined;
  storesDistance: boolean;
}

/** What is said by words that Redis wants once at most, and in some orders not together. */
interface Origin {
  place: Place | undefined;
  isMember: boolean;
  isPlace: boolean;
  area: Radius | BoxSize | undefined;
}

/** The text of an error, or how many words more than its own the option takes; undefined: the word is no such option. */
type Read = string | number | undefined;

/** What a request says to search, or the text of an error; `set` is the sorted set, if there is one. */
export function readSearch(
  args: Arguments,
  form: SearchForm,
  set: SortedSet | undefined,
  name: string,
): Search | string {
  const search: Search = {
    shape: undefined,
    withDistance: false,
    withScore: false,
    withPlace: false,
    order: 'none',
    count: Number.POSITIVE_INFINITY,
    isAny: false,
    destination: form.destination,
    storesDistance: false,
  };
  const origin: Origin = { place: undefined, isMember: false, isPlace: false, area: undefined };
  const problem = readFront(args, form, set, origin) ?? readOptions(args, form, set, search, origin);
  if (problem !== undefined) return problem;
  if (search.destination !== undefined && (search.withDistance || search.withScore || search.withPlace)) {
    return geoStoreConflict(form.origin === 'options' ? 'GEOSEARCHSTORE' : 'STORE option in GEORADIUS');
  }
  if (form.origin === 'options') {
    if (!origin.isMember && !origin.isPlace) return geoNotOneOrigin(name);
    if (origin.area === undefined) return geoNotOneArea(name);
  }
  if (search.isAny && search.count === Number.POSITIVE_INFINITY) return GEO_ANY_WITHOUT_COUNT;
  const { place: center, area } = origin;
  if (set !== undefined && center !== undefined && area !== undefined) search.shape = { ...area, center };
  return search;
}

/** The text of an error, or undefined. */
function readFront(
  args: Arguments,
  form: SearchForm,
  set: SortedSet | undefined,
  origin: Origin,
): string | undefined {
  if (form.origin === 'options' || (form.origin === 'member' && set === undefined)) return undefined;
  const place = form.origin === 'place' ? readPlace(args, 2) : placeOfMember(args, 2, set!);
  if (typeof place === 'string') return place;
  origin.place = place;
  const area = readRadius(args, form.options - 2);
  if (typeof area === 'string') return area;
  origin.area = area;
  return undefined;
}

function readOptions(
  args: Arguments,
  form: SearchForm,
  set: SortedSet | undefined,
  search: Search,
  origin: Origin,
): string | undefined {
  for (let i = form.options; i < args.count; i++) {
    const left = args.count - i - 1;
    const read =
      readFlag(args, i, form, search) ??
      readValue(args, i, left, form, search) ??
      (form.origin === 'options' ? readOrigin(args, i, left, set, origin) : undefined) ??
      SYNTAX_ERROR;
    if (typeof read === 'string') return read;
    i += read;
  }
  return undefined;
}

/** Options of one word. */
function readFlag(args: Arguments, i: number, form: SearchForm, search: Search): Read {
  if (args.is(i, 'withdist')) search.withDistance = true;
  else if (args.is(i, 'withhash')) search.withScore = true;
  else if (args.is(i, 'withcoord')) search.withPlace = true;
  else if (args.is(i, 'any')) search.isAny = true;
  else if (args.is(i, 'asc')) search.order = 'ascending';
  else if (args.is(i, 'desc')) search.order = 'descending';
  else if (args.is(i, 'storedist') && form.destination !== undefined) search.storesDistance = true;
  else return undefined;
  return 0;
}

/** Options of a word and a value. */
function readValue(args: Arguments, i: number, left: number, form: SearchForm, search: Search): Read {
  if (left < 1) return undefined;
  if (args.is(i, 'count')) {
    const count = args.integer(i + 1);
    if (count === undefined) return NOT_AN_INTEGER;
    if (count <= 0) return COUNT_TOO_LOW;
    search.count = Number(count);
    return 1;
  }
  const storesDistance = args.is(i, 'storedist');
  if (!form.mayStore || (!storesDistance && !args.is(i, 'store'))) return undefined;
  search.destination = i + 1;
  search.storesDistance = storesDistance;
  return 1;
}

/** FROMMEMBER, FROMLONLAT, BYRADIUS and BYBOX. */
function readOrigin(
  args: Arguments,
  i: number,
  left: number,
  set: SortedSet | undefined,
  origin: Origin,
): Read {
  if (args.is(i, 'frommember') && left >= 1 && !origin.isPlace) {
    origin.isMember = true;
    const place = set === undefined ? undefined : placeOfMember(args, i + 1, set);
    if (typeof place === 'string') return place;
    origin.place = place;
    return 1;
  }
  if (args.is(i, 'fromlonlat') && left >= 2 && !origin.isMember) {
    const place = readPlace(args, i + 1);
    if (typeof place === 'string') return place;
    origin.place = place;
    origin.isPlace = true;
    return 2;
  }
  if (args.is(i, 'byradius') && left >= 2 && origin.area?.kind !== 'box') {
    const area = readRadius(args, i + 1);
    if (typeof area === 'string') return area;
    origin.area = area;
    return 2;
  }
  if (args.is(i, 'bybox') && left >= 3 && origin.area?.kind !== 'circle') {
    const area = readBoxSize(args, i + 1);
    if (typeof area === 'string') return area;
    origin.area = area;
    return 3;
  }
  return undefined;
}

function placeOfMember(args: Arguments, word: number, set: SortedSet): Place | string {
  const isThere = set.find(args.bytes, args.starts[word]!, args.ends[word]!);
  return isThere ? decodePlace(set.score) : GEO_MEMBER_MISSING;
}
