import { describe, expect, test } from 'vitest';
import { formatInvalidation, formatReply, formatVerbatim, quoted } from '../../../src/cli/format.ts';
import { type Reply, ReplyDecoder } from '../../../src/protocol/reply-decoder.ts';

function reply(bytes: string): Reply {
  const decoder = new ReplyDecoder();
  decoder.append(Buffer.from(bytes.replaceAll(' ', '\r\n'), 'latin1'));
  return decoder.next()!;
}

describe('replies for people', () => {
  test.each([
    ['+OK ', 'OK\n'],
    ['-ERR ', '(error) ERR\n'],
    [':-5 ', '(integer) -5\n'],
    [',1.5 ', '(double) 1.5\n'],
    ['$3 a"\0 ', '"a\\"\\x00"\n'],
    ['=5 txt:a ', 'a\n'],
    ['_ ', '(nil)\n'],
    ['#t ', '(true)\n'],
    ['#f ', '(false)\n'],
    ['(12345678901234567890 ', '12345678901234567890\n'],
    ['*0 ', '(empty array)\n'],
    ['%0 ', '(empty hash)\n'],
    ['~0 ', '(empty set)\n'],
    ['>0 ', '(empty push)\n'],
    ['~2 :1 :2 ', '1~ (integer) 1\n2~ (integer) 2\n'],
    ['%2 +a :1 +b $-1 ', '1# a => (integer) 1\n2# b => (nil)\n'],
  ])('%j', (bytes, text) => {
    expect(formatReply(reply(bytes), 'standard')).toBe(text);
  });

  test('nested arrays are indented below their numbers', () => {
    expect(formatReply(reply('*3 :1 *2 +a *2 +b +c +d '), 'standard')).toBe(
      ['1) (integer) 1', '2) 1) a', '   2) 1) b', '      2) c', '3) d', ''].join('\n'),
    );
  });

  test('numbers of several digits are aligned', () => {
    const lines = formatReply(reply(`*10 ${'+x '.repeat(9)}*2 +a +b `), 'standard').split('\n');
    expect(lines.slice(8)).toEqual([' 9) x', '10) 1) a', '    2) b', '']);
  });

  test('a value of several lines in a map begins on the line after its key', () => {
    expect(formatReply(reply('%2 +a *2 :1 :2 +b *1 :3 '), 'standard')).toBe(
      ['1# a => ', '   1) (integer) 1', '   2) (integer) 2', '2# b => 1) (integer) 3', ''].join('\n'),
    );
  });

  test('quotes what is not printable', () => {
    expect(quoted('\n\r\t\x07\b\\"\x7f\xe9 ~')).toBe('"\\n\\r\\t\\a\\b\\\\\\"\\x7f\\xe9 ~"');
  });

  test('an invalidation is one line', () => {
    expect(formatInvalidation(reply('>2 $10 invalidate *2 $1 a $1 b '))).toBe("-> invalidate: 'a', 'b'\n");
    expect(formatInvalidation(reply('>2 $7 message *0 '))).toBeUndefined();
    expect(formatInvalidation(reply('+OK '))).toBeUndefined();
  });
});

describe('replies for programs', () => {
  const mixed = '*6 :1 $2 a" $-1 #t -ERR *2 +x ,0.5 ';

  test('raw: items apart by a delimiter', () => {
    expect(formatReply(reply(mixed), 'raw')).toBe('1\na"\n\n(true)\nERR\n\nx\n0.5\n');
    expect(formatReply(reply('*2 +a +b '), 'raw', { items: ';', replies: '.' })).toBe('a;b.');
    expect(formatReply(reply('%1 +a *2 +b +c '), 'raw')).toBe('a b\nc\n');
    expect(formatVerbatim(reply('$1 a '))).toBe('a');
  });

  test('csv: one line', () => {
    expect(formatReply(reply(mixed), 'csv')).toBe('1,"a\\"",NULL,true,ERROR,"ERR","x",0.5\n');
  });

  test('json', () => {
    expect(formatReply(reply('*4 :1 $2 a" $-1 *2 #f ,0.5 '), 'json')).toBe('[1,"a\\"",null,[false,0.5]]\n');
    expect(formatReply(reply('%2 +a :1 :2 +b '), 'json')).toBe('{"a":1,"2":"b"}\n');
    expect(formatReply(reply('$2 \xc3\xa9 '), 'json')).toBe('"\xc3\xa9"\n');
    expect(formatReply(reply('$1 \xff '), 'quoted-json')).toBe('"\\\\xff"\n');
    expect(formatReply(reply('-ERR '), 'json')).toBe('error:"ERR"\n');
  });
});
