/** Bytes as they go over the wire: inline commands, pipelines with errors, and what ends a connection. */

/** Our side is closed after these bytes; everything that comes back until the server closes is compared. */
export const rawStreams: Readonly<Record<string, string>> = {
  'inline commands': 'PING\r\nSET k "a b"\r\nGET k\r\n  GET   k  \r\n',
  'inline commands that end in LF only': 'PING\nECHO hi\n',
  'quotes in inline commands':
    'SET k "\\x41\\n\\"q\\""\r\nGET k\r\nSET k \'it\\\'s\'\r\nGET k\r\nSET "" ""\r\nGET ""\r\n',
  'vertical tabs and form feeds within a word':
    'ECHO a\x0bb\r\nECHO a\x0cb\r\nECHO \x0ba\r\nECHO "a"\x0bb\r\n',
  'empty lines and empty arrays are nothing': '\r\n\r\n*0\r\n*-1\r\nPING\r\n\n\nPING\r\n',
  'a pipeline goes on after an error': 'SET k v\r\nINCR k\r\nNONSENSE\r\nGET k\r\nGET\r\nGET k\r\n',
  'inline and array commands mixed': 'PING\r\n*2\r\n$4\r\nECHO\r\n$2\r\nhi\r\nPING\r\n*1\r\n$4\r\nPING\r\n',
  'the line end of a word is not looked at': '*1\r\n$4\r\nPINGxx*1\r\n$4\r\nPING\r\n',
  'unbalanced quotes end the connection': 'PING\r\nSET k "a\r\nPING\r\n',
  'a wrong type byte ends the connection': 'PING\r\n*1\r\n:4\r\nPING\r\n',
  'a wrong count of words ends the connection': 'PING\r\n*abc\r\nPING\r\n',
  'a count of words that is too large ends the connection': '*2147483648\r\nPING\r\n',
  'a wrong length ends the connection': '*1\r\n$abc\r\nPING\r\n',
  'a negative length ends the connection': '*2\r\n$4\r\nECHO\r\n$-1\r\nPING\r\n',
  'a length that is too large ends the connection': '*1\r\n$536870913\r\nPING\r\n',
  'a leading plus sign is no number': '*+1\r\n$4\r\nPING\r\n',
  'a leading zero is no number': '*01\r\n$4\r\nPING\r\n',
  'a cut command is not run': '*3\r\n$3\r\nSET\r\n$3\r\ncut\r\n$5\r\nab',
  'what comes after a cut command of another connection': 'GET cut\r\n',
  'QUIT is the last that is answered': 'SET k v\r\nQUIT\r\nGET k\r\nPING\r\n',
  'QUIT in any case with words': 'quit now\r\nPING\r\n',
  'CLIENT REPLY OFF is silent until ON':
    'CLIENT REPLY OFF\r\nPING\r\nSET k off\r\nGET k\r\nNONSENSE\r\nCLIENT REPLY ON\r\nGET k\r\n',
  'CLIENT REPLY SKIP skips one':
    'CLIENT REPLY SKIP\r\nSET k skip\r\nGET k\r\nCLIENT REPLY SKIP\r\nCLIENT REPLY ON\r\nPING\r\n',
  'CLIENT REPLY SKIP twice and then OFF':
    'CLIENT REPLY SKIP\r\nCLIENT REPLY SKIP\r\nPING\r\nPING\r\nCLIENT REPLY OFF\r\nCLIENT REPLY SKIP\r\nPING\r\nCLIENT REPLY ON\r\n',
  'RESET ends CLIENT REPLY OFF': 'CLIENT REPLY OFF\r\nPING\r\nRESET\r\nPING\r\n',
  'a client may kill itself': 'PING\r\nCLIENT KILL TYPE normal SKIPME no\r\nPING\r\n',
  'RESP3 nulls': 'HELLO 4\r\nGET none\r\nMGET none none\r\n',
  'replies of several shards stay in order': `${Array.from({ length: 200 }, (_, i) => `SET key:${i} ${i}\r\nGET key:${i}\r\nMGET key:${i} key:${i - 1} none\r\nEXISTS key:${i} key:0\r\nPING ${i}\r\n`).join('')}`,
  'HTTP is not spoken': 'POST / HTTP/1.1\r\nHost: localhost\r\nPING\r\n',
  'a Host line is not spoken either': 'PING\r\nHost: localhost\r\nPING\r\n',
};

/** The same on servers that want the password `secret`. */
export const passwordStreams: Readonly<Record<string, string>> = {
  'nothing is done before AUTH':
    'GET k\r\nPING\r\nECHO hi\r\nCLIENT ID\r\nCOMMAND COUNT\r\nSELECT 1\r\nINFO\r\n',
  'what is wrong with a command is said before': 'NONSENSE\r\nGET\r\nSET k\r\nCLIENT NONSENSE\r\nCONFIG\r\n',
  'AUTH opens the connection': 'AUTH secret\r\nPING\r\nSET k v\r\nGET k\r\n',
  'AUTH takes the name of the default user': 'AUTH default secret\r\nPING\r\n',
  'wrong passwords are refused':
    'AUTH wrong\r\nAUTH default wrong\r\nAUTH nobody secret\r\nAUTH ""\r\nPING\r\nAUTH\r\nAUTH a b c\r\n',
  'a wrong password later does not take the right away': 'AUTH secret\r\nAUTH wrong\r\nPING\r\n',
  'HELLO wants a password too':
    'HELLO\r\nHELLO 3\r\nHELLO 3 AUTH default wrong\r\nHELLO 9\r\nHELLO 3 SETNAME x\r\nPING\r\n',
  'a failed HELLO leaves RESP2': 'HELLO 3 AUTH default wrong\r\nAUTH secret\r\nGET none\r\n',
  'RESET takes the right away': 'AUTH secret\r\nPING\r\nRESET\r\nPING\r\n',
  'QUIT is allowed': 'QUIT\r\nPING\r\n',
  'many words are refused before AUTH': '*11\r\n$4\r\nPING\r\n',
  'ten words are read before AUTH': `*10\r\n${'$1\r\nx\r\n'.repeat(10)}`,
  'long words are refused before AUTH': '*2\r\n$4\r\nAUTH\r\n$16385\r\n',
  'more is taken after AUTH': `AUTH secret\r\n*12\r\n$3\r\nDEL\r\n${'$1\r\nx\r\n'.repeat(11)}`,
};
