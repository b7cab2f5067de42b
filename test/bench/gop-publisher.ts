import { setTimeout as sleep } from 'node:timers/promises';
import { type Frame, RtmpPublisher } from '@headwater/media';
import type { Scope } from '../support/scope.js';

const FRAMES_PER_SECOND = 30;
/** AVC sequence header, keyframe, inter frame: FLV 10.1, E.4.3.1. */
const HEAD = { header: [0x17, 0], key: [0x17, 1], inter: [0x27, 1] } as const;
/**
 * What is sent once the GOP has its size, so that it stays as it is and the stream goes on. Seldom: where much is sent without a
 * keyframe (20 s of media), players start at any picture, and nobody gets the GOP any more.
 */
const SMALL_BYTES = 100;
const SMALL_EVERY_MS = 3000;

/**
 * Publishes one GOP of so many bytes in `seconds`, and then small frames of the same GOP until the scope ends. Resolves
 * once the GOP is out.
 */
export async function publishGop(
  scope: Scope,
  url: string,
  gopBytes: number,
  seconds: number,
): Promise<void> {
  const publisher = await RtmpPublisher.open(url);
  const frames = seconds * FRAMES_PER_SECOND;
  let sent = 0;
  const sendNext = () => {
    const bytes = sent < frames ? Math.round(gopBytes / frames) : SMALL_BYTES;
    if (sent === 0) publisher.send(frame('header', 0, 64));
    publisher.send(frame(sent === 0 ? 'key' : 'inter', (sent * 1000) / FRAMES_PER_SECOND, bytes));
    sent += 1;
  };
  let timer = setInterval(sendNext, 1000 / FRAMES_PER_SECOND);
  scope.defer(async () => {
    clearInterval(timer);
    await publisher.close();
  });
  while (sent < frames) await sleep(50);
  clearInterval(timer);
  timer = setInterval(sendNext, SMALL_EVERY_MS);
  await publisher.drained();
}

function frame(what: keyof typeof HEAD, timestampMs: number, bytes: number): Frame {
  return {
    kind: 'video',
    timestampMs: Math.round(timestampMs),
    payload: Buffer.concat([Buffer.of(...HEAD[what], 0, 0, 0), Buffer.alloc(bytes, 7)]),
    isHeader: what === 'header',
    isKeyframe: what === 'key',
  };
}
