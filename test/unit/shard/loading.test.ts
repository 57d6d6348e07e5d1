import { expect, test } from 'vitest';
import { type Loader, loadAll } from '../../../src/shard/loading.ts';

function loaderOf(slices: number): Loader {
  let loadedBytes = 0;
  return {
    totalBytes: slices * 10,
    get loadedBytes() {
      return loadedBytes;
    },
    get keys() {
      return loadedBytes / 5;
    },
    step: () => {
      loadedBytes += 10;
      return loadedBytes === slices * 10;
    },
  };
}

function load(slices: number, between: () => boolean) {
  const messages: { loadedBytes: number; keys: number; totalBytes: number }[] = [];
  loadAll(loaderOf(slices), { postMessage: (message) => messages.push(message) }, between);
  return messages;
}

test('a shard says how far it is before the first slice and after each', () => {
  expect(load(2, () => true)).toEqual([
    { kind: 'status', state: 'loading', loadedBytes: 0, totalBytes: 20, keys: 0 },
    { kind: 'status', state: 'loading', loadedBytes: 10, totalBytes: 20, keys: 2 },
    { kind: 'status', state: 'loading', loadedBytes: 20, totalBytes: 20, keys: 4 },
  ]);
});

test('it stops when it is told to', () => {
  let slices = 0;
  expect(load(9, () => ++slices < 3)).toHaveLength(4);
});
