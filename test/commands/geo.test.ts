/** GEOADD, GEODIST, GEOHASH, GEOPOS, and searches for places. */
import { expect, test } from 'vitest';
import { describeServed, error, SYNTAX_ERROR, wrongArity } from './served.ts';

const NOT_A_FLOAT = error('ERR value is not a valid float');
const WRONG_TYPE = error('WRONGTYPE Operation against a key holding the wrong kind of value');
const PALERMO = ['13.361389', '38.115556', 'Palermo'];
const CATANIA = ['15.087269', '37.502669', 'Catania'];

describeServed('GEOADD, GEODIST, GEOHASH and GEOPOS', ({ run }) => {
  test('keep places as the scores of a sorted set', async () => {
    expect(await run('GEOADD', 'Sicily', ...PALERMO, ...CATANIA)).toBe(2);
    expect(await run('GEOADD', 'Sicily', ...PALERMO)).toBe(0);
    expect(await run('TYPE', 'Sicily')).toBe('zset');
    expect(await run('ZSCORE', 'Sicily', 'Palermo')).toBe('3479099956230698');
    expect(await run('GEODIST', 'Sicily', 'Palermo', 'Catania')).toBe('166274.1516');
    expect(await run('GEODIST', 'Sicily', 'Palermo', 'Catania', 'KM')).toBe('166.2742');
    expect(await run('GEODIST', 'Sicily', 'Palermo', 'Foo')).toBe(null);
    expect(await run('GEODIST', 'none', 'a', 'b')).toBe(null);
    expect(await run('GEOHASH', 'Sicily', 'Palermo', 'Foo', 'Catania')).toEqual([
      'sqc8b49rny0',
      null,
      'sqdtr74hyu0',
    ]);
    expect(await run('GEOPOS', 'Sicily', 'Palermo', 'Foo')).toEqual([
      ['13.36138933897018433', '38.11555639549629859'],
      null,
    ]);
    expect(await run('GEOPOS', 'none', 'a', 'b')).toEqual([null, null]);
    expect(await run('GEOPOS', 'Sicily')).toEqual([]);
  });

  test('GEOADD takes NX, XX and CH', async () => {
    await run('GEOADD', 'k', 1, 1, 'a');
    expect(await run('GEOADD', 'k', 'NX', 2, 2, 'a', 3, 3, 'b', 4, 4, 'b')).toBe(1);
    expect(await run('GEOADD', 'k', 'XX', 'CH', 5, 5, 'a', 6, 6, 'c')).toBe(1);
    expect(await run('GEOADD', 'k', 'CH', 5, 5, 'a', 6, 6, 'c', 7, 7, 'b')).toBe(2);
    expect(await run('GEOADD', 'none', 'XX', 5, 5, 'a')).toBe(0);
    expect(await run('EXISTS', 'none')).toBe(0);
    expect(await run('GEOADD', 'k', 'NX', 'XX', 5, 5, 'a')).toEqual(SYNTAX_ERROR);
    expect(await run('GEOADD', 'k', 'NX', 'CH', 'CH')).toEqual(SYNTAX_ERROR);
    expect(await run('GEOADD', 'k', 5, 5, 'a', 5)).toEqual(SYNTAX_ERROR);
    expect(await run('GEOADD', 'k', 5, 'x', 'a')).toEqual(NOT_A_FLOAT);
    expect(await run('GEOADD', 'k', 5, 5)).toEqual(wrongArity('geoadd'));
    expect(await run('GEOADD', 'k', 1, 1, 'new', 200, 100, 'a')).toEqual(
      error('ERR invalid longitude,latitude pair 200.000000,100.000000'),
    );
    expect(await run('ZSCORE', 'k', 'new')).toBe(null);
    await run('SET', 's', 'x');
    expect(await run('GEOADD', 's', 5, 5, 'a')).toEqual(WRONG_TYPE);
    expect(await run('GEOPOS', 's', 'a')).toEqual(WRONG_TYPE);
    expect(await run('GEOHASH', 's', 'a')).toEqual(WRONG_TYPE);
    expect(await run('GEODIST', 's', 'a', 'b')).toEqual(WRONG_TYPE);
    expect(await run('GEODIST', 'k', 'a', 'b', 'inch')).toEqual(
      error('ERR unsupported unit provided. please use M, KM, FT, MI'),
    );
  });
});

