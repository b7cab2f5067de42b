import { awaitCondition } from '@headwater/testing/await-condition';
import { expect, inject } from 'vitest';
import { type Player, play } from './ffmpeg.js';
import { type FlvPlay, playHttp, playWebSocket } from './flv-client.js';
import type { OriginProcess } from './origin-process.js';
import { SampleOrder } from './sample-order.js';
import { SampleTags } from './sample-tags.js';
import type { Scope } from './scope.js';

const ALL: readonly string[] = ['rtmp', 'http-flv', 'ws-flv'];

/** A player of each protocol, all of one stream on one origin, each on the connection that it began with. */
export class PlayersOf {
  readonly rtmp: Player;
  readonly http: FlvPlay;
  readonly webSocket: FlvPlay;

  constructor(scope: Scope, origin: OriginProcess, stream: string) {
    this.rtmp = play(scope, origin.rtmpUrl(stream));
    this.http = playHttp(scope, origin.flvUrl(stream));
    this.webSocket = playWebSocket(scope, origin.wsUrl(stream));
  }

  /** Waits until each, or each of these protocols, has so many pictures more; fails where one was disconnected or its time went back. */
  async playOn(frames: number, protocols: readonly string[] = ALL): Promise<void> {
    const flv = [
      { protocol: 'http-flv', play: this.http },
      { protocol: 'ws-flv', play: this.webSocket },
    ].filter(({ protocol }) => protocols.includes(protocol));
    const readers = flv.map(({ play: { reader } }) => reader);
    const before = readers.map((reader) => reader.pictures.length);
    if (protocols.includes('rtmp')) await this.rtmp.playsOn(frames);
    await awaitCondition(
      `${frames} more pictures over HTTP and WebSocket`,
      () => readers.every((reader, index) => reader.pictures.length >= (before[index] ?? 0) + frames),
      { progress: () => readers.map((reader) => reader.pictures.length).join() },
    );
    if (protocols.length === ALL.length) this.areWell();
    else expect(flv.map(({ play: { end } }) => end)).toEqual(flv.map(() => null));
  }

  areWell(): void {
    expect([this.rtmp.isRunning, this.http.end, this.webSocket.end]).toEqual([true, null, null]);
    expect(this.rtmp.stepsBack).toEqual([]);
  }

  /** Where a recording is not the made sample, frame by frame; empty where none is lost, doubled or changed. */
  breaks(): readonly string[] {
    const sample = new SampleTags(inject('sampleFlv'));
    const flv = [this.http.reader, this.webSocket.reader].flatMap((reader) => [
      ...sample.pictureBreaks(reader),
      ...sample.soundBreaks(reader),
    ]);
    return [...new SampleOrder().breaks(this.rtmp.frames), ...flv];
  }
}
