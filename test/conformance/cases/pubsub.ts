/** PUBLISH, PUBSUB and what listeners are answered. What is pushed cannot be asked for line by line: see the streams. */
import { type Cases, unordered } from '../case.ts';

export const pubsub: Cases = {
  'publishing to nobody': [
    'PUBLISH channel message',
    'PUBLISH "" ""',
    'PUBLISH channel',
    'PUBLISH a b c',
    'SPUBLISH channel message',
    'SPUBLISH channel',
    'SUBSCRIBE',
    'PSUBSCRIBE',
    'SSUBSCRIBE',
  ],
  PUBSUB: [
    'PUBSUB',
    'PUBSUB CHANNELS',
    'PUBSUB CHANNELS *',
    'PUBSUB CHANNELS a b',
    'PUBSUB NUMSUB',
    'PUBSUB NUMSUB a b a',
    'PUBSUB NUMPAT',
    'PUBSUB NUMPAT a',
    'PUBSUB SHARDCHANNELS',
    'PUBSUB SHARDCHANNELS a b',
    'PUBSUB SHARDNUMSUB a b',
    'PUBSUB SHARDNUMSUB',
    'PUBSUB NONSENSE',
    'pubsub numsub X',
  ],
  'what COMMAND tells of them': [
    unordered('COMMAND INFO subscribe psubscribe ssubscribe unsubscribe punsubscribe sunsubscribe'),
    unordered('COMMAND INFO publish spublish monitor'),
    unordered('COMMAND INFO pubsub'),
    'COMMAND GETKEYS SPUBLISH a b',
    'COMMAND GETKEYS SSUBSCRIBE a b',
    'COMMAND GETKEYS PUBLISH a b',
  ],
};

const LISTEN = 'SUBSCRIBE a\r\nSUBSCRIBE a b\r\nPSUBSCRIBE p* "\\x00\\xff"\r\nSSUBSCRIBE s s\r\n';
const LEAVE =
  'UNSUBSCRIBE b\r\nUNSUBSCRIBE none a\r\nUNSUBSCRIBE\r\nPUNSUBSCRIBE p*\r\nPUNSUBSCRIBE\r\nPUNSUBSCRIBE\r\nSUNSUBSCRIBE x\r\nSUNSUBSCRIBE\r\nSUNSUBSCRIBE\r\n';
const OTHERS =
  'PING\r\nPING x\r\nPING a b\r\nGET k\r\nGET\r\nNONSENSE\r\nCLIENT ID\r\nCLIENT NONSENSE\r\nMULTIPLE x\r\nEXISTS k\r\nCONFIG GET port\r\n';

/** Replies and pushes of one connection that listens. */
export const pubsubStreams: Readonly<Record<string, string>> = {
  'listening and leaving in RESP2': `${LISTEN}${LEAVE}PING\r\n`,
  'listening and leaving in RESP3': `CLIENT REPLY SKIP\r\nHELLO 3\r\n${LISTEN}PING\r\nPING x\r\n${LEAVE}PING\r\n`,
  'what a listener of RESP2 may not do': `SUBSCRIBE a\r\n${OTHERS}MONITOR\r\nPUBLISH a b\r\nAUTH x\r\nUNSUBSCRIBE\r\nEXISTS none\r\n`,
  'what a listener to shard channels of RESP2 may not do': `SSUBSCRIBE a\r\n${OTHERS}SUNSUBSCRIBE\r\nEXISTS none\r\n`,
  'leaving what was never listened to': LEAVE,
  'RESET while listening': `${LISTEN}RESET\r\nPING\r\nUNSUBSCRIBE\r\n`,
  'QUIT while listening': `${LISTEN}QUIT\r\nPING\r\n`,
  'a protocol error while listening': `${LISTEN}*1\r\n:4\r\nPING\r\n`,
  'listening without replies': `CLIENT REPLY OFF\r\n${LISTEN}PING\r\nGET k\r\nUNSUBSCRIBE b a\r\nUNSUBSCRIBE\r\nPUNSUBSCRIBE p*\r\nPUNSUBSCRIBE\r\nSUNSUBSCRIBE\r\nPING\r\nCLIENT REPLY ON\r\nPING\r\n`,
  'listening with a reply skipped': 'CLIENT REPLY SKIP\r\nSUBSCRIBE a\r\nPING\r\n',
  'RESP2 after listening in RESP3':
    'CLIENT REPLY SKIP\r\nHELLO 3\r\nSUBSCRIBE a\r\nCLIENT REPLY SKIP\r\nHELLO 2\r\nGET k\r\nPING\r\n',
  'a monitor at keys':
    'CLIENT REPLY SKIP\r\nMONITOR\r\nGET k\r\nSET k v\r\nPUBLISH a b\r\nNONSENSE\r\nRESET\r\nGET none\r\n',
};