describeServed('searches for places', ({ run, connect }) => {
  const fill = async () => {
    await run('GEOADD', 'Sicily', ...PALERMO, ...CATANIA);
    await run('GEOADD', 'Sicily', 12.758489, 38.788135, 'edge1', 17.24151, 38.788135, 'edge2');
  };

  test('find what is within a circle or a box', async () => {
    await fill();
    const from = ['FROMLONLAT', 15, 37] as const;
    expect(await run('GEOSEARCH', 'Sicily', ...from, 'BYRADIUS', 200, 'km', 'ASC')).toEqual([
      'Catania',
      'Palermo',
    ]);
    expect(
      await run('GEOSEARCH', 'Sicily', ...from, 'BYBOX', 400, 400, 'km', 'DESC', 'WITHCOORD', 'WITHDIST'),
    ).toEqual([
      ['edge1', '279.7405', ['12.7584877610206604', '38.78813451624225195']],
      ['edge2', '279.7403', ['17.24151045083999634', '38.78813451624225195']],
      ['Palermo', '190.4424', ['13.36138933897018433', '38.11555639549629859']],
      ['Catania', '56.4413', ['15.08726745843887329', '37.50266842333162032']],
    ]);
    expect(await run('GEOSEARCH', 'Sicily', ...from, 'BYRADIUS', 200, 'km', 'COUNT', 1, 'WITHHASH')).toEqual([
      ['Catania', 3479447370796909],
    ]);
    expect(
      await run('GEOSEARCH', 'Sicily', 'FROMMEMBER', 'Palermo', 'BYRADIUS', 1, 'mi', 'COUNT', 5, 'ANY'),
    ).toEqual(['Palermo']);
    expect(await run('GEORADIUS', 'Sicily', 15, 37, 200, 'km', 'DESC')).toEqual(['Palermo', 'Catania']);
    expect(await run('GEORADIUS_RO', 'Sicily', 15, 37, 100, 'km')).toEqual(['Catania']);
    expect(await run('GEORADIUSBYMEMBER', 'Sicily', 'Catania', 1, 'm', 'WITHDIST')).toEqual([
      ['Catania', '0.0000'],
    ]);
    expect(await run('GEORADIUSBYMEMBER_RO', 'Sicily', 'Catania', 0, 'm')).toEqual(['Catania']);
    expect(await run('GEOSEARCH', 'none', ...from, 'BYRADIUS', 200, 'km')).toEqual([]);
  });

  test('store what they find, on whichever shard', async () => {
    await fill();
    for (let i = 0; i < 5; i++) {
      const to = `to${i}`;
      await run('SET', to, 'goes');
      expect(await run('GEOSEARCHSTORE', to, 'Sicily', 'FROMLONLAT', 15, 37, 'BYRADIUS', 200, 'km')).toBe(2);
      expect(await run('ZRANGE', to, 0, -1)).toEqual(['Palermo', 'Catania']);
      expect(await run('GEODIST', to, 'Palermo', 'Catania')).toBe('166274.1516');
      expect(await run('GEORADIUS', 'Sicily', 15, 37, 200, 'km', 'STOREDIST', to)).toBe(2);
      const scores = (await run('ZRANGE', to, 0, -1, 'WITHSCORES')) as string[];
      expect(scores.map((text) => (Number.isNaN(Number(text)) ? text : Math.round(Number(text))))).toEqual([
        'Catania',
        56,
        'Palermo',
        190,
      ]);
      expect(await run('GEORADIUSBYMEMBER', 'Sicily', 'Palermo', 1, 'km', 'STORE', to)).toBe(1);
      expect(await run('GEOSEARCHSTORE', to, 'none', 'FROMMEMBER', 'x', 'BYBOX', 1, 1, 'm')).toBe(0);
      expect(await run('EXISTS', to)).toBe(0);
    }
  });

  test('store in transactions whose keys are on several shards', async () => {
    await fill();
    const client = await connect();
    await client.command('MULTI');
    const search = ['FROMLONLAT', 15, 37, 'BYRADIUS', 200, 'km'];
    for (let i = 0; i < 4; i++) await client.command('GEOSEARCHSTORE', `in${i}`, 'Sicily', ...search);
    await client.command('GEORADIUS', 'in0', 15, 37, 100, 'km');
    await client.command('GEORADIUS', 'in1', 15, 37, 100, 'km', 'STORE', 'in2');
    await client.command('GEOSEARCH', 'in2', ...search);
    expect(await client.command('EXEC')).toEqual([2, 2, 2, 2, ['Catania'], 1, ['Catania']]);
    client.destroy();
  });

  test('refuse what makes no sense', async () => {
    await fill();
    await run('SET', 's', 'x');
    const [from, by] = [
      ['FROMLONLAT', '15', '37'],
      ['BYRADIUS', '200', 'km'],
    ] as const;
    for (const [words, problem] of [
      [[...from, ...from, ...from], 'ERR exactly one of BYRADIUS and BYBOX can be specified for geosearch'],
      [[...by, ...by], 'ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for geosearch'],
      [[...from, ...by, 'BYBOX', '1', '1', 'm'], 'ERR syntax error'],
      [[...from, ...by, 'ANY'], 'ERR the ANY argument requires COUNT argument'],
      [[...from, ...by, 'COUNT', '0'], 'ERR COUNT must be > 0'],
      [[...from, ...by, 'COUNT', 'x'], 'ERR value is not an integer or out of range'],
      [[...from, ...by, 'STOREDIST'], 'ERR syntax error'],
      [['FROMMEMBER', 'x', ...by], 'ERR could not decode requested zset member'],
      [[...from, 'BYRADIUS', '-1', 'km'], 'ERR radius cannot be negative'],
      [[...from, 'BYRADIUS', 'x', 'km'], 'ERR need numeric radius'],
      [[...from, 'BYBOX', 'x', '1', 'km'], 'ERR need numeric width'],
      [[...from, 'BYBOX', '1', 'x', 'km'], 'ERR need numeric height'],
      [[...from, 'BYBOX', '1', '-1', 'km'], 'ERR height or width cannot be negative'],
    ] as const) {
      expect(await run('GEOSEARCH', 'Sicily', ...words)).toEqual(error(problem));
    }
    expect(await run('GEOSEARCH', 's', ...from, ...by)).toEqual(WRONG_TYPE);
    expect(await run('GEOSEARCHSTORE', 'to', 's', ...from, ...by)).toEqual(WRONG_TYPE);
    expect(await run('GEOSEARCHSTORE', 'to', 'Sicily', ...from, ...by, 'WITHDIST')).toEqual(
      error('ERR GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH and WITHCOORD options'),
    );
    expect(await run('GEORADIUS', 'Sicily', 15, 37, 200, 'km', 'STORE', 'to', 'WITHHASH')).toEqual(
      error('ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and WITHCOORD options'),
    );
    expect(await run('GEORADIUS_RO', 'Sicily', 15, 37, 200, 'km', 'STORE', 'to')).toEqual(SYNTAX_ERROR);
    expect(await run('GEORADIUSBYMEMBER_RO', 'Sicily', 'Palermo', 200, 'km', 'STORE', 'to')).toEqual(
      SYNTAX_ERROR,
    );
  });

  test('tell coordinates as doubles in RESP3', async () => {
    await fill();
    const client = await connect();
    await client.command('HELLO', 3);
    expect(await client.command('GEOPOS', 'Sicily', 'Palermo', 'x')).toEqual([
      [13.361389338970184, 38.1155563954963],
      null,
    ]);
    client.destroy();
  });
});
