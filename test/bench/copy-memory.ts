import { deserialize } from 'node:v8';
import { Directory, type DirectoryView, OwnLog, primaryOrder } from '@headwater/directory';
import { DirectoryFeed, DirectoryReplica } from '@headwater/origin/workers';
import { profileOf } from '@headwater/testing/profile-of';

/**
 * What one worker's copy of the directory takes: the streams are told as main tells them, then the heap is measured before
 * and after they are taken. Run by Node with `--expose-gc`; prints JSON.
 */
const streams = Number(process.argv[2]);
const MEMBERS = 10;

const directory = filled();
const frames: Buffer[] = [];
const feed = new DirectoryFeed({ directory, facts: () => [], own: () => [] });
const cpuBefore = process.cpuUsage();
feed.follow({ send: (frame) => void frames.push(frame), backlogBytes: 0 });
const replica = new DirectoryReplica({
  self: 'self',
  order: primaryOrder,
  worker: { worker: 1, path: '' },
  onChanged: () => {},
});
while (!isComplete(frames.at(-1))) await new Promise((resolve) => setImmediate(resolve));
const toldMs = process.cpuUsage(cpuBefore).user / 1000;
globalThis.gc?.();
const heapBefore = process.memoryUsage().heapUsed;
const takeBefore = process.cpuUsage();
for (const frame of frames)
  for (const message of deserialize(frame.subarray(4)) as {
    changes: Parameters<DirectoryReplica['take']>[0];
  }[])
    replica.take(message.changes);
const takeMs = process.cpuUsage(takeBefore).user / 1000;
globalThis.gc?.();
const heap = process.memoryUsage().heapUsed - heapBefore;
console.log(
  JSON.stringify({
    streams: replica.directory.streamCount,
    bytesPerStreamAndWorker: Math.round(heap / streams),
    bytesToldPerStream: Math.round(frames.reduce((sum, { length }) => sum + length, 0) / streams),
    cpuMsToTell: Math.round(toldMs),
    cpuMsToTake: Math.round(takeMs),
  }),
);

/** The last frame of a copy has nothing but its end in it. */
function isComplete(frame: Buffer | undefined): boolean {
  return frame !== undefined && frames.length > 1 && frame.length < 200;
}

function filled(): DirectoryView {
  const limits = { membersMax: MEMBERS + 1, streamsPerMemberMax: streams };
  const made = new Directory('self', profileOf('self'), limits);
  for (let member = 0; member < MEMBERS; member += 1) {
    const log = new OwnLog(`12D3KooWEcE9q3UGRDb23PyqgTXyLyNwkXeA494wmqGZufesM${member}`, 1, 1);
    log.setProfile(profileOf(`origin-${member}`));
    for (let stream = member; stream < streams; stream += MEMBERS) {
      const video = { codec: 'h264', width: 1920, height: 1080 };
      const key = `__defaultVhost__/live/camera-${String(stream).padStart(6, '0')}`;
      log.claim({ key, sinceMs: 1_795_748_602_249 + stream, media: { video, audio: { codec: 'aac' } } });
    }
    made.replace(log.snapshot());
  }
  return made;
}
