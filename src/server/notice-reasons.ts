/** Why an acceptor looks for what shards say while nothing is under way: it does as long as somebody has a reason. */

export interface NoticeTaker {
  awaitsNotices: boolean;
  endTurnSoon(): void;
}

/** Returns what each listener says by its own name, when it begins to wait for notices and when it ends. */
export function noticeReasons(taker: NoticeTaker): (reason: string, isOn: boolean) => void {
  const reasons = new Set<string>();
  return (reason, isOn) => {
    if (isOn) reasons.add(reason);
    else reasons.delete(reason);
    taker.awaitsNotices = reasons.size > 0;
    if (isOn) taker.endTurnSoon();
  };
}
